"""What goes wrong while training goes on is told, once while it lasts, and what is usual is not."""

from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluation.report.course import read_events
from smelt.lake import Lake
from smelt.recipe.training.alarms import AlarmsConfig
from tests.training.artifacts import CONFIG, commit, context, metrics
from training.model.processes import start_alone
from training.steps import alarms as module
from training.steps.alarms import WINDOW, Alarms
from training.steps.loop import train


def line(rate: float = 1000.0, waited: float = 0.0, **losses: float) -> dict[str, Any]:
    by_label = losses or {"en": 3.0, "zh": 4.0}
    return {
        "tokens_per_s": rate,
        "step_s": 1.0,
        "data_wait_s": waited,
        "loss_by_label": by_label,
        "tokens_by_label": dict.fromkeys(by_label, 100),
    }


def told(alarms: Alarms, *windows: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The alarms of each window of such steps."""

    def of(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for _ in range(WINDOW):
            yield from alarms.take_in(step)

    return [list(of(step)) for step in windows]


def test_a_fall_in_throughput_is_told_once_while_it_lasts(tmp_path: Path) -> None:
    slow = {"kind": "slow", "tokens_per_s": 600.0, "usual": 1000.0}
    alarms = Alarms(AlarmsConfig(), tmp_path)
    windows = [line(), line(), line(700), line(600), line(600), line(), line(600)]
    assert told(alarms, *windows) == [[], [], [], [slow], [], [], [slow]]
    alarms.restart([])
    assert told(alarms, line(600)) == [[]], "another phase has a pace of its own"
    alarms.restart([line()] * 20)
    assert told(alarms, line(600)) == [[slow]], "what is usual outlives a kill"


def test_waiting_is_told_but_for_a_phase_s_first_blocks(tmp_path: Path) -> None:
    alarms = Alarms(AlarmsConfig(waits=0.2), tmp_path)
    found = told(alarms, line(waited=0.5), line(waited=0.15), line(waited=0.25))
    assert found == [[], [], [{"kind": "waits", "share": pytest.approx(0.25)}]]


def test_a_label_that_rises_alone_is_told_and_a_common_rise_is_not(tmp_path: Path) -> None:
    alarms = Alarms(AlarmsConfig(), tmp_path)
    falls = [line(en=5.0, zh=5.0), line(en=3.0, zh=4.5)]
    together = line(en=3.5, zh=5.0)
    alone = line(en=3.0, zh=5.0)
    drift = {"kind": "drift", "label": "zh", "rise": pytest.approx(0.5), "others": 0.0}
    assert told(alarms, *falls, together, alone) == [[], [], [], [drift]]


def test_a_disk_that_fills_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage(100, 96, 4))
    assert told(Alarms(AlarmsConfig(), tmp_path), line()) == [[{"kind": "disk", "free": 0.04}]]


def test_an_alarm_is_an_event_that_changes_no_step(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start_alone()
    monkeypatch.setattr(module, "WINDOW", 8)
    policies = CONFIG.training.model_copy(update={"alarms": AlarmsConfig(drift=1e-9, waits=1.0, slower=0.999)})
    given = context(lake, tmp_path, CONFIG.model_copy(update={"training": policies}))
    assert given.config.model_dump() == CONFIG.model_dump(), "in no name"
    train(given)
    events = read_events(lake, commit(lake, given.artifact, list(given.records("checkpoints").values())))
    drifts = [event for event in events if event.kind == "drift"]
    assert drifts
    assert all(event.step % 8 == 0 and event.block and "the others" in event.outcome for event in drifts)
    lines = metrics(given)
    assert all(0 < step["goodput"] <= 1 and step["kept_s"] >= step["step_s"] for step in lines)
    first = {step["phase"]: step for step in reversed(lines)}
    assert all(step["kept_s"] == step["step_s"] for step in first.values()), "each phase's time is its own"
