"""``smelt check`` and ``smelt plan``: what a recipe says, and what it would do, before anything runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.figures import count, size
from smelt.cli.main import app
from smelt.cli.tables import print_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smelt.lake import Lake
    from smelt.plan import Plan
    from smelt.recipe.recipe import Recipe
    from smelt.recipe.training.config import TrainConfig
    from smelt.recipe.training.fitting import Layout
    from smelt.supply.forecast import Supply

RecipePath = Annotated[str, typer.Argument(help="The recipe's YAML file.", metavar="RECIPE")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override one value: select.groups.0.rules.x=…, phases.main.tokens=1000000.", metavar="KEY=VALUE"
    ),
]


def parse_overrides(pairs: list[str] | None) -> dict[str, Any]:
    """``--set KEY=VALUE`` pairs as a mapping; values are YAML, so numbers and lists come out as such.

    Raises:
        RecipeError: for a pair without ``=``, or a value that is no YAML.
    """
    from smelt.errors import RecipeError
    from smelt.recipe.reading.plain import plain

    overrides = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals:
            raise RecipeError("no value", where=f"--set {pair}", mend="write --set key.path=value")
        overrides[key] = plain(value, where=f"--set {pair}")
    return overrides


@app.command()
def check(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Validate a recipe without running it, and print the figures that follow from it.

    Where a lake is set, see too that its store is one to commit in, and that it has the days that the recipe takes.
    """
    from smelt.recipe import load_recipe
    from smelt.recipe.graph import stages
    from smelt.recipe.training.figures import figures

    console = Console()
    found = load_recipe(recipe, parse_overrides(overrides)).with_start()
    for spec in stages(len(found.phases)):
        spec.config(found)  # reads what the recipe names beside it: labels, word lists, probes, a tokenizer
    _check_lake(console, found)
    workers = found.resources_of("train").workers or 1
    derived = figures(found.train_config(), vocab_size=found.embedding_rows, workers=workers)
    console.print(f"[bold]{found.name}[/bold]  {found.description}")
    facts = Table(show_header=False, box=None)
    for name, value in (
        ("sources", _sources(found)),
        (
            "mixture",
            ", ".join(f"{group} {weight:g}" for group, weight in found.mixture.weights.items()) or "as it comes",
        ),
        ("reuse", _reuse(found)),
        ("parameters", f"{derived.parameters:,} ({derived.embedding_parameters:,} of them embedding)"),
        ("vocabulary", _vocabulary(found)),
        ("tokens", f"{derived.tokens:,} in {derived.steps:,} steps"),
        ("tokens per parameter", f"{derived.tokens_per_parameter:.3g} (compute-optimal: about 20)"),
        ("training FLOPs", f"{derived.training_flops:.3g}"),
        (
            "memory per worker",
            f"{size(derived.memory.total)} = "
            + " + ".join(f"{name} {size(part)}" for name, part in derived.memory.parts.items())
            + f", on {derived.workers} worker{'s' * (derived.workers > 1)}",
        ),
        ("checkpoint", size(derived.checkpoint_bytes)),
        ("inference weights", f"{size(derived.inference_bytes)} in bf16"),
        *_fitting(found.train_config(), found.embedding_rows, workers),
    ):
        facts.add_row(name, value)
    print_whole(facts, console)
    if (start := found.training.start_from) is not None:  # whole, to be copied into the recipe
        console.print(f"starts from {start.path}, digest {start.digest}", soft_wrap=True)
    phases = Table(
        "phase", "steps", "tokens", "batch", "sequence", "RoPE base", "learning rate", "FLOPs/token", box=None
    )
    for phase in derived.phases:
        phases.add_row(
            phase.name,
            f"{phase.steps:,}",
            count(phase.tokens),
            count(phase.tokens_per_batch),
            f"{phase.sequence_length:,}",
            count(phase.rope_base),
            f"{phase.first_learning_rate:.2g} → {phase.peak_learning_rate:.2g} → {phase.last_learning_rate:.2g}",
            f"{phase.flops_per_token:.3g}",
        )
    print_whole(phases, console)
    for rule in derived.rules:
        mark = (
            "[green]holds[/green]"
            if rule.holds
            else ("[red]broken[/red]" if rule.required else "[yellow]costs speed[/yellow]")
        )
        console.print(f"{mark}  {rule.name}" + ("" if rule.holds else f" ({rule.mend})"))
    _tell_decontamination(found, console)
    console.print("[green]The recipe is valid.[/green]")


