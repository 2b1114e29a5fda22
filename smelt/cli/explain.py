"""``smelt explain``: what became of one document, and why."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.extract import print_blocks
from smelt.cli.main import app
from smelt.words import listed

if TYPE_CHECKING:
    from smelt.explaining.judged import Judged
    from smelt.explaining.story import Dropped, Story
    from smelt.explaining.training import Reading
    from smelt.takedown import Blocked

EXCERPT_CHARS = 400
_COLOURS = {"kept": "green", "dropped": "red", "quarantined": "red", "undecided": "yellow"}
_NAMED = 6
"""Blocks that are named, at most."""
_SIZES = ("num_chars", "num_words", "num_lines", "num_tokens_estimate")


@app.command()
def explain(
    document: Annotated[str, typer.Argument(help="Its id (the beginning will do), address or path.", metavar="DOC_ID")],
    recipe: Annotated[str, typer.Option(help="Under this recipe, instead of the newest run.", metavar="RECIPE")] = "",
    text: Annotated[bool, typer.Option("--text", help="Show the whole cleaned text.")] = False,
    blocks: Annotated[
        bool, typer.Option("--blocks", help="Show its web page's blocks, and why each is left out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
) -> None:
    """Tell the whole story of one document: every stage that it met, every rule, and where it is trained on."""
    from smelt.explaining.story import newest_plan, tell
    from smelt.lake import Lake
    from smelt.run import preview

    lake = Lake.connect()
    plan = preview(recipe, {}, lake.settings)[1] if recipe else newest_plan(lake)
    story = tell(lake, plan, document, with_page=blocks)
    if as_json:
        typer.echo(story.model_dump_json(indent=1))
        return
    show(Console(highlight=False), story, whole_text=text)


def show(console: Console, story: "Story", *, whole_text: bool = False) -> None:
    """Print a story, from the headline down through the stages."""
    colour = _COLOURS[story.fate]
    console.print(f"[bold {colour}]{story.fate}[/]  [bold]{story.id}[/]  {escape(story.url)}")
    console.print(f"[{colour}]{escape(headline(story))}[/]\n")
    lines = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    lines.add_column(style="bold")
    lines.add_column(overflow="fold")
    for stage, told in _stages(story):
        lines.add_row(stage, escape(told) if isinstance(told, str) else told)
    console.print(lines)
    if story.text is not None:
        console.print()
        console.print(story.text if whole_text else _excerpt(story.text), markup=False, soft_wrap=True, style="dim")
    if story.page:
        console.print()
        print_blocks(console, story.page.blocks)
    if story.taken_down:
        console.print(f"\n[red]{taken_down(story.taken_down, story.reading)}[/]")
    if story.missing and story.fate != "quarantined":
        console.print(f"\n[yellow]not made yet: {', '.join(story.missing)}[/]")


def taken_down(entry: "Blocked", reading: "Reading | None") -> str:
    """Why a document was taken down, and what had read it by then."""
    said = f"taken down on {entry.when[:10]} ({entry.kind} {entry.value}): {entry.reason}"
    blocks = [block for phase in reading.phases for block in phase.blocks] if reading else []
    return f"{said}; blocks that have read it: {listed(blocks, _NAMED)}" if blocks else said


def headline(story: "Story") -> str:
    """The fate in a sentence."""
    if story.fate == "quarantined":
        return f"ingest could not read it: {story.ingest['reason']}"
    if story.dropped:
        return f"dropped by {story.dropped.stage}: {_reason(story.dropped)}"
    if story.fate == "undecided":
        return "no stage has dropped it so far"
    if story.encoded is None:
        return "kept by every stage"
    if story.encoded.split != "training":
        return f"kept by every stage; its {story.encoded.tokens:,} tokens are held out for evaluation"
    if story.reading is None:
        return f"kept by every stage; {story.encoded.tokens:,} tokens to train on"
    uses = sum(phase.uses for phase in story.reading.phases)
    return f"kept by every stage; {story.encoded.tokens:,} tokens, read {times(uses)} in training"


def _stages(story: "Story") -> list[tuple[str, Any]]:
    """What each stage has to say; a stage that has nothing is left out."""
    where = f"part {story.part}, row {story.row:,}"
    about = [f"{name} {value}" for name, value in story.ingest.items() if value not in (None, "")]
    told: list[tuple[str, Any]] = [("ingest", f"{where}; {', '.join(about)}")]
    if story.day:
        told.append(("", f"gathered as the run of {story.day[0]} made it: {story.day[1]}"))
    if story.signals:
        sizes = ", ".join(f"{name} {_number(story.signals[name])}" for name in _SIZES)
        edits = ", ".join(f"{name.removeprefix('edit_')} {count:,}" for name, count in story.edits.items())
        told.append(("clean", f"{sizes}; edits: {edits or 'none'}"))
    models = {name: story.labels.get(name) for name in ("lang", "lang_score", "domain", "domain_score")} | story.scores
    if any(value is not None for value in models.values()):
        told.append(("score", ", ".join(f"{k} {_number(v)}" for k, v in models.items() if v is not None)))
    if story.judged:
        told += _judged(story.judged, story.dropped)
    if story.better:
        better, alike = story.better, ""
        if better.similarity is not None and better.similarity < 1:
            alike = f"; similarity {_number(better.similarity)}"
        fate = f"itself dropped by {better.dropped.stage}: {_reason(better.dropped)}" if better.dropped else "kept"
        day = f" of {better.day}" if better.day else ""
        told.append(("dedup", f"like {better.id} {better.url}{day} ({fate}){alike}"))
    elif story.duplicates:
        told.append(("dedup", f"stands for {story.duplicates:,} that were dropped for it"))
    told += [("dedup" if not story.better else "", f"cut: {_excerpt(passage.strip())}") for passage in story.cut]
    if story.contaminated:
        met = story.contaminated
        told.append(("decontaminate", f"holds item {met.item} of {met.benchmark}: {met.text or met.note}"))
        told += [("", f"cut: {_excerpt(passage.strip())}") for passage in met.cut]
    if story.encoded:
        place = f"part {story.encoded.part}, from token {story.encoded.offset:,}"
        told.append(("tokens", f"{story.encoded.tokens:,}, {story.encoded.split}; {place}"))
    if story.reading:
        read = [f"{phase.name} {times(phase.uses)}: {listed(phase.blocks, _NAMED)}" for phase in story.reading.phases]
        told.append(("blocks", "; ".join(read) or "in none: the phases end before its turn"))
        if story.reading.searched < story.reading.blocks:
            told.append(("", f"only the first {story.reading.searched:,} of {story.reading.blocks:,} were searched"))
    return told


def _judged(judged: "Judged", dropped: "Dropped | None") -> list[tuple[str, Any]]:
    if judged.group is None:
        return [("select", "no group of rules is for it")]
    meant = ", ".join(f"{name} {'/'.join(values)}" for name, values in judged.of.items()) or "all documents"
    fired = sum(rule.fired for rule in judged.rules)
    line = f"group {judged.group} ({meant}): {fired} of {len(judged.rules)} rules hold"
    if dropped and dropped.stage == "select" and not any(rule.decided for rule in judged.rules):
        line += f"; decided by clean's step {dropped.reason}"
    table = Table("found", "drop if", "rule", "", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for rule in judged.rules:
        values = rule.found.values() if len(rule.found) == 1 else ()
        found = "".join(map(_number, values)) or ", ".join(f"{k} {_number(v)}" for k, v in rule.found.items())
        mark = "fired, decided" if rule.decided else "fired" if rule.fired else ""
        style = "bold red" if rule.decided else "red" if rule.fired else None
        table.add_row(*map(escape, (found, rule.expression, rule.name, mark)), style=style)
    return [("select", line), ("", table)] if judged.rules else [("select", line)]


def _reason(dropped: "Dropped") -> str:
    words = {"url": "another document has its address", "exact": "an exact duplicate", "minhash": "a near-duplicate"}
    return words.get(dropped.reason, dropped.reason)


def times(count: int) -> str:
    """A number of times, in words."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else "unknown" if value is None else str(value)


def _excerpt(text: str) -> str:
    return text[:EXCERPT_CHARS] + ("…" if len(text) > EXCERPT_CHARS else "")
