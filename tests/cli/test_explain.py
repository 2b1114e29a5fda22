"""One corpus that holds every fate, told document by document."""

import json
from itertools import pairwise

import pytest

from smelt.takedown import block, unblock
from tests.cli.corpus import ITEM, REFRAIN, TEXTS


def story(told, name):
    answer = told(f"https://a/{name}", "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def times_read_whole(told, encoded):
    """How often the first phase's own bytes have the document's tokens, of two bytes each.

    A block ends with the token that the next one begins with, which a document across their border has once.
    """
    tokens, blocks = told.made["tokens"], told.made["blocks-1"]
    start, end = 2 * encoded["offset"], 2 * (encoded["offset"] + encoded["tokens"])
    document = told.lake.get(tokens.key(encoded["part"], ".bin"))[start:end]
    read = [told.lake.get(blocks.key(part, ".bin")) for part in blocks.parts]
    assert all(block[-2:] == following[:2] for block, following in pairwise(read))
    return b"".join([*(block[:-2] for block in read[:-1]), read[-1]]).count(document)


def test_a_kept_document_is_followed_into_the_blocks_that_read_it(told):
    found = story(told, "good")
    assert found["fate"] == "kept"
    assert found["text"] == TEXTS["good"]
    assert found["encoded"]["split"] == "training"
    phase, anneal = found["reading"]["phases"]
    assert (phase["name"], anneal["name"]) == ("main", "anneal")
    whole = times_read_whole(told, found["encoded"])  # ids follow from addresses, so that every run draws its own order
    assert whole >= 1 and phase["uses"] - whole in (0, 1)  # the phase's end may cut a document off
    assert anneal["uses"] >= 1 and all(name.startswith("1-") for name in anneal["blocks"])
    assert found["reading"]["blocks"] == 12 + 16
    shown = told(found["id"][:12]).stdout
    assert shown.startswith(f"kept  {found['id']}  https://a/good")
    assert phase["blocks"][0] in shown


def test_a_rule_that_drops_stands_with_what_it_found_and_with_those_that_would_have(told):
    found = story(told, "short")
    assert found["dropped"] == {"stage": "select", "reason": "short"}
    first, second = found["judged"]["rules"]
    assert (first["found"], first["fired"], first["decided"]) == ({"num_chars": 3}, True, True)
    assert (second["fired"], second["decided"]) == (True, False)
    shown = told(found["id"]).stdout
    assert "dropped by select: short" in shown
    assert any(
        line.split() == ["3", "num_chars", "<", "20", "short", "fired,", "decided"] for line in shown.splitlines()
    )


@pytest.mark.parametrize(("gone", "better", "reason"), [("page1", "near", "minhash"), ("original", "copy", "exact")])
def test_a_duplicate_names_the_better_document_and_what_became_of_it(told, gone, better, reason):
    found = story(told, gone)
    assert found["dropped"] == {"stage": "dedup", "reason": reason}
    assert (found["better"]["url"], found["better"]["dropped"]) == (f"https://a/{better}", None)
    assert found["better"]["similarity"] == 1 if reason == "exact" else 0.75 <= found["better"]["similarity"] < 1
    assert found["better"]["id"] in told(found["id"]).stdout
    stays = story(told, better)
    assert (stays["duplicates"], stays["better"]) == (1, None)
    assert "stands for 1 that were dropped for it" in told(stays["id"]).stdout


def test_passages_that_are_cut_are_shown_and_the_text_as_it_was_cleaned(told):
    found = story(told, "refrain")
    assert found["fate"] == "kept" and found["text"] == TEXTS["refrain"]
    assert [passage.strip() for passage in found["cut"]] == ["\n\n".join([REFRAIN] * 2)]
    assert f"cut: {REFRAIN}" in told(found["id"]).stdout


def test_a_benchmark_item_is_shown_while_its_file_is_the_same(told):
    found = story(told, "leak")
    assert found["dropped"] == {"stage": "decontaminate", "reason": "contaminated:tides"}
    assert (found["contaminated"]["item"], found["contaminated"]["text"]) == (2, ITEM)
    before = told.benchmark.read_bytes()
    told.benchmark.write_text("{}\n")
    changed = story(told, "leak")["contaminated"]
    told.benchmark.write_bytes(before)
    assert changed["text"] is None
    assert "digest" in changed["note"]


def test_a_refused_line_is_in_quarantine_and_is_found_by_its_path(told):
    ingest = told.made["ingest"]
    assert ingest.stats["quarantined"] == {"broken json": 1}
    answer = told("web.jsonl")
    assert answer.stdout.startswith("quarantined")
    assert "ingest could not read it: broken json" in answer.stdout


def test_unknown_and_ambiguous_names_are_one_line(told):
    unknown = told("nowhere")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (2, 1)
    assert unknown.stderr.startswith("error: nowhere: no such document (give an id")
    several = told("")
    assert (several.returncode, len(several.stderr.splitlines())) == (2, 1)
    assert f"{len(TEXTS) + 1} documents match" in several.stderr
    assert f"and {len(TEXTS) - 4} more" in several.stderr


def test_a_document_that_was_taken_down_since_is_said_with_the_blocks_that_read_it(told):
    (entry,) = block(told.lake, ["https://a/good/"], "asked by mail")
    shown = " ".join(told("https://a/good").stdout.split())
    first = story(told, "good")["reading"]["phases"][0]["blocks"][0]
    unblock(told.lake, [entry.value])
    assert f"taken down on {entry.when[:10]} (address https://a/good/): asked by mail; blocks" in shown
    assert f"blocks that have read it: {first}" in shown
