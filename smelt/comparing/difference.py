"""What two runs differ in: their recipes, artifacts, drops, mixtures, losses, scores and probes.

Everything is read from the lake: what a run has not made yet is left out. Loss and perplexity are compared only where
both runs have one tokenizer; bits per byte always are. Scores on the same items are compared item by item.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from smelt.comparing.bits import paired_bits, paired_documents
from smelt.comparing.paired import paired
from smelt.lake import Lake, Manifest, held
from smelt.recipe.graph import kind_of
from smelt.run import Run, load_run

OTHER_TOKENIZERS = "the tokenizers differ: a token of one stands for other text than a token of the other"
NAMES = ("name", "description")
"""Fields of a recipe that decide nothing."""
DROPPING = ("select", "dedup", "decontaminate")

Pair = tuple[Any, Any]
"""A value of either run; None where one has none."""


def difference(lake: Lake, first: str, second: str) -> dict[str, Any]:
    """What the second run has otherwise than the first.

    Returns:
        ``recipe``, ``artifacts``, ``documents``, ``dropped``, ``mixture``, ``training`` and ``heldout``: pairs by name,
        of what differs or was measured of both; ``bits``: what ``paired_documents`` gives of held-out text;
        ``benchmarks``: what ``paired`` gives by set and form; ``probes``: pairs by set and words; ``refused``: why
        perplexity is not compared, or "".

    Raises:
        StageError: when there is no such run.
    """
    runs = load_run(lake, first), load_run(lake, second)
    made = _made(lake, runs[0]), _made(lake, runs[1])
    judged = judged_last(lake, made[0].get("evaluate")), judged_last(lake, made[1].get("evaluate"))
    tokenizers = {run.planned("tokenizer").fingerprint for run in runs}
    refused = OTHER_TOKENIZERS if len(tokenizers) > 1 else ""
    return {
        "runs": [first, second],
        "recipe": _differing(*(dict(_leaves(run.recipe.model_dump(mode="json"))) for run in runs)),
        "artifacts": _differing(*({one.stage: one.fingerprint for one in run.plan.stages} for run in runs)),
        "documents": _differing(*(_documents(one) for one in made)),
        "dropped": _differing(*(_dropped(one) for one in made)),
        "mixture": _differing(*(_mixture(one) for one in made)),
        "training": {} if refused else _both(*(_training(one) for one in made)),
        "heldout": _both(*(_heldout(one, bare=bool(refused)) for one in judged)),
        "bits": paired_documents(*(one.get("heldout", {}).get("by_label", {}) for one in judged)),
        "benchmarks": scores(*judged),
        "probes": _both(*(_probes(one) for one in judged)),
        "refused": refused,
    }


def _made(lake: Lake, run: Run) -> dict[str, Manifest]:
    """The run's artifacts that are there, by stage."""
    found = ((one.stage, one.artifact.manifest(lake)) for one in run.plan.stages)
    return {stage: manifest for stage, manifest in found if manifest is not None}


def judged_last(lake: Lake, manifest: Manifest | None) -> dict[str, Any]:
    """What an evaluation says of its last checkpoint, with its benchmarks' digests; nothing where there is none."""
    if manifest is None:
        return {}
    digests = {one["name"]: one["digest"] for one in (manifest.config or {}).get("benchmarks", ())}
    return held.read_json(lake, manifest, manifest.parts[-1], "/evaluation.json") | {"digests": digests}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value by its path; items of a list that have a name go by it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from () if path == "" and key in NAMES else _leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}.{item.get('name', place) if isinstance(item, dict) else place}")
    else:
        yield path, value


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Pair]:
    """Of both, what is not the same."""
    return {
        name: (first.get(name), second.get(name))
        for name in dict.fromkeys((*first, *second))
        if first.get(name) != second.get(name)
    }


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Pair]:
    """Of what was measured of both, the pairs."""
    return {name: (value, second[name]) for name, value in first.items() if name in second}


def _documents(made: Mapping[str, Manifest]) -> dict[str, int]:
    return {stage: manifest.stats["documents"] for stage, manifest in made.items() if "documents" in manifest.stats}


def _dropped(made: Mapping[str, Manifest]) -> dict[str, int]:
    """Dropped documents by stage and reason."""
    return {
        f"{stage} {reason}": size["documents"]
        for stage in DROPPING
        if stage in made
        for reason, size in made[stage].stats.get("dropped", {}).items()
    }


def _mixture(made: Mapping[str, Manifest]) -> dict[str, float]:
    """The share that each group got, by phase."""
    found: dict[str, float] = {}
    for stage, manifest in made.items():
        for phase, figures in manifest.stats.get("mixture", {}).items() if kind_of(stage) == "blocks" else ():
            total = sum(figures["got"].values())
            found |= {f"{phase} {group}": round(tokens / total, 4) for group, tokens in figures["got"].items() if total}
    return found


def _training(made: Mapping[str, Manifest]) -> dict[str, float]:
    """Mean training loss on the way to the last checkpoint, by label."""
    trained = [manifest for stage, manifest in made.items() if kind_of(stage) == "train"]
    labels = trained[-1].parts[-1].stats.get("by_label", {}) if trained else {}
    return {label: round(own["loss_sum"] / own["tokens"], 4) for label, own in sorted(labels.items())}


def _heldout(judged: Mapping[str, Any], *, bare: bool) -> dict[str, float]:
    """Held-out figures by label, language and over all; ``bare`` of what depends on the tokenizer."""
    if not judged:
        return {}
    heldout = judged["heldout"]
    groups = {**heldout["by_label"], **heldout["by_lang"], "all": heldout, **judged["texts"]}
    figures = ("bits_per_byte",) if bare else ("loss", "perplexity", "bits_per_byte")
    return {f"{name} {figure}": own[figure] for name, own in groups.items() for figure in figures}


def scores(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By set and form: item by item, as ``paired`` has it, and in ``bits`` as ``paired_bits``, where both were asked
    the same; else the two scores alone."""
    found: dict[str, dict[str, Any]] = {}
    for name, forms in first.get("benchmarks", {}).items():
        for form, one in forms.items():
            other = second.get("benchmarks", {}).get(name, {}).get(form)
            if other is None:
                continue
            own: dict[str, Any] = {"accuracy": (one["accuracy"], other["accuracy"])}
            own["bits_per_byte"] = (one["bits_per_byte"], other["bits_per_byte"])
            same = first["digests"].get(name) == second["digests"].get(name)
            if same and len(one["right"]) == len(other["right"]):
                own |= paired(*([mark == "1" for mark in score["right"]] for score in (one, other)))
                if "gold_bits" in one and "gold_bits" in other:  # an earlier Smelt's evaluation has none
                    own["bits"] = paired_bits(one, other)
            found[f"{name} {form}"] = own
    return found


def _probes(judged: Mapping[str, Any]) -> dict[str, float]:
    """Margins and probabilities by set and words."""
    return {
        f"{name}: {answer['words']}": answer["margin"] if answer["kind"] == "prefer" else answer["prob"]
        for name, answers in judged.get("probes", {}).items()
        for answer in answers
    }
