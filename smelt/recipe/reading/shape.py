"""Which types may stand at a place of a recipe, and what stands there when nothing is written.

A place is a path of keys and list indexes. Of a union (``kind: files`` or ``kind: deb``) the members count whose own
words fit what is written beside.
"""

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

Place = tuple[str | int, ...]


def flat(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without unions and what is annotated."""
    if get_origin(annotation) is Annotated:
        return flat(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [one for argument in get_args(annotation) for one in flat(argument)]
    return [annotation]


def inside(kind: Any, step: str | int, value: Any) -> list[Any]:
    """The types that may stand at a step into a value of this type; none where it has no such step."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step)) if _fits(kind, value) else None
        return [] if field is None else flat(field.annotation)
    arguments = get_args(kind)
    if get_origin(kind) is dict:
        return flat(arguments[1])
    return flat(arguments[0]) if get_origin(kind) in (tuple, list) and isinstance(step, int) else []


def types_at(root: type[BaseModel], raw: Any, place: Place) -> list[Any]:
    """The types that may stand at a place of a raw document, of which ``root`` is the whole."""
    found: list[Any] = [root]
    for number, step in enumerate(place):
        value = value_at(raw, place[:number])
        found = [one for kind in found for one in inside(kind, step, value)]
    return found


def value_at(raw: Any, place: Place) -> Any:
    """What stands at a place, or None."""
    for step in place:
        if isinstance(raw, Mapping):
            raw = raw.get(step)
        elif isinstance(raw, Sequence) and not isinstance(raw, str) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        else:
            return None
    return raw


def default_at(root: type[BaseModel], raw: Any, place: Place) -> Any:
    """What is meant at a place where nothing is written, as it would be written; None for nothing."""
    *above, key = place
    for kind in types_at(root, raw, tuple(above)):
        if isinstance(kind, type) and issubclass(kind, BaseModel) and key in kind.model_fields:
            field = kind.model_fields[str(key)]
            default = field.get_default(call_default_factory=True, validated_data={})
            if default is not PydanticUndefined and default is not None:
                return written(default)
    return None


def written(value: Any) -> Any:
    """A value as a document of its own has it: of a model the fields that were given."""
    if isinstance(value, BaseModel):
        return {
            name: written(getattr(value, name)) for name in type(value).model_fields if name in value.model_fields_set
        }
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [written(item) for item in value]
    return value


def _fits(model: type[BaseModel], value: Any) -> bool:
    """Whether what is written is one of the model's words, where it has but some to choose from."""
    if not isinstance(value, Mapping):
        return True
    for name, field in model.model_fields.items():
        words = [word for kind in flat(field.annotation) if get_origin(kind) is Literal for word in get_args(kind)]
        if words and name in value and len(words) == len(flat(field.annotation)) and value[name] not in words:
            return False
    return True
