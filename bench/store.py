"""An object store of a bench's own, empty, for as long as it runs."""

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
def own_store() -> Iterator[Settings]:
    """Settings of a SeaweedFS that is started here and ended behind the block, with what it held."""
    home = Path(tempfile.mkdtemp(prefix="smelt-bench-")) / "home"
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
        shutil.rmtree(home.parent, ignore_errors=True)
