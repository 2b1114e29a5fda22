"""Gates of the document stages, over artifacts in a real lake."""

import uuid
from collections.abc import Sequence

import pyarrow as pa
import pytest

from smelt.gates.run import run_gate
from smelt.gates.suite import suite_id
from smelt.invariants import DUPLICATES, INVARIANTS
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import merge_stats
from smelt.recipe.gates import GatesConfig
from tasks import documents
from tasks.clean.edits.rewrite import buffers
from tasks.invariants import personal_data_left
from tasks.tally import tally

LANGUAGES = ["zh"] * 120 + ["en"] * 200 + ["code"] * 40


def _artifact(lake: Lake, stage: str, columns: dict, stats: dict, config: object = None) -> Manifest:
    artifact = Artifact(stage, uuid.uuid4().hex[:20])
    table = pa.table({"id": [f"{row:016x}" for row in range(len(LANGUAGES))], **columns})
    if stage in INVARIANTS:
        stats = {**stats, "violations": dict.fromkeys([*INVARIANTS[stage], DUPLICATES], 0)}
    record = artifact.write_part(
        lake, "parts", "00000", files={".parquet": documents.write(table)}, rows=len(table), stats=stats
    )
    manifest = Manifest(
        stage=stage,
        version=1,
        fingerprint=artifact.fingerprint,
        config=config or {},
        inputs={},
        parts=(record,),
        stats=merge_stats([stats]),
        digest=record.digest,
    )
    return artifact.commit(lake, manifest)


def _score(lake: Lake) -> Manifest:
    domains = ["other"] * len(LANGUAGES)
    stats = tally(num_bytes=[100] * len(LANGUAGES), lang=LANGUAGES, domain=domains, source=domains)
    return _artifact(lake, "score", {"lang": LANGUAGES, "lang_score": [0.9] * len(LANGUAGES), "domain": domains}, stats)


def _inputs(lake: Lake) -> dict[str, Manifest]:
    clean, _ = _clean(lake, "text", email=True)
    return {"clean": clean, "score": _score(lake)}


def _select(lake: Lake, keep: Sequence[bool]) -> Manifest:
    reason = pa.array([None if kept else "short" for kept in keep], pa.string())
    domains = ["other"] * len(LANGUAGES)
    stats = tally(
        num_bytes=[100] * len(LANGUAGES), keep=keep, reason=reason, lang=LANGUAGES, domain=domains, source=domains
    )
    return _artifact(lake, "select", {"keep": pa.array(list(keep)), "reason": reason}, stats, {"groups": []})


def _clean(lake: Lake, text: str, *, email: bool) -> tuple[Manifest, dict[str, Manifest]]:
    count = len(LANGUAGES)
    stats = tally(num_bytes=[100] * count, source=["web"] * count)
    texts = pa.array([f"{text} {row}" for row in range(count)], pa.large_string())
    columns = {name: ["x"] * count for name in ("source", "url", "format")}
    config = {"pii": {"email": email, "phone": True, "id_number": True}}
    stats["personal_data_left"] = personal_data_left(texts, *buffers(texts), config["pii"])
    columns |= {"text": texts, "drop_reason": pa.nulls(count, pa.string())}
    return _artifact(lake, "clean", columns, stats, config), {"ingest": _artifact(lake, "ingest", columns, stats)}


def test_rules_that_drop_every_chinese_document_fail_the_gate_and_say_so(lake):
    poisoned = _select(lake, [lang != "zh" for lang in LANGUAGES])
    result = run_gate(lake, poisoned, _inputs(lake), GatesConfig())
    assert not result.success
    assert "Enough documents in language zh are kept: 0 %, not ≥ 2 %" in result.failures
    assert any("shares of languages" in failure for failure in result.failures)
    page = lake.get(result.docs).decode()
    assert "Enough documents in language zh are kept" in page
    assert "failed" in page


def test_rules_that_drop_evenly_pass(lake):
    even = _select(lake, [row % 3 != 0 for row in range(len(LANGUAGES))])
    result = run_gate(lake, even, _inputs(lake), GatesConfig())
    assert result.success, result.failures


def test_pages_open_without_a_network(lake):
    result = run_gate(lake, _select(lake, [True] * len(LANGUAGES)), _inputs(lake), GatesConfig())
    for page in ("index", "figures", "rows"):
        content = lake.get(result.docs.replace("index", page)).decode()
        assert "http://" not in content
        assert "https://" not in content
        assert "<script" not in content
        assert "unexpected Exception" not in content


def test_a_result_is_kept_with_its_suite(lake):
    poisoned, inputs = _select(lake, [lang != "zh" for lang in LANGUAGES]), _inputs(lake)
    strict = GatesConfig()
    lax = GatesConfig.model_validate(
        {"select": {"min_kept_share_of_language": 0, "max_language_divergence": 1, "max_domain_divergence": 1}}
    )
    assert suite_id("select", strict) != suite_id("select", lax)
    assert suite_id("dedup", strict) == suite_id("dedup", lax)
    assert not run_gate(lake, poisoned, inputs, strict).success
    assert run_gate(lake, poisoned, inputs, lax).success
    assert run_gate(lake, poisoned, {}, strict) == run_gate(lake, poisoned, inputs, strict)  # read, not run again


@pytest.mark.parametrize(("removed", "success"), [(True, False), (False, True)])
def test_an_address_is_a_fault_where_the_recipe_removes_addresses(lake, removed, success):
    cleaned, inputs = _clean(lake, "write to somebody@example.org, please", email=removed)
    result = run_gate(lake, cleaned, inputs, GatesConfig())
    assert result.success is success
    assert b"somebody@example.org" not in lake.get(result.docs.replace("index", "rows"))


def test_a_source_that_others_empty_fails_the_gate_and_is_named(lake):
    count = len(LANGUAGES)
    sources = ["web"] * 200 + ["news"] * 150 + ["tiny"] * 10
    stats = tally(num_bytes=[100] * count, lang=LANGUAGES, domain=["other"] * count, source=sources)
    select = _artifact(lake, "select", {"keep": pa.array([True] * count)}, stats)
    columns = {"keep": pa.array([True] * count), "reason": pa.nulls(count, pa.string())}

    def gate(lost: dict) -> list[str]:
        dedup = _artifact(lake, "dedup", columns, {**stats, "lost_to_others": lost})
        return run_gate(lake, dedup, {"select": select}, GatesConfig()).failures

    assert gate({}) == []
    assert gate({"news": {"web": 40, "tiny": 20}, "tiny": {"web": 10}}) == []
    emptied = {"news": {"tiny": 20, "web": 100}, "web": {"news": 60}}
    assert gate(emptied) == ["No source loses much to the others; the most is news, to web above all: 80 %, not ≤ 50 %"]


def test_a_login_is_no_address():
    lines = ["ssh user@host.dom", "'sd_IN@devanagari.UTF-8'", "write to ann@example.org", "ann@mail.example.org今天"]
    texts = pa.array(lines, pa.large_string())
    wanted = {"email": True, "phone": False, "id_number": False}
    assert personal_data_left(texts, *buffers(texts), wanted) == {"email": 2}
