"""The services of one home, in the order in which they are shown."""

from smelt.services.airflow import airflow
from smelt.services.object_store import object_store
from smelt.services.ray_head import ray_head
from smelt.services.service import Service
from smelt.services.state import State
from smelt.services.tensorboard import tensorboard


def services(state: State) -> list[Service]:
    """All that `smelt up` starts; what does not name another in `after` starts at once."""
    return [object_store(state), ray_head(state), *airflow(state), tensorboard(state)]
