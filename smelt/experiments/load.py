"""From YAML to a checked experiment."""

from pathlib import Path

from pydantic import ValidationError

from smelt.experiments.config import Experiment
from smelt.recipe.reading.complaints import as_error, complaints
from smelt.recipe.reading.load import read_mapping


def load_experiment(path: str | Path) -> Experiment:
    """Read and check an experiment, but for its cells; see ``smelt.experiments.plan``.

    Raises:
        RecipeError: one line that says all that is wrong, where, and what would be right.
    """
    raw = read_mapping(path, "experiment", begins="`name:` and `recipe:`")
    try:
        return Experiment.model_validate(raw)
    except ValidationError as error:
        raise as_error(complaints(Experiment, error, raw), str(path)) from None
