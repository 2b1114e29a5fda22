"""Sequences told as training reads them."""

import json

import pytest

from smelt.explaining.sequence import trace_sequence, trace_step
from smelt.explaining.traced import phases_of
from smelt.lake.artifact import MANIFEST, RECORD
from smelt.recipe.graph import spec
from smelt.takedown import block, unblock
from tests.cli.corpus import TEXTS
from training.blocks.data import Block
from training.blocks.plan import plan_blocks, read_vocabulary


def traced(told, *arguments):
    answer = told.smelt("trace", *arguments, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def read(told, tmp_path_factory):
    """What the trainer reads in each step of the first phase: ids of documents, and tokens [b, s]."""
    folder, steps = tmp_path_factory.mktemp("blocks"), {}
    config, blocks = spec("train-1").config(told.run.recipe), told.made["blocks-1"]
    vocabulary = read_vocabulary(told.lake, told.made["tokenizer"])
    for plan in plan_blocks(config, blocks, vocabulary):
        paths = [folder / f"{plan.name}{suffix}" for suffix in (".bin", ".segments.parquet")]
        for path, suffix in zip(paths, (".bin", ".segments.parquet"), strict=True):
            told.lake.download(blocks.key(plan.name, suffix), path)
        own = Block(*paths, vocabulary.token_bytes)
        for index in range(plan.num_steps):
            samples = (*plan.samples(config.phases[0], index), config.phases[0].sequence_length)
            steps[plan.first_step + index + 1] = (own.documents(*samples), own.batch(*samples).tokens.tolist())
    return steps


def test_a_step_holds_the_documents_and_the_tokens_that_the_trainer_reads(told, read):
    for step in (1, 2, 7, len(read)):
        documents, tokens = read[step]
        found = traced(told, "one", "--step", str(step), "--text")["sequences"]
        ids = [stretch["id"] for sequence in found for stretch in sequence["stretches"]]
        assert set(ids) <= set(documents), "the trainer names that of a sequence's last target too"
        shown = [
            [number for stretch in sequence["stretches"] for _, ids in stretch["pieces"] for number in ids]
            for sequence in found
        ]
        assert shown == tokens
        assert [sequence["read"]["place"] for sequence in found] == [0, 1]
        for sequence in found:
            alone = traced(told, "one", f"{sequence['block']}:{sequence['number']}")["sequences"]
            assert alone == [sequence], "a sequence knows its step"


def test_a_step_is_known_while_blocks_are_still_being_made(told):
    blocks = told.made["blocks-1"].artifact
    asked = [("one", "--step", "5"), ("one", "0-00003:1")]
    expected = [traced(told, *arguments) for arguments in asked]
    late = blocks.key("parts", "0-00007", RECORD)
    content = {key: told.lake.get(key) for key in (late, blocks.root + MANIFEST)}
    told.lake.delete([*content])
    try:
        assert [traced(told, *arguments) for arguments in asked] == expected
        assert "error: 0-00007: the block is not made yet" in told.smelt("trace", "one", "--step", "15").stderr
    finally:
        for key, found in content.items():
            told.lake.put(key, found)


def test_stretches_follow_each_other_in_the_sequence_and_lie_in_their_documents(told):
    text_of = {f"https://a/{name}": text for name, text in TEXTS.items()}
    phases, reached = phases_of(told.lake, "one"), {}
    for number in range(12):
        [sequence] = trace_sequence(told.lake, phases, f"0-{9 + number // 4:05d}", number % 4).sequences
        ends = [0, *(stretch.end for stretch in sequence.stretches)]
        assert ends == [*(stretch.start for stretch in sequence.stretches), sequence.length]
        for stretch in sequence.stretches:
            said = "".join(text for text, _ in stretch.pieces).replace("<|endoftext|>", "").strip("\ufffd")
            assert " ".join(said.split()) in " ".join(text_of[stretch.url].split())
            assert (stretch.source, stretch.part) == ("web", "00000")
            use, begin = (stretch.id, stretch.use), stretch.offset
            assert reached.get(use, begin) == begin, "what a sequence's end cuts goes on in the next"
            reached[use] = begin + stretch.end - stretch.start
            assert reached[use] <= stretch.length
    assert max(use for _, use in reached) > 1, "phases read more than there is"


def test_a_packed_sequence_has_whole_documents_or_pieces_and_padding_behind_them(told):
    phases = phases_of(told.lake, "one")
    traces = [trace_step(told.lake, phases, step, text=True) for step in range(25, 57)]
    sequences = [sequence for trace in traces for sequence in trace.sequences]
    for sequence in sequences:
        assert sum(one.end - one.start for one in sequence.stretches) == 64 - sequence.padding
        assert sequence.stretches[-1].end == 64 - sequence.padding
        for one in sequence.stretches:
            fits = one.length <= 64
            assert not fits or (one.offset, one.end - one.start) == (0, one.length), "cut needlessly"
            assert sum(len(ids) for _, ids in one.pieces) == one.end - one.start
    padded = next(sequence for sequence in sequences if sequence.padding)
    shown = told.smelt("trace", "one", f"{padded.block}:{padded.number}").stdout
    assert f"{64 - padded.padding}–64" in shown and "padding" in shown


def test_the_table_shows_tokens_by_borders_and_what_was_taken_down_since(told):
    [sequence] = traced(told, "one", "0-00003:1")["sequences"]
    first = sequence["stretches"][0]
    (entry,) = block(told.lake, [first["id"]], "asked by mail")
    shown = told.smelt("trace", "one", "0-00003:1").stdout
    again = traced(told, "one", "0-00003:1")["sequences"][0]["stretches"][0]["taken_down"]
    unblock(told.lake, [first["id"]])
    assert again["value"] == first["id"]
    assert shown.startswith("sequence 1 of block 0-00003 (main): its tokens 64 to 128; read in step ")
    row = next(line for line in shown.splitlines() if line.startswith("0-00003:1"))
    used = {1: "never", 2: "once", 3: "twice"}.get(first["use"], f"{first['use'] - 1} times")
    assert row.split()[:4] == ["0-00003:1", f"0–{first['end']}", first["id"], str(first["offset"])]
    assert used in row and row.rstrip().endswith(first["url"])
    assert "│".join(text for text, _ in first["pieces"][:5]) in shown
    assert f"{first['id']} taken down on {entry.when[:10]} (id {first['id']}): asked by mail" in shown


def test_an_event_leads_to_its_step_and_blocks_alone_to_no_step(told, read):
    artifact, blocks = told.run.planned("train-1").artifact, told.made["blocks-1"].fingerprint
    event = {"kind": "rollback", "step": 5, "block": "0-00002", "end": 6}
    content = {".json": json.dumps(event).encode()}
    artifact.write_part(told.lake, "events", "0000005-rollback", files=content, rows=1, stats={})
    found = traced(told, "one", "--event", "0000005-rollback")
    shown = told.smelt("trace", "one", "--event", "0000005-rollback").stdout
    unknown = told.smelt("trace", "one", "--event", "0000006-spike").stderr
    told.lake.delete([item.key for item in told.lake.objects(artifact.root)])
    assert found["event"] == event
    assert {sequence["block"] for sequence in found["sequences"]} == {"0-00002"}
    assert all(
        sequence["read"] == {"step": 5, "place": n, "set_aside": True} for n, sequence in enumerate(found["sequences"])
    )
    assert shown.startswith("rollback at step 5 (main), block 0-00002; the block is set aside")
    assert unknown == "error: 0000006-spike: no such event (the last are: 0000005-rollback)\n"
    [alone] = traced(told, f"blocks/{blocks[:12]}", "0-00002:1")["sequences"]
    [known] = traced(told, "one", "0-00002:1")["sequences"]
    assert alone == {**known, "read": None} and known["read"]
    assert "blocks alone know no steps" in told.smelt("trace", f"blocks/{blocks}", "--step", "1").stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["one"], "one thing can be traced (write BLOCK:SEQUENCE, --step N or --event NAME)"),
        (["one", "0-00001"], "0-00001: no block and sequence (write BLOCK:SEQUENCE, such as 0-00003:17)"),
        (["one", "7-00001:0"], "7-00001: no such block (blocks are named PHASE-NUMBER, from 0-00000 on)"),
        (["one", "0-00012:0"], "0-00012: no such block (phase main has 0-00000 to 0-00011)"),
        (["one", "0-00003:4"], "0-00003:4: no such sequence (the block's are 0-00003:0 to 0-00003:3)"),
        (["one", "--step", "57"], "step 57: no such step (there are: main 1 to 24, anneal 25 to 56)"),
        (["two", "--step", "1"], "two: no such run (`smelt artifacts --runs` lists them)"),
        (["clean/0", "0-00003:4"], "clean/0: no such blocks or training (give a run, blocks/FINGERPRINT or train/…"),
    ],
)
def test_what_is_not_there_is_one_line(told, arguments, line):
    answer = told.smelt("trace", *arguments)
    assert (answer.returncode, len(answer.stderr.splitlines())) == (2, 1)
    assert answer.stderr.startswith(f"error: {line.removesuffix('train/…')}")
