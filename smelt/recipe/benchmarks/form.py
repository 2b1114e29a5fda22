"""The forms in which items are asked, as a recipe writes them: ``single+relabel+letters``, ``completion:tokens``."""

from dataclasses import dataclass

from smelt.errors import RecipeError

CHANGES = ("unseen", "single", "none_of_the_others", "relabel")
"""What may be done before an item is asked, in the order in which it is done: to the model, then to the options."""
OPTIONS: dict[str, tuple[str, ...]] = {
    "letters": (),
    "completion": ("bytes", "tokens", "unconditional", "sum"),
    "contrast": ("bytes", "tokens", "unconditional", "sum"),
    "generate": ("begins", "line", "number", "letter", "code"),
}
"""The styles, and after a colon how an option's likelihood is normalized or how an answer is taken from a text."""


@dataclass(frozen=True)
class Form:
    """How items are asked.

    Attributes:
        name: as the recipe writes it.
        changes: of ``CHANGES``.
        style: of ``OPTIONS``.
        option: the normalization or the rule of extraction; empty for ``letters``; of ``generate`` possibly
            ``regex(…)``, whose first group is the answer.
    """

    name: str
    changes: tuple[str, ...]
    style: str
    option: str


def parse(name: str, *, where: str) -> Form:
    """The form of that name.

    Raises:
        RecipeError: when there is none, or its parts don't go together.
    """
    head, colon, option = name.partition(":")
    *steps, last = head.split("+")
    if last in CHANGES:
        steps, last = [*steps, last], "completion" if last == "unseen" else "letters"
    known = f"one of {', '.join(OPTIONS)}, after {', '.join(f'{step}+' for step in CHANGES)} where wanted"
    if last not in OPTIONS or not set(steps) <= set(CHANGES) or len(set(steps)) < len(steps):
        raise RecipeError(f"there is no form {name!r}", where=where, mend=f"write {known}")
    if set(steps) & {"relabel", "none_of_the_others"} and not (
        last == "letters" or (last, option) == ("generate", "letter")
    ):
        raise RecipeError(f"{name!r} shows no letters", where=where, mend=f"write {'+'.join(steps)}+letters")
    if "unseen" in steps and (last not in ("letters", "completion") or "none_of_the_others" in steps):
        raise RecipeError(
            f"{name!r} asks for no answer that can be remembered among others",
            where=where,
            mend="write unseen+completion or unseen+letters, perhaps with single+ or relabel+",
        )
    if option.startswith("regex(") and option.endswith(")") and last == "generate":
        _check_regex(option, where)
    elif colon and option not in OPTIONS[last]:
        mend = f"write one of {', '.join(OPTIONS[last])}" if OPTIONS[last] else "leave it out"
        raise RecipeError(f"{last} has no {option!r}", where=where, mend=mend)
    default = {"completion": "bytes", "contrast": "bytes", "generate": "begins"}.get(last, "")
    return Form(name, tuple(step for step in CHANGES if step in steps), last, option or default)


def _check_regex(option: str, where: str) -> None:
    """By polars, which applies it: its expressions take time in proportion to the text, and it refuses others."""
    import polars as pl  # only here: DAGs are parsed without it

    try:
        groups = pl.Series([""]).str.extract_groups(option[6:-1])
    except pl.exceptions.ComputeError as error:
        said = " ".join(str(error).split())
        mend = "mend it; looking around and referring back can't be done"
        raise RecipeError(f"no regular expression: {said}", where=where, mend=mend) from None
    if len(groups.struct.fields) != 1:
        raise RecipeError("the regular expression has not one group", where=where, mend="put the answer in (…)")
