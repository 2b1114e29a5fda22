"""Blocks that artifacts share: what has one name has the same bytes, and a longer phase makes only what is new."""

from datetime import timedelta

import numpy as np
import pytest

from smelt.engine.make import load_stage, make_artifact, serially
from smelt.lake import Lake, Manifest
from smelt.lake.artifact import RECORD
from smelt.lake.shared import SHARED, SharedPart
from smelt.maintenance.garbage import Policy, collect, find_garbage
from smelt.maintenance.verify import verify
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from smelt.recipe.resources import Resources
from smelt.run import ended_key
from smelt.stage import Context
from tasks.blocks import scatter
from tasks.blocks.context import pools
from tasks.blocks.large import ends, rounds
from tasks.blocks.packing import contexts
from tests.chain import dies_after
from tests.tasks import refinery
from tests.training.artifacts import tokenizer

DTYPE = np.dtype("<u2")
BLOCK = 1024
"""Tokens of a full block: 16 steps."""
WEIGHTS = {"zh": 2, "en": 2, "code": 1}
ALWAYS = Policy(keep_runs=0, grace=timedelta(0))


@pytest.fixture
def inputs(lake):
    """Tokens of 300 documents in 3 parts, some 33,000, and the columns beside them."""
    draw = np.random.default_rng(0)
    sizes = draw.integers(20, 200, 300).tolist()
    langs = draw.permutation(["en"] * 120 + ["zh"] * 120 + ["code"] * 60).tolist()
    documents = [
        {"id": refinery.identify(str(n)), "number": n % 250, "lang": lang, "domain": "web", "tokens": size}
        for n, (lang, size) in enumerate(zip(langs, sizes, strict=True))
    ]
    parts = [documents[:100], documents[100:180], documents[180:]]
    tokens = refinery.tokenized(lake, parts, DTYPE)
    tokens = tokens.model_copy(update={"inputs": {"tokenizer": tokenizer(lake).fingerprint}})
    rows = [
        [{**item, "text": "x", "score_quality": item["number"] * 37 % 101 / 101} for item in part] for part in parts
    ]
    scored = refinery.scored(lake, rows)
    return {"tokens": tokens, "clean": scored["clean"], "score": scored["score"]}


def phase(tokens, name="main", **fields):
    fields = {"sequence_length": 16, "global_batch_size": 4, "weights": WEIGHTS, **fields}
    return BlockPhase(name=name, tokens=tokens, **fields)


def made(lake: Lake, inputs: dict[str, Manifest], *phases: BlockPhase, anew="", mapper=serially, **fields) -> Manifest:
    """The blocks of the last of these phases, as the engine makes them.

    Args:
        anew: a generation of its own, which takes nothing over and gives nothing.
    """
    config = BlocksConfig(phases=phases, first_phase=len(phases) - 1, block_tokens=BLOCK, **fields)
    external = {"rebuild": anew} if anew else {}
    planned = refinery.planned_blocks(config, inputs, **external)
    return make_artifact(planned, Context(lake, config, Resources(), inputs, external, planned.artifact), mapper)


def there(lake: Lake) -> set[str]:
    """Names of the blocks that were made, for whatever artifact."""
    found = [item.key for item in lake.objects(f"{SHARED}blocks/") if item.key.endswith(RECORD)]
    return {key.split("/")[2] for key in found}


def names(manifest: Manifest) -> list[str]:
    return [SharedPart.holding(part).name for part in manifest.parts]


def said(manifest: Manifest) -> list[dict]:
    """All that is known of the blocks but for where they lie: names, digests of their objects, rows, statistics."""
    return [part.model_dump(exclude={"at"}) for part in manifest.parts]


@pytest.mark.parametrize("way", ["gathered", "scattered", "of many documents"])
def test_a_longer_phase_makes_its_new_blocks_alone(lake, inputs, monkeypatch, way):
    monkeypatch.setattr(scatter, "small", lambda context: way != "scattered")
    monkeypatch.setattr(scatter, "MOST", 1.0)
    monkeypatch.setattr(rounds, "LARGE", 1000 if way != "of many documents" else 100)
    monkeypatch.setattr(ends, "RANGE", 40)
    short, counts = made(lake, inputs, phase(5 * BLOCK)), []
    for tokens in (8 * BLOCK, 8 * BLOCK + 192, 10 * BLOCK):
        before = there(lake)
        longer = made(lake, inputs, phase(tokens))
        counts.append(len(there(lake) - before))
        assert names(longer)[:5] == names(short), "the last token of a full block is the first of the next one"
        assert said(longer) == said(made(lake, inputs, phase(tokens), anew=str(tokens)))
        assert verify(lake, longer).damages == ()
    assert counts == [3, 1, 2], "a short block at a phase's end is none of a longer one's"


