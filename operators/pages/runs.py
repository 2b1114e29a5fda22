"""The list of runs, and a run."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from operators.pages.access import LakeDep

router = APIRouter()
RUNS_SHOWN = 25


@router.get("/")
def runs(request: Request, lake: LakeDep, start: int = 0) -> Response:
    """The runs, newest first."""
    from operators.pages.draw import draw
    from operators.pages.summary import list_runs

    found, total = list_runs(lake, max(0, start), RUNS_SHOWN)
    return draw(request, "runs.html.j2", runs=found, start=max(0, start), total=total, shown=RUNS_SHOWN)


@router.get("/runs/{run_id}")
def run(run_id: str, request: Request, lake: LakeDep) -> Response:
    """A run: its stages in order, and its loss."""
    from operators.pages.draw import draw
    from operators.pages.found import run_head
    from operators.pages.summary import loss_chart, stage_lines
    from smelt.run import safe_run_id

    head = run_head(lake, safe_run_id(run_id))
    return draw(
        request,
        "run.html.j2",
        head=head,
        stages=stage_lines(lake, head),
        chart=loss_chart(lake, head),
        tensorboard=lake.settings.tensorboard,
    )
