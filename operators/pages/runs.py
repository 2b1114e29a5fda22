"""The list of runs, and a run."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from operators.addresses import beside
from operators.pages.access import LakeDep
from operators.pages.airflow_runs import AirflowRun, RecordsDep

router = APIRouter()
RUNS_SHOWN = 25


@router.get("/")
def runs(request: Request, lake: LakeDep, records: RecordsDep, start: int = 0) -> Response:
    """The runs, newest first, those that have no plan too."""
    from operators.pages.draw import draw
    from operators.pages.summary import list_runs

    start, airflow = max(0, start), records.newest()
    found, total = list_runs(lake, start, RUNS_SHOWN, airflow)
    unplanned = [run for run in found if isinstance(run, AirflowRun)]
    shown = [run if isinstance(run, AirflowRun) else airflow.get(run.head.id) for run in found]
    return draw(
        request,
        "runs.html.j2",
        runs=list(zip(found, shown, strict=True)),
        errors=records.errors(unplanned, "plan") if unplanned else {},
        start=start,
        total=total,
        unread=min(RUNS_SHOWN, max(0, total - start)) - len(found),
        shown=RUNS_SHOWN,
        refresh=any(run is not None and run.going_on for run in shown),
    )


@router.get("/runs/{run_id}")
def run(run_id: str, request: Request, lake: LakeDep, records: RecordsDep) -> Response:
    """A run: its stages in order, and its loss; one without a plan: why it has none."""
    from operators.pages.draw import draw
    from operators.pages.found import run_head
    from operators.pages.jobs import known_jobs
    from operators.pages.summary import goodput, loss_chart, stage_lines
    from smelt.comparing.family import relatives, trainings_of
    from smelt.maintenance.pins import pin_key
    from smelt.run import earlier_runs, run_key, safe_run_id
    from smelt.steering.stopping import request_of

    safe = safe_run_id(run_id)
    airflow = records.find(safe)
    if airflow is not None and not lake.exists(run_key(safe)):
        errors = records.errors([airflow], "plan")
        return draw(
            request, "unplanned.html.j2", run=airflow, error=errors.get(airflow.id, ""), refresh=airflow.going_on
        )
    head = run_head(lake, safe)
    tasks = records.tasks(airflow) if airflow is not None else {}
    over = airflow is not None and not airflow.going_on
    stages = stage_lines(lake, head, tasks, known_jobs(lake), over=over)
    branches = relatives(lake, head.id, trainings_of(head.plan))
    begun = [line for line in stages if line.planned.kind == "train" and (line.manifest or line.progress)]
    return draw(
        request,
        "run.html.j2",
        head=head,
        airflow=airflow,
        stages=stages,
        of_day=any(key.endswith(".dates") for key in head.overrides),
        chart=loss_chart(lake, head, branches),
        branches=branches,
        goodput=goodput(lake, head),
        before=next((other for other, _, _ in earlier_runs(lake, head.plan.recipe, head.id)), None),
        tensorboard=lake.settings.tensorboard if begun else None,
        report=any(line.planned.stage == "report" and line.manifest for line in stages),
        pinned=lake.exists(pin_key(head.id)),
        stop=request_of(lake, head.id),
        refresh=airflow.going_on if airflow is not None else any(line.state == "under way" for line in stages),
    )


@router.get("/runs/{first}/compare/{second}")
def compare(first: str, second: str, request: Request, lake: LakeDep) -> Response:
    """What the second run has otherwise than the first; both may be under way.

    Raises:
        StageError: when the lake has no such run.
    """
    from operators.pages.draw import draw
    from smelt.comparing.difference import difference
    from smelt.comparing.words import said, tables
    from smelt.run import safe_run_id

    first, second = safe_run_id(first), safe_run_id(second)
    found = difference(lake, first, second)
    return draw(request, "compare.html.j2", first=first, second=second, tables=list(tables(found)), said=said(found))


@router.get("/runs/{run_id}/airflow")
def in_airflow(run_id: str, records: RecordsDep) -> Response:
    """On to Airflow's own page of the run, whose id there may have characters that the lake's does not.

    Raises:
        StageError: when Airflow has no such run.
    """
    from smelt.errors import StageError
    from smelt.run import safe_run_id

    if (found := records.find(safe_run_id(run_id))) is None:
        raise StageError(
            "Airflow has no such run", where=run_id, mend="its record was deleted, or is another Airflow's"
        )
    return RedirectResponse(beside(f"dags/{found.dag}/runs/{quote(found.id, safe='')}"))
