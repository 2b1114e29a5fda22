"""A whole run's artifacts made by hand: figures that fit together, small files, nothing computed."""

import json
import math
import uuid
from typing import Any

import pyarrow as pa

from smelt.gates.suite import result_key, suite_id
from smelt.identity import digest
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import RUNGS
from smelt.recipe.gates import GatesConfig
from smelt.recipe.graph import KINDS, kind_of, stages
from smelt.recipe.report import ReportConfig
from tasks import documents
from tests.evaluation.judged import evaluations

STEPS, TOKENS_PER_STEP = 240, 8192
DOCUMENTS = {
    "zh/technical": (3200, 9_800_000),
    "zh/books": (640, 2_400_000),
    "en/technical": (4100, 14_200_000),
    "en/manual": (900, 3_100_000),
    "code/code": (610, 8_900_000),
}
DROPPED = {
    "select": {"short": 0.11, "few_letters": 0.02, "dup_lines": 0.015},
    "dedup": {"exact": 0.03, "minhash": 0.06},
    "decontaminate": {"contaminated:words-zh": 0.001},
}
EVALUATED = {"max_probe_fall": 0.1, "texts": {"general": {"path": "general.jsonl", "max_loss": 2.0, "digest": "d"}}}
CLASSIFIER = {
    "kind": "fasttext",
    "texts": 312,
    "seconds": 1.4,
    "held_out": {
        "texts": 81,
        "accuracy": 0.8025,
        "auc": 0.9468,
        "by_class": {
            "news": {"texts": 40, "precision": 0.81, "recall": 0.72, "f1": 0.76, "auc": 0.93},
            "poetry": {"texts": 41, "precision": 0.79, "recall": 0.88, "f1": 0.83, "auc": 0.93},
        },
        "confusion": {"news": {"news": 29, "poetry": 11}, "poetry": {"news": 5, "poetry": 36}},
    },
}


def commit(lake: Lake, stage: str, parts: dict[str, tuple[dict[str, bytes], int, dict]], **named: Any) -> Manifest:
    """An artifact of parts: name to (files, rows, stats)."""
    artifact = Artifact(stage, uuid.uuid4().hex[:20])
    records = [
        artifact.write_part(lake, named.get("round", "parts"), name, files=files, rows=rows, stats=stats)
        for name, (files, rows, stats) in parts.items()
    ]
    manifest = Manifest(
        stage=stage,
        version=1,
        fingerprint=artifact.fingerprint,
        config=named.get("config", {}),
        inputs=named.get("inputs", {}),
        parts=tuple(records),
        stats=merge_stats([record.stats for record in records]),
        digest=digest([record.digest for record in records]),
        provenance={"started": "2026-11-23T23:00:00+00:00", "wall_s": 12.3, "code": "d7d8095"},
    )
    return artifact.commit(lake, manifest)


