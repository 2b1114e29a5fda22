"""What a validator says that has found more than one thing wrong, or knows better than pydantic where it is."""

from collections.abc import Sequence


class WrongError(ValueError):
    """Things that are wrong in several places of a recipe.

    Args:
        lines: of each ``path: what (mend)``, the path from where the validator stands.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        super().__init__("; ".join(lines))
