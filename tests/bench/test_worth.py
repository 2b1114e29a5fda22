"""``bench.worth`` in small: real stages and real models, on this checkout's own documents and code."""

import random
from pathlib import Path

import numpy as np
import pytest

from bench import worth
from bench.arms import heldout, intervals, raw, recipes
from bench.arms.heldout import Piece
from bench.arms.raw import Harm, Raw
from bench.arms.recipes import OURS, Sizes
from smelt.checkout import CHECKOUT
from smelt.lake import Lake

SIZES = Sizes(
    tokens=40_000,
    model={"num_layers": 1, "hidden_size": 48, "num_heads": 2, "num_query_groups": 2},
    vocab_size=600,
    sequence_length=64,
    batch_size=8,
)


def pages() -> list[Raw]:
    """Documentation as pages of HTML, and code."""
    found = []
    for place, file in enumerate(sorted(CHECKOUT.glob("docs/*.md"))):
        body = "".join(f"<p>{text}</p>" for text in file.read_text().split("\n\n"))
        found.append(Raw(f"en/{place:02d}.html", f"<html><body><nav>Menu</nav><article>{body}</article></body></html>"))
    code = sorted(CHECKOUT.glob("smelt/lake/*.py"))
    return [*found, *(Raw(f"code/{place:02d}.py", file.read_text()) for place, file in enumerate(code))]


def test_an_arm_of_noise_is_judged_worse_and_what_training_holds_is_not_judged_by(lake: Lake, tmp_path: Path) -> None:
    files, harms = raw.plant(pages())
    draw = random.Random(1)
    noise = {file.name: "".join(draw.sample(file.plain, len(file.plain))) for file in files}
    default = recipes.ours(tmp_path, files)[0]
    arms = [default, recipes.of_texts(tmp_path, "noise", noise)]
    sources = [("en", CHECKOUT / "README.md"), *(("code", file) for file in sorted(CHECKOUT.glob("tasks/dedup/*.py")))]
    other = [piece for lang, file in sources for piece in heldout.pieces(lang, file.read_text())][:12]
    known = Piece("code", (CHECKOUT / "smelt" / "lake" / "store.py").read_text())
    found = worth.compare(arms, lake, tmp_path, [*other, known], harms, SIZES, seeds=(1, 2), whole=[OURS, "noise"])
    assert known not in found.pieces
    assert {piece.lang for piece in found.pieces} == {"en", "code"}
    assert found.losses.keys() == {OURS, "noise", OURS + worth.EQUAL_RAW, "noise" + worth.EQUAL_RAW}
    for _, low, high in intervals.ratios(found.losses["noise"], found.losses[OURS], found.pieces).values():
        assert 1 < low < high
    assert found.figures["noise"]["unique_tokens"]["en"] > found.figures[OURS]["unique_tokens"]["en"] > 0
    assert found.figures["noise"]["harm_removed"].keys() == {harm.kind for harm in harms}
    result = worth.result_of(found)
    assert result["figures"]["bits_per_byte"]["noise"]["all"] > result["figures"]["bits_per_byte"][OURS]["all"]
    assert worth.table(result["figures"])


def test_planted_harm_is_found_where_it_is_and_counted_where_it_went() -> None:
    files, harms = raw.plant(pages() * 6)
    assert {harm.kind for harm in harms} == {"spam", "mojibake", "repeated", "shuffled"} - _without_foreign(harms)
    uncleaned = {"en": [file.plain for file in files]}
    assert set(worth.harm_removed(uncleaned, harms).values()) == {0}
    clean = {"en": [file.plain for file in pages()]}
    assert set(worth.harm_removed(clean, harms).values()) == {1}


def _without_foreign(harms: list[Harm]) -> set[str]:
    """Mojibake needs letters that are no ASCII: a page without any is shuffled instead."""
    return {"mojibake"} - {harm.kind for harm in harms}


def test_an_interval_comes_from_pieces_and_seeds() -> None:
    drawn = [Piece(lang, "x" * 1000) for lang in ("en", "zh") for _ in range(40)]
    ours = np.random.default_rng(1).normal(700, 50, (3, 80))
    same = intervals.ratios(ours, ours, drawn)
    assert dict(same) == dict.fromkeys(("en", "zh", "all"), (1.0, 1.0, 1.0))
    ratio, low, high = intervals.ratios(ours * 1.1, ours, drawn)["all"]
    assert (ratio, low, high) == pytest.approx((1.1, 1.1, 1.1))
    apart = np.random.default_rng(2).normal(700, 50, (3, 80))
    _, low, high = intervals.ratios(apart, ours, drawn)["all"]
    assert low < 1 < high
    assert intervals.bits_per_byte(np.full((2, 80), 1000 * np.log(2)), drawn)["zh"] == pytest.approx(1)
