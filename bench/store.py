"""An object store of one's own, empty, for as long as a bench or the tests run."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smelt.services import processes
from smelt.services.object_store import object_store
from smelt.services.starting import wait_until_ready
from smelt.services.state import prepare_state
from smelt.settings import Settings


@contextmanager
def store_in(home: Path) -> Iterator[Settings]:
    """Settings of a real SeaweedFS that is started in ``home`` and ended behind the block; its files stay there."""
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


@contextmanager
def own_store() -> Iterator[Settings]:
    """The same in a temporary folder that goes with it; what a bench writes beside the home goes too."""
    with (
        tempfile.TemporaryDirectory(prefix="smelt-bench-", ignore_cleanup_errors=True) as folder,
        store_in(Path(folder) / "home") as settings,
    ):
        yield settings
