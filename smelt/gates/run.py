"""Running a gate: the stage's expectations over an artifact, their result and its page in the lake."""

import logging
import math
from collections.abc import Callable
from functools import cache
from typing import Any

logging.getLogger("great_expectations").setLevel(logging.ERROR)  # dozens of lines at import otherwise

import great_expectations as gx
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig

from smelt.gates import documents, model
from smelt.gates.checks import Check, Gate
from smelt.gates.classifiers import classifiers
from smelt.gates.index import index_page
from smelt.gates.pages import offline_page
from smelt.gates.result import GateResult, Outcome
from smelt.gates.sample import SEEN
from smelt.gates.suite import gate_root, result_key, suite_id
from smelt.gates.tokenizer import tokenizer
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import GatesConfig

Ask = Callable[[Lake, Manifest, dict[str, Manifest], Any], Gate]

GATES: dict[str, Ask] = {
    "fetch": documents.fetch,
    "ingest": documents.ingest,
    "clean": documents.clean,
    "classifiers": classifiers,
    "score": documents.score,
    "select": documents.select,
    "dedup": documents.dedup,
    "decontaminate": documents.decontaminate,
    "tokenizer": tokenizer,
    "tokens": model.tokens,
    "blocks": model.blocks,
    "train": model.train,
    "export": model.export,
    "evaluate": model.evaluate,
    "report": model.report,
}
"""What is asked of each stage's artifact."""


def run_gate(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], gates_config: GatesConfig) -> GateResult:
    """Validate an artifact; a result that is in the lake already is returned as it is.

    Args:
        inputs: manifests of the artifact's inputs, by stage name.
    """
    suite = suite_id(manifest.stage, gates_config)
    key = result_key(manifest.stage, manifest.fingerprint, suite)
    if (known := lake.find_json(key)) is not None:
        return GateResult.model_validate(known)
    gate = GATES[manifest.stage](lake, manifest, inputs, getattr(gates_config, manifest.stage))
    root = gate_root(manifest.stage, manifest.fingerprint, suite) + "docs/"
    frames = {"figures": pd.DataFrame([gate.figures]), "rows": gate.rows}
    outcomes: dict[int, Outcome] = {}
    pages = dict(gate.pages)
    for table, frame in frames.items():
        checks = [check for check in gate.checks if check.table == table]
        if not checks:
            continue
        found = validate(frame, checks, f"{manifest.stage} {table}")
        for item in found.results:
            check = checks[_index(item)]
            outcomes[gate.checks.index(check)] = _outcome(check, item, sampled=table == "rows" and bool(_seen(gate)))
        pages[table] = offline_page(found)
    ordered = tuple(outcomes[i] for i in sorted(outcomes))
    result = GateResult(
        success=all(item.success for item in ordered),
        stage=manifest.stage,
        fingerprint=manifest.fingerprint,
        suite=suite,
        expectations=ordered,
        docs=root + "index.html",
    )
    for table, page in pages.items():
        lake.put(f"{root}{table}.html", page.encode())
    index = index_page(result, tables=list(pages.keys() - gate.pages), own=list(gate.pages), seen=_seen(gate))
    lake.put(result.docs, index.encode())
    lake.put(key, result.model_dump_json().encode())
    return result


def validate(frame: pd.DataFrame, checks: list[Check], name: str) -> ExpectationSuiteValidationResult:
    """Great Expectations' result for a frame; each expectation carries its check's index in ``meta``."""
    expectations = [check.expectation.copy(update={"meta": {"check": index}}) for index, check in enumerate(checks)]
    asset = _context().data_sources.pandas_default.add_dataframe_asset(name)
    try:
        batch = asset.add_batch_definition_whole_dataframe(name).get_batch(batch_parameters={"dataframe": frame})
        return batch.validate(gx.ExpectationSuite(name=name, expectations=expectations), result_format="SUMMARY")
    finally:
        _context().data_sources.pandas_default.delete_asset(name)


@cache
def _context() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _index(item: Any) -> int:
    return item.expectation_config.meta["check"]


def _seen(gate: Gate) -> str:
    """What share of the rows the gate's sample is, in words; "" where it has none."""
    return gate.rows.attrs.get(SEEN, "")


def _outcome(check: Check, item: Any, *, sampled: bool) -> Outcome:
    return Outcome(
        name=check.sentence,
        success=bool(item.success),
        observed=_observed(check, item),
        expected=check.expected,
        sampled=sampled,
    )


def _observed(check: Check, item: Any) -> str:
    found = item.result
    if "element_count" in found:
        count, wrong = found["element_count"], found["unexpected_count"]
        if not wrong:
            return f"{count:,} of {count:,} rows"
        examples = ", ".join(str(value) for value in found.get("partial_unexpected_list", [])[:3])
        return f"{wrong:,} of {count:,} rows not so" + (f", such as {examples}" if examples else "")
    value = found.get("observed_value")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "not known"
    return check.show(float(value))
