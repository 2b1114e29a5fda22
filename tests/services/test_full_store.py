"""The store after its disk was full: its index refuses every write from then on, and the supervisor starts it again."""

import os
import threading
import time
from collections.abc import Callable

import pytest

from bench.faults.surroundings import Disk, small_disk
from smelt.errors import LakeError
from smelt.lake import Lake
from smelt.services import processes, supervisor
from smelt.services.object_store import object_store
from smelt.services.state import State, prepare_state
from smelt.services.supervisor import Supervised, Supervisor, read_supervised


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_what_is_full_and_has_room_again_takes_objects_again(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "LOOK_EVERY_S", 0.5)
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as disk:
        if disk is None:
            pytest.skip("this container may not mount")
        state = prepare_state(folder / "home", keep_ports=False)
        watching = Supervisor(state, [object_store(state)])
        threading.Thread(target=watching.run, daemon=True).start()
        try:
            _fill_and_empty(state, disk)
        finally:
            watching._start = lambda service: threading.Event().wait()  # type: ignore[method-assign,assignment]
            processes.end(state.home, grace_s=2)


def _fill_and_empty(state: State, disk: Disk) -> None:
    lake, written = Lake(state.settings, patience=0), list[str]()

    def writes(count: int) -> bool:
        """Whether so many more small objects were taken."""
        for number in range(len(written), len(written) + count):
            try:
                lake.put(f"small/{number:04d}", str(number).encode())
            except LakeError:
                return False
            written.append(f"small/{number:04d}")
        return True

    def known() -> Supervised:
        return read_supervised(state.home).get("s3", Supervised())

    _until(lambda: known().phase == "ready")
    assert writes(3)
    disk.fill(600)
    _until(lambda: not writes(20))
    assert known().restarts == 0, "that a disk is full no new start mends"
    disk.close()
    _until(lambda: writes(3))
    assert {item.key for item in lake.objects("small/")} >= set(written), "what was taken is there"
    assert [lake.get(key) for key in written] == [str(number).encode() for number in range(len(written))]
    _until(lambda: known().restarts == 1)


def _until(holds: Callable[[], bool], within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)
