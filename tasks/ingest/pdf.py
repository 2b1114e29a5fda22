"""PDFs to text: read in a process of its own, judged by the recipe's limits, sent to OCR where they fail."""

import json
import signal
import struct
import subprocess
import sys
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.recipe.ingest import IngestOptions
from tasks.ingest import ocr
from tasks.ingest.document import UnreadableError

_readers: list[subprocess.Popen[bytes]] = []  # this worker's reader, once it has met a PDF


def text_of(content: bytes, options: IngestOptions) -> str:
    """The text of a PDF; that of the OCR service where the recipe names one and the PDF's own is missing or bad.

    Raises:
        UnreadableError: when it can't be opened, holds no text, or its text is past one of the recipe's limits.
    """
    try:
        return _own_text(content, options)
    except UnreadableError as refused:
        if options.ocr is None:
            raise
        try:
            return ocr.text_of(content, options.ocr)
        except UnreadableError as failed:
            raise UnreadableError(
                failed.reason, f"{failed.detail}; sent there for: {refused.reason}, {refused.detail}"
            ) from failed


def _own_text(content: bytes, options: IngestOptions) -> str:
    found = _read(content)
    if "error" in found:
        raise UnreadableError("broken pdf", found["error"])
    if not found["text"].strip():
        raise UnreadableError("pdf without text")
    mapped, broken, interleaved = (found[f"{name}_share"] for name in ("mapped", "broken", "interleaved"))
    figures = f"mapped to Unicode {mapped:.2f}, broken lines {broken:.2f}, interleaved lines {interleaved:.2f}"
    if mapped < options.min_pdf_mapped_share:
        raise UnreadableError("unmapped pdf", figures)
    if broken > options.max_pdf_broken_share:
        raise UnreadableError("broken pdf lines", figures)
    if interleaved > options.max_pdf_interleaved_share:
        raise UnreadableError("interleaved pdf", figures)
    return str(found["text"])


def _read(content: bytes) -> dict[str, Any]:
    """The reader's answer; a reader that ends over a document is replaced for the next one."""
    reader = _reader()
    assert reader.stdin is not None and reader.stdout is not None, "it was started with pipes"
    try:
        reader.stdin.write(struct.pack(">Q", len(content)) + content)
        reader.stdin.flush()
        header = reader.stdout.read(8)
        body = reader.stdout.read(struct.unpack(">Q", header)[0]) if len(header) == 8 else b""
        if body:
            return dict(json.loads(body))
    except BrokenPipeError:
        pass
    status = reader.wait()
    _readers.clear()
    why = {-signal.SIGALRM: "took too long"}.get(status, f"ended with status {status}")
    raise UnreadableError("pdf reader ended", f"the reader {why}")


def _reader() -> subprocess.Popen[bytes]:
    if not _readers:
        command = [sys.executable, "-m", "tasks.ingest.pdf_reader"]
        _readers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT))
    return _readers[0]
