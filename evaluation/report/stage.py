"""The report: gathered from the manifests, the training metrics, the evaluations and the gates' results.

Wall times, code versions, the comparison with an earlier run and the runs that begin with the same steps stand in the
page because readers want them, but not in its digest: two runs that made the same have equal reports.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from evaluation.report import course, funnel, learning, verdict
from evaluation.report.contamination import hits
from evaluation.report.page import render
from smelt.comparing.difference import judged_last
from smelt.comparing.family import relatives
from smelt.experiments import predictions
from smelt.gates.approval import find_approval
from smelt.gates.suite import result_key
from smelt.identity import digest
from smelt.lake import Lake, Manifest, held
from smelt.phases import with_phases
from smelt.recipe.report import ReportConfig
from smelt.recipe.training.model import ModelConfig
from smelt.stage import Context, Part, Round, Shard, Stage, always
from smelt.supply.ladder import ladders

SHARD = "report"


def work(context: Context, shard: Shard) -> Part:
    """Write the page."""
    inputs = with_phases(context.lake, context.inputs)
    gates = gate_results(context.lake, inputs, context.config)
    values = gather(context.lake, inputs, context.config, gates, run=context.run)
    predicted = {} if values["prediction"] is None else {"prediction": values["prediction"]}
    content = digest(
        {
            "config": context.config,
            "inputs": {name: manifest.digest for name, manifest in inputs.items()},
            "gates": gates,
            **predicted,
        }
    )
    return Part({"/report.html": render(values).encode()}, rows=1, content_digest=content)


def gate_results(lake: Lake, inputs: Mapping[str, Manifest], config: ReportConfig) -> dict[str, Any]:
    """What each stage's gate said, by stage; None where it has not run.

    Where a person decided on a failed one, ``approval`` is the sentence that says so.
    """
    found: dict[str, Any] = {}
    for stage, manifest in inputs.items():
        if (suite := config.suites.get(manifest.stage)) is not None:
            found[stage] = lake.find_json(result_key(manifest.stage, manifest.fingerprint, suite))
            approval = find_approval(lake, manifest.stage, manifest.fingerprint, suite)
            if found[stage] is not None and approval is not None:
                found[stage]["approval"] = approval.sentence
    return found


def gather(
    lake: Lake, inputs: Mapping[str, Manifest], config: ReportConfig, gates: Mapping[str, Any], *, run: str = ""
) -> dict[str, Any]:
    """Everything that the page shows.

    Args:
        inputs: by stage name, of every phase.
        run: id of the run; it is compared with the one before it.
    """
    evaluate = inputs["evaluate"]
    blocks, trained = ([one for one in inputs.values() if one.stage == kind] for kind in ("blocks", "train"))
    train = trained[-1]
    metrics = [line for phase in trained for line in learning.read_metrics(lake, phase)]
    evaluations = [held.read_json(lake, evaluate, part, "/evaluation.json") for part in evaluate.parts]
    model = held.read_json(lake, train, train.parts[-1], "/model.json")
    branches = relatives(lake, run, [one.artifact for one in trained])
    return {
        "config": config,
        "steps": funnel.steps(inputs),
        "drops": funnel.drops(inputs),
        "fates": {kind: funnel.fates(inputs, kind) for kind in ("lang", "domain", "source")},
        "contamination": hits(lake, inputs["decontaminate"]),
        "ladders": ladders(inputs["dedup"]),
        "languages": funnel.languages(inputs),
        "disproportions": funnel.disproportions(inputs["select"]),
        "personal": funnel.personal(inputs["clean"]),
        "classifiers": inputs["classifiers"].stats.get("classifiers", {}),
        "scores": inputs["score"].stats.get("scores", {}),
        "ingest": inputs["ingest"].stats,
        "packages": inputs["fetch"].stats.get("packages", {}),
        "tokenizer": inputs["tokenizer"].stats["tokenizer"],
        "tokens": inputs["tokens"].stats,
        "mixture": [share for phase in blocks for share in learning.mixture(phase)],
        "metrics": metrics,
        "branches": branches,
        "branch_lines": learning.branch_lines(lake, branches),
        "events": [event for phase in trained for event in course.read_events(lake, phase)],
        "paces": course.paces(metrics),
        "trained": course.label_rows(metrics, learning.labels(metrics)),
        "model": model,
        "parameters": ModelConfig(**model["model"]).num_parameters(model["padded_vocab_size"]),
        "train_config": train.config,
        "evaluations": evaluations,
        "max_probe_fall": evaluate.config["max_probe_fall"],
        "text_sets": evaluate.config["texts"],
        "prediction": predictions.find(lake, evaluate),
        "before": verdict.before(lake, config.recipe, run, inputs),
        "now": judged_last(lake, evaluate),
        "run": run,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "gates": gates,
        "lineage": list(inputs.values()),
    }


STAGE = Stage(SHARD, rounds=(Round("parts", lambda context: [Shard(SHARD)], work, in_driver=always),))
