"""Programs that a model wrote: they are run, and can't get out."""

import shutil
from pathlib import Path

import pytest

from evaluation.benchmarks import execution
from evaluation.benchmarks.execution import passes
from smelt.errors import StageError

TESTS = "def check(f):\n    assert f(2, 3) == 5\ncheck(add)\n"
RIGHT = "def add(a, b):\n    print('noise')\n    return a + b\n"
LIBRARY = (
    "import collections, datetime, functools, hashlib, heapq, itertools, json, math, random, re, statistics, typing\n"
)


def test_a_program_passes_by_its_tests_alone() -> None:
    assert passes(LIBRARY + RIGHT, TESTS)
    assert not passes("def add(a, b):\n    return a - b\n", TESTS)
    assert not passes("def add(a, b\n", TESTS)
    assert not passes("", TESTS)


@pytest.mark.parametrize(
    "attempt",
    [
        "import os; os._exit(0)",
        "raise SystemExit(0)",
        "import socket; socket.socket()",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import os; os.fork()",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; assert os.system('true') == 0",
        "import os; os.execv('/bin/true', ['true'])",
        "import threading; threading.Thread(target=print).start()",
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "import os; open(f'/proc/{os.getppid()}/environ')",
        "import os; os.listdir(os.path.expanduser('~'))",
        "open('here', 'w')",
        "import os; os.mkdir('here')",
        "import os; os.symlink('/etc', 'here')",
        "import os; os.kill(os.getppid(), 0)",
        "import os; os.chmod('/tmp', 0o1777)",
        "import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "held = bytearray(1 << 31)",
        "import os\nwhile True: os.write(3, b'x' * 65536)",
    ],
)
def test_an_attempt_to_break_out_fails(attempt: str) -> None:
    assert not passes(f"{attempt}\n{RIGHT}", TESTS, seconds=5)


def test_files_outside_stay_as_they_are(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    for attempt in (
        f"os.unlink({str(kept)!r})",
        f"os.truncate({str(kept)!r}, 0)",
        f"open({str(kept)!r}, 'a').write('x')",
    ):
        assert not passes(f"import os\n{attempt}\n{RIGHT}", TESTS)
    assert kept.read_text() == "kept"


def test_an_endless_program_is_ended() -> None:
    assert not passes(f"while True: pass\n{RIGHT}", TESTS, seconds=1)


def test_where_nothing_can_be_confined_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unable = tmp_path / "confined.py"
    shutil.copy(execution.CONFINED, unable)
    unable.write_text(unable.read_text().replace("LANDLOCK_CREATE, LANDLOCK_ADD", "LANDLOCK_ADD, LANDLOCK_CREATE"))
    monkeypatch.setattr(execution, "CONFINED", unable)
    with pytest.raises(StageError, match="can't confine a program"):
        passes(RIGHT, TESTS)