def whole_run(lake: Lake) -> tuple[dict[str, Manifest], ReportConfig]:
    """Artifacts of every stage before the report by name, their gates' results, and the report's config."""
    stats = _document_stats()
    found: dict[str, Manifest] = {}

    def add(stage: str, parts: dict, **named: Any) -> None:
        above = next(spec for spec in stages(2) if spec.name == stage).inputs
        inputs = {kind_of(name): found[name].fingerprint for name in above}
        found[stage] = commit(lake, kind_of(stage), parts, inputs=inputs, **named)

    add("fetch", {"a.b": ({".00000.parquet": b"x"}, 9800, {"packages": {"libreoffice-help-zh-cn": "4:7.4.7-1"}})})
    for stage in ("ingest", "clean", "classifiers", "score", "select", "dedup", "decontaminate"):
        if stage == "classifiers":
            add(stage, {"topics": ({"/card.json": b"{}"}, 393, {"classifiers": {"topics": CLASSIFIER}})})
            continue
        config = {"name": stage, "groups": [{"rules": [["few_han", "cjk_share < 0.2"]]}]}
        config = {"target_tokens": 1_000_000} if stage == "dedup" else config
        files = {".parquet": b"x" * 1000}
        if stage == "decontaminate":
            met = [{"benchmark": "words-zh", "item": 7, "passage": "桌子上放着一本书。"}]
            files[".hits.parquet"] = documents.write(pa.Table.from_pylist(met))
        add(stage, {"00000": (files, 9450, stats[stage])}, config=config)
    add("tokenizer", {"tokenizer": ({"/tokenizer.json": b"{}"}, 16384, {"tokenizer": _tokenizer()})})
    add("tokens", {"00000": ({".bin": b"x"}, 7000, stats["tokens"])})
    phases = [
        {"name": "main", "tokens": 180 * TOKENS_PER_STEP, "sequence_length": 256, "global_batch_size": 32},
        {"name": "anneal", "tokens": 60 * TOKENS_PER_STEP, "sequence_length": 512, "global_batch_size": 16},
    ]
    mixture = {
        "asked": {"zh": 0.4, "en": 0.4, "code": 0.2},
        "got": {"zh": 589_000, "en": 601_000, "code": 284_560},
        "epochs": {"zh": 0.21, "en": 0.16, "code": 0.13},
        "unique": {"zh": 580_000, "en": 600_000, "code": 284_560},
        "effective": {"zh": 588_000, "en": 600_970, "code": 284_560},
    }
    trained = [{**phase, "learning_rate": 2e-3, "schedule": "wsd"} for phase in phases]
    checkpoints = _checkpoints()
    for first, phase in enumerate(phases):
        blocks = {"mixture": {phase["name"]: mixture}, "tokens": phase["tokens"]}
        blocks["tokens_by_group"] = dict(mixture["got"])
        planned = {"phases": phases[: first + 1], "first_phase": first}
        add(f"blocks-{first + 1}", {f"{first}-00000": ({".bin": b"x"}, 10, blocks)}, config=planned)
        own = {name: part for name, part in checkpoints.items() if (name > "step-0000180") == bool(first)}
        config = {"phases": trained[: first + 1], "first_phase": first}
        add(f"train-{first + 1}", own, round="checkpoints", config=config)
    _write_events(lake, found["train-1"])
    add("export", {"hf": ({"/config.json": b"{}"}, 1, {})})
    add("evaluate", evaluations(STEPS, TOKENS_PER_STEP, DOCUMENTS, _loss), round="checkpoints", config=EVALUATED)
    gates = GatesConfig()
    suites = {kind: suite_id(kind, gates) for kind in KINDS if kind != "report"}
    for manifest in found.values():
        suite = suites[manifest.stage]
        lake.put_json(result_key(manifest.stage, manifest.fingerprint, suite), _gate(manifest.stage, manifest, suite))
    return found, ReportConfig(recipe="demo", description="Documentation in Chinese and English", suites=suites)


