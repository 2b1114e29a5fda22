"""What a task's log says while its stage works."""

import logging
import pickle
import time
from types import SimpleNamespace

import pytest

from smelt import log
from smelt.engine import progress
from smelt.engine.progress import ProgressWriter
from smelt.run import progress_key
from smelt.stage import Progress


@pytest.fixture
def said(monkeypatch):
    """The lines of the log; a minute goes by between two calls of the writer."""
    clock, lines = iter(range(0, 6000, 60)), []
    monkeypatch.setattr(progress, "time", SimpleNamespace(time=lambda: 0.0, monotonic=lambda: float(next(clock))))
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    log.logger.addHandler(handler)
    monkeypatch.setattr(log.logger, "level", logging.INFO)
    yield lines
    log.logger.removeHandler(handler)


def test_a_line_has_the_pace_and_the_time_left_in_words(lake, said):
    write = ProgressWriter(lake, "demo-1", "clean")
    write(Progress(2, 40, figures={"documents": 1000, "bytes": 2_000_000}))
    write(Progress(12, 40, figures={"documents": 1_234_568_890, "bytes": 7_000_000}))
    assert said == [
        "clean: 2 of 40 parts, 1,000 documents, 2.0 MB",
        "clean: 12 of 40 parts, 1,234,568,890 documents, 7.0 MB, 20,576,132 documents/s, 2 min 48 s left",
    ]
    assert lake.get_json(progress_key("demo-1", "clean"))["rate"] == {"per_s": 20576131.5, "of": "documents"}


def test_each_round_has_a_pace_of_its_own(lake, said):
    write = ProgressWriter(lake, "demo-1", "dedup")
    for number, name in enumerate(("signatures", "decisions"), start=1):
        for done in (0, 30):
            write(Progress(done, 40, f"{name} ({number} of 2)"))
    assert said[1::2] == [
        "dedup: 30 of 40 signatures (1 of 2), 0.5 signatures/s, 20 s left",
        "dedup: 30 of 40 decisions (2 of 2), 0.5 decisions/s, 20 s left",
    ]


def test_a_training_tells_the_pace_it_measures_itself(lake, said):
    write = ProgressWriter(lake, "demo-1", "train-1")
    for step in (10, 20):
        write(Progress(step, 100, "steps", {"loss": 4.18234, "tokens": 4096, "lr": 3e-4, "tokens_per_s": 52_310.7}))
    assert said[-1] == (
        "train-1: 20 of 100 steps, loss 4.182, 4,096 tokens, lr 0.0003, 52,311 tokens/s, 8 min 00 s left"
    )


def test_it_goes_on_when_the_clock_is_set_back(lake, monkeypatch):
    write = ProgressWriter(lake, "demo-1", "clean")
    write(Progress(1, 40))
    monkeypatch.setattr(progress, "WRITE_EVERY_S", 0)
    monkeypatch.setattr(progress.time, "time", lambda now=time.time: now() - 3600)
    write(Progress(2, 40))
    assert lake.get_json(progress_key("demo-1", "clean"))["done"] == 2


def test_where_it_is_taken_along_it_begins_a_pace_of_its_own(lake, monkeypatch):
    write = ProgressWriter(lake, "demo-1", "train-1")
    write(Progress(1, 40))
    taken = pickle.loads(pickle.dumps(write))
    monkeypatch.setattr(progress.time, "monotonic", lambda: 1.0)  # another machine's, which was started just now
    taken(Progress(2, 40))
    assert lake.get_json(progress_key("demo-1", "train-1"))["done"] == 2
