"""The page of a gate that is opened first. It asks for nothing of Great Expectations."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from smelt.gates.result import GateResult

_HERE = Path(__file__).parent
STYLE = _HERE / "pages.css"
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
"""For pages that quote documents: the browser runs no script and loads nothing."""


def index_page(result: GateResult, *, tables: list[str], own: list[str], seen: str = "") -> str:
    """The page to open: the verdict, each expectation, and the way to the Data Docs pages and to the gate's own.

    Args:
        seen: what share of the rows those are that expectations on rows were held to; "" where there are none.
    """
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True)
    return environment.get_template("index.html.j2").render(
        result=result, tables=sorted(tables), own=own, seen=seen, style=STYLE.read_text(), policy=POLICY
    )
