"""Sets of the user's own texts, which a model's loss is taken on beside the held-out text of its own corpus."""

import hashlib

from pydantic import Field

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.benchmarks.rows import files, rows
from smelt.recipe.reading import attached


class TextSet(Config):
    """Documents to take the loss of."""

    path: str
    """A text file (`.txt`: one document), JSON Lines, CSV or Parquet with a column `text`, or a folder of these: a path
    in the checkout, or `s3://bucket/key`."""
    max_loss: float | None = Field(None, gt=0)
    """Loss in nats per token that the last checkpoint may have at most; a gate. It depends on the tokenizer."""
    digest: str = ""
    """SHA-256 of the files' bytes. Filled in from them, so that edited texts are new ones."""

    def with_digest(self, name: str) -> "TextSet":
        """This set with the digest of its files."""
        return self.model_copy(update={"digest": self._digest(name)})

    def without_gate(self) -> "TextSet":
        """The same texts, whatever loss is asked for."""
        return self.model_copy(update={"max_loss": None})

    def documents(self, name: str) -> list[str]:
        """The documents, in the files' order.

        Args:
            name: of the set, for errors.

        Raises:
            RecipeError: when a file is missing or not what ``digest`` says, or a row has no text.
        """
        where = f"evaluate.texts.{name}"
        if self.digest and (found := self._digest(name)) != self.digest:
            raise RecipeError(
                f"the files' digest is {found[:12]}…, not {self.digest[:12]}…",
                where=f"{where}: {self.path}",
                mend="they changed since the plan was made: plan again, or correct `digest`",
            )
        documents = [text for path in self._files(name) for text in _texts(path, where)]
        if not any(text.strip() for text in documents):
            raise RecipeError("holds no text", where=f"{where}: {self.path}", mend="give documents")
        return documents

    def _files(self, name: str) -> list[str]:
        if self.path.endswith(".txt"):
            return [self.path]
        return files(self.path, where=f"evaluate.texts.{name}", more=("txt",))

    def _digest(self, name: str) -> str:
        total = hashlib.sha256()
        for path in self._files(name):
            total.update(f"{path}\0{attached.digest(path, where=f'evaluate.texts.{name}')}\n".encode())
        return total.hexdigest()


def _texts(path: str, where: str) -> list[str]:
    if path.endswith(".txt"):
        try:
            return [attached.read(path, where=where).decode("utf-8-sig")]
        except UnicodeDecodeError:
            raise RecipeError("not UTF-8", where=f"{where}: {path}", mend="give a text file") from None
    found = []
    for place, row in rows(path, where=where, header=True):
        if not isinstance(row.get("text"), str):
            raise RecipeError("has no `text`", where=f"{where}: {place}", mend="give each document in `text`")
        found.append(row["text"])
    return found