def _check_lake(console: Console, recipe: "Recipe") -> None:
    """Hold the lake's store, where one is set and answers, to what commits stand on, and find the days of a corpus.

    Raises:
        LakeError: it lets several writers make one object, or refuses to be written.
        RecipeError: days are missing, or can't be taken beside others.
    """
    from smelt import settings
    from smelt.errors import LakeOutageError, SmeltError
    from smelt.lake import Lake
    from smelt.lake.probe import require_conditional_writes
    from smelt.sources.days import resolved
    from smelt.sources.earlier import compared
    from smelt.takedown import freeze

    try:
        lake = Lake(settings.load(), patience=2)
    except SmeltError:
        return  # there is none yet
    try:
        require_conditional_writes(lake)
        recipe, notes = resolved(recipe.with_blocked(freeze(lake)), lake)
        for note in [*notes, *compared(recipe, lake)[1]]:
            console.print(note, soft_wrap=True, markup=False)
    except LakeOutageError as error:
        console.print(f"the lake was not looked at: {error}", style="yellow", markup=False)


def _sources(recipe: "Recipe") -> str:
    """The sources' names, and of a corpus which of its days are read as they were made."""
    names = ", ".join(source.name for source in recipe.sources)
    if (corpus := recipe.corpus) is None:
        return names
    return f"{corpus.source}: days of {corpus.recipe} as they were made, {', '.join(corpus.dates)}; of {names}"


def _vocabulary(recipe: "Recipe") -> str:
    """The tokens by what they are for, and the rows of the embedding that none of them has."""
    tokenizer, size, rows = recipe.tokenizer, recipe.vocab_size, recipe.embedding_rows
    named = ""
    if tokenizer.train is not None:
        named = f" ({tokenizer.reserved} reserved, {len(tokenizer.whole_tokens())} added)"
    elif new := recipe.num_new_tokens:
        named = f" ({size - new:,} taken, {new:,} new)"
    return f"{size:,}{named}, padded to {rows:,}: {rows - size:,} spare rows"


def _extension(recipe: "Recipe") -> "Iterator[str]":
    """What the tokens that a taken tokenizer gets cost."""
    if new := recipe.num_new_tokens:
        model = recipe.model
        matrices = 1 if model.tied_embeddings else 2
        weights = new * model.hidden_size * matrices
        begin = "as the mean of their pieces" if recipe.training.start_from is not None else "at random"
        yield (
            f"tokenizer: {new:,} new tokens are {weights:,} weights, which begin {begin} and are learned by training "
            "alone; all text is tokenized for the vocabulary anew"
        )


def _reuse(recipe: "Recipe") -> str:
    """How often a document is read, in words; how much there is of each group, `smelt plan` says."""
    reuse, quality = recipe.mixture.reuse, recipe.mixture.reuse.quality
    said = f"at most {recipe.mixture.max_epochs if reuse.max is None else reuse.max:g} times in all phases"
    if reuse.decay < 1:
        said += f", each use makes the next {reuse.decay:g} times as likely"
    if quality is not None:
        said += f", {quality.curve[0][1]:g} to {quality.curve[-1][1]:g} times as often by {quality.column}"
    return f"{said}; where a group runs short: {recipe.mixture.when_short}"


def _tell_decontamination(recipe: "Recipe", console: Console) -> None:
    """Which sets training text may not hold, and a warning where there are none."""
    sets = recipe.decontaminate_config().benchmarks
    if not sets:
        said = "warning: nothing is looked for in the training text: scores on what it holds are worth nothing"
        console.print(
            f"{said} (name sets under `decontaminate.benchmarks` or `evaluate`)", style="yellow", markup=False
        )
        return
    listed = {item.path for item in recipe.decontaminate.benchmarks}
    own = [item.name for item in sets if item.path not in listed]
    added = f", of them by itself what `evaluate` names: {', '.join(own)}" if own else ""
    console.print(f"decontaminated of {len(sets)} sets{added}", soft_wrap=True, markup=False)