CASES = [
    ((phase(5 * BLOCK),), {}),
    ((phase(8 * BLOCK),), {"max_epochs": 2}),
    ((phase(6 * BLOCK + 320, sequence_length=32),), {}),
    ((phase(7 * BLOCK, weights={"code": 3, "zh": 1}),), {"max_epochs": 1}),
    ((phase(9 * BLOCK, weights={"code": 3, "zh": 1}),), {"max_epochs": 1}),
    ((phase(9 * BLOCK, weights={"code": 3, "zh": 1}),), {"max_epochs": 1, "when_short": "repeat"}),
    ((phase(9 * BLOCK, weights={"code": 3, "zh": 1}),), {"reuse": {"decay": 0.5, "max": 9}}),
    ((phase(5 * BLOCK, weights={"good": 1, "zh": 1}),), {"groups": {"good": "score_quality > 0.5"}}),
    ((phase(7 * BLOCK, weights={"good": 1, "zh": 1}),), {"groups": {"good": "score_quality > 0.5", "other": "1 = 0"}}),
    ((phase(5 * BLOCK), phase(3 * BLOCK, "next")), {}),
    ((phase(5 * BLOCK, "first", weights={"zh": 1}), phase(4 * BLOCK, weights={"code": 1})), {}),
    ((phase(7 * BLOCK, "first", weights={"zh": 1}), phase(5 * BLOCK, weights={"code": 1})), {"max_epochs": 3}),
    ((phase(5 * BLOCK, order="quality"),), {}),
    ((phase(5 * BLOCK, order="quality"),), {"reuse": {"quality": {"curve": [[0, 0], [1, 3]]}}}),
    ((phase(7 * BLOCK, packing="best_fit", sequence_length=64, global_batch_size=1),), {}),
    ((phase(9 * BLOCK, packing="best_fit", sequence_length=64, global_batch_size=1),), {}),
    ((phase(7 * BLOCK, order="in_context", sequence_length=64, global_batch_size=1),), {}),
    ((phase(9 * BLOCK, order="in_context", sequence_length=64, global_batch_size=1),), {}),
]
"""Recipes over one corpus that differ in whatever may be said of blocks."""


def test_whatever_shares_a_name_is_the_same_byte_for_byte(lake, inputs, monkeypatch):
    monkeypatch.setattr(ends, "RANGE", 40)
    monkeypatch.setattr(contexts, "POOL", 60)
    monkeypatch.setattr(pools, "POOL", 20)
    shared, seen = 0, set()
    for number, (phases, fields) in enumerate(CASES):
        monkeypatch.setattr(rounds, "LARGE", 100 if number % 2 else 1000)
        one = made(lake, inputs, *phases, **fields)
        shared += sum(name in seen for name in names(one))
        seen.update(names(one))
        alone = made(lake, inputs, *phases, anew=str(number), **fields)
        assert not seen & set(names(alone))
        assert said(one) == said(alone) and one.stats == alone.stats
    assert shared > len(seen) / 2


LONGER = [
    ({}, {}, 5),
    ({"weights": {"code": 1}}, {"max_epochs": 9, "reuse": {"decay": 0.5}}, 5),
    ({"weights": {"code": 1}}, {"max_epochs": 0.5, "when_short": "repeat"}, 5),
    ({"weights": {"code": 5, "zh": 1, "en": 1}}, {"max_epochs": 0.5}, 0),
    ({"order": "source"}, {}, 0),
    ({"order": "quality"}, {}, 0),
    ({"packing": "best_fit", "sequence_length": 64, "global_batch_size": 1}, {}, 4),
    ({"order": "in_context", "sequence_length": 64, "global_batch_size": 1}, {}, 2),
]


