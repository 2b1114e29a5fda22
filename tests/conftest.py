"""What every room's tests share: real services, started once a session and ended with it."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smelt.lake import Lake
from smelt.services import processes
from smelt.services import stack as stack_module
from smelt.services.object_store import object_store
from smelt.services.starting import wait_until_ready
from smelt.services.state import State, prepare_state
from smelt.settings import Settings

if TYPE_CHECKING:
    from tests.ray_nodes import Nodes


@pytest.fixture(scope="session")
def s3_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a real SeaweedFS of its own, empty, for the whole session."""
    home: Path = tmp_path_factory.mktemp("s3") / "home"
    state = prepare_state(home, keep_ports=False)
    service = object_store(state)
    child = processes.spawn(service, home, state.logs / "s3.log")
    try:
        wait_until_ready(service, child, state.logs / "s3.log")
        yield state.settings
    finally:
        processes.end(home, grace_s=2)
        child.wait()
        shutil.rmtree(state.runtime)


@pytest.fixture
def lake(s3_settings: Settings) -> Lake:
    """An empty lake, below a prefix of this test's own."""
    return Lake(s3_settings, url=f"s3://smelt/{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def started_nodes() -> Iterator["Nodes"]:
    """A Ray of several nodes, for a module: others would find it where they start one of their own."""
    from tests.ray_nodes import Nodes

    nodes = Nodes()
    yield nodes
    nodes.close()


@pytest.fixture
def nodes(started_nodes: "Nodes") -> Iterator["Nodes"]:
    """Two Ray nodes with a CPU each, beside a head without; this process is their driver."""
    started_nodes.fill(2)
    with started_nodes.driver():
        yield started_nodes


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """Everything that `smelt up` starts, in a home of its own, for the whole session.

    Its `settings` reach the lake and Ray; `ports` and `secrets` Airflow. Starting takes about half a minute.
    """
    home: Path = tmp_path_factory.mktemp("stack") / "home"
    try:
        yield stack_module.up(home)
    finally:
        stack_module.down(home)
