"""An experiment as it goes: which cells are done, which run, and what of them failed.

A cell is a run of the DAG ``pretrain``; as many are under way as that lets run, and the rest follows. Whether one is
done is asked of the lake, so that a cell that another experiment has made, or that an interrupted one left behind, is
not run again; one that failed is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.experiments import unfinished
from smelt.experiments.plan import Cell, ExperimentPlan
from smelt.experiments.results import Point, cell_plan, point
from smelt.experiments.standing import Standing
from smelt.following.airflow import Airflow
from smelt.following.stages import Row, rows
from smelt.lake import Lake
from smelt.plan import Plan
from smelt.run import find_run, progress_key, safe_run_id

UNDER_WAY = 2
"""Cells that run at a time: the DAG's ``max_active_runs``. How many train is up to the pool."""


@dataclass
class Going:
    """An experiment under way.

    Attributes:
        points: of the cells that are done, by cell.
        failed: why a cell failed, by cell.
    """

    plan: ExperimentPlan
    airflow: Airflow
    lake: Lake
    points: dict[str, Point] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    _runs: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, Row] = field(default_factory=dict)

    def find_done(self) -> None:
        """Take over what the lake has already, and have it kept until the experiment is finished."""
        plans = unfinished.begin(self.lake, self.plan)
        for cell in self.plan.cells:
            self._look(cell, plans[cell.name])

    def step(self) -> bool:
        """Look after the cells that run, and start what there is room for; whether any cell was done or failed."""
        before = len(self.points) + len(self.failed)
        for name, run_id in list(self._runs.items()):
            self._follow(self._cell(name), run_id)
        for cell in self.plan.cells:
            if len(self._runs) < UNDER_WAY and self._is_open(cell):
                self._start(cell)
        return len(self.points) + len(self.failed) > before

    @property
    def over(self) -> bool:
        """Whether every cell is done or has failed."""
        return not self._runs and not any(self._is_open(cell) for cell in self.plan.cells)

    @property
    def states(self) -> dict[str, str]:
        """Of each cell: waiting, running, done, or why it failed."""
        found = {cell.name: "waiting" for cell in self.plan.cells}
        return found | dict.fromkeys(self._runs, "running") | dict.fromkeys(self.points, "done") | self.failed

    @property
    def standing(self) -> Standing:
        """What is known of the cells by now."""
        return Standing(self.plan, self.points, self.failed, self.states)

    @property
    def table(self) -> list[Row]:
        """A row a cell, for the terminal."""
        return [self._row(cell) for cell in self.plan.cells]

    def _is_open(self, cell: Cell) -> bool:
        return cell.name not in self.points and cell.name not in self.failed and cell.name not in self._runs

    def _cell(self, name: str) -> Cell:
        return next(cell for cell in self.plan.cells if cell.name == name)

    def _look(self, cell: Cell, planned: Plan) -> bool:
        found = point(self.lake, cell, planned)
        if found is not None:
            self.points[cell.name] = found
        return found is not None

    def _start(self, cell: Cell) -> None:
        run_id = f"{self.plan.experiment.name}-{cell.name}-{datetime.now(UTC):%m%d-%H%M%S}"
        params: dict[str, Any] = {
            "recipe": str(CHECKOUT / self.plan.experiment.recipe),
            "overrides": cell.overrides,
            "force": [],
            "approve": [],
        }
        self._runs[cell.name] = self.airflow.trigger(run_id, params)

    def _follow(self, cell: Cell, run_id: str) -> None:
        state = self.airflow.state(run_id)
        tasks = self.airflow.tasks(run_id)
        safe_id = safe_run_id(run_id)
        run = find_run(self.lake, safe_id)
        stages: Sequence[Any] = run.plan.stages if run else ()
        of_run = rows(tasks, stages, lambda stage: self.lake.find_json(progress_key(safe_id, stage)))
        now = next((row for row in of_run if row.running), None)
        seconds = sum(row.seconds or 0.0 for row in of_run)
        self._rows[cell.name] = Row(
            cell.title if now is None else f"{cell.title}: {now.stage}",
            state if state == "queued" else "running",
            seconds,
            None if now is None else now.progress,
        )
        if state not in ("success", "failed"):
            return
        del self._runs[cell.name]
        if not self._look(cell, cell_plan(self.plan, cell, self.lake.settings)):
            wrong = [task for task in tasks.values() if task.state == "failed"]
            said = [f"{task.name}: {self.airflow.error(run_id, task.name) or 'no word'}" for task in wrong]
            self.failed[cell.name] = "; ".join(said) or "its evaluation is not in the lake"

    def _row(self, cell: Cell) -> Row:
        before = self._rows.get(cell.name)
        if cell.name in self._runs and before is not None:
            return before
        state = "done" if cell.name in self.points else "failed" if cell.name in self.failed else "waiting"
        return Row(cell.title, state, before.seconds if before else None, None)
