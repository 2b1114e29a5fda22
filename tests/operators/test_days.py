"""The calendar of a corpus's days, over runs of days in a real lake and a small Airflow."""

from dataclasses import replace

import pytest
import yaml

from smelt.engine.make import make_artifact, make_context, serially
from smelt.gates.run import run_gate
from smelt.lake import Lake
from smelt.run import create_run, published_key
from tests.chain import RECIPE

LAST = "decontaminate"


@pytest.fixture
def plan_day(lake, tmp_path):
    """Plans the run of a day, and makes it through a stage."""
    own = Lake(replace(lake.settings, lake=lake.url))
    raw = yaml.safe_load(RECIPE.format(name="days", folder=tmp_path / "{date}"))
    raw["sources"] = [raw["sources"][0] | {"kind": "crawl", "dates": ["2026-01-01"]}]
    file = tmp_path / "days.yaml"
    file.write_text(yaml.safe_dump(raw | {"select": {"groups": []}}))

    def start(day: str, text: str = "", last: str = LAST, again: str = ""):
        (tmp_path / day).mkdir(exist_ok=True)
        (tmp_path / day / "a.txt").write_text(text)
        run = create_run(file, {"sources.notes.dates": [day]}, f"days-{day}{again}", own.settings)
        for planned in run.plan.stages:
            context = make_context(run.recipe, planned, own)
            manifest = make_artifact(planned, context, serially)
            if last != LAST:
                run_gate(own, manifest, context.inputs, run.recipe.gates)
            if planned.stage == last:
                break
        if last == LAST:
            own.put_json(published_key(run.id, "corpus"), {})
        return run

    return start


def test_the_calendar_has_what_has_become_of_each_day(client, lake, airflow, plan_day):
    text = "What the crawl brought, in words to keep.\n" * 3
    plan_day("2026-11-01", text)
    plan_day("2026-11-02", text)
    plan_day("2026-11-02", text + "More came.\n", again="-b")
    plan_day("2026-11-03", "\n")
    plan_day("2026-11-05", "\n", last="ingest")
    airflow.add(
        "scheduled__2026-11-06", "success", dag="corpus", day="2026-11-06", skipped="no file yet for 2026-11-06"
    )
    airflow.add("scheduled__2026-11-07", "running", dag="corpus", day="2026-11-07")
    airflow.add("scheduled__2026-11-08", "failed", dag="corpus", day="2026-11-08", error="the lake is gone")
    airflow.add("strange", "failed", dag="corpus", day="monday")
    answer = client.get("/smelt/days/days")
    rows = {row.split("<")[0]: row.split("</tr>")[0] for row in answer.text.split('<th scope="row" class="stage">')[1:]}
    assert list(rows) == [f"2026-11-0{number}" for number in range(8, 0, -1)]
    states = {day: row.split("<span class=")[1].split(">")[1].split("<")[0] for day, row in rows.items()}
    assert list(states.values()) == [
        "failed", "waited for", "late", "failed", "no run", "empty", "made again", "made",
    ]  # fmt: skip
    assert "the lake is gone" in rows["2026-11-08"] and "no file yet for 2026-11-06" in rows["2026-11-06"]
    assert "stands at ingest (gate failed)" in rows["2026-11-05"]
    assert "/smelt/runs/days-2026-11-02-b" in rows["2026-11-02"] and "by 2 runs" in rows["2026-11-02"]
    assert '<td class="n">1</td><td class="n">1</td>' in rows["2026-11-01"]
    tokens = {
        day: int(row.split('<td class="n">')[4].split("<")[0]) for day, row in rows.items() if "made" in states[day]
    }
    assert 15 < tokens["2026-11-01"] < 45 and tokens["2026-11-02"] > tokens["2026-11-01"], "of 27 and 29 words"
    assert rows["2026-11-03"].split('<td class="n">')[4].startswith("0<")
    assert 'http-equiv="refresh"' in answer.text
    assert "/smelt/days/days" in client.get("/smelt/runs/days-2026-11-01").text
    none = client.get("/smelt/days/none")
    assert none.status_code == 404 and "no run of it was planned for a day" in none.text
