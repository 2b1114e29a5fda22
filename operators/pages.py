"""Pages that show objects of the lake in the browser, and lead from a task to what it made.

``/smelt/lake/<key>``                  an object: HTML, images and text shown, JSON indented, others downloaded
``/smelt/runs/<run>/<stage>/<kind>``   on to the Ray job, artifact, Data Docs page or report of a task

Pages of the lake are shown under a content policy that lets them draw but not call Airflow's API, since
they quote text from the corpus.
"""

import json
import mimetypes
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from smelt.errors import SmeltError

if TYPE_CHECKING:
    from smelt.lake import Lake
    from smelt.run import Run

DAG_ID = "pretrain"
POLICY = (
    "default-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "connect-src 'none'; form-action 'none'; object-src 'none'; base-uri 'none'"
)


class _LoginNeededError(Exception):
    """The browser has no session yet."""


async def reader(request: Request) -> None:
    """Lets those pass who may read the DAG.

    Raises:
        HTTPException: 401 for a program without a token, 403 for a user without the right.
    """
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user

    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException as refusal:
        if refusal.status_code == 401 and "text/html" in request.headers.get("accept", ""):
            raise _LoginNeededError from None
        raise
    if not get_auth_manager().is_authorized_dag(method="GET", user=user, details=DagDetails(id=DAG_ID)):
        raise HTTPException(403, "not allowed to read this DAG")


app = FastAPI(title="Smelt", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(reader)])


@app.exception_handler(_LoginNeededError)
async def to_login(request: Request, _: _LoginNeededError) -> Response:
    """Send a browser to the login page, and back afterwards."""
    from airflow.api_fastapi.app import get_auth_manager

    return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)))


@app.exception_handler(SmeltError)
def to_message(_: Request, error: SmeltError) -> Response:
    """What is not in the lake is not found; the line says what."""
    return Response(str(error), status_code=404, media_type="text/plain")


@cache
def connect() -> "Lake":
    """The lake of this process's settings."""
    from smelt.lake import Lake

    return Lake.connect()


LakeDep = Annotated[Any, Depends(connect)]


@app.get("/lake/{key:path}")
def show(key: str, lake: LakeDep) -> Response:
    """An object of the lake."""
    content = lake.get(key)
    if key.endswith(".json"):
        content = json.dumps(json.loads(content), indent=2, ensure_ascii=False).encode()
    media, _ = mimetypes.guess_type(key)
    media = "text/plain" if key.endswith((".jsonl", ".log", ".yaml")) else media or "application/octet-stream"
    return Response(content, media_type=media, headers={"Content-Security-Policy": POLICY})


@app.get("/runs/{run_id}/{stage}/{kind}")
async def lead(run_id: str, stage: str, kind: str, request: Request, lake: LakeDep) -> Response:
    """On to what a task made or uses."""
    import asyncio

    from smelt.run import load_run, safe_run_id

    run = await asyncio.to_thread(load_run, lake, safe_run_id(run_id))
    if kind == "job":
        return RedirectResponse(await _job_page(run, stage, lake))
    key = await asyncio.to_thread(_key, run, stage, kind, lake)
    return RedirectResponse(f"{request.scope['root_path']}/lake/{key}")


def _key(run: "Run", stage: str, kind: str, lake: "Lake") -> str:
    from smelt.gates.suite import result_key

    if kind == "report":
        return run.report_key
    planned = run.planned(stage)
    if kind == "artifact":
        return planned.artifact.root + "manifest.json"
    if kind == "docs":
        return lake.get_json(result_key(stage, planned.fingerprint, planned.suite))["docs"]
    raise HTTPException(404, f"no such link: {kind}")


async def _job_page(run: "Run", stage: str, lake: "Lake") -> str:
    """The newest job that worked on the stage's artifact, in Ray's dashboard."""
    from smelt.engine.jobs import Jobs

    name = f"{stage}-{run.planned(stage).fingerprint}"
    async with Jobs(lake.settings) as jobs:
        found = [job.id for job in await jobs.all() if job.id == name or job.id.startswith(f"{name}-")]
    if not found:
        raise HTTPException(404, f"Ray knows no job {name}: nothing had to be done, or its head was started anew")
    newest = max(found, key=lambda job_id: (len(job_id), job_id))
    return f"{lake.settings.ray_api}/#/jobs/{newest}"
