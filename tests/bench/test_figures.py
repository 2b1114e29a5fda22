"""What the documents say of speed is what a bench has last written into ``docs/figures.json``.

A figure of a bench bears a mark behind it, which says where it stands there:
``139 times<!-- clean.ratios.datatrove_rules -->``.
"""

import json
import re
import sys
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from bench import command
from bench.command import RECORDS
from smelt.checkout import CHECKOUT

PAGES = sorted([*CHECKOUT.glob("README*.md"), *(CHECKOUT / "docs").glob("*.md")])
MARKED = re.compile(r"(\d+(?:\.\d+)?)[^\d<>]{0,12}<!-- ([\w. ]+) -->")
SPEED = re.compile(r"\d(?:\.\d+)?\s?(?:times|MB/s|倍)(?!<!--)")
NAMED = re.compile(r"bench\.(\w+)")


def figures() -> dict[str, Any]:
    return json.loads(RECORDS.read_text())


def marked() -> list[tuple[str, str, str]]:
    """Page, the figure as it is written, and the mark behind it."""
    return [(page.name, *found) for page in PAGES for found in MARKED.findall(page.read_text())]


@pytest.mark.parametrize(("page", "written", "place"), marked())
def test_a_figure_in_the_documents_is_what_its_bench_has_written(page: str, written: str, place: str) -> None:
    value = reduce(lambda found, name: found[name], place.split("."), figures())
    decimals = len(written.partition(".")[2])
    assert f"{value * (100 if place.endswith('share') else 1):.{decimals}f}" == written, (page, place)


def test_every_mark_is_read() -> None:
    assert sum(page.read_text().count("<!-- ") for page in PAGES) == len(marked()) > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_paragraph_that_names_a_bench_gives_a_speed_of_its_own(page: Path) -> None:
    told = [text for text in page.read_text().split("\n") if NAMED.search(text) and SPEED.search(text)]
    assert told == []


@pytest.mark.parametrize("bench", sorted(figures()))
def test_a_record_names_its_commit_machine_and_date(bench: str) -> None:
    kept = figures()[bench]
    assert kept.keys() == {"commit", "machine", "date", "ratios", "figures"}
    assert re.fullmatch(r"[0-9a-f]{12}( with changes)?", kept["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", kept["date"])
    assert (CHECKOUT / "bench" / f"{bench}.py").exists()


def test_a_bench_keeps_its_figures_only_where_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RECORDS", tmp_path / "figures.json")
    monkeypatch.setattr(sys, "argv", [str(CHECKOUT / "bench" / "clean.py")])
    result = {"ratios": {"theirs": 2.0}, "figures": {"mb_s": 3.0}}
    command.publish(result, command.arguments_of("A bench.").parse_args([]))
    assert not (tmp_path / "figures.json").exists()
    command.publish(result, command.arguments_of("A bench.").parse_args(["--record"]))
    kept = json.loads((tmp_path / "figures.json").read_text())
    assert kept["clean"]["ratios"] == {"theirs": 2.0}
    assert "theirs" in capsys.readouterr().out
