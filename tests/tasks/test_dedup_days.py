"""A day compared with the days before it decides what one comparison of all of them would, and reads no old text."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.errors import DamageError, StageError
from smelt.lake import Lake, Manifest
from smelt.plan import BEFORE
from smelt.recipe.dedup import DedupConfig
from tasks.dedup import STAGE, deciding, ranges, ranking, settling
from tasks.dedup.buckets import decide, met_first
from tasks.dedup.earlier import EACH, of_the_day
from tasks.dedup.ranges import interval, intervals_met
from tasks.dedup.records import GONE, SIGNATURE, WHOLE
from tests.tasks import refinery
from tests.tasks.test_dedup import article

COLUMNS = ["id", "keep", "reason", "duplicate_of", "similarity"]
CRAWL = {"sources": [{"name": "test", "kind": "crawl"}, {"name": "book", "kind": "files"}]}
MANY = st.lists(st.tuples(st.sets(st.integers(1, 4), max_size=3), st.integers(0, 5)), min_size=3, max_size=24)
"""Documents by bands that they share with others, and text."""


def compared(lake: Lake, parts, config, before: Sequence[Manifest] = (), **options) -> Manifest:
    """What dedup makes of a day that is compared with these."""
    inputs = refinery.scored(lake, parts)
    inputs["ingest"] = inputs["ingest"].model_copy(update={"config": CRAWL})
    context = refinery.context(lake, "dedup", config, inputs)
    external = {f"{BEFORE}2026-11-{number:02d}": day.fingerprint for number, day in enumerate(before, 1)}
    made = refinery.run(STAGE, replace(context, external=external), **options)
    return made.artifact.commit(lake, made.model_copy(update={"inputs": {"clean": inputs["clean"].fingerprint}}))


def families(draw: random.Random, count: int, copies: int) -> list[dict]:
    """Documents of families of near and equal texts, some of one address, in no order."""
    found = []
    for family in range(count):
        words = article(300 + family, 60).split()
        for _ in range(copies):
            text = " ".join(word if draw.random() > 0.012 else f"{word}x" for word in words)
            url = f"https://example.org/{draw.randrange(count * copies // 2)}"
            found.append({"text": text, "url": url, "lang": draw.choice(["en", "de"])})
    draw.shuffle(found)
    return [{**row, "id": f"{number:016x}"} for number, row in enumerate(found)]


def without_all_but_the_index(lake: Lake, day: Manifest) -> None:
    """Delete a day's texts and what dedup wrote, but for its manifest and index."""
    kept = (f"{day.artifact.root}manifest.json", f"{day.artifact.root}index/")
    keys = [item.key for root in (f"clean/{day.inputs['clean']}/", day.artifact.root) for item in lake.objects(root)]
    assert any(key.startswith(kept[1]) for key in keys)
    lake.delete([key for key in keys if not key.startswith(kept)])


@pytest.mark.parametrize(
    ("verify", "text_bytes", "bucket_bytes"),
    [("signature", 12_000, 40_000), ("jaccard", 20_000, 96_000_000), ("containment", 256_000_000, 12_000)],
)
def test_days_decide_what_all_at_once_would_without_an_old_text(lake, monkeypatch, verify, text_bytes, bucket_bytes):
    draw = random.Random(verify)
    monkeypatch.setattr(deciding, "SETTLED", 5)
    documents = families(draw, 10, 8)
    groups = [{"lang": ["de"], "threshold": 0.85, "exact": verify == "jaccard"}]
    config = DedupConfig(urls=True, keep="first", verify=verify, groups=groups, against="days")
    cuts = [0, *sorted(draw.sample(range(10, len(documents) - 10), 2)), len(documents)]
    days = [documents[first:last] for first, last in itertools.pairwise(cuts)]
    parts_of = [[day[: len(day) // 2], day[len(day) // 2 :]] for day in days]
    whole = compared(lake, [part for parts in parts_of for part in parts], config)
    made, found = list[Manifest](), []
    for number, parts in enumerate(parts_of):
        monkeypatch.setattr(ranges, "TEXT_BYTES", text_bytes * (1 + number % 2))
        monkeypatch.setattr(ranges, "BUCKET_BYTES", bucket_bytes * (1 + number))
        made.append(compared(lake, parts, config, made))
        found += refinery.columns(lake, made[-1], [*COLUMNS, "duplicate_day"])
        without_all_but_the_index(lake, made[-1])
    size = whole.stats["index"]
    if verify == "signature":
        objects = size["entries_objects"] + size["texts_objects"]
        assert size["bytes"] == 32 * size["entries"] + 460 * size["texts"] + objects * (EACH + 1) * 16
    expected = refinery.columns(lake, whole, COLUMNS)
    assert [{name: row[name] for name in COLUMNS} for row in found] == expected
    assert {row["reason"] for row in expected} == {None, "url", "exact", "minhash"}
    day_of = {row["id"]: number for number, day in enumerate(days, 1) for row in day}
    gone = [row for row in found if row["duplicate_of"]]
    earlier = [row for row in gone if day_of[row["duplicate_of"]] < day_of[row["id"]]]
    assert len(earlier) == sum(day.stats.get("gone_for_earlier_days", 0) for day in made) > 9
    named = {row["id"]: f"2026-11-{day_of[row['duplicate_of']]:02d}" for row in earlier}
    assert [row["duplicate_day"] for row in found] == [named.get(row["id"]) for row in found]


@given(MANY, st.data())
@settings(max_examples=300, deadline=None)
def test_any_split_into_days_decides_the_same(documents, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(documents)), min_size=2, max_size=3)))
    starts, ends = [0, *cuts], [*cuts, len(documents)]
    gone_at_once, _ = _settled(_signatures(documents, 0), [len(documents)], parts=1)
    gone: dict[int, int] = {}
    index: list[np.ndarray] = []  # of each day those that others meet, with their numbers in it
    for day, (start, end) in enumerate(zip(starts, ends, strict=True)):
        before = [known.copy() for known in index]
        for number, known in enumerate(before):
            known["rank"] = ranking.before(day - number, known["row"] & ~GONE)
            known["part"] = 1 + number
        own = _signatures(documents[start:end], start)
        found, bits = _settled(np.concatenate((own, *before)), [end - start], parts=1)
        gone |= found
        met = met_first(own)
        met["row"] |= np.where(bits[met["row"]], GONE, np.uint32(0))
        index.append(met)
    assert gone == gone_at_once


