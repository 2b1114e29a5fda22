"""From values to a page: templates that escape everything, number formats, and headers that forbid all but style."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import smelt.gates
from operators.pages.airflow_runs import AirflowRun
from operators.pages.documents import is_language
from smelt.charts import charts_style
from smelt.cli.figures import size
from smelt.words import duration

_TEMPLATES = Path(__file__).with_name("templates")
_GATE_STYLE = Path(smelt.gates.__file__).with_name("pages.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"


def draw(request: Request, template: str, **values: Any) -> HTMLResponse:
    """A page; ``root`` is the path that the application is served from."""
    found = _environment().get_template(template).render(**values, root=request.scope["root_path"], style=_style())
    return HTMLResponse(found, headers={"Content-Security-Policy": POLICY})


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.tests["airflow_run"] = lambda value: isinstance(value, AirflowRun)
    found.filters |= {
        "count": lambda value: f"{value:,}",
        "size": size,
        "duration": duration,
        "percent": lambda value: f"{100 * value:.1f}\u202f%",
        "segment": lambda value: quote(str(value), safe=""),
        "json": lambda value: json.dumps(value, ensure_ascii=False),
        "lang": lambda label: Markup(' lang="{}"').format(label) if is_language(label) else "",
        "time": lambda value: str(value).replace("T", " ")[:16],
    }
    return found


@cache
def _style() -> Markup:
    own = Markup((_TEMPLATES / "pages.css").read_text())
    return Markup(_GATE_STYLE.read_text()) + charts_style() + own
