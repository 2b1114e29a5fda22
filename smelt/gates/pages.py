"""Great Expectations' own Data Docs, made to open anywhere.

Data Docs as they come load a dozen style sheets and scripts from the network. Here the scripts go (they
only fold sections) and one small style sheet takes the others' place, so that a page is one file that
looks the same on a laptop without a network and from an object store years later.
"""

import json
import re

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from smelt.gates.index import POLICY, STYLE

_REMOTE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<style\b.*?</style>"
    r"|<nav class=\"navbar navbar-expand.*?</nav>\s*</div>\s*</nav>|<footer\b.*?</footer>"
    r"|<div class=\"card mb-3\">.*?Validation Filter.*?</label>(?:\s*</div>){4}",
    re.DOTALL,
)
_OTHER_PAGES = re.compile(r'href="(?:\.\./)+[^"]*"')


def offline_page(result: ExpectationSuiteValidationResult) -> str:
    """The Data Docs page of one validation, as a single file that asks nothing of the network."""
    schema = ExpectationSuiteValidationResultSchema()
    plain = schema.load(json.loads(json.dumps(result.to_json_dict())))  # the renderer takes no numpy numbers
    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer(run_info_at_end=True).render(plain))
    page = _OTHER_PAGES.sub('href="index.html"', _REMOTE.sub("", page))
    return page.replace("<head>", f"<head>{POLICY}", 1).replace(
        "</head>", f"<style>{STYLE.read_text()}</style></head>", 1
    )
