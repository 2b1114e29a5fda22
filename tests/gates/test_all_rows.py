"""Gates see every row: rubbish that lies outside any sample fails them, whatever part and row it stands in."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tasks.clean
import tasks.decontaminate.stage
import tasks.ingest.table
import tasks.score
import tasks.select
import tasks.tokens.stage
from smelt.engine.make import make_artifact, make_context, serially
from smelt.gates.even import evenly
from smelt.gates.run import run_gate
from smelt.gates.sample import MAX_PARTS
from smelt.lake import Artifact, Lake, Manifest
from smelt.plan import REBUILD, Plan
from smelt.recipe import Recipe, load_recipe
from smelt.recipe.gates import GatesConfig
from tests.chain import RECIPE, plan_of

PARTS = 12
UNSEEN = sorted(set(range(PARTS)) - set(evenly(PARTS, MAX_PARTS)))
"""Parts that no sample has."""
MARK = "whatever-was-broken"
"""Stands in the texts of those parts."""
Attack = Callable[[pytest.MonkeyPatch], None]


class Chain:
    """The artifacts through ``tokens`` of a recipe whose every part is one document."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        for part in range(PARTS):
            words = " ".join(f"word{part}x{number}" for number in range(60))
            (folder / f"{part:02d}.txt").write_text(f"{MARK if part in UNSEEN else 'all is well'} {words}.")
        more = "ingest: {shard_bytes: 10}\nselect: {groups: []}\n"
        (folder / "recipe.yaml").write_text(RECIPE.format(name="rows", folder=folder) + more)
        self.lake = lake
        self.recipe: Recipe = load_recipe(folder / "recipe.yaml")
        self.plan: Plan = plan_of(self.recipe, lake)
        for planned in self.plan.stages:
            make_artifact(planned, make_context(self.recipe, planned, lake), serially)
            if planned.stage == "tokens":
                break

    def again(self, stage: str) -> tuple[Manifest, dict[str, Manifest]]:
        """The stage's artifact made once more, elsewhere, and its inputs."""
        planned = self.plan.planned(stage).model_copy(update={"fingerprint": uuid.uuid4().hex[:20]})
        context = make_context(self.recipe, planned, self.lake)
        anew = context.external | {REBUILD: planned.fingerprint}  # no part is taken over
        context = replace(context, artifact=Artifact(stage, planned.fingerprint), external=anew)
        return make_artifact(planned, context, serially), context.inputs


@pytest.fixture(scope="module")
def chain(s3_settings, tmp_path_factory) -> Iterator[Chain]:
    yield Chain(Lake(s3_settings, url=f"s3://smelt/{uuid.uuid4().hex[:12]}"), tmp_path_factory.mktemp("texts"))


def marked(texts: pa.Array | pa.ChunkedArray) -> list[bool]:
    return pc.match_substring(texts, MARK).to_pylist()


def wrapped(module: object, name: str, change: Callable) -> Attack:
    """An attack: what the function gives goes through ``change(given, *arguments)``."""

    def attack(patch: pytest.MonkeyPatch) -> None:
        plain = getattr(module, name)
        patch.setattr(module, name, lambda *given, **named: change(plain(*given, **named), *given))

    return attack


def cleaned(addition: str) -> Attack:
    """Texts that hold something more than they should."""

    def change(found, *_):
        texts = [text + addition if MARK in text else text for text in found[0].to_pylist()]
        return (pa.array(texts, pa.large_string()), *found[1:])

    return wrapped(tasks.clean, "clean", change)


def encoded(number: int) -> Attack:
    """Texts whose every token is this one."""

    def change(found, encoder, texts):
        ids, lengths = found
        rows = np.repeat(np.array(marked(texts), bool), lengths)
        return np.where(rows, number, ids).astype(ids.dtype), lengths

    return wrapped(tasks.tokens.stage.Encoder, "encode", change)


def keep(values: list[bool | None]) -> Attack:
    """Decisions of `select` that don't fit their reasons."""
    return wrapped(
        tasks.select, "_decided", lambda found, *_: found.set_column(1, "keep", pa.array(values, pa.bool_()))
    )


def others_ids(found: pa.Table, source: pa.Table, *_) -> pa.Table:
    pairs = zip(marked(source["text"]), found["id"].to_pylist(), strict=True)
    return found.set_column(0, "id", pa.array(["f" * 16 if row else name for row, name in pairs]))


def languages(found, table, *_):
    return found[0], [7.0 if row else score for row, score in zip(marked(table["text"]), found[1], strict=True)]


def domains(found, table, *_):
    return [None if row else name for row, name in zip(marked(table["text"]), found[0], strict=True)], found[1]


def blanked(found, text):
    return b"" if MARK in text else found


ATTACKS: dict[str, tuple[str, Attack, str]] = {
    "empty": ("ingest", wrapped(tasks.ingest.table, "utf8", blanked), "No document is empty"),
    "twice": (
        "ingest",
        wrapped(tasks.ingest.table, "ids_as_numbers", lambda found, *_: np.repeat(found, 2)),
        "No id comes twice in a part",
    ),
    "address": ("clean", cleaned(" somebody@example.org"), "Nearly no document still holds: email"),
    "phone": ("clean", cleaned(" 13912345678 "), "Nearly no document still holds: phone"),
    "identity": ("clean", cleaned(" 11010519491231002X "), "Nearly no document still holds: id number"),
    "range": ("score", wrapped(tasks.score, "_languages", languages), "lies within its model's range"),
    "null": ("score", wrapped(tasks.score, "domains", domains), "an id, a language and a domain"),
    "reason": ("select", keep([False]), "A dropped document has a reason"),
    "undecided": ("select", keep([None]), "an id and a decision"),
    "ids": ("decontaminate", wrapped(tasks.decontaminate.stage, "_decided", others_ids), "the id of the row"),
    "vocabulary": ("tokens", encoded(65_000), "Every token is in the vocabulary"),
    "end": ("tokens", encoded(0), "No document ends before its end"),
}
"""By what is wrong: the stage, how it comes to write that, and what its gate has to say."""


@pytest.mark.parametrize("name", ATTACKS)
def test_rubbish_in_every_row_that_no_sample_has_fails_the_gate(chain, monkeypatch, name):
    stage, attack, told = ATTACKS[name]
    with monkeypatch.context() as patch:
        attack(patch)
        manifest, inputs = chain.again(stage)
    result = run_gate(chain.lake, manifest, inputs, GatesConfig())
    assert any(told in failure for failure in result.failures), result.failures


@pytest.mark.parametrize("stage", ["ingest", "clean", "score", "select", "dedup", "decontaminate", "tokens"])
def test_an_artifact_as_it_should_be_breaks_nothing_and_its_page_says_what_was_sampled(chain, stage):
    manifest, inputs = chain.again(stage)
    assert manifest.rows == PARTS and len(manifest.parts) == PARTS
    assert set(manifest.stats["violations"].values()) == {0}
    result = run_gate(chain.lake, manifest, inputs, GatesConfig())
    assert result.success, result.failures
    assert any(item.sampled for item in result.expectations)
    page = chain.lake.get(result.docs).decode()
    assert f"of {PARTS} parts" in page and "% of all" in page and "<em>sample</em>" in page
