"""Training on several nodes, through Ray Train: one result, whichever are taken away."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError
from ray.train.v2.api.exceptions import WorkerGroupError

from smelt.engine.drain import drain, leaving_nodes
from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.resources import Resources
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Progress
from tests.ray_nodes import Nodes
from tests.training.artifacts import MODEL, PHASES, again, context, metrics
from tests.training.pair import Pair
from training import launch
from training.launch import COLLECTIVE_TIMEOUT_S
from training.stage import STAGE


@dataclass(frozen=True)
class Troubles:
    """Where training waits for what is to happen to it; called in the process that reports."""

    folder: Path
    leave: int = 22
    lost: int = 40

    def __call__(self, progress: Progress) -> None:
        if progress.done == self.leave and self._first("leave"):
            while not leaving_nodes():
                time.sleep(0.1)
            time.sleep(2.5)  # until the processes have seen it too
        if progress.done == self.lost and self._first("lost"):
            time.sleep(60)

    def _first(self, name: str) -> bool:
        mark = self.folder / name
        found = mark.exists()
        mark.touch()
        return not found

    def wait_for(self, name: str) -> None:
        """Until training is there; called in the test."""
        while not (self.folder / name).exists():
            time.sleep(0.1)


@pytest.mark.timeout(600)  # Ray Train starts its workers three times
def test_nodes_that_leave_or_are_lost_leave_no_trace(lake: Lake, tmp_path: Path, nodes: Nodes, pair: Pair) -> None:
    whole = context(lake, tmp_path, workers=2)
    expected = pair.train(whole, tmp_path)
    troubles = Troubles(tmp_path)
    disturbed = again(whole, report=troubles)
    saved: list[str] = []

    def take_away() -> None:
        troubles.wait_for("leave")
        leaving = nodes.busy()
        assert drain(leaving.node_id, nodes.address, 120)
        saved.extend(disturbed.records("interrupted"))
        nodes.kill(leaving)
        troubles.wait_for("lost")
        nodes.kill(nodes.busy())

    nodes.fill(4)  # two to train on, and one for each that goes
    helper = threading.Thread(target=take_away, daemon=True)
    helper.start()
    records = STAGE.run(disturbed)
    helper.join(1)
    assert len(nodes.working) == 2
    assert len(saved) == 1 and "step-0000022" < saved[0] < "step-0000032"  # before the node was idle
    assert [line["loss"] for line in metrics(disturbed)] == [line["loss"] for line in expected]
    assert [record.digest for record in records] == [record.digest for record in whole.records("checkpoints").values()]
    assert not disturbed.records("interrupted")


class Dying:
    """In the place of Ray Train: workers that die some times, without a checkpoint in between."""

    def __init__(self, times: int, commits: Callable[[], None]) -> None:
        self.times, self.commits, self.launches = times, commits, 0

    def fit(self) -> None:
        """One launch."""
        self.launches += 1
        if self.launches == 1:
            self.commits()
        if self.launches <= self.times:
            raise WorkerGroupError("a node is gone", {0: RuntimeError("killed")})


@pytest.mark.parametrize(("times", "launches"), [(4, 5), (5, 5)])
def test_workers_may_die_more_than_once_in_a_block(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, launches: int
) -> None:
    given, pauses = context(lake, tmp_path), list[float]()
    dying = Dying(times, lambda: given.artifact.write_part(lake, "checkpoints", "1", files={}, rows=1, stats={}))
    monkeypatch.setattr(launch.time, "sleep", pauses.append)
    monkeypatch.setattr(launch, "_trainer", lambda given, workers: dying)
    monkeypatch.setattr(launch, "num_workers", lambda config, resources: 1)
    expected = nullcontext() if times < launches else pytest.raises(WorkerGroupError, match="a node is gone")
    with expected:
        launch.launch(given)
    assert dying.launches == launches  # the first has got further, so it doesn't count
    assert pauses == [10, 20, 40]


@pytest.mark.parametrize(
    ("asked", "there", "expected"),
    [
        ({}, 6, 4),  # batches of 8 and 4 sequences divide by no more
        ({"workers": 2}, 6, 2),
        ({"workers": 4}, 3, 4),  # Ray waits for the fourth
        ({"workers": 4, "min_workers": 2}, 6, 4),
        ({"workers": 4, "min_workers": 2}, 3, 2),
        ({"workers": 4, "min_workers": 2}, 1, 2),
        ({"workers": 4, "min_workers": 3}, 3, 4),  # three don't divide the batches: the fourth is waited for
    ],
)
def test_training_goes_on_with_the_workers_there_are(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, int], there: int, expected: int
) -> None:
    nodes = [{"NodeID": str(n), "Alive": True, "Resources": {"CPU": 1.0}} for n in range(there + 2)]
    nodes[-1]["Alive"] = False
    monkeypatch.setattr(launch.ray, "nodes", lambda: nodes)
    monkeypatch.setattr(launch, "leaving_nodes", lambda: {str(there)})
    config = TrainConfig(model=MODEL, phases=PHASES)
    assert launch.num_workers(config, Resources(**asked)) == expected


def test_fewest_workers_without_all_of_them_is_one_line() -> None:
    with pytest.raises(ValidationError, match=r"min_workers 4 needs workers of at least as many \(set both\)"):
        Resources(workers=2, min_workers=4)


def test_workers_fill_node_after_node_and_a_collective_ends_some_time(lake: Lake, tmp_path: Path) -> None:
    trainer = launch._trainer(context(lake, tmp_path, workers=2), 2)
    assert trainer.scaling_config.placement_strategy == "PACK"
    assert trainer.backend_config.timeout_s == COLLECTIVE_TIMEOUT_S


def test_a_batch_that_does_not_divide_is_one_line(lake: Lake, tmp_path: Path) -> None:
    odd = Phase(name="main", tokens=9 * 32, sequence_length=32, global_batch_size=9, learning_rate=1e-2)
    given = context(lake, tmp_path, TrainConfig(model=MODEL, phases=(odd,)), workers=2)
    with pytest.raises(StageError, match="global_batch_size 9 is a multiple of the data-parallel size 2"):
        STAGE.run(given)
