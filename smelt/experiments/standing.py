"""How far an experiment is: the fits that its cells allow by now, its page, and in the end its artifact."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smelt.experiments import store, unfinished
from smelt.experiments.fits.law import RESAMPLES
from smelt.experiments.outcome import outcome
from smelt.experiments.page import render
from smelt.experiments.plan import ExperimentPlan
from smelt.experiments.results import Point
from smelt.lake import Lake, Manifest


@dataclass(frozen=True)
class Standing:
    """What is known of the cells.

    Attributes:
        points: of the cells that are done, by cell.
        failed: why a cell failed, by cell.
        states: of every cell, as the page shows it.
    """

    plan: ExperimentPlan
    points: Mapping[str, Point]
    failed: Mapping[str, str]
    states: Mapping[str, str]

    def write_page(self, lake: Lake) -> dict[str, Any]:
        """Write the page as far as the cells have come, without intervals; what it says."""
        return self._write(lake, 0)[0]

    def conclude(self, lake: Lake) -> tuple[dict[str, Any], Manifest | None]:
        """Write the page with its intervals, and where every cell is done the artifact; what it says, and that."""
        found, page = self._write(lake, RESAMPLES)
        if len(self.points) < len(self.plan.cells):
            return found, None
        manifest = store.write(lake, self.plan, found, page)
        unfinished.end(lake, self.plan.experiment.name)
        return found, manifest

    def _write(self, lake: Lake, resamples: int) -> tuple[dict[str, Any], str]:
        titles = {cell.name: cell.title for cell in self.plan.cells}
        done = [self.points[name] for name in titles if name in self.points]
        left_out = {titles[name]: why for name, why in self.failed.items()}
        found = outcome(done, left_out, resamples=resamples)
        page = render(self.plan, found, self.states)
        lake.put(store.page_key(self.plan.experiment.name), page.encode())
        return found, page