def _fitting(config: "TrainConfig", vocab_size: int, workers: int) -> list[tuple[str, str]]:
    """What is said of the cards that the recipe names."""
    from smelt.recipe.training.fitting import CONTEXT_TOKENS, inference_bytes, layouts, recomputing, usable

    said = []
    if (card := config.training.card) is not None:
        tried = layouts(config, card, vocab_size=vocab_size, workers=workers)
        room = f"of {size(usable(card))} usable on {card}"
        reasons = [f"{_layout(one)} {'takes' if one.fits else 'would take'} {size(one.bytes)}" for one in tried[-3:]]
        if tried and tried[-1].fits:
            own = config.training.parallel
            asked = (
                ""
                if (own.tensor, own.pipeline) == (tried[-1].tensor, tried[-1].pipeline)
                else (f"; the recipe has tensor {own.tensor} x pipeline {own.pipeline}")
            )
            said.append(("smallest layout", f"{'; '.join(reversed(reasons))} {room}{asked}"))
        else:
            said.append(("smallest layout", f"none fits {workers} workers: {'; '.join(reasons) or '-'} {room}"))
            less = layouts(recomputing(config), card, vocab_size=vocab_size, workers=workers)[-1:]
            said += [
                ("", f"with training.recompute: layer, {_layout(one)} takes {size(one.bytes)}")
                for one in less
                if one.fits
            ]
    if (card := config.training.inference_card) is not None:
        needed, most = inference_bytes(config, vocab_size=vocab_size), usable(card)
        verb = "fits" if needed <= most else "does not fit"
        words = f"{verb} {card}: {size(needed)} of {size(most)} usable, with {CONTEXT_TOKENS:,} tokens of context"
        said.append(("inference", words))
    return said


def _layout(layout: "Layout") -> str:
    return f"tensor {layout.tensor} x pipeline {layout.pipeline}"


@app.command()
def plan(
    recipe: RecipePath,
    overrides: Overrides = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Show instead what each level of dedup would leave, and which is taken.")
    ] = False,
) -> None:
    """Show what a run would do, stage by stage, and why."""
    from smelt import settings
    from smelt.comparing.family import relatives, trainings_of
    from smelt.lake import Lake
    from smelt.run import preview
    from smelt.supply.forecast import forecast, warnings

    known = settings.load()
    read, found = preview(recipe, parse_overrides(overrides), known)
    if ladder:
        _tell_ladder(read, found, Lake(known))
        return
    table = Table("stage", "fingerprint", "", "why", box=None)
    for item in found.stages:
        state = "[green]cached[/green]" if item.cached else "[yellow]to do[/yellow]"
        reason = "" if item.cached else item.reason
        if item.drift:
            reason += f" pinned; its config would give {item.drift}"
        table.add_row(item.title, item.fingerprint, state, escape(reason.strip()))
    console = Console(soft_wrap=True)
    print_whole(table, console)
    for branch in relatives(Lake(known), "", trainings_of(found)):
        console.print(f"begins with the steps of run {branch.run}, and parts from it behind step {branch.step:,}")
    supplies = forecast(read, found, Lake(known))
    _tell_supply(supplies, console)
    for note in (*_extension(read), *found.notes, *warnings(supplies, read, found, Lake(known))):
        console.print(note, style="yellow", markup=False)
    console.print(f"{len(found.to_do)} of {len(found.stages)} stages to do")


def _tell_ladder(recipe: "Recipe", plan: "Plan", lake: "Lake") -> None:
    """What is known of the rungs of dedup, and where from.

    Raises:
        RecipeError: when nothing has a target.
    """
    from smelt.errors import RecipeError
    from smelt.supply.ladder import known

    asked = recipe.dedup_config()
    if not asked.targets:
        mend = "set dedup.target_tokens, or target_tokens of a group"
        raise RecipeError("nothing has a target of tokens", where="dedup", mend=mend)
    console = Console(soft_wrap=True)
    found, origin = known(plan, asked, lake)
    if not found:
        console.print(
            "No ladder is known yet: what a rung leaves follows from signatures, and no dedup of these documents "
            "with these levels has made them. The run finds the rung by itself.",
            markup=False,
        )
        return
    for one in found:
        title = f"{one.pool}: {count(one.target)} tokens are asked for"
        table = Table("rung", "documents", "tokens", "", title=title, title_justify="left", box=None)
        for rung, (documents, tokens) in one.rungs.items():
            taken = "[green]taken[/green]" if rung == one.taken else ""
            table.add_row(rung, f"{documents:,}", count(tokens), taken)
        print_whole(table, console)
        if one.warning:
            console.print(one.warning, style="yellow", markup=False)
    console.print(origin, markup=False)


def _tell_supply(supplies: "list[Supply]", console: Console) -> None:
    """What each group of the mixture has for each phase, as far as that can be estimated yet."""
    if not supplies:
        return
    columns = ("phase", "group", "asked", "has", "epochs so far", "unique so far", "effective so far", "")
    table = Table(*columns, title="mixture, about", title_justify="left", box=None)
    for item in supplies:
        numbers = (count(item.asked), count(item.has), f"{item.epochs:.2f}", count(item.unique), count(item.effective))
        table.add_row(item.phase, escape(item.group), *numbers, "[yellow]runs short[/yellow]" if item.then else "")
    print_whole(table, console)
