"""Arms: what is made of the raw input, each as a recipe whose stages are the project's own.

Ours read the raw files themselves. Another's texts come in as rows and go through with everything that cleans switched
off, so that all are encoded, mixed and ordered by the same code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.arms.raw import Raw
from smelt.engine.make import make_artifact, make_context, serially
from smelt.lake import Lake, Manifest
from smelt.plan import make_plan
from smelt.recipe import parse_recipe
from smelt.recipe.clean import PLACEHOLDERS, EditsConfig
from smelt.sources.listing import kept_listing
from tasks import documents

WEIGHTS = {"zh": 4, "en": 4, "code": 2}
"""Shares of the languages in what is trained on, where an arm has them all."""
MAX_EPOCHS = 100
"""An arm with little text of a language repeats it: shares are kept."""
DECIDED = "decontaminate"
NO_EDITS: dict[str, Any] = {name: None if name == "unicode" else False for name in EditsConfig.model_fields}
NO_PII = dict.fromkeys(PLACEHOLDERS, False)
NO_DEDUP = {"exact": False, "minhash": None}
PASSED_ON = {"clean": {"edits": NO_EDITS, "pii": NO_PII}, "select": {"groups": []}, "dedup": NO_DEDUP}
LEFT_OUT: dict[str, dict[str, Any]] = {
    "extractor": {"ingest": {"html": "all"}},
    "extractor_resiliparse": {"ingest": {"html": "resiliparse"}},
    "edits": {"clean": {"edits": NO_EDITS}},
    "pii": {"clean": {"pii": NO_PII}},
    "rules": {"select": {"groups": []}},
    "dedup": {"dedup": NO_DEDUP},
    "near_dedup": {"dedup": {"minhash": None}},
    "mixture": {"mixture": {"weights": {}}},
}
"""Parts of our default recipe, and the values that leave each out (or put another's in its place)."""
OURS = "smelt"


@dataclass(frozen=True)
class Sizes:
    """What all arms are trained with.

    Attributes:
        model: as a recipe's ``model``.
    """

    tokens: int
    model: Mapping[str, int]
    vocab_size: int
    sequence_length: int = 128
    batch_size: int = 16
    learning_rate: float = 4e-3

    @property
    def step_tokens(self) -> int:
        """Tokens of an optimizer step."""
        return self.sequence_length * self.batch_size

    def phase(self, tokens: int) -> dict[str, Any]:
        """As a recipe's phase."""
        return {
            "name": "main",
            "tokens": tokens,
            "sequence_length": self.sequence_length,
            "global_batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "min_learning_rate": self.learning_rate / 10,
            "warmup_tokens": max(self.step_tokens, tokens // 20),
        }


@dataclass(frozen=True)
class Arm:
    """A way of cleaning.

    Attributes:
        sources: as a recipe's.
        values: laid over the recipe's defaults.
    """

    name: str
    sources: list[dict[str, Any]]
    values: Mapping[str, Any]


def ours(folder: Path, files: list[Raw]) -> list[Arm]:
    """Our default recipe over the raw files, which are written to the folder, and that with single parts left out."""
    for raw in files:
        path = folder / "files" / raw.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(raw.text)
    langs = sorted({raw.lang for raw in files})
    sources = [{"name": lang, "kind": "files", "paths": [f"{folder}/files/{lang}/**"]} for lang in langs]
    return [Arm(OURS, sources, {}), *(Arm(f"without_{part}", sources, values) for part, values in LEFT_OUT.items())]


def of_texts(folder: Path, name: str, texts: Mapping[str, str]) -> Arm:
    """An arm of texts that are made already.

    Args:
        texts: by the raw file's name.
    """
    own = folder / name
    own.mkdir(parents=True)
    sources = []
    langs = sorted({file.partition("/")[0] for file in texts})
    for lang in langs:
        rows = [json.dumps({"text": text}) for file, text in texts.items() if file.startswith(f"{lang}/")]
        (own / f"{lang}.jsonl").write_text("".join(row + "\n" for row in rows))
        sources.append({"name": lang, "kind": "files", "paths": [str(own / f"{lang}.jsonl")], "lang": lang})
    return Arm(name, sources, {**PASSED_ON, "mixture": {"weights": {lang: WEIGHTS[lang] for lang in langs}}})


def make(
    arm: Arm, lake: Lake, last: str, sizes: Sizes, *, tokens: int = 0, seed: int = 0, tokenizer: Path | None = None
) -> dict[str, Manifest]:
    """Make the arm's artifacts down to ``last``, a kind of stage; manifests by kind.

    Args:
        tokens: to train on; by default as ``sizes`` says.
    """
    raw: dict[str, Any] = {
        "name": "worth",
        "seed": seed,
        "sources": arm.sources,
        "mixture": {"weights": WEIGHTS, "max_epochs": MAX_EPOCHS},
        "tokens": {"validation_share": 0},
        "block_tokens": 10**9,
        "model": dict(sizes.model),
        "phases": [sizes.phase(tokens or sizes.tokens)],
    }
    raw["tokenizer"] = {"path": str(tokenizer)} if tokenizer else {"train": {"vocab_size": sizes.vocab_size}}
    for section, values in arm.values.items():
        raw[section] = {**raw.get(section, {}), **values}
    recipe = parse_recipe(raw, where=f"arm {arm.name}")
    files = kept_listing(recipe.file_sources, lake)
    made: dict[str, Manifest] = {}
    for planned in make_plan(recipe, lake, listing_digest=files.digest).stages:
        made[planned.kind] = make_artifact(planned, make_context(recipe, planned, lake), serially)
        if planned.kind == last:
            break
    return made


def texts_of(lake: Lake, made: Mapping[str, Manifest]) -> dict[str, list[str]]:
    """The texts that an arm keeps, by language."""
    kept: dict[str, list[str]] = {}
    for part in made["clean"].parts:
        table = documents.read(lake, made, part.name, ["text", "lang", documents.KEPT])
        for row in table.to_pylist():
            if row[documents.KEPT]:
                kept.setdefault(row["lang"], []).append(row["text"])
    return kept
