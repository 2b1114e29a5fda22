"""Objects of the lake in the browser, and the way from a task to what it made.

They are shown under a content policy that gives them an origin of their own: they draw and run their scripts, but
cannot call Airflow's API or see its session, since they quote text from the corpus.
"""

import json
import mimetypes
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from operators.pages.access import LakeDep

if TYPE_CHECKING:
    from smelt.lake import Lake
    from smelt.run import Run

HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-scripts allow-popups; "
        "default-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
        "connect-src 'none'; form-action 'none'; object-src 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
MAX_INDENTED = 5_000_000
"""Bytes of a JSON object beyond which it is shown as it is."""

router = APIRouter()


@router.get("/lake/{key:path}")
def show(key: str, lake: LakeDep) -> Response:
    """An object of the lake."""
    size = lake.open(key).size
    media, _ = mimetypes.guess_type(key)
    media = "text/plain" if key.endswith((".jsonl", ".log", ".yaml")) else media or "application/octet-stream"
    if key.endswith(".json") and size <= MAX_INDENTED:
        return Response(_indented(lake.get(key)), media_type=media, headers=HEADERS)
    return StreamingResponse(_bytes(lake, key), media_type=media, headers={**HEADERS, "Content-Length": str(size)})


def _indented(content: bytes) -> bytes:
    try:
        return json.dumps(json.loads(content), indent=2, ensure_ascii=False).encode()
    except ValueError:
        return content


def _bytes(lake: "Lake", key: str) -> Iterator[bytes]:
    for chunk in lake.chunks(key):
        yield bytes(chunk)


@router.get("/runs/{run_id}/{stage}/{kind}")
async def lead(run_id: str, stage: str, kind: str, request: Request, lake: LakeDep) -> Response:
    """On to what a task made or uses."""
    import asyncio

    from smelt.run import load_run, safe_run_id

    run = await asyncio.to_thread(load_run, lake, safe_run_id(run_id))
    if kind == "job":
        return RedirectResponse(await _job_page(run, stage, lake))
    if kind == "tensorboard":
        return RedirectResponse(_board(run, stage, lake))
    key = await asyncio.to_thread(_key, run, stage, kind, lake)
    return RedirectResponse(f"{request.scope['root_path']}/lake/{key}")


def _key(run: "Run", stage: str, kind: str, lake: "Lake") -> str:
    """Key of what the link leads to.

    Raises:
        StageError: when it isn't there, or there is no such link.
    """
    from smelt.errors import StageError

    key = ""
    if kind == "report":
        key = run.report_key
    elif kind == "artifact":
        key = run.planned(stage).artifact.root + "manifest.json"
    elif kind == "docs":
        key = (lake.find_json(run.planned(stage).gate_key) or {"docs": ""})["docs"]
    if not key or not lake.exists(key):
        raise StageError(f"there is no {kind}", where=f"{run.id}: {stage}", mend="it isn't made yet, or was collected")
    return key


def _board(run: "Run", stage: str, lake: "Lake") -> str:
    """TensorBoard with the training's curves alone.

    Raises:
        StageError: when no TensorBoard is served.
    """
    from smelt.errors import StageError

    if lake.settings.tensorboard is None:
        raise StageError("no TensorBoard is served", where="SMELT_TENSORBOARD", mend="set it to TensorBoard's address")
    return f"{lake.settings.tensorboard.rstrip('/')}/?runFilter={run.planned(stage).fingerprint}#timeseries"


async def _job_page(run: "Run", stage: str, lake: "Lake") -> str:
    """The newest job that made the stage's artifact, in Ray's dashboard; jobs of its gate have names of their own.

    Raises:
        StageError: when Ray knows none.
    """
    from smelt.engine.jobs import Jobs
    from smelt.errors import StageError

    name = f"{stage}-{run.planned(stage).fingerprint}"
    async with Jobs(lake.settings) as jobs:
        found = [job.id for job in await jobs.all() if re.fullmatch(rf"{name}(-\d+)?", job.id)]
    if not found:
        raise StageError("Ray knows no such job", where=name, mend="nothing had to be done, or its head is a new one")
    newest = max(found, key=lambda job_id: (len(job_id), job_id))
    return f"{(lake.settings.ray_dashboard or lake.settings.ray_api).rstrip('/')}/#/jobs/{newest}"
