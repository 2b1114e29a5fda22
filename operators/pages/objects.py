"""Objects of the lake in the browser, and the way from a task to what it made.

They are shown under a content policy that lets them draw but not call Airflow's API, since they quote text from
the corpus.
"""

import json
import mimetypes
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from operators.pages.access import LakeDep

if TYPE_CHECKING:
    from smelt.lake import Lake
    from smelt.run import Run

POLICY = (
    "default-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "connect-src 'none'; form-action 'none'; object-src 'none'; base-uri 'none'"
)

router = APIRouter()


@router.get("/lake/{key:path}")
def show(key: str, lake: LakeDep) -> Response:
    """An object of the lake."""
    content = lake.get(key)
    if key.endswith(".json"):
        content = json.dumps(json.loads(content), indent=2, ensure_ascii=False).encode()
    media, _ = mimetypes.guess_type(key)
    media = "text/plain" if key.endswith((".jsonl", ".log", ".yaml")) else media or "application/octet-stream"
    return Response(content, media_type=media, headers={"Content-Security-Policy": POLICY})


@router.get("/runs/{run_id}/{stage}/{kind}")
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
    if kind == "report":
        return run.report_key
    planned = run.planned(stage)
    if kind == "artifact":
        return planned.artifact.root + "manifest.json"
    if kind == "docs":
        return lake.get_json(planned.gate_key)["docs"]
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
    return f"{(lake.settings.ray_dashboard or lake.settings.ray_api).rstrip('/')}/#/jobs/{newest}"
