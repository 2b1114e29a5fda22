"""What every room's tests share: real services, started once a session and ended with it."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.store import store_in
from smelt.lake import Lake
from smelt.services import stack as stack_module
from smelt.services.state import State
from smelt.settings import Settings

if TYPE_CHECKING:
    from tests.ray_nodes import Nodes


PLANTED = {"HF_TOKEN": "hf_planted-in-the-tests", "SMELT_OCR_TOKEN": "ocr-planted-in-the-tests"}
"""Secrets in the environment that the services of the tests are started in."""
SERVICES = "stack"
"""The fixture of all running services, which one run of pytest has (``python -m tests`` starts two)."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the services, before ``-m`` chooses by it."""
    for item in items:
        if SERVICES in getattr(item, "fixturenames", ()):
            item.add_marker("services")


@pytest.fixture(scope="session")
def s3_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a real SeaweedFS of its own, empty, for the whole session."""
    with store_in(tmp_path_factory.mktemp("s3") / "home") as settings:
        yield settings


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
        with pytest.MonkeyPatch.context() as patched:
            for name, value in PLANTED.items():
                patched.setenv(name, value)
            state = stack_module.up(home)
        yield state
    finally:
        stack_module.down(home)
