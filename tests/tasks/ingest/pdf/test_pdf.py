"""A PDF whose text is bad is refused with its figures, or read by the OCR service that the recipe names."""

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from smelt.errors import RecipeError, StageError
from smelt.recipe.ingest import IngestOptions, OcrConfig
from smelt.run import preview
from tasks.ingest import ocr, pdf
from tasks.ingest.document import Document, RawFile, Refusal
from tasks.ingest.read import read
from tests.servers import Quiet, serving
from tests.tasks.ingest.pdf import making as pdfs
from tests.tasks.texts import english

OPTIONS = IngestOptions()
WITH_OCR = IngestOptions(ocr=OcrConfig(model="scanner", version="3"))
GOOD = pdfs.prose([english(seed, 10) for seed in range(40)])
EMPTY = pdfs.pdf([[]])
SPACED = pdfs.prose([" ".join(english(seed, 3).replace(" ", "")) for seed in range(40)])
CUT = pdfs.prose([f"{english(seed, 6).capitalize()} uncer-" for seed in range(40)])
SCATTERED = pdfs.pdf([[(50 + 70 * (row % 7), 800 - 15 * row, "xyz"[row % 3]) for row in range(40)]])


def one(content: bytes, options: IngestOptions = OPTIONS) -> Document | Refusal:
    [item] = read(RawFile("s", "a.pdf", content), options)
    return item


def test_good_text_passes_whether_in_one_column_or_two() -> None:
    for content in (GOOD, pdfs.columns(interleaved=False)):
        item = one(content)
        assert isinstance(item, Document)
    left, right = item.text.index("left column in its row 49"), item.text.index("right one says in row 00")
    assert left < right


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (EMPTY, "pdf without text", ""),
        (pdfs.prose([english(1)] * 20, to_unicode="\ue123"), "unmapped pdf", "mapped to Unicode 0.00"),
        (SPACED, "broken pdf lines", "broken lines 1.00"),
        (SCATTERED, "broken pdf lines", "broken lines 1.00"),
        (CUT, "broken pdf lines", "broken lines"),
        (pdfs.columns(interleaved=True), "interleaved pdf", "interleaved lines 0.99"),
        (b"%PDF-1.7 nothing", "broken pdf", "Failed to load document"),
    ],
)
def test_bad_text_is_refused_with_its_figures(content: bytes, reason: str, detail: str) -> None:
    item = one(content)
    assert isinstance(item, Refusal) and item.reason == reason and detail in item.detail


def test_the_limits_are_the_recipes() -> None:
    loose = IngestOptions(max_pdf_broken_share=1, max_pdf_interleaved_share=1, min_pdf_mapped_share=0)
    for content in (SPACED, pdfs.columns(interleaved=True), pdfs.prose([english(1)] * 20, to_unicode="\ue123")):
        assert isinstance(one(content, loose), Document)
    assert isinstance(one(GOOD, IngestOptions(max_pdf_broken_share=0)), Document)


def test_a_reader_that_dies_costs_one_document() -> None:
    assert isinstance(one(GOOD), Document)
    reader = pdf._readers[0]
    os.kill(reader.pid, signal.SIGSTOP)  # as if it hung in this document
    os.kill(reader.pid, signal.SIGALRM)
    os.kill(reader.pid, signal.SIGCONT)
    item = one(GOOD)
    assert isinstance(item, Refusal) and (item.reason, item.detail) == (
        "pdf reader ended",
        "the reader took too long",
    )
    assert isinstance(one(GOOD), Document)


class Service(Quiet):
    """An OCR service that reads any document, after what ``script`` says it answers first."""

    script: ClassVar[list[int | dict]] = []
    asked: ClassVar[list[dict]] = []

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append({**self.headers, "sha256": hashlib.sha256(content).hexdigest()})
        step = self.script.pop(0) if self.script else {}
        if step == -1:
            self.close_connection = True
        elif isinstance(step, int):
            self.answer(step, b"not now")
        else:
            pages = [{"text": "first page "}, {"text": ""}, {"text": "third"}]
            body = {"model": "scanner", "version": "3", "pages": pages, **step}
            self.answer(200, json.dumps(body).encode())


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Service]]:
    monkeypatch.setattr(ocr, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(Service, "script", [])
    monkeypatch.setattr(Service, "asked", [])
    with serving(Service) as address:
        monkeypatch.setenv("SMELT_OCR_URL", f"{address}/read")
        monkeypatch.setenv("SMELT_OCR_TOKEN", "secret")
        yield Service


def test_only_bad_pdfs_are_sent_and_their_text_comes_back(service: type[Service]) -> None:
    assert isinstance(one(GOOD, WITH_OCR), Document) and not service.asked
    for content in (EMPTY, SPACED, pdfs.columns(interleaved=True)):
        item = one(content, WITH_OCR)
        assert isinstance(item, Document) and item.text == "first page\n\nthird"
        asked = service.asked[-1]
        assert (asked["X-Ocr-Model"], asked["X-Ocr-Version"], asked["Authorization"]) == (
            "scanner",
            "3",
            "Bearer secret",
        )
        assert asked["X-Content-SHA256"] == asked["sha256"] == hashlib.sha256(content).hexdigest()


def test_passing_trouble_is_tried_again(service: type[Service]) -> None:
    service.script += [503, -1, 429]
    assert isinstance(one(EMPTY, WITH_OCR), Document) and len(service.asked) == 4


@pytest.mark.parametrize(
    ("script", "detail", "asked"),
    [
        ([422], "answered 422: not now; sent there for: pdf without text", 1),
        ([500] * 5, "answered 500", 5),
        ([{"pages": [{"text": " "}]}], "no text on 1 pages", 1),
        ([{"pages": 3}], "an answer of another form", 1),
    ],
)
def test_a_document_that_the_service_fails_at_goes_to_quarantine(
    service: type[Service], script: list, detail: str, asked: int
) -> None:
    service.script += script
    item = one(EMPTY, WITH_OCR)
    assert isinstance(item, Refusal) and item.reason == "ocr failed" and detail in item.detail
    assert len(service.asked) == asked


def test_a_service_of_another_model_or_out_of_reach_stops_the_stage(
    service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script.append({"version": "4"})
    with pytest.raises(StageError, match="serves scanner 4, not scanner 3"):
        one(EMPTY, WITH_OCR)
    service.script.append(401)
    with pytest.raises(StageError, match=r"answered 401 .*SMELT_OCR_TOKEN"):
        one(EMPTY, WITH_OCR)
    monkeypatch.setenv("SMELT_OCR_URL", "http://127.0.0.1:9/read")
    with pytest.raises(StageError, match="can't be reached"):
        one(EMPTY, WITH_OCR)


def test_a_recipe_with_ocr_and_no_address_fails_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, lake, tmp_path: Path
) -> None:
    monkeypatch.delenv("SMELT_OCR_URL", raising=False)
    with pytest.raises(RecipeError, match=r"ingest\.ocr: asks for scanner 3, but SMELT_OCR_URL names no service"):
        preview("recipes/demo.yaml", {"ingest": {"ocr": {"model": "scanner", "version": "3"}}}, lake.settings)
