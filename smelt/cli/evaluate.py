"""``smelt evaluate``: one model judged by hand, as the stage judges checkpoints."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.main import app
from smelt.cli.recipe import Overrides
from smelt.cli.tables import print_whole


@app.command()
def evaluate(
    what: Annotated[
        str,
        typer.Argument(help="A run's id, train/… or export/…, or a Llama's or Qwen3's folder.", metavar="MODEL"),
    ],
    checkpoint: Annotated[str, typer.Option(help="Name or step; by default the last.", metavar="STEP")] = "",
    like: Annotated[str, typer.Option(help="On what this run is judged on.", metavar="RUN")] = "",
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all figures there.", metavar="FILE")] = None,
    overrides: Overrides = None,
) -> None:
    """Judge one checkpoint, export or model folder, in this process; changes nothing in the lake."""
    from importlib import import_module

    from smelt.cli.recipe import parse_overrides
    from smelt.lake import Lake

    byhand = import_module("evaluation.byhand")  # by name, since nothing here depends on the stages
    found = byhand.evaluate(Lake.connect(), what, parse_overrides(overrides), checkpoint=checkpoint, like=like)
    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
    console = Console(highlight=False)
    console.print(f"[bold]{escape(found['checkpoint'])}[/bold]  {_about(found)}", soft_wrap=True)
    for table in tables(found):
        print_whole(table, console)


def _about(found: dict[str, Any]) -> str:
    said = [] if found["step"] is None else [f"step {found['step']:,}", f"{found['tokens']:,} tokens trained on"]
    mask = "within a document" if found["document_mask"] else "across documents"
    return ", ".join([*said, f"{found['window']} windows of {found['sequence_length']:,} tokens, attention {mask}"])


def _said(own: dict[str, Any]) -> tuple[str, str, str, str]:
    """A probe's figures: probability, place, perplexity, margin."""
    if own["kind"] == "prefer":
        first, second = own["perplexities"]
        return "", "", f"{first:,.4g} / {second:,.4g}", f"{own['margin']:+.4f}"
    return f"{own['prob']:.4g}", f"{own['rank']:,}", f"{own['perplexity']:,.4g}", ""


def _remembering(benchmarks: dict[str, Any]) -> list[tuple[str, ...]]:
    """What the forms with ``unseen`` say: the gain in bits per byte on the wrong answers."""
    return [
        (
            name,
            escape(form),
            f"{own['unseen']['accuracy']:.3f}",
            f"{own['accuracy']:.3f}",
            f"{own['unseen']['memory']:+.4f}",
            "–" if own["unseen"]["low"] is None else f"{own['unseen']['low']:+.3f} to {own['unseen']['high']:+.3f}",
        )
        for name, forms in sorted(benchmarks.items())
        for form, own in forms.items()
        if "unseen" in own
    ]


def _interval(own: dict[str, Any]) -> str:
    """The 95 % interval of bits per byte; one item or document alone has none."""
    return "–" if own["bits_low"] is None else f"{own['bits_low']:.3f} to {own['bits_high']:.3f}"


def tables(found: dict[str, Any]) -> list[Table]:
    """What was found, as tables: held-out text by label, benchmarks by form, probes."""
    made = []
    if found["heldout"]["tokens"]:
        table = Table("held-out text", "tokens", "loss", "perplexity", "bits per byte", "95 %", box=None)
        rows = [*sorted(found["heldout"]["by_label"].items()), ("all", found["heldout"])]
        for label, own in rows:
            figures = (f"{own['loss']:.4f}", f"{own['perplexity']:,.2f}", f"{own['bits_per_byte']:.4f}")
            table.add_row(escape(label), f"{own['tokens']:,}", *figures, _interval(own))
        made.append(table)
    if found["texts"]:
        table = Table("texts", "tokens", "bytes per token", "loss", "perplexity", "bits per byte", "95 %", box=None)
        for name, own in sorted(found["texts"].items()):
            sizes = (f"{own['tokens']:,}", f"{own['bytes_per_token']:.3f}")
            table.add_row(
                name,
                *sizes,
                f"{own['loss']:.4f}",
                f"{own['perplexity']:,.2f}",
                f"{own['bits_per_byte']:.4f}",
                _interval(own),
            )
        made.append(table)
    if found["benchmarks"]:
        table = Table("benchmark", "form", "items", "right", "95 %", "chance", "bits per byte", "95 %", box=None)
        for name, forms in sorted(found["benchmarks"].items()):
            for form, own in forms.items():
                span = f"{own['low']:.3f} to {own['high']:.3f}"
                score = (f"{own['accuracy']:.3f}", span, f"{own['chance']:.3f}", f"{own['bits_per_byte']:.4f}")
                table.add_row(name, escape(form), f"{own['items']:,}", *score, _interval(own))
        made.append(table)
    if remembering := _remembering(found["benchmarks"]):
        table = Table("memory", "form", "right before", "right after", "right answer's gain", "95 %", box=None)
        for row in remembering:
            table.add_row(*row)
        made.append(table)
    if found["probes"]:
        table = Table("probes", "group", "probe", "probability", "place", "perplexity", "margin", box=None)
        for name, answers in sorted(found["probes"].items()):
            for own in answers:
                table.add_row(name, escape(own["group"]), escape(own["words"]), *_said(own))
        made.append(table)
    return made
