"""Dedup sized to need: the ladder's figures, the rung that is taken, and that it is what one would have written."""

import random
import uuid
from itertools import pairwise

import pytest

from smelt.gates.documents import dedup as gate
from smelt.lake import Lake
from smelt.recipe.dedup import RUNGS, DedupConfig
from smelt.recipe.gates import DedupGate
from smelt.supply.ladder import ladders
from tasks.dedup import STAGE, cutting, deciding, ranges
from tests.tasks import refinery
from tests.tasks.test_dedup import article
from tests.tasks.texts import english

WRITTEN = {
    "exact": {"minhash": None},
    **{rung: {"threshold": float(rung)} for rung in ("0.9", "0.8", "0.7")},
    **{rung: {"threshold": 0.7, "spans": {"unit": rung}} for rung in ("paragraph", "sentence")},
}
"""Each rung as one would write it."""


def corpus():
    """Families of documents edited ever more, and pages with a notice of two sentences, one of them in all."""
    draw = random.Random(3)
    rows = []
    for family in range(6):
        words = article(family, 200).split()
        for edits in (0, 0, 1, 4, 6, 30):
            changed = list(words)
            for place in draw.sample(range(200), edits):
                changed[place] = f"edit{draw.randrange(10**6)}"
            rows.append({"text": " ".join(changed), "lang": "de" if family % 2 else "en"})
    said = "All rights to this page are reserved by the harbour office. "
    for number in range(8):
        more = (
            "Write to the office for leave to copy it before the ferry goes."
            if number < 4
            else english(number, 9) + "."
        )
        rows.append({"text": f"{english(50 + number, 60)}.\n\n{said}{more}", "lang": "de" if number % 2 else "en"})
    draw.shuffle(rows)
    return [{"id": f"{number:016x}", **row} for number, row in enumerate(rows)]


def decided(lake, config, *, cut=20, **options):
    rows = corpus()
    inputs = refinery.scored(lake, [rows[:cut], rows[cut:]])
    manifest = refinery.run(
        STAGE, refinery.context(lake, "dedup", DedupConfig.model_validate(config), inputs), **options
    )
    names = ["id", "keep", "reason", "duplicate_of", "similarity", "duplicates"]
    names += ["cuts"] if any(level.unit for level in _taken(manifest)) else []
    return manifest, refinery.columns(lake, manifest, names), inputs


def _taken(manifest):
    config = DedupConfig.model_validate(manifest.config)
    return config.levels_at({int(pool): rung for pool, rung in manifest.stats.get("rung", {}).items()})


@pytest.fixture(scope="module")
def counted(s3_settings):
    """What each rung leaves, in tokens."""
    lake = Lake(s3_settings, url=f"s3://smelt/{uuid.uuid4().hex[:12]}")
    manifest, _, _ = decided(lake, {"target_tokens": 1})
    [found] = ladders(manifest)
    return {rung: tokens for rung, (_, tokens) in found.rungs.items()}


@pytest.mark.parametrize("rung", RUNGS)
def test_the_rung_that_is_taken_decides_as_one_that_is_written(lake, counted, rung):
    assert all(milder > stricter > 0 for milder, stricter in pairwise(counted[name] for name in RUNGS))
    manifest, rows, _ = decided(lake, {"target_tokens": counted[rung]})
    _, written, _ = decided(lake, WRITTEN[rung])
    [found] = ladders(manifest)
    assert (found.taken, found.left, found.warning) == (rung, counted[rung], "")
    assert rows == written


def test_a_group_with_a_target_stands_on_a_rung_of_its_own(lake):
    config = {"target_tokens": 1, "groups": [{"lang": ["de"], "target_tokens": 1}]}
    table = decided(lake, config)[0].stats["ladder"]
    config = {"target_tokens": table["0"]["0.8"]["tokens"], "groups": [{"lang": ["de"]}]}
    config["groups"][0]["target_tokens"] = table["1"]["paragraph"]["tokens"]
    manifest, rows, inputs = decided(lake, config)
    written = [{"lang": ["de"], "threshold": 0.7}, {"lang": ["en"], "spans": False}]
    assert rows == decided(lake, {"threshold": 0.8, "spans": {}, "groups": written})[1]
    rest, german = ladders(manifest)
    assert (rest.pool, rest.taken, german.pool, german.taken) == ("all others", "0.8", "lang de", "paragraph")
    kept = [row["keep"] for row in rows]
    assert rest.rungs["0.8"][0] + german.rungs["paragraph"][0] == sum(kept)
    tokens = {
        name: figure for name, figure in gate(lake, manifest, inputs, DedupGate()).figures.items() if "left" in name
    }
    assert tokens == {"tokens_left of all others": rest.left, "tokens_left of lang de": german.left}


def test_a_target_that_no_rung_leaves_is_said(lake, counted):
    manifest, rows, inputs = decided(lake, {"target_tokens": "1M"})
    assert rows == decided(lake, WRITTEN["exact"])[1]
    [found] = ladders(manifest)
    said = f"no rung leaves 1,000,000 tokens of all: exact, the mildest, leaves {counted['exact']:,}"
    assert found.warning == f"dedup: {said}"
    [check] = [item for item in gate(lake, manifest, inputs, DedupGate()).checks if "tokens of all" in item.sentence]
    assert said in check.sentence


def test_the_rung_hangs_neither_on_the_cut_into_parts_nor_on_the_order_of_work(lake, counted, monkeypatch):
    monkeypatch.setattr(ranges, "TEXT_BYTES", 10_000)
    monkeypatch.setattr(cutting, "SPAN_TEXT_BYTES", 3_000)
    monkeypatch.setattr(deciding, "SETTLED", 5)
    config = {"target_tokens": counted["sentence"]}
    found = [
        decided(lake, config, cut=cut, backwards=backwards) for cut, backwards in ((20, True), (20, False), (33, True))
    ]
    assert found[0][0].digest == found[1][0].digest
    assert len({str((rows, manifest.stats)) for manifest, rows, _ in found}) == 1


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"target_tokens": "20 billion"}, "target_tokens"),
        ({"target_tokens": 0}, "target_tokens"),
        ({"target_tokens": "2B", "threshold": 0.8}, "target_tokens and threshold are set"),
        ({"target_tokens": "2B", "exact": False}, "target_tokens and exact: false are set"),
        ({"target_tokens": "2B", "spans": {"unit": "line"}}, "target_tokens and spans.unit are set"),
        ({"target_tokens": "2B", "minhash": None}, "target_tokens is set and minhash is null"),
        ({"target_tokens": "2B", "substrings": {}}, "target_tokens and substrings are set"),
        ({"groups": [{"substrings": True}]}, "substrings is on and substrings is null"),
        ({"groups": [{"target_tokens": 5, "spans": True}], "spans": {}}, "has target_tokens and spans"),
        ({"groups": [{"unit": "line"}]}, "unit is set and its spans are off"),
    ],
)
def test_nonsense_is_refused(config, said):
    with pytest.raises(ValueError, match=said):
        DedupConfig.model_validate(config)


def test_a_target_may_be_written_short():
    assert DedupConfig.model_validate({"target_tokens": "1.5B"}).target_tokens == 1_500_000_000
    again = DedupConfig.model_validate(DedupConfig.model_validate({"target_tokens": "2k"}).model_dump(mode="json"))
    assert again.target_tokens == 2_000 and again.targets == {0: 2_000}
