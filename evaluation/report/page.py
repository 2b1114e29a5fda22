"""From gathered figures to the page: charts, number formats, and the template.

Text of documents and of the model stands in the page, so the template escapes everything, and the page's
content policy lets the browser run no script and load nothing.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from evaluation.report import course, learning, predicted, verdict
from evaluation.report.benchmarks import benchmark_rows, memories, spreads
from evaluation.report.probes import movers, probe_alarms, probe_rows
from smelt.charts import Line, charts_style, colour, line_chart, share_bars, short

_HERE = Path(__file__).parent
LINES_DRAWN = 7
EVENTS_DRAWN = 8


def render(values: Mapping[str, Any]) -> str:
    """The page as one HTML document.

    Args:
        values: what ``stage.gather`` gives.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "count": lambda value: f"{value:,}",
        "short": lambda value: short(float(f"{value:.3g}")),
        "bytes": in_bytes,
        "percent": lambda value: f"{100 * value:.1f}\u202f%",
        "number": lambda value: f"{value:.4g}",
        "loss": lambda value: "–" if value is None else f"{value:.3f}",
        "perplexity": lambda value: "–" if value is None else f"{math.exp(min(value, 50)):,.1f}",
        "duration": duration,
        "yaml": lambda value: yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=110),
    }
    template = environment.get_template("report.html.j2")
    style = Markup((_HERE / "report.css").read_text()) + charts_style()
    last = values["evaluations"][-1]
    passed = [result["success"] for result in values["gates"].values() if result]
    langs = [fate.label for fate in values["fates"]["lang"]]
    benchmarks = benchmark_rows(values["evaluations"])
    prediction = values["prediction"]
    return template.render(
        **values,
        predicted=[] if prediction is None else predicted.rows(prediction, last),
        style=style,
        last=last,
        charts=charts(values),
        benchmarks=benchmarks,
        spreads=spreads(benchmarks),
        memories=memories(benchmarks),
        phase_ends=list({item["phase"]: item for item in values["evaluations"]}.values()),
        longest=max(values["evaluations"], key=lambda item: len(item["heldout"]["by_position"])),
        probes=probe_rows(values["evaluations"]),
        movers=movers(probe_rows(values["evaluations"])),
        alarms=probe_alarms(values["evaluations"], values["max_probe_fall"]),
        keys=[(lang, colour(lang, langs)) for lang in langs],
        verdict=verdict.verdict(values, benchmarks),
        gates_passed=sum(passed),
        gates_run=len(passed),
    )


def charts(values: Mapping[str, Any]) -> dict[str, Markup]:
    """All charts of the page, by name."""
    metrics = values["metrics"]
    labels = learning.labels(metrics)
    marks = learning.phase_marks(metrics)
    seen = [*marks, *course.event_marks(values["events"], metrics)[:EVENTS_DRAWN]]
    langs = [fate.label for fate in values["fates"]["lang"]]
    return {
        "languages": share_bars([(stage, sizes) for stage, sizes, _ in values["languages"]], langs),
        "loss": line_chart(
            [learning.loss_line(metrics), *values["branch_lines"]], y_name="loss, nats per token", marks=seen
        ),
        "labels": line_chart(learning.label_lines(metrics, labels, LINES_DRAWN), y_name="loss", marks=marks),
        "validation": line_chart(learning.heldout_lines(metrics, labels, LINES_DRAWN), y_name="loss", marks=marks),
        "perplexity": line_chart(
            learning.perplexity_lines(metrics, labels, LINES_DRAWN), y_name="perplexity", marks=marks
        ),
        "speed": line_chart([course.speed_line(metrics)], y_name="tokens a second", height=160, from_zero=True),
        "rate": line_chart([learning.rate_line(metrics)], y_name="learning rate", height=130, from_zero=True),
        "heldout": line_chart(heldout_lines(values["evaluations"], langs), y_name="held-out loss"),
        "bits": line_chart(heldout_lines(values["evaluations"], langs, "bits_per_byte"), y_name="bits per byte"),
    }


def heldout_lines(evaluations: Sequence[Mapping[str, Any]], langs: Sequence[str], figure: str = "loss") -> list[Line]:
    """A figure over all text and by language, checkpoint by checkpoint, and the unigram model's over all."""
    found = [Line("all", [(item["tokens"], item["heldout"][figure]) for item in evaluations], 0, dots=True)]
    for lang in langs[:LINES_DRAWN]:
        if lang in evaluations[-1]["heldout"]["by_lang"]:
            points = [(item["tokens"], item["heldout"]["by_lang"][lang][figure]) for item in evaluations]
            found.append(Line(lang, points, colour(lang, langs), dots=True))
    unigram = [(item["tokens"], item["unigram"][figure]) for item in evaluations]
    return [*found, Line("unigram", unigram, 8, dashed=True, dots=len(unigram) == 1)]


def in_bytes(value: float) -> str:
    """A size in bytes, in the unit that suits it."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} B"


def duration(seconds: float) -> str:
    """Seconds as 1 h 02 min, 3 min 20 s or 4.2 s."""
    if seconds >= 3600:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s" if seconds >= 60 else f"{seconds:.1f} s"
