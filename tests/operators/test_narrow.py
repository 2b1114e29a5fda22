"""The pages fit a telephone, light and dark, and say to a reader of the screen what is what."""

import pytest
from playwright.sync_api import Page

from evaluation.report.page import render
from evaluation.report.stage import gate_results, gather
from smelt.gates.index import index_page
from smelt.gates.result import GateResult, Outcome
from smelt.recipe.report import ReportConfig
from tests.evaluation.artifacts import whole_run
from tests.operators.small_lake import address
from tests.operators.test_data_pages import in_chromium

WIDTH = 390


@pytest.fixture
def paths(lake, run_id, stages, airflow) -> dict[str, str]:
    """Addresses of every kind of page."""
    airflow.add(run_id, "running")
    airflow.add("unplanned-1", "failed", error="override gates.selct: unknown key " + "x" * 80)
    made, config = whole_run(lake)
    lake.put("pages/report.html", render(gather(lake, made, config, gate_results(lake, made, config))).encode())
    wrong = Outcome(name="Each group has its share " * 9, success=False, observed="9" * 60, expected="≤ 10 %")
    result = GateResult(
        success=False, stage="blocks", fingerprint="f" * 20, suite="s" * 12, expectations=(wrong,), docs=""
    )
    lake.put("pages/gate.html", index_page(result, tables=["figures"], own=["bias"]).encode())
    assert isinstance(config, ReportConfig)
    return {
        "runs": "/smelt/",
        "run": f"/smelt/runs/{run_id}",
        "unplanned": "/smelt/runs/unplanned-1",
        "documents": address(stages["dedup"]),
        "document": f"{address(stages['dedup'])}/00000/0",
        "pair": f"/smelt/duplicates/{stages['dedup'].fingerprint}/00001/1?better_part=00000&better_row=1",
        "quarantine": f"/smelt/quarantine/{stages['ingest'].fingerprint}",
        "report": "/smelt/lake/pages/report.html",
        "gate": "/smelt/lake/pages/gate.html",
    }


def unlabelled(page: Page) -> list[str]:
    """Header cells without a scope and navigations without a name."""
    found = page.locator("th:not([scope]), nav:not([aria-label])")
    return [found.nth(number).evaluate("element => element.outerHTML.slice(0, 80)") for number in range(found.count())]


def test_every_page_fits_and_is_labelled(site, paths, tmp_path):
    with in_chromium(site) as (page, at):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (WIDTH, 1280):
                page.set_viewport_size({"width": width, "height": 844})
                for name, path in paths.items():
                    page.goto(f"{at}{path}")
                    page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png", full_page=True)
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                    assert unlabelled(page) == [], name


def test_marks_and_names_stay_inside_the_report_s_charts(site, paths):
    with in_chromium(site) as (page, at):
        page.set_viewport_size({"width": 1280, "height": 844})
        page.goto(f"{at}{paths['report']}")
        outside = page.evaluate(
            """() => [...document.querySelectorAll('figure svg text, figure svg line')].filter(element => {
                const own = element.getBoundingClientRect(), all = element.ownerSVGElement.getBoundingClientRect();
                return own.left < all.left - 1 || own.right > all.right + 1;
            }).map(element => element.outerHTML)"""
        )
        assert outside == []
