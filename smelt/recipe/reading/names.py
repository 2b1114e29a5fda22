"""Names in one section of a recipe that another one must have: sources, classifiers, columns, languages, rules."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from smelt.errors import StageError
from smelt.gates.bias.bands import BANDS, DIMENSIONS
from smelt.recipe import languages
from smelt.recipe.clean import KEYWORDS
from smelt.recipe.dedup import DUPLICATES
from smelt.recipe.groups import Matching
from smelt.recipe.score import DOMAIN
from smelt.recipe.select import columns_of, nearest
from smelt.recipe.signals import COLUMNS, TEXTS
from smelt.recipe.sources import ListedSource

if TYPE_CHECKING:
    import polars as pl

    from smelt.recipe.recipe import Recipe


def wrong_names(recipe: "Recipe") -> Iterator[str]:
    """Every name that there isn't, as ``path: what (mend)``."""
    yield from _twice("sources", [source.name for source in recipe.sources])
    yield from _twice("classifiers", [classifier.name for classifier in recipe.classifiers])
    yield from _weak_sources(recipe)
    yield from recipe.score.unknown([classifier.name for classifier in recipe.classifiers])
    yield from _groups(recipe)
    yield from _dedup(recipe)
    yield from _columns_of_numbers(recipe)
    yield from _expressions(recipe)
    yield from _weights(recipe)
    yield from _accepted(recipe)


def _twice(place: str, names: list[str]) -> Iterator[str]:
    for name, number in Counter(names).items():
        if number > 1:
            yield f"{place}: two are named {name!r} (give each its own name)"


def _weak_sources(recipe: "Recipe") -> Iterator[str]:
    for number, classifier in enumerate(recipe.classifiers):
        if classifier.weak:
            named = (*classifier.weak.positive, *classifier.weak.negative)
            yield from _sources(recipe, f"classifiers[{number}].weak", named)


def _groups(recipe: "Recipe") -> Iterator[str]:
    """Rules over columns that nothing fills, and groups for documents that there are none of."""
    for number, group in enumerate(recipe.select.groups):
        place = f"select.groups[{number}]"
        yield from _matching(recipe, place, group)
        for rule, expression in group.rules.items():
            yield from _unfilled(recipe, expression or "", f"{place}.rules.{rule}")


def _matching(recipe: "Recipe", place: str, group: Matching) -> Iterator[str]:
    """Sources and languages of a group that there are none of."""
    yield from _sources(recipe, f"{place}.source", group.source)
    langs = languages.known(recipe.sources)
    for lang in group.lang:
        if langs is not None and lang not in langs:
            yield f"{place}.lang: no language {lang!r} ({languages.mend(lang, langs)})"


def _sources(recipe: "Recipe", place: str, names: Iterable[str]) -> Iterator[str]:
    there = [source.name for source in recipe.sources]
    for source in names:
        if source not in there:
            yield f"{place}: no source {source!r} ({nearest(source, there)})"


def _dedup(recipe: "Recipe") -> Iterator[str]:
    """Groups for documents that there are none of, and an order of sources that can't be."""
    for number, group in enumerate(recipe.dedup.groups):
        yield from _matching(recipe, f"dedup.groups[{number}]", group)
    yield from _sources(recipe, "dedup.sources", recipe.dedup.sources)
    for name, number in Counter(recipe.dedup.sources).items():
        if number > 1:
            yield f"dedup.sources: {name!r} stands there twice (name it once)"


def _unfilled(recipe: "Recipe", expression: str, place: str) -> Iterator[str]:
    """Columns of an expression that models or keyword lists would fill, if there were any of that name."""
    for column in sorted(columns_of(expression)):
        for prefix, there, section in (
            ("score_", recipe.score.columns, "score.models"),
            (KEYWORDS, [KEYWORDS + name for name in recipe.clean.keywords], "clean.keywords"),
        ):
            if column.startswith(prefix) and column not in there:
                mend = nearest(column, there) if there else f"add it to {section}"
                yield f"{place}: no column {column!r} ({mend})"


