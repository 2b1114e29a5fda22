"""A small corpus with a trusted and a crawled source, taken through ``clean``, and recipes over it."""

import json
from pathlib import Path
from typing import Any

from smelt.lake import Lake, Manifest
from smelt.recipe import Recipe, parse_recipe
from tests.chain import make_through
from tests.tasks.texts import chinese, english

DOCUMENTS = 60
DOMAINS = "recipes/labels/domain.jsonl"


def recipe(folder: Path, **sections: Any) -> Recipe:
    """A recipe over two sources of 60 documents: sober prose (``books``), and offers (``crawl``), in two languages."""
    if not (folder / "books.jsonl").exists():
        books = [f"{english(row)} {chinese(row)}" if row % 2 else chinese(row) for row in range(DOCUMENTS)]
        crawl = [f"SALE!!! Buy {english(row, 12)} now >>> 点击抢购 {row} >>>" for row in range(DOCUMENTS)]
        for name, texts in (("books", books), ("crawl", crawl)):
            lines = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
            (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    raw = {
        "name": "small",
        "sources": [
            {"name": name, "kind": "files", "paths": [f"{folder}/{name}.jsonl"]} for name in ("books", "crawl")
        ],
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
        **sections,
    }
    return parse_recipe(raw, where="small")


def weak(name: str = "quality", **more: Any) -> dict[str, Any]:
    """A classifier of trusted against crawled text."""
    labels = {"positive": ["books"], "negative": ["crawl"], "per_class": 40}
    return {"name": name, "kind": "fasttext", "weak": labels, "dim": 8, "word_ngrams": 1, **more}


def trained(lake: Lake, given: Recipe) -> Manifest:
    """The recipe's classifiers."""
    return make_through(given, lake, "classifiers")["classifiers"]


def card(lake: Lake, manifest: Manifest, name: str) -> dict[str, Any]:
    """A model's card."""
    return lake.get_json(manifest.key(name, "/card.json"))


def write_labels(file: Path, rows: list[dict[str, Any]]) -> str:
    """Label lines in a file; its path."""
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(file)
