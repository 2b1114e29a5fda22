"""What is asked of the stages between text and report, from ``tokenizer`` to ``report``."""

from fnmatch import fnmatch
from typing import Any

import numpy as np
import pandas as pd

from smelt.gates.checks import (
    Check,
    Gate,
    at_least,
    at_most,
    equal,
    has_columns,
    mostly,
    never_null,
    none_breaks,
    percent,
    unique,
    values_between,
)
from smelt.gates.figures import common, counts, divergence, share, violations
from smelt.gates.sample import json_lines, rows
from smelt.lake import Lake, Manifest, held
from smelt.phases import trainings
from smelt.recipe.gates import (
    BlocksGate,
    EvaluateGate,
    ExportGate,
    ReportGate,
    TokensGate,
    TrainGate,
)

EXPORTED = ("/config.json", "/model*.safetensors", "/tokenizer.json")
"""Files of an export; large weights are several."""


def tokens(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: TokensGate) -> Gate:
    """Every kept document was cut into tokens of the vocabulary, and ends where it should."""
    kept = inputs["decontaminate"]
    before, after = counts(kept.stats.get("by_lang")), counts(manifest.stats.get("by_lang"))
    figures = common(manifest) | {
        "language_divergence": divergence(before, after),
        "train_tokens": manifest.stats["train"]["tokens"],
    }
    checks = [
        equal("documents", kept.stats["documents"], "Every kept document is here"),
        at_least("train_tokens", config.min_tokens, "There are tokens"),
        at_most(
            "language_divergence",
            config.max_language_divergence,
            "The shares of languages are those of the kept documents (Jensen-Shannon divergence, bits)",
        ),
    ]
    if manifest.rows:
        figures |= violations(manifest)
        checks += none_breaks("tokens")
    frame = rows(lake, manifest, suffix=".docs.parquet")
    if not frame.empty:
        checks += [
            has_columns(["id", "lang", "domain", "source", "offset", "tokens", "bytes"]),
            unique("id"),
            values_between("tokens", 1, None, "No document is without tokens"),
        ]
    return Gate(figures, checks, frame)


def blocks(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: BlocksGate) -> Gate:
    """The training data has the size and the mixture that were asked for."""
    figures = common(manifest)
    phases = manifest.config["phases"][manifest.config["first_phase"] :]
    checks = [equal("tokens", sum(map(_phase_tokens, phases)), "No token is missing")]
    for phase, mixture in sorted(manifest.stats["mixture"].items()):
        total = sum(mixture["got"].values())
        got = {name: share(mixture["got"].get(name, 0), total) for name in mixture["asked"]}
        errors = {name: abs(asked - got[name]) for name, asked in mixture["asked"].items()}
        figures[f"mixture_error_{phase}"] = max(errors.values())
        sentence = f"Each group has the share of phase {phase} that it was asked for (largest difference)"
        if off := sorted(
            (name for name in errors if errors[name] > config.max_mixture_error), key=lambda n: -errors[n]
        ):
            told = [f"{name} has {percent(got[name])} of {percent(mixture['asked'][name])}" for name in off]
            sentence += f"; {', '.join(told)}"
        checks.append(at_most(f"mixture_error_{phase}", config.max_mixture_error, sentence, percent))
        figures[f"block_mixture_error_{phase}"] = _largest_block_error(manifest, got)
        if (limit := config.max_block_mixture_error) is not None:
            sentence = f"Each whole block has the mixture of phase {phase} (largest difference of a group)"
            checks.append(at_most(f"block_mixture_error_{phase}", limit, sentence, percent))
    for phase, packing in sorted(manifest.stats.get("packing", {}).items()):
        positions = manifest.stats["tokens_by_phase"][phase]
        figures |= _packing_figures(phase, packing, positions)
        sentence = f"No document that fits a sequence of phase {phase} is cut; {_packing_words(packing, positions)}"
        checks.append(equal(f"needless_cuts_{phase}", 0, sentence))
    frame = rows(lake, manifest, suffix=".segments.parquet")
    if not frame.empty:
        checks += [
            has_columns(["start", "id", "lang", "domain", "label"]),
            *(never_null(column) for column in ("id", "label")),
            values_between("start", 0, None, "Documents start inside their block"),
        ]
    return Gate(figures, checks, frame)


def _packing_figures(phase: str, packing: dict[str, Any], positions: int) -> dict[str, float]:
    """What packing has cost and saved: shares of a phase's tokens, and of the documents that it reads."""
    count, otherwise = packing["documents"], packing["concatenate"]
    return {
        f"padding_{phase}": share(packing["padding"], positions),
        f"cut_{phase}": share(packing["cut"], count),
        f"needless_cuts_{phase}": packing["needless"],
        f"cut_if_concatenated_{phase}": share(otherwise["cut"], count),
        f"needless_cuts_if_concatenated_{phase}": otherwise["needless"],
    }


