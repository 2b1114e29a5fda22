"""The Grafana dashboard: panels that Grafana can place, over metrics that the code records."""

import json
import re
from itertools import combinations
from typing import Any

from operators import counters
from smelt.metrics import METRICS
from tests.deploy.chart import CHART

DASHBOARD: dict[str, Any] = json.loads((CHART / "dashboards" / "smelt.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
LABELS = {series: metric.labels for metric in METRICS for series in metric.series}
LABELS |= dict.fromkeys(counters.series(), counters.LABELS)


def test_every_query_names_metrics_and_labels_that_the_code_records():
    for panel in PANELS:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            asked = re.findall(r"((?:ray|airflow)_smelt_\w+)(?:\{([^}]*)\})?", target["expr"])
            assert asked, target["expr"]
            for series, selector in asked:
                assert series in LABELS, target["expr"]
                assert set(re.findall(r"(\w+)=~", selector)) <= set(LABELS[series]), target["expr"]
            known = {"le", *(label for series, _ in asked for label in LABELS[series])}
            grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
            assert {label.strip() for group in grouped for label in group.split(",")} <= known, target["expr"]
            shown = {label.strip() for group in grouped for label in group.split(",")}
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= shown, target
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            assert label in LABELS[series]


def test_every_metric_is_drawn():
    drawn = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    assert [metric.name for metric in METRICS if not any(re.search(rf"\b{s}\b", drawn) for s in metric.series)] == []
    assert [series for series in counters.series() if not re.search(rf"\b{series}\b", drawn)] == []


def test_grafana_can_place_the_panels():
    assert DASHBOARD["uid"] and DASHBOARD["schemaVersion"] >= 36
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert all(item["datasource"]["uid"] == "${datasource}" for item in (panel, *panel["targets"]))
    for one, other in combinations((panel["gridPos"] for panel in DASHBOARD["panels"]), 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
