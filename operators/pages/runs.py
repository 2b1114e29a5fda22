"""The list of runs, and a run."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from operators.addresses import beside
from operators.pages.access import LakeDep

router = APIRouter()
RUNS_SHOWN = 25
DAGS = ("pretrain", "corpus", "evaluate")
"""Those whose runs are runs of a recipe."""


@router.get("/")
def runs(request: Request, lake: LakeDep, start: int = 0) -> Response:
    """The runs, newest first."""
    from operators.pages.draw import draw
    from operators.pages.summary import list_runs

    start = max(0, start)
    found, total = list_runs(lake, start, RUNS_SHOWN)
    unread = min(RUNS_SHOWN, max(0, total - start)) - len(found)
    return draw(request, "runs.html.j2", runs=found, start=start, total=total, unread=unread, shown=RUNS_SHOWN)


@router.get("/runs/{run_id}")
def run(run_id: str, request: Request, lake: LakeDep) -> Response:
    """A run: its stages in order, and its loss."""
    from operators.pages.draw import draw
    from operators.pages.found import run_head
    from operators.pages.summary import loss_chart, stage_lines
    from smelt.maintenance.pins import pin_key
    from smelt.run import safe_run_id

    head = run_head(lake, safe_run_id(run_id))
    return draw(
        request,
        "run.html.j2",
        head=head,
        stages=stage_lines(lake, head),
        chart=loss_chart(lake, head),
        tensorboard=lake.settings.tensorboard,
        pinned=lake.exists(pin_key(head.id)),
    )


@router.get("/runs/{run_id}/airflow")
def in_airflow(run_id: str) -> Response:
    """On to Airflow's own page of the run, whose id there may have characters that the lake's does not.

    Raises:
        StageError: when Airflow has no such run.
    """
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from smelt.errors import StageError
    from smelt.run import safe_run_id

    safe = safe_run_id(run_id)
    with create_session() as session:
        near = (
            select(DagRun.dag_id, DagRun.run_id)
            .where(DagRun.run_id.like(safe.replace("-", "%") + "%"), DagRun.dag_id.in_(DAGS))
            .order_by(DagRun.run_after.desc())
        )
        found = [(dag, name) for dag, name in session.execute(near) if safe_run_id(name) == safe]
    if not found:
        raise StageError(
            "Airflow has no such run", where=run_id, mend="its record was deleted, or is another Airflow's"
        )
    dag_id, airflow_id = found[0]
    return RedirectResponse(beside(f"dags/{dag_id}/runs/{quote(airflow_id, safe='')}"))