def _columns_of_numbers(recipe: "Recipe") -> Iterator[str]:
    """Columns that documents are compared by, and that nothing fills with numbers."""
    wanted = [("dedup.best_by", recipe.dedup.best_by)] if recipe.dedup.keep == "best" else []
    if (quality := recipe.mixture.reuse.quality) is not None:
        wanted.append(("mixture.reuse.quality.column", quality.column))
    orders = [(f"phases[{number}].order.column", phase.order.column) for number, phase in enumerate(recipe.phases)]
    wanted += [(place, column) for place, column in orders if column]
    keywords = [KEYWORDS + name for name in recipe.clean.keywords]
    there = [*(name for name in recipe.score.columns if name != DOMAIN), *(COLUMNS.keys() - TEXTS), *keywords]
    for place, column in wanted:
        if column not in there and not (column == DUPLICATES and place != "dedup.best_by"):
            mend = "add it to score.models" if column.startswith("score_") else nearest(column, there)
            yield f"{place}: no column of numbers {column!r} ({mend})"


def _expressions(recipe: "Recipe") -> Iterator[str]:
    """Groups by an expression that can't be evaluated, or that holds for no document that there can be."""
    for name, expression in recipe.mixture.groups.items():
        place = f"mixture.groups.{name}"
        strange = sorted(
            n for n in columns_of(expression) - {*COLUMNS, DUPLICATES} if not n.startswith(("score_", KEYWORDS))
        )
        wrong = [f"{place}: no column {n!r} ({nearest(n, list(COLUMNS))})" for n in strange]
        if wrong := wrong or list(_unfilled(recipe, expression, place)):
            yield from wrong
            continue
        from smelt import rules  # and with it polars, only where a recipe has such groups

        try:
            if not rules.can_hold(expression, _possible_labels(recipe), where=place):
                yield f"{place}: no document can be in it (look at its languages, domains and sources)"
        except StageError as error:
            yield str(error)


def _possible_labels(recipe: "Recipe") -> "pl.DataFrame":
    """Every source, language and domain that a document can have; null is what only the documents will say."""
    import polars as pl

    rows: list[tuple[str, str | None, str | None]] = []
    for source in recipe.sources:
        langs: Iterable[str | None] = languages.possible((source,)) or (None,)
        said = isinstance(source, ListedSource) and source.row_layout.domain
        rows += [(source.name, lang, None if said else source.domain) for lang in sorted(langs, key=str)]
    return pl.DataFrame(rows, {"source": pl.String, "lang": pl.String, "domain": pl.String}, orient="row")


def _weights(recipe: "Recipe") -> Iterator[str]:
    """Groups of mixtures, and languages of the tokenizer's sample, that no document can be of."""
    if (langs := languages.possible(recipe.sources)) is None:
        return
    phases = [(f"phases[{number}].weights", phase.weights or {}) for number, phase in enumerate(recipe.phases)]
    trained = recipe.tokenizer.train.weights if recipe.tokenizer.train is not None else {}
    for place, weights in (("mixture.weights", recipe.mixture.weights), *phases, ("tokenizer.train.weights", trained)):
        of_mixture = place != "tokenizer.train.weights"
        for group in weights:
            lang = group.partition("/")[0] if of_mixture else group
            if lang not in langs and not (of_mixture and group in recipe.mixture.groups):
                yield f"{place}.{group}: no document is in language {lang!r} ({languages.mend(lang, langs)})"


def _accepted(recipe: "Recipe") -> Iterator[str]:
    """Disproportions that no gate could find: of another rule, or of a group that there is none of."""
    place = "gates.select.accepted_disproportions"
    rules = list(dict.fromkeys(rule for group in recipe.select.groups for rule in group.rules))
    langs = languages.possible(recipe.sources)
    labels: dict[str, Iterable[str] | None] = {
        "lang": langs,
        "source": [source.name for source in recipe.sources],
        "length": BANDS,
        "domain": None,
    }
    for number, name in enumerate(recipe.gates.select.accepted_disproportions):
        rule, _, group = name.partition("/")
        dimension, _, label = group.partition("/")
        if not label:
            yield f"{place}[{number}]: {name!r} is no rule and group (write it as the bias page does: short/lang/zh)"
        elif rule not in rules:
            yield f"{place}[{number}]: no rule {rule!r} ({nearest(rule, rules)})"
        elif dimension not in labels:
            yield f"{place}[{number}]: {dimension!r} is no kind of group ({nearest(dimension, list(DIMENSIONS))})"
        elif (there := labels[dimension]) is not None and label not in there:
            yield f"{place}[{number}]: no {dimension} {label!r} ({nearest(label, list(there))})"
