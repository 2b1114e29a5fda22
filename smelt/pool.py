"""The Airflow pool that keeps two runs from training at the same time: one slot unless an operator gives it more.

A task holds its slot for as long as it waits for its Ray job, since the pool counts deferred tasks. Airflow asks a pool
only before it starts a process, so the tasks in it start in a worker, and not in the triggerer as others do.
"""

from smelt.recipe.graph import StageSpec

TRAIN_POOL = "smelt_train"
TRAIN_SLOTS = 1
DESCRIPTION = "Trainings at a time"
DEFAULT_POOL = "default_pool"
"""Airflow's own, which every other task is in."""


def pool_of(stage: StageSpec) -> str:
    """The pool of a stage's task."""
    return TRAIN_POOL if stage.kind == "train" else DEFAULT_POOL
