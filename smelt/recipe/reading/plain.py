"""YAML that somebody else may have written, as plain values: of a bounded size once its aliases are written out."""

from typing import Any

import yaml

from smelt.errors import RecipeError

MOST_VALUES = 100_000
"""How many values a document may have; a few lines of aliases to aliases can stand for any number."""
DEEPEST = 50
"""How many lists and mappings may stand in each other: what walks over the values calls itself at each."""


def plain(text: str, *, where: str) -> Any:
    """What a YAML document says.

    Raises:
        RecipeError: one line for what is no YAML, has a value that there can't be (a day such as 2026-02-30), or is
            larger than any that is meant to be read.
    """
    try:
        values = yaml.safe_load(text)
        count = _count(values, {}, 0)
    except yaml.YAMLError as error:
        raise RecipeError(" ".join(str(error).split()), where=where, mend="mend the YAML") from None
    except RecursionError:
        raise RecipeError("lists and mappings stand too deep in each other", where=where, mend="flatten it") from None
    except ValueError as error:
        raise RecipeError(f"a value can't be: {error}", where=where, mend="mend it, or quote it as a text") from None
    if count > MOST_VALUES:
        line = f"with its aliases written out it has more than {MOST_VALUES:,} values"
        raise RecipeError(line, where=where, mend="leave aliases to aliases out")
    return values


def _count(value: Any, known: dict[int, int], depth: int) -> int:
    """The values in a value, itself included; each shared one is counted once and multiplied.

    Raises:
        RecursionError: they stand too deep in each other, or in themselves.
    """
    if depth > DEEPEST:
        raise RecursionError
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        inside = [*value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count(item, known, depth + 1) for item in inside)
    return known[id(value)]
