"""What the report is about, beyond what the artifacts say of themselves."""

from pydantic import Field

from smelt.recipe.base import Config


class ReportConfig(Config):
    """What decides the report's content. Filled in from the recipe; a user writes none of it."""

    recipe: str = ""
    """The recipe's name."""
    description: str = ""
    """The recipe's description."""
    suites: dict[str, str] = Field(default_factory=dict)
    """Kind of stage to the id of its gate's suite: which gate results are shown."""
