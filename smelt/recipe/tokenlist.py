"""Tokens that a recipe names: in the recipe itself, or one a line in a file beside it."""

from typing import Any

from pydantic import model_validator

from smelt.recipe.base import Config
from smelt.recipe.reading import attached


class TokenList(Config):
    """Strings; a list stands for ``tokens``, a string for ``path``."""

    tokens: tuple[str, ...] = ()
    """The strings themselves."""
    path: str | None = None
    """Text file of them, one a line: a path in the checkout, or `s3://bucket/key`. Empty lines are passed over."""
    digest: str = ""
    """SHA-256 of that file's bytes. Filled in from the file, so that an edited list is a new one."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"path": data}
        return {"tokens": data} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _something(self) -> "TokenList":
        if any(not token.strip() for token in self.tokens):
            raise ValueError("an empty string is no token (leave it out)")
        return self

    def with_digest(self, where: str) -> "TokenList":
        """This list with the digest of its file.

        Args:
            where: the recipe path that names it, for errors.
        """
        if self.path is None:
            return self
        return self.model_copy(update={"digest": attached.digest(self.path, where=where)})

    def read(self, where: str) -> tuple[str, ...]:
        """All strings, each once, in the order in which they are given.

        Raises:
            RecipeError: when the file is missing or not what ``digest`` says.
        """
        text = "" if self.path is None else attached.read(self.path, where=where, digest=self.digest).decode()
        lines = (line.strip() for line in text.splitlines())
        return tuple(dict.fromkeys((*self.tokens, *(line for line in lines if line))))