def _signatures(documents, first: int) -> np.ndarray:
    """Records of documents in order, all of one part; the first stands above the others."""
    rows = []
    for row, (bands, text) in enumerate(documents):
        keys = [band << 2 for band in sorted(bands)] + [(100 + text) << 2 | WHOLE]
        rows += [(key, text, 1000 - row, first + row, row, 0, 0, 0) for key in keys]
    return np.array(rows, SIGNATURE)


def _settled(records: np.ndarray, rows: list[int], parts: int) -> tuple[dict[int, int], np.ndarray]:
    """The documents that go, each with the one that it goes for, and a day's documents that are gone (bool)."""
    pairs, candidates = decide(records, parts=parts)
    candidates["similarity"] = 0.8
    everything = np.concatenate((pairs, settling.pairs_of(candidates)))
    everything = everything[of_the_day(everything, parts)]
    everything = everything[settling.settling_order(everything)]
    state = settling.Settled(rows)
    going = everything[state.decide(everything)]
    bits = np.unpackbits(state.gone, bitorder="little")[: rows[0]].astype(np.bool_)
    return dict(zip(going["id"].tolist(), going["better"].tolist(), strict=True)), bits


def test_what_is_no_crawls_is_compared_on_the_first_day_alone(lake):
    config = DedupConfig(keep="first", against="days")
    book = [{"id": f"{1:016x}", "text": article(1), "source": "book"}]
    first = compared(lake, [[*book, {"text": article(2)}], book], config)
    second = compared(lake, [[*book, {"text": article(1)}, {"text": article(3)}]], config, [first])
    assert [row["reason"] for row in refinery.columns(lake, first, COLUMNS)] == [None, None, "exact"]
    rows = refinery.columns(lake, second, [*COLUMNS, "duplicate_day"])
    assert [row["reason"] for row in rows] == [None, "exact", None]
    assert (rows[1]["duplicate_of"], rows[1]["duplicate_day"]) == (f"{1:016x}", "2026-11-01")
    assert second.stats["index"]["texts"] == 1, "the book is in the first day's index alone"


def test_days_without_documents_or_near_duplicates_and_any_order_of_work(lake):
    config = DedupConfig(keep="first", against="days", minhash=None)
    days = [compared(lake, [[]], config)]
    days.append(compared(lake, [[{"text": article(1)}]], config, days))
    parts = [[{"text": article(1)}, {"text": article(2)}], [{"text": article(2)}]]
    made = [compared(lake, parts, config, days, backwards=backwards) for backwards in (False, True)]
    assert made[0].digest == made[1].digest
    assert [row["reason"] for row in refinery.columns(lake, made[0], COLUMNS)] == ["exact", None, "exact"]
    empty = compared(lake, [[]], config, days)
    assert empty.rows == 0 and empty.stats["index"]["entries"] == 0


def test_an_index_that_is_damaged_or_gone_is_one_line(lake):
    config = DedupConfig(keep="first", against="days", verify="signature")
    first = compared(lake, [[{"text": article(1)}]], config)
    [key] = [item.key for item in lake.objects(f"{first.artifact.root}index/") if item.key.endswith(".texts")]
    content = bytearray(lake.get(key))
    content[-1] ^= 1
    lake.put(key, bytes(content))
    with pytest.raises(DamageError, match=f"{first.fingerprint}/index/texts-00000.texts: is not what was written"):
        compared(lake, [[{"text": f"{article(1)} more"}]], config, [first])
    lake.delete([f"{first.artifact.root}manifest.json"])
    with pytest.raises(StageError, match=f"dedup/{first.fingerprint}: a day's artifact is missing"):
        compared(lake, [[{"text": article(2)}]], config, [first])


@given(st.lists(st.integers(0, (1 << 64) - 1), min_size=1), st.integers(1, 70), st.integers(1, 70))
@settings(deadline=None)
def test_a_range_is_found_in_others_whatever_their_numbers(hashes, number, others):
    hashes = np.array([*hashes, 0, (1 << 64) - 1], np.uint64)
    for own, other in zip(interval(hashes, number).tolist(), interval(hashes, others).tolist(), strict=True):
        assert 0 <= own < number and 0 <= other < others and other in intervals_met(own, number, others)
    for place in range(number):
        met = intervals_met(place, number, others)
        assert len(met) <= others / number + 2 and met[0] >= 0 and met[-1] < others


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"keep": "longest"}, "against needs keep: first"),
        ({"sources": ("a",)}, "against and sources are set"),
        ({"spans": {}}, "against and spans are set"),
        ({"substrings": {}}, "against and substrings are set"),
        ({"target_tokens": 5}, "against and target_tokens are set"),
    ],
)
def test_what_would_change_older_days_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        DedupConfig.model_validate({"keep": "first", "against": "days", **options})
