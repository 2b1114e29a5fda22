"""Objects of the lake in the browser, and the way from a task to what it made.

They are shown under a content policy that gives them an origin of their own: they draw and run their scripts, but
cannot call Airflow's API or see its session, since they quote text from the corpus.
"""

import json
import mimetypes
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from operators.pages.access import LakeDep

if TYPE_CHECKING:
    from smelt.lake import Lake

HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-scripts allow-popups; "
        "default-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
        "connect-src 'none'; form-action 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
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
def lead(run_id: str, stage: str, kind: str, request: Request, lake: LakeDep) -> Response:
    """On to what a task made or uses."""
    from operators.pages.found import run_head
    from operators.pages.leads import lead_to
    from smelt.run import safe_run_id

    address = lead_to(lake, run_head(lake, safe_run_id(run_id)), stage, kind)
    return RedirectResponse(address if "://" in address else f"{request.scope['root_path']}/{address}")