def _document_stats() -> dict[str, dict]:
    left = dict(DOCUMENTS)
    found = {"ingest": {**_sizes(left), "quarantined": {"truncated gzip": 3, "not UTF-8": 11, "broken pdf": 1}}}
    found["clean"] = {**_sizes(left), "bytes": int(0.94 * _sizes(left)["bytes"]), "dropped": {}}
    found["clean"] |= {
        "edits": {"edit_phone": 1234},
        "pii_quality": {"phone": {"found": 79, "missed": 1, "false": 0}},
    }
    left = {label: (count, int(0.94 * size)) for label, (count, size) in left.items()}
    quality = {"range": [0.0, 1.0], "documents": 9450, "nulls": 3, "sum": 4210.5, "bins": {"0": 9447}}
    found["score"] = {**_sizes(left), "scores": {"score_quality": quality}}
    for stage, reasons in DROPPED.items():
        gone = {label: {why: int(part * left[label][0]) for why, part in reasons.items()} for label in left}
        dropped = {
            why: {
                "documents": sum(gone[label][why] for label in left),
                "bytes": sum(gone[label][why] * left[label][1] // left[label][0] for label in left),
            }
            for why in reasons
        }
        left = {
            label: (count - sum(gone[label].values()), int(size * (1 - sum(gone[label].values()) / count)))
            for label, (count, size) in left.items()
        }
        by_lang: dict[str, dict[str, int]] = {}
        for label, whys in gone.items():
            own = by_lang.setdefault(label.split("/")[0], {})
            for why, number in whys.items():
                own[why] = own.get(why, 0) + number
        source = {"docs": {why: size["documents"] for why, size in dropped.items()}}
        found[stage] = {
            **_sizes(left),
            "dropped": dropped,
            "dropped_by_domain": gone,
            "dropped_by_lang": by_lang,
            "dropped_by_source": source,
        }
    fired = {"lang": {"zh": 400, "en": 20}}
    found["select"]["rules"] = {"0": {"asked": {"lang": {"zh": 4000, "en": 5000}}, "fired": {"few_han": fired}}}
    rungs = {rung: {"documents": 9000 - place, "tokens": 2_000_000 // (place + 1)} for place, rung in enumerate(RUNGS)}
    found["decontaminate"]["hits"] = {"words-zh": {"documents": 9, "items": {"7": 8, "11": 1}}}
    found["dedup"] |= {"ladder": {"0": rungs}, "left": {"0": rungs["0.9"]}}
    split = {
        "documents": 7000,
        "tokens": 9_200_000,
        "tokens_by_lang": {"zh": 3_100_000, "en": 4_200_000, "code": 1_900_000},
        "tokens_by_domain": {},
    }
    found["tokens"] = {
        **_sizes(left),
        "train": split,
        "valid": {**split, "tokens_by_lang": {"zh": 31_000, "en": 40_000}},
    }
    return found


def _sizes(left: dict[str, tuple[int, int]]) -> dict[str, Any]:
    by_domain = {label: {"documents": count, "bytes": size} for label, (count, size) in left.items()}
    by_lang: dict[str, dict[str, int]] = {}
    for label, size in by_domain.items():
        own = by_lang.setdefault(label.split("/")[0], {"documents": 0, "bytes": 0})
        own["documents"] += size["documents"]
        own["bytes"] += size["bytes"]
    total = {key: sum(size[key] for size in by_lang.values()) for key in ("documents", "bytes")}
    return {**total, "by_lang": by_lang, "by_domain": by_domain, "by_source": {"docs": total}}


def _tokenizer() -> dict[str, Any]:
    ratios = {"zh": (3.9, 1.5), "en": (4.1, 4.1), "code": (3.4, 3.4)}
    return {
        "vocab_size": 16384,
        "padded_vocab_size": 16384,
        "end_of_document": {"token": "<|endoftext|>", "id": 0},
        "padding": {"token": "<|padding|>", "id": 1},
        "unused_tokens": {"count": 1210, "share": 0.0739},
        "round_trip": {"documents": 400, "failed": 0},
        "num_dirty_tokens": 14,
        "removed_tokens": {"link": 9, "spam": 31},
        "added_tokens": {"<EMAIL>": 120},
        "by_lang": {
            lang: {"documents": 130, "bytes": 400_000, "bytes_per_token": a, "characters_per_token": b}
            | {"tokens": int(400_000 / a), "characters": int(400_000 / a * b)}
            for lang, (a, b) in ratios.items()
        },
    }


def _loss(step: int, label: str = "") -> float:
    offset = {"": 0.0, "zh/technical": 0.5, "zh/books": 0.9, "en/technical": 0.1, "en/manual": -0.1, "code/code": -0.8}
    noise = 0.12 * math.sin(step * 12.9898 + len(label)) * math.sin(step * 3.1)
    return 3.4 + offset[label] + 6.3 * math.exp(-step / 30) + 0.8 * math.exp(-step / 200) + noise


def _checkpoints() -> dict[str, tuple]:
    lines = [
        {
            "step": step,
            "phase": "main" if step <= 180 else "anneal",
            "tokens": step * TOKENS_PER_STEP,
            "loss": _loss(step),
            "loss_by_label": {label: _loss(step, label) for i, label in enumerate(DOCUMENTS) if (step + i) % 4},
            "tokens_by_label": {label: count for label, (count, _) in DOCUMENTS.items()},
            "grad_norm": 1.0,
            "lr": 2e-3 * min(1, step / 24) * (1 if step <= 180 else (1 - (step - 180) / 61)),
            "skipped": step == 130,
            "tokens_per_s": 41_000 + 900 * math.sin(step),
            "step_s": 0.2 + 0.004 * math.sin(step) + (0.11 if step % 61 == 0 else 0),
            "data_wait_s": 0.0004,
            "tflops": 212.5,
            "mfu": 0.43,
            "memory_gb": 61.5,
        }
        for step in range(1, STEPS + 1)
    ]
    for line in lines[49::50]:
        own = {label: _loss(line["step"], label) + 0.1 for label in DOCUMENTS}
        line["heldout"] = {"loss": _loss(line["step"]) + 0.1, "loss_by_label": own, "tokens": 9000, "seconds": 0.1}
    found = {}
    for end in range(60, STEPS + 1, 60):
        content = "".join(json.dumps(line) + "\n" for line in lines[end - 60 : end])
        model = {"num_layers": 6, "hidden_size": 256, "num_heads": 8, "num_query_groups": 4}
        described = {"model": model, "padded_vocab_size": 16384, "tokens": end * TOKENS_PER_STEP, "step": end}
        files = {"/metrics.jsonl": content.encode(), "/model.json": json.dumps(described).encode()}
        found[f"step-{end:07d}"] = (files, 60, {})
    return found


def _write_events(lake: Lake, train: Manifest) -> None:
    """A spike, a rollback with what came after it, and a block that an earlier run had set aside."""
    artifact = Artifact("train", train.fingerprint)
    common = {"phase": "main", "end": 140, "grad_norm": 9.5, "loss_by_label": {}, "machines": [], "again": None}
    sight = {"kind": "spike", "track": "loss", "z": 14.2}
    event = {**common, "block": "0-00004", "unusual": [sight], "before": [4.1, 4.0], "documents": ["d/17", "d/18"]}
    for name, content in {
        "0000000-respected": {"kind": "respected", "step": 0, "blocks": ["0-00002"]},
        "0000130-spike": {**event, "kind": "spike", "step": 130, "loss": 7.654},
        "0000131-rollback": {**event, "kind": "rollback", "step": 131, "loss": None},
        "0000150-heldout": {
            **event,
            "kind": "heldout",
            "step": 150,
            "loss": 3.9,
            "before": [],
            "unusual": [{"kind": "heldout", "track": "zh/books", "nats": 0.31}],
        },
        "0000131-rollback-after": {"kind": "after", "of": "0000131-rollback", "losses": [3.25, 3.75]},
    }.items():
        artifact.write_part(lake, "events", name, files={".json": json.dumps(content).encode()}, rows=1, stats={})


def _gate(stage: str, manifest: Manifest, suite: str) -> dict[str, Any]:
    expectations = [
        {"name": "Every document that came in has its row", "success": True, "observed": "9,450", "expected": "9,450"},
        {
            "name": "The share of dropped documents is tolerable",
            "success": True,
            "observed": "14.2 %",
            "expected": "≤ 90 %",
        },
    ]
    success = stage != "decontaminate"
    if not success:
        name = "Enough documents in language zh are kept"
        expectations.append({"name": name, "success": False, "observed": "1.2 %", "expected": "≥ 2 %"})
    return {
        "success": success,
        "stage": stage,
        "fingerprint": manifest.fingerprint,
        "suite": suite,
        "expectations": expectations,
        "docs": "",
    }
