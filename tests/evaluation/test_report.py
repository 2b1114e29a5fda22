"""The report over a whole run's artifacts."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from evaluation.report.funnel import drops, steps
from evaluation.report.learning import label_lines, perplexity_lines
from smelt.charts import Line, Mark, line_chart, small_chart, spread, thin, ticks
from smelt.engine.make import work_on
from smelt.lake import Artifact, Lake, held
from smelt.phases import with_phases
from smelt.recipe.resources import Resources
from smelt.stage import Context, Shard
from tests.comparing.test_difference import written
from tests.comparing.test_family import family
from tests.evaluation.artifacts import commit, whole_run


@pytest.fixture
def given(lake: Lake) -> Context:
    found, config = whole_run(lake)
    inputs = {manifest.stage: manifest for manifest in found.values()}  # the last phase's, which leads to the others
    return Context(
        lake=lake,
        config=config,
        resources=Resources(),
        inputs=inputs,
        external={},
        artifact=Artifact("report", "f" * 20),
    )


def _write(given: Context) -> tuple[str, str]:
    record = work_on(given, 0, Shard("report"))
    return given.get("parts", "report", "/report.html").decode(), record.digest


def test_the_page_says_what_a_reader_looks_for(given: Context) -> None:
    page, _ = _write(given)
    for words in (
        "demo",
        "Held-out loss on the way",
        "in disjoint windows of 256 tokens, attention within a document",
        "15 of 16",
        "minhash",
        "not UTF-8",
        "unigram",
        "软件 → 包",
        "Step 240: raise  → ValueError fell, 0.4 to 0.1",
        "Step 240: 双击单元格。 &gt; 双击文件系统。 turned, 0.4 to -0.1",
        "<b>Rose most:</b> 软件 → 包",
        ">general</td>",
        "compare across tokenizers",
        '<td class="n">2.875</td><td class="n">2.091</td><td class="n">+0.310</td><td class="n">+0.120 to +0.500</td>',
        "Loss by what is seen",
        "<b>Fell most:</b> raise  → ValueError",
        "poetry 11",
        "The ladder of all",
        '<td class="n">7</td><td class="n">8</td><td>桌子上放着一本书。</td>',
        '<tr><td>0.9</td><td class="n">8,999</td><td class="n">1,000,000</td><td>taken</td></tr>',
        "score_quality",
        "Enough documents in language zh",
        "<code>few_han</code></td><td>lang zh",
        '<td>phone</td><td class="n">1,234</td>',
    ):
        assert words in page
    everything = with_phases(given.lake, given.inputs)
    assert [name for name in everything if "-" in name] == ["blocks-1", "blocks-2", "train-1", "train-2"]
    assert page.count("<td>anneal</td>") == page.count("<td>main</td>") > 0
    for manifest in everything.values():
        assert f"{manifest.stage}/{manifest.fingerprint}" in page


def test_the_page_tells_how_training_went(given: Context) -> None:
    page, _ = _write(given)
    rows = page[page.index("<h3>Events") : page.index('<section id="evaluation"')].replace("\u202f", " ")
    for words in (
        '>set aside</td><td class="nowrap"><code>0-00002</code>',
        "loss +14.2",
        '<td class="n">4.050</td><td class="n">7.654</td>',
        '<td class="n">–</td><td class="n">3.500</td>',  # a loss that was not finite, and those after the rollback
        "block set aside, back to the last checkpoint",
        "d/17, d/18",
        "zh/books +0.31 nats",
        "43.0 %",
        "0.20 %</td>",
        "66 GB",
    ):
        assert words in rows


def test_the_verdict_comes_first_and_compares_with_the_run_before(given: Context, tmp_path: Path) -> None:
    page, digest = _write(given)
    first = page[page.index('<section id="verdict">') : page.index('<section id="documents">')]
    for words in (
        "The gate of decontaminate failed: Enough documents in language zh are kept",
        "spikes 1, roll-backs 1, held-out losses that rose 1",
        "2 fell or turned",
        "Remembered: questions unseen+letters",
        "questions generate (does not rise with training; moves less than its own noise)",
        "No earlier run of this recipe has another evaluation",
    ):
        assert words in first
    found = with_phases(given.lake, given.inputs)
    last = held.read_json(given.lake, found["evaluate"], found["evaluate"].parts[-1], "/evaluation.json")
    for name in ("completion", "generate"):
        last["benchmarks"]["questions"][name]["right"] = "0" * 19 + "1"
        last["benchmarks"]["questions"][name]["gold_bits"] = " ".join(["16"] * 20)
    last["heldout"]["bits_per_byte"] = 2.5
    books = last["heldout"]["by_label"]["zh/books"]
    books["document_bits"] = " ".join(str(1.1 * float(bits)) for bits in books["document_bits"].split())
    parts = {found["evaluate"].parts[-1].name: ({"/evaluation.json": json.dumps(last).encode()}, 1, {})}
    other = commit(given.lake, "evaluate", parts, round="checkpoints", config=found["evaluate"].config)
    for day, evaluate in ((1, other), (2, found["evaluate"])):
        run_id, made = f"run-{day}", {**found, "evaluate": evaluate}
        written(given.lake, tmp_path, run_id, made)
        given.lake.put(f"recipes/demo/runs/2026-11-0{day}T10:00:00+00:00~{run_id}", b"")
    page, again = _write(replace(given, run="run-2", artifact=Artifact("report", "e" * 20)))
    first = page[page.index("<header>") : page.index('<section id="documents">')]
    for words in (
        "report of run <code>run-2</code>",
        "Since run <code>run-1</code>, 2026-11-01 10:00",
        "Better:</b> questions completion +95.0 points (95&nbsp;%: +85.",
        "2 scores moved no further than chance",
        "Right answers became likelier:</b> questions generate -1.8",
        '<td class="n good">-0.',  # documents of zh/books
        f'<td>all</td><td class="n">2.500</td><td class="n">{found_bits(given):.3f}</td>',
    ):
        assert words in first
    assert again == digest, "what was before is no part of what was made"


def found_bits(given: Context) -> float:
    evaluate = given.inputs["evaluate"]
    last = held.read_json(given.lake, evaluate, evaluate.parts[-1], "/evaluation.json")
    return last["heldout"]["bits_per_byte"]


def test_runs_that_begin_with_the_same_steps_are_drawn_and_do_not_count(given: Context, tmp_path: Path) -> None:
    alone, digest = _write(given)
    family(given.lake, tmp_path, with_phases(given.lake, given.inputs))
    page, same = _write(replace(given, run="trunk"))
    said = "Runs that begin with the same steps, drawn from where they part: branch behind step 210."
    assert said in page and "drawn from where they part" not in alone
    chart = page.partition("<figcaption>Training loss</figcaption>")[2].partition("</figure>")[0]
    assert ">branch <tspan>" in chart
    assert digest == same


def test_the_page_needs_no_network_and_trusts_no_text(given: Context) -> None:
    page, _ = _write(given)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page  # what the model wrote is shown, not run
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_clocks_are_shown_but_do_not_count(given: Context) -> None:
    page, digest = _write(given)
    slower = {
        name: manifest.model_copy(update={"provenance": manifest.provenance | {"wall_s": 7777}})
        for name, manifest in given.inputs.items()
    }
    other_page, other_digest = _write(replace(given, inputs=slower))
    assert page != other_page
    assert digest == other_digest


def test_every_dropped_document_is_accounted_for(given: Context) -> None:
    way = steps(given.inputs)
    assert way[0].documents - way[-1].documents == sum(drop.documents for drop in drops(given.inputs))
    for drop in drops(given.inputs):
        assert sum(drop.by_lang.values()) == drop.documents


def test_charts_stay_small_and_readable() -> None:
    long = [(float(x), 1.0 / (x + 1)) for x in range(100_000)]
    assert len(thin(long)) <= 300
    assert thin(long)[-1][0] == 99_999
    assert len(str(line_chart([Line("loss", long, 1)], x_name="x", y_name="y"))) < 20_000
    assert ticks(0, 1, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    names = [Line(str(i), [], 1) for i in range(6)]
    placed = [y for y, _, _ in spread([(50.0, name, 0.0) for name in names], gap=15, low=0, high=100)]
    assert all(below - above >= 15 for above, below in pairwise(placed))
    assert max(placed) <= 100


def test_nothing_is_joined_across_a_gap() -> None:
    points = [(1.0, 5.0), (2.0, 4.0), (3.0, None), (4.0, math.nan), (5.0, 2.0), (6.0, 1.0)]
    for drawn in (line_chart([Line("loss", points, 1)], y_name="y"), small_chart(points, name="loss", level=3.0)):
        assert len(re.findall(r'<path[^>]* d="M[^"]*L[^"]*"', drawn)) == 2
    assert "–" in small_chart([(1.0, None)], name="nothing")


def test_a_label_that_is_rare_is_a_line_and_one_that_stays_away_is_two() -> None:
    def line(step: int) -> dict:
        here = step % 3 == 0 and not 60 < step < 90
        return {"tokens": step, "loss_by_label": {"en/prose": 3.0} if here else {}}

    for lines in (label_lines, perplexity_lines):
        (drawn,) = lines([line(step) for step in range(120)], ["en/prose"], 1)
        known = [x for x, y in drawn.points if y is not None]
        assert max(drawn.points)[0] == 117
        assert [x for x in known if 60 <= x <= 90] == [60, 90]
        gaps = [x for x, y in drawn.points if y is None]
        assert gaps
        assert 60 < min(gaps) <= max(gaps) < 90


def test_a_flat_line_and_no_line_are_drawn(tmp_path: Path) -> None:
    assert "<path" in line_chart([Line("one", [(1.0, 2.0)], 1)], x_name="x", y_name="y")
    assert "No data" in line_chart([Line("none", [(1.0, None)], 1)], x_name="x", y_name="y")


def test_marks_stay_inside_the_plot_and_apart() -> None:
    line = Line("loss", [(100.0, 3.0), (200.0, 2.0)], 1)
    marks = [
        Mark(50.0, "before"),
        Mark(100.0, "first"),
        Mark(101.0, "second"),
        Mark(200.0, "at the end"),
        Mark(900, "gone"),
    ]
    drawn = str(line_chart([line], y_name="y", marks=marks, width=1000))
    assert "before" not in drawn and "gone" not in drawn
    places = {
        words: (float(x), float(y))
        for x, y, words in re.findall(r'<text class="tick" x="([\d.]+)" y="([\d.]+)">([a-z ]+)</text>', drawn)
    }
    assert set(places) == {"first", "second", "at the end"}
    assert places["first"][1] != places["second"][1], "they stand below one another"
    assert places["at the end"][0] + 6 * len("at the end") <= 1000 - 150, "it stands left of its mark"
