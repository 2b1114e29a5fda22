"""A benchmark in a recipe: where its items lie, and how they are asked."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.benchmarks.form import Form, parse
from smelt.recipe.benchmarks.item import Item
from smelt.recipe.benchmarks.layouts import LAYOUTS, WITHOUT_HEADER
from smelt.recipe.benchmarks.rows import files, rows, subject_of
from smelt.recipe.reading import attached

Layout = Literal[
    "plain",
    "questions",
    "ceval",
    "cmmlu",
    "mmlu",
    "arc",
    "hellaswag",
    "winogrande",
    "piqa",
    "gsm8k",
    "lambada",
    "humaneval",
    "mbpp",
]
CODE: tuple[Layout, ...] = ("humaneval", "mbpp")
DEFAULT_FORMS = {"gsm8k": "generate:number", "lambada": "completion:sum", "humaneval": "generate:code"} | {
    "mbpp": "generate:code"
}


class Benchmark(Config):
    """A set of items, and the forms in which they are asked."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Name, as it stands in the report."""
    path: str
    """JSON Lines, CSV or Parquet file, or a folder of them: a path in the checkout, `s3://bucket/key`, or
    `hf://datasets/owner/name@revision/path` on the hub."""
    layout: Layout = "plain"
    """How the file's rows are to be read: as the set of that name is published."""
    forms: tuple[str, ...] = ()
    """`letters`, `completion[:bytes|tokens|unconditional|sum]`, `contrast[:…]`, `generate[:begins|line|number|letter|
    code|regex(…)]`, with `unseen+`, `single+`, `none_of_the_others+`, `relabel+` before. By default `completion` where
    there are choices, else `generate`."""
    shots: int = Field(0, ge=0, le=64)
    """Examples with their answers before each item."""
    shots_from: str = ""
    """File or folder of the examples, in the same layout; of each item's subject where it has some. By default the
    set's own first items, which are then not asked."""
    lang: Literal["", "en", "zh"] = ""
    """Language of the words that forms put around an item; by default the item's own."""
    max_new_tokens: int = Field(0, ge=0, le=4096)
    """Tokens of a generated answer; 0 takes what the rule of extraction needs."""
    execute: bool = False
    """Whether generated programs may be run: code that a model wrote, in a process without network and home."""
    seed: int = 1234
    """Seed of shuffled options and labels."""
    digest: str = ""
    """SHA-256 of the files' bytes. Filled in from them, so that an edited set is a new one."""

    @property
    def _where(self) -> str:
        return f"evaluate.benchmarks.{self.name}"

    def with_digest(self) -> "Benchmark":
        """This set with the digest of its files."""
        total = hashlib.sha256()
        for path in self._paths():
            total.update(f"{path}\0{attached.digest(path, where=self._where)}\n".encode())
        return self.model_copy(update={"digest": total.hexdigest()})

    def _paths(self) -> list[str]:
        return [path for place in (self.path, self.shots_from) if place for path in files(place, where=self._where)]

    def asked_in(self) -> tuple[Form, ...]:
        """The forms, the default ones where none is named.

        Raises:
            RecipeError: for a form that isn't there, or named twice.
        """
        names = self.forms or (DEFAULT_FORMS.get(self.layout) or self._usual(),)
        if len(set(names)) < len(names):
            raise RecipeError("a form is named twice", where=f"{self._where}.forms", mend="name it once")
        return tuple(parse(name, where=f"{self._where}.forms") for name in names)

    def _usual(self) -> str:
        return "completion" if all(item.choices for item in self._read(self.path)) else "generate"

    def items(self) -> tuple[Item, ...]:
        """The items that are asked, in the files' order.

        Raises:
            RecipeError: when a file is missing or not what ``digest`` says, or a row is no item of this layout.
        """
        if self.digest and (found := self.with_digest().digest) != self.digest:
            raise RecipeError(
                f"the files' digest is {found[:12]}…, not {self.digest[:12]}…",
                where=f"{self._where}: {self.path}",
                mend="they changed since the plan was made: plan again, or correct `digest`",
            )
        found_items = tuple(self._read(self.path))
        return found_items if self.shots_from else found_items[self.shots :]

    def examples(self) -> tuple[Item, ...]:
        """What examples are taken from, in the files' order."""
        if not self.shots:
            return ()
        return tuple(self._read(self.shots_from)) if self.shots_from else tuple(self._read(self.path))[: self.shots]

    def _read(self, path: str) -> Iterator[Item]:
        number = 0
        for file in files(path, where=self._where):
            for place, row in rows(file, where=self._where, header=self.layout not in WITHOUT_HEADER):
                item = LAYOUTS[self.layout](row, place, subject_of(file)).checked(place)
                number += 1
                lang = self.lang or item.lang or ("zh" if _is_chinese(item.question) else "en")
                yield replace(item, id=item.id or str(number), lang=lang)

    def insist(self) -> None:
        """See that every item can be asked in every form.

        Raises:
            RecipeError: as ``items`` does; when nothing is left to ask; when a form doesn't fit an item.
        """
        items, examples = self.items(), self.examples()
        if not items:
            raise RecipeError("has no item to ask", where=f"{self._where}: {self.path}", mend="write more than `shots`")
        if len(examples) < self.shots:
            raise RecipeError(
                f"has {len(examples)} examples, not {self.shots}", where=self._where, mend="lower `shots`"
            )
        for form in self.asked_in():
            where = f"{self._where}: {form.name}"
            needs = form.style in ("letters", "contrast") or form.changes or form.option == "letter"
            if form.style == "generate" and any(item.contexts for item in items):
                raise RecipeError("a gap can't be filled by generation", where=where, mend="ask it by completion")
            if needs and (bare := [item.id for item in items if not item.choices or item.contexts]):
                raise RecipeError(
                    f"item {bare[0]} has no choices to show", where=where, mend="ask it by completion or generate"
                )
            if "unseen" in form.changes and (all_right := [i.id for i in items if len(set(i.right)) == len(i.choices)]):
                raise RecipeError(
                    f"item {all_right[0]} has no wrong choice to compare with", where=where, mend="take the item out"
                )
            if form.option == "code" and not all(item.tests for item in items):
                raise RecipeError("the items have no tests", where=where, mend=f"use {' or '.join(CODE)}")
            if form.option == "code" and not self.execute:
                raise RecipeError(
                    "programs that a model wrote are not run unasked", where=where, mend="set `execute: true`"
                )

    def texts(self) -> list[str]:
        """Each item's question and right answers as one text: what training text may not hold."""
        return [
            " ".join(
                [*item.contexts[:1], item.question, *(item.texts or [item.choices[index] for index in item.right])]
            )
            for item in self.items()
        ]


def _is_chinese(text: str) -> bool:
    return any("一" <= char <= "鿿" for char in text)
