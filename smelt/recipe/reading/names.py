"""Names in one section of a recipe that another one must have: sources, classifiers, columns, languages, rules."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from smelt.gates.bias.bands import BANDS, DIMENSIONS
from smelt.recipe import languages
from smelt.recipe.clean import KEYWORDS
from smelt.recipe.groups import Matching
from smelt.recipe.score import DOMAIN
from smelt.recipe.select import columns_of, nearest
from smelt.recipe.signals import COLUMNS, TEXTS

if TYPE_CHECKING:
    from smelt.recipe.recipe import Recipe


def wrong_names(recipe: "Recipe") -> Iterator[str]:
    """Every name that there isn't, as ``path: what (mend)``."""
    yield from _twice("sources", [source.name for source in recipe.sources])
    yield from _twice("classifiers", [classifier.name for classifier in recipe.classifiers])
    yield from _weak_sources(recipe)
    yield from recipe.score.unknown([classifier.name for classifier in recipe.classifiers])
    yield from _groups(recipe)
    yield from _dedup(recipe)
    yield from _best_by(recipe)
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
            for column in sorted(columns_of(expression or "")):
                for prefix, there, section in (
                    ("score_", recipe.score.columns, "score.models"),
                    (KEYWORDS, [KEYWORDS + name for name in recipe.clean.keywords], "clean.keywords"),
                ):
                    if column.startswith(prefix) and column not in there:
                        mend = nearest(column, there) if there else f"add it to {section}"
                        yield f"{place}.rules.{rule}: no column {column!r} ({mend})"


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


def _best_by(recipe: "Recipe") -> Iterator[str]:
    column = recipe.dedup.best_by
    keywords = [KEYWORDS + name for name in recipe.clean.keywords]
    there = [*(name for name in recipe.score.columns if name != DOMAIN), *(COLUMNS.keys() - TEXTS), *keywords]
    if recipe.dedup.keep == "best" and column not in there:
        mend = "add it to score.models" if column.startswith("score_") else nearest(column, there)
        yield f"dedup.best_by: no column of numbers {column!r} ({mend})"


def _weights(recipe: "Recipe") -> Iterator[str]:
    """Groups of mixtures, and languages of the tokenizer's sample, that no document can be of."""
    if (langs := languages.possible(recipe.sources)) is None:
        return
    phases = [(f"phases[{number}].weights", phase.weights or {}) for number, phase in enumerate(recipe.phases)]
    trained = recipe.tokenizer.train.weights if recipe.tokenizer.train is not None else {}
    for place, weights in (("mixture.weights", recipe.mixture.weights), *phases, ("tokenizer.train.weights", trained)):
        for group in weights:
            lang = group.partition("/")[0] if place != "tokenizer.train.weights" else group
            if lang not in langs:
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
