"""Loss curves that reach TensorBoard through the lake."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from smelt.boards.curves import Mirror, curves_name, pull
from smelt.lake import Lake
from smelt.services.ports import is_free
from smelt.settings import Settings


def test_a_copy_grows_with_the_original(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("smelt.boards.curves.PUSH_EVERY_S", 0.05)
    original, copies = tmp_path / "trainer", tmp_path / "board"
    mirror = Mirror(lake, "train/f1/", original, curves_name("demo-1", "main", "f1"))
    original.mkdir()
    file, copy = original / "events.out.1", copies / "demo-1" / "main-f1" / "events.out.1"
    file.write_bytes(b"first")
    _until(lambda: bool(lake.objects("train/f1/")))
    pull(lake, copies)
    assert copy.read_bytes() == b"first"
    reader = copy.open("rb")
    reader.read()
    file.write_bytes(b"first, second")
    mirror.close()
    pull(lake, copies)
    assert reader.read() == b", second", "TensorBoard keeps the file open: it must grow in place"
    reader.close()


def test_a_store_out_of_reach_does_not_disturb_the_trainer(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    nowhere = Settings(lake="s3://smelt/lake", endpoint="http://127.0.0.1:1", access_key="a", secret_key="b")
    (tmp_path / "events.out.1").write_bytes(b"x")
    Mirror(Lake(nowhere, patience=1), "train/f1/", tmp_path, "demo-1/main-f1").close()
    assert "loss curves are not up to date in the lake" in capfd.readouterr().out


def test_tensorboard_shows_the_curves_of_the_lake(lake: Lake, tmp_path: Path):
    writer = EventFileWriter(str(tmp_path / "trainer"))
    for step in (1, 2, 3):
        value = Summary.Value(tag="train/loss", simple_value=8.0 - step)
        writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
    writer.close()
    Mirror(lake, "train/f1/", tmp_path / "trainer", "demo-1/main-f1").close()
    port = next(port for port in range(16006, 16100) if is_free(port))
    environment = {**lake.settings.environment(), "SMELT_LAKE": lake.url, "SMELT_HOME": str(tmp_path / "home")}
    environment["RAY_AUTH_TOKEN"] = "of Ray"
    command = [sys.executable, "-m", "smelt.boards.curves", "--host=127.0.0.1", f"--port={port}"]
    board = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: "demo-1/main-f1" in (_ask(port, "tags", "of Ray") or {}), within_s=60)
        points = _ask(port, "scalars?tag=train%2Floss&run=demo-1%2Fmain-f1", "of Ray")
        assert _ask(port, "tags", "another") is None
        assert [(step, loss) for _, step, loss in points] == [(1, 7.0), (2, 6.0), (3, 5.0)]
    finally:
        board.terminate()
        assert board.wait(timeout=20) == 0
    assert is_free(port), "TensorBoard ends with it"


def _ask(port: int, what: str, token: str) -> Any:
    address = f"http://127.0.0.1:{port}/data/plugin/scalars/{what}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


def _until(true: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
