"""Text of a PDF from an OCR service: one request a document, the pages' text back.

The recipe's model and version go along, and the service must answer with the same: a result may not depend on what
happens to run at an address. docs/sources.md describes request and response.
"""

import hashlib
import time

import httpx

from smelt.errors import StageError
from smelt.recipe.ingest import OcrConfig
from smelt.sources import ocr
from tasks.ingest.document import UnreadableError

TRIES = 5
FIRST_WAIT_S = 0.5
TIMEOUT_S = 600.0
_LATER = {408, 425, 429, 500, 502, 503, 504}  # worth another try


def text_of(content: bytes, config: OcrConfig) -> str:
    """The text of a PDF as the service reads it, pages apart by an empty line.

    Raises:
        UnreadableError: ``ocr failed``, when the service refuses the document, fails at it again and again, or
            finds no text.
        StageError: when the service can't be reached or has another model: nothing that the document did.
    """
    answer = _ask(content, config)
    try:
        body = answer.json()
        served, pages = (body["model"], body["version"]), [str(page["text"]) for page in body["pages"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError("ocr failed", f"an answer of another form: {error!r}"[:300]) from error
    if served != (config.model, config.version):
        raise StageError(
            f"serves {' '.join(map(str, served))}, not {config.model} {config.version}",
            where=str(answer.url),
            mend="set ingest.ocr to what it serves, or change the service",
        )
    text = "\n\n".join(page.strip() for page in pages if page.strip())
    if not text:
        raise UnreadableError("ocr failed", f"no text on {len(pages)} pages")
    return text


def _ask(content: bytes, config: OcrConfig) -> httpx.Response:
    """The service's good answer; busy and failing services are asked again, each time after a longer wait."""
    url = ocr.address(config)
    headers = {
        **ocr.headers(),
        "Content-Type": "application/pdf",
        "X-Ocr-Model": config.model,
        "X-Ocr-Version": config.version,
        "X-Content-SHA256": hashlib.sha256(content).hexdigest(),
    }
    failed: httpx.Response | httpx.TransportError
    for attempt in range(TRIES):
        if attempt:
            time.sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
        try:
            answer = httpx.post(url, content=content, headers=headers, timeout=TIMEOUT_S)
        except httpx.TransportError as error:
            failed = error
            continue
        if answer.is_success:
            return answer
        if answer.status_code in (401, 403, 404):
            raise StageError(f"answered {answer.status_code}", where=url, mend=f"check {ocr.URL} and {ocr.TOKEN}")
        failed = answer
        if answer.status_code not in _LATER:
            break
    if isinstance(failed, httpx.TransportError):
        raise StageError(f"the OCR service can't be reached: {failed}", where=url, mend="start it and run again")
    raise UnreadableError("ocr failed", f"answered {failed.status_code}: {failed.text[:200]}")
