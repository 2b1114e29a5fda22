"""The pages of a gate: Great Expectations' own Data Docs, made to open anywhere, and an index before them.

Data Docs as they come load a dozen style sheets and scripts from the network. Here the scripts go (they
only fold sections) and one small style sheet takes the others' place, so that a page is one file that
looks the same on a laptop without a network and from an object store years later.
"""

import json
import re
from pathlib import Path

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import Environment, FileSystemLoader

from smelt.gates.result import GateResult

_HERE = Path(__file__).parent
_REMOTE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<style\b.*?</style>"
    r"|<nav class=\"navbar navbar-expand.*?</nav>\s*</div>\s*</nav>|<footer\b.*?</footer>"
    r"|<div class=\"card mb-3\">.*?Validation Filter.*?</label>(?:\s*</div>){4}",
    re.DOTALL,
)
_OTHER_PAGES = re.compile(r'href="(?:\.\./)+[^"]*"')
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
"""For pages that quote documents: the browser runs no script and loads nothing."""


def offline_page(result: ExpectationSuiteValidationResult) -> str:
    """The Data Docs page of one validation, as a single file that asks nothing of the network."""
    schema = ExpectationSuiteValidationResultSchema()
    plain = schema.load(json.loads(json.dumps(result.to_json_dict())))  # the renderer takes no numpy numbers
    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer(run_info_at_end=True).render(plain))
    style = (_HERE / "pages.css").read_text()
    page = _OTHER_PAGES.sub('href="index.html"', _REMOTE.sub("", page))
    return page.replace("<head>", f"<head>{POLICY}", 1).replace("</head>", f"<style>{style}</style></head>", 1)


def index_page(result: GateResult, *, tables: list[str], own: list[str], seen: str = "") -> str:
    """The page to open: the verdict, each expectation, and the way to the Data Docs pages and to the gate's own.

    Args:
        seen: what share of the rows those are that expectations on rows were held to; "" where there are none.
    """
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True)
    style = (_HERE / "pages.css").read_text()
    return environment.get_template("index.html.j2").render(
        result=result, tables=sorted(tables), own=own, seen=seen, style=style, policy=POLICY
    )
