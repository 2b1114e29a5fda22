"""The base of all recipe models."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from smelt.recipe.reading.shape import flat, inside
from smelt.recipe.reading.wrong import WrongError


class Config(BaseModel):
    """A frozen, strict model: an unknown key is an error, and nothing changes after validation.

    A number is a finite one, and true and false are none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, values: Any) -> Any:
        if isinstance(values, dict):
            fields = [(name, value) for name, value in values.items() if name in cls.model_fields]
            wrong = [line for name, value in fields for line in _truths(str(name), value, _types(cls, name))]
            if wrong:
                raise WrongError(wrong)
        return values


def _truths(path: str, value: Any, types: tuple[Any, ...]) -> Iterator[str]:
    """Every true or false where one of the types asks for a number; what is inside models is theirs to say."""
    if isinstance(value, bool) and bool not in types and (int in types or float in types):
        yield f"{path}: {str(value).lower()} is no number (write one)"
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        step = f"[{key}]" if isinstance(key, int) else f".{key}"
        plain = [kind for kind in types if not (isinstance(kind, type) and issubclass(kind, BaseModel))]
        yield from _truths(path + step, item, tuple(one for kind in plain for one in inside(kind, key, value)))


@cache
def _types(model: type[BaseModel], name: str) -> tuple[Any, ...]:
    return tuple(flat(model.model_fields[name].annotation))
