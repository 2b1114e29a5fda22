"""From YAML to a checked experiment."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from smelt.errors import RecipeError
from smelt.experiments.config import Experiment
from smelt.recipe.reading.complaints import as_error, complaints


def load_experiment(path: str | Path) -> Experiment:
    """Read and check an experiment, but for its cells; see ``smelt.experiments.plan``.

    Raises:
        RecipeError: one line that says all that is wrong, where, and what would be right.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("no such experiment", where=str(path), mend="see experiments/ for those that ship") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(" ".join(str(error).split()), where=str(path), mend="give a YAML file") from None
    if not isinstance(raw, dict):
        raise RecipeError("not a mapping", where=str(path), mend="an experiment starts with `name:` and `recipe:`")
    try:
        return Experiment.model_validate(raw)
    except ValidationError as error:
        raise as_error(complaints(Experiment, error, raw), str(path)) from None
