"""What chaos is made of: kinds dealt like cards, a disk that fills, a clock that jumps for those who are started so."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from bench.faults.surroundings import JUMP_S, clock, small_disk
from bench.faults.troubles import Deck, Troubles

SLEEPS = """
import sys, time
print(time.time(), flush=True)
sys.stdin.readline()
began = time.monotonic()
time.sleep(0.2)
print(time.time(), time.monotonic() - began)
"""


def test_each_kind_has_its_turn_before_any_has_its_second():
    deck = Deck("abcdef", seed=3)
    turns = [[deck.next() for _ in range(6)] for _ in range(20)]
    assert all(sorted(turn) == list("abcdef") for turn in turns)
    assert len({"".join(turn) for turn in turns}) > 10, "in an order of its own each time"
    assert [Deck("abcdef", seed=3).next() for _ in range(2)] == [turns[0][0]] * 2


def test_what_cannot_be_done_waits_and_comes_first_when_it_can(tmp_path):
    there, done = [False], list[str]()

    def rare() -> bool:
        if there[0]:
            done.append("rare")
        return there[0]

    def always(name: str) -> bool:
        done.append(name)
        return True

    others = {"rare": rare, "a": lambda: always("a"), "b": lambda: always("b")}
    deck = Deck(others, seed=1)
    with Troubles(tmp_path, 0.02, deck, others, lambda: None, lambda: True, seed=1) as troubles:
        until(lambda: deck.waiting == ["rare"] and len(done) >= 6)
        there[0], before = True, len(done)
        until(lambda: "rare" in done)
    assert done.index("rare") <= before + 1
    assert troubles.done == Counter(done)


def test_what_was_killed_is_waited_for(tmp_path):
    there, asked = [False], list[bool]()

    def is_whole() -> bool:
        asked.append(there[0])
        return there[0]

    others = {"a": lambda: True}
    with Troubles(tmp_path, 0.02, Deck(others, seed=1), others, lambda: None, is_whole, seed=1) as troubles:
        until(lambda: len(asked) > 1)
        assert troubles.done == {}
        there[0] = True
        until(lambda: troubles.done["a"] > 1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a disk")
def test_a_disk_is_full_for_a_while_and_takes_no_room_where_it_lies(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as disk:
        if disk is None:
            pytest.skip("this container may not mount")
        disk.fill(0.5)
        with pytest.raises(OSError) as full:
            (folder / "file").write_bytes(bytes(1 << 20))
        assert full.value.errno == errno.ENOSPC
        assert folder.with_name("disk.img").stat().st_blocks * 512 < 100 << 20
        until(lambda: shutil.disk_usage(folder).free > 1 << 30)
        (folder / "file").write_bytes(bytes(1 << 20))
    assert [path.name for path in tmp_path.iterdir()] == ["disk"] and not any(folder.iterdir())


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_clock_jumps_and_nobody_sleeps_longer_for_it():
    with tempfile.TemporaryDirectory() as name:
        ours = clock(Path(name))
        assert ours is not None
        command, variables = [sys.executable, "-c", SLEEPS], {**os.environ, **ours.variables}
        with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=variables) as child:
            assert child.stdin and child.stdout
            before = float(child.stdout.readline())
            assert abs(before - time.time()) < JUMP_S / 2
            assert ours.jump(JUMP_S) and not ours.jump(JUMP_S), "it is as far ahead as it may be"
            told, _ = child.communicate("\n")
        after, slept = map(float, told.split())
        assert abs(after - time.time() - JUMP_S) < JUMP_S / 2
        assert 0.2 <= slept < JUMP_S / 2


def until(holds, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