@pytest.mark.parametrize(("asked", "fields", "shared"), LONGER)
def test_what_a_longer_phase_keeps_follows_from_its_order(lake, inputs, monkeypatch, asked, fields, shared):
    """All blocks in the order of turns as long as no group runs short; all but the last pool's of packed ones and of
    contexts of neighbours; none where the whole phase is arranged."""
    monkeypatch.setattr(contexts, "POOL", 20)
    monkeypatch.setattr(pools, "POOL", 10)
    short, longer = (made(lake, inputs, phase(blocks * BLOCK, **asked), **fields) for blocks in (5, 8))
    same = [one == other for one, other in zip(names(short), names(longer), strict=False)]
    assert same == [True] * shared + [False] * (5 - shared)


def test_a_phase_behind_a_longer_one_keeps_its_blocks_where_it_reads_other_groups(lake, inputs):
    kept = []
    for weights in ({"en": 1}, {"zh": 1}):
        behind = phase(3 * BLOCK, "next", weights=weights)
        one, other = (made(lake, inputs, phase(n * BLOCK, weights={"zh": 1}), behind) for n in (5, 8))
        kept.append(sum(first == second for first, second in zip(names(one), names(other), strict=True)))
    assert kept == [3, 0]


def test_where_all_blocks_are_there_no_token_file_is_read(lake, inputs, monkeypatch):
    monkeypatch.setattr(scatter, "small", lambda context: False)
    monkeypatch.setattr(scatter, "MOST", 1.0)
    first = made(lake, inputs, phase(5 * BLOCK))
    read, get_range = [], Lake.get_range

    def noted(self, key, start, length):
        read.append(key)
        return get_range(self, key, start, length)

    monkeypatch.setattr(Lake, "get_range", noted)
    again = made(lake, inputs, phase(5 * BLOCK), max_epochs=3)
    assert again.fingerprint != first.fingerprint and names(again) == names(first)
    assert again.artifact.records(lake, "scattered") == {}
    assert read and not [key for key in read if key.startswith("tokens/") and key.endswith(".bin")]


@pytest.mark.parametrize("scattered", [False, True])
def test_a_block_that_is_damaged_when_it_is_wanted_is_made_anew(lake, inputs, monkeypatch, scattered):
    monkeypatch.setattr(scatter, "small", lambda context: not scattered)
    monkeypatch.setattr(scatter, "MOST", 1.0)
    short = made(lake, inputs, phase(5 * BLOCK))
    last = len(load_stage("blocks").rounds) - 1

    def meanwhile(context, index, shards):
        if index == last:
            lake.put(f"{short.parts[1].at}.bin", b"?")
            lake.delete([f"{short.parts[3].at}.segments.parquet"])
        yield from serially(context, index, shards)

    longer = made(lake, inputs, phase(8 * BLOCK), mapper=meanwhile)
    assert said(longer) == said(made(lake, inputs, phase(8 * BLOCK), anew="1"))
    assert verify(lake, longer).damages == verify(lake, short).damages == ()


def test_what_a_killed_artifact_has_made_is_taken_over_and_it_goes_on_itself(lake, inputs):
    with pytest.raises(KeyboardInterrupt):
        made(lake, inputs, phase(5 * BLOCK), mapper=dies_after(2))
    killed = there(lake)
    longer = made(lake, inputs, phase(8 * BLOCK))
    assert len(killed) == 2 and set(names(longer)[:2]) == killed and len(there(lake)) == 8
    assert names(made(lake, inputs, phase(5 * BLOCK))) == names(longer)[:5] and len(there(lake)) == 8


def test_a_block_goes_with_the_last_artifact_that_refers_to_it(lake, inputs):
    short, longer = (made(lake, inputs, phase(blocks * BLOCK)) for blocks in (5, 8))
    run = {"plan": {"recipe": "small", "stages": []}, "recipe": {}, "created": "2026-11-01"}
    lake.put_json("runs/one/run.json", run | {"recipe": {"pins": {"blocks-1": longer.fingerprint}}})
    lake.put(ended_key("one"), b"{}")
    later = lake.now() + timedelta(days=1)
    of_blocks = [
        item for item in find_garbage(lake, ALWAYS, now=later) if item.name.startswith(("blocks/", f"{SHARED}blocks/"))
    ]
    assert [item.name for item in of_blocks] == [short.artifact.root]
    assert list(collect(lake, of_blocks, ALWAYS, now=later)) == of_blocks
    assert verify(lake, longer).damages == () and len(there(lake)) == 8
    lake.put_json("runs/one/run.json", run)
    found = {item.name for item in find_garbage(lake, ALWAYS, now=later)}
    assert found >= {longer.artifact.root, *(f"{SHARED}blocks/{name}/" for name in names(longer))}