def _packing_words(packing: dict[str, Any], positions: int) -> str:
    otherwise = packing["concatenate"]
    return (
        f"{percent(share(packing['padding'], positions))} of its tokens are padding; of {packing['documents']:,} "
        f"documents {packing['cut']:,} are longer and are cut; laid end to end {otherwise['cut']:,} would be, "
        f"{otherwise['needless']:,} needlessly"
    )


def _largest_block_error(manifest: Manifest, shares: dict[str, float]) -> float:
    """How far a group's share of a whole block is from its share of the phase, at most."""
    blocks = [part.stats for part in manifest.parts]
    whole = max(stats["tokens"] for stats in blocks)
    return max(
        abs(share(stats["tokens_by_group"].get(name, 0), sum(stats["tokens_by_group"].values())) - wanted)
        for stats in blocks
        if stats["tokens"] == whole
        for name, wanted in shares.items()
    )


def train(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: TrainGate) -> Gate:
    """The loss is a number at every step, and it is lower than when training began, with the first phase."""
    frame = json_lines(lake, manifest, "/metrics.jsonl")
    begun = trainings(lake, manifest)[0]
    before = frame if begun == manifest else json_lines(lake, begun, "/metrics.jsonl")
    loss, at_first = (pd.to_numeric(found["loss"], errors="coerce") for found in (frame, before))
    frame = frame[["step", "phase", "loss", "lr"]].assign(finite=np.isfinite(loss))
    first, last = at_first[: _window(at_first)].mean(), loss[-_window(loss) :].mean()
    figures = common(manifest) | {
        "steps": len(frame),
        "first_loss": first,
        "last_loss": last,
        "loss_ratio": last / first,
    }
    checks = [
        at_least("steps", 1, "There are steps"),
        unique("step"),
        mostly("finite", True, "The loss of every step is a finite number"),
        at_most("loss_ratio", config.max_final_loss_ratio, "The loss has fallen (end over start)"),
    ]
    return Gate(figures, checks, frame)


def export(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: ExportGate) -> Gate:
    """The files that others load are there."""
    files = manifest.parts[0].files
    sizes = {name: sum(file.bytes for suffix, file in files.items() if fnmatch(suffix, name)) for name in EXPORTED}
    figures = common(manifest) | {f"bytes of {name}": found for name, found in sizes.items()}
    checks = [at_least("bytes_stored", config.min_bytes, "The export is not empty")]
    checks += [at_least(f"bytes of {name}", 1, f"There is a {name[1:]}") for name in EXPORTED]
    return Gate(figures, checks)


def evaluate(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: EvaluateGate) -> Gate:
    """The last checkpoint knows more than how frequent each token is."""
    last = held.read_json(lake, manifest, manifest.parts[-1], "/evaluation.json")
    heldout, unigram = last["heldout"], last["unigram"]
    figures = common(manifest) | {
        "heldout_tokens": heldout["tokens"],
        "heldout_loss": heldout["loss"],
        "unigram_loss": unigram["loss"],
        "loss_over_unigram": share(heldout["loss"], unigram["loss"]),
    }
    checks: list[Check] = [
        at_least("heldout_tokens", 1, "There is held-out text"),
        at_most("loss_over_unigram", config.max_loss_over_unigram, "Held-out loss is below the unigram model's"),
    ]
    for name, texts in (manifest.config.get("texts") or {}).items():
        if texts["max_loss"] is not None:
            figures[f"loss of {name}"] = last["texts"][name]["loss"]
            words = f"The loss on the texts {name} is low enough"
            checks.append(at_most(f"loss of {name}", texts["max_loss"], words))
    for name, answers in last["probes"].items():
        margins = [answer["margin"] for answer in answers if answer["kind"] == "prefer"]
        if margins:
            figures[f"preferences of {name}"] = share(sum(margin > 0 for margin in margins), len(margins))
            words = f"Enough preferences of {name} hold"
            checks.append(at_least(f"preferences of {name}", config.min_preferred, words, percent))
    return Gate(figures, checks)


def report(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: ReportGate) -> Gate:
    """The page is there, and asks nothing of the network."""
    page = held.read(lake, manifest, "report", "/report.html").decode()
    figures = common(manifest) | {
        "page_bytes": len(page.encode()),
        "remote_parts": sum(page.count(mark) for mark in ('src="http', 'src="//', '<link rel="stylesheet"', "@import")),
        "scripts": page.count("<script"),
    }
    checks = [
        at_most("page_bytes", config.max_bytes, "The page is small enough to be mailed"),
        equal("remote_parts", 0, "The page loads nothing from the network"),
        equal("scripts", 0, "The page runs no script"),
    ]
    return Gate(figures, checks)


def _window(loss: "pd.Series[float]") -> int:
    """Steps that the loss at one end is a mean over."""
    return max(1, min(len(loss), max(10, len(loss) // 10)))


def _phase_tokens(phase: dict[str, Any]) -> int:
    """Tokens of a phase in whole optimizer steps."""
    step = phase["sequence_length"] * phase["global_batch_size"]
    return max(1, phase["tokens"] // step) * step
