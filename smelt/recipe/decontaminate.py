"""Which benchmarks may not be found in the training text, and what counts as finding one."""

from typing import Literal

from pydantic import Field

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.benchmarks.config import Benchmark as Published
from smelt.recipe.benchmarks.config import Layout
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.reading import attached

HITS = ".hits.parquet"
"""Suffix of what a part's documents hold of benchmarks: ``id``, ``benchmark``, ``item`` and ``passage`` (its first
characters) of each hit."""


class Benchmark(Config):
    """A set of questions and answers that the model will be judged by."""

    name: str
    """Name, as it stands in a dropped document's reason."""
    path: str
    """JSON Lines file: a path in the checkout, `s3://bucket/key`, or `hf://datasets/owner/name@revision/path`."""
    fields: tuple[str, ...] = ("prompt", "answer")
    """Fields of a line that make up its text, in this order; without `layout` alone."""
    layout: Layout | None = None
    """How a published set's rows are to be read, as in `evaluate.benchmarks`; an item's text is then its question and
    its right answers."""
    digest: str = ""
    """SHA-256 of the file's bytes. Filled in from the file, so that an edited benchmark is a new one."""

    def with_digest(self) -> "Benchmark":
        """This benchmark with the digest of its file."""
        if self.layout is not None:
            return self.model_copy(update={"digest": self._published().with_digest().digest})
        return self.model_copy(update={"digest": attached.digest(self.path, where=self._where)})

    @property
    def _where(self) -> str:
        return f"decontaminate.benchmarks.{self.name}"

    def _published(self) -> Published:
        layout = self.layout or "plain"
        return Published.model_construct(name=self.name, path=self.path, layout=layout, digest=self.digest)

    def texts(self) -> list[str]:
        """The text of each line: its fields, joined by a space; fields that a line hasn't are left out.

        Raises:
            RecipeError: when the file is missing or not what `digest` says, a line is not a JSON object, or it has
                none of the fields.
        """
        if self.layout is not None:
            return self._published().texts()
        texts = []
        for where, item in attached.json_lines(self.path, where=self._where, digest=self.digest):
            found = [str(item[field]) for field in self.fields if item.get(field) is not None]
            if not found:
                raise RecipeError(f"has none of the fields {', '.join(self.fields)}", where=where, mend="set `fields`")
            texts.append(" ".join(found))
        return texts


class DecontaminateConfig(Config):
    """How text that holds benchmark items is removed (n-gram overlap, as in GPT-3, Brown et al. 2020, app. C)."""

    benchmarks: tuple[Benchmark, ...] = ()
    """What to look for, beside the evaluation's own sets."""
    evaluation: bool = True
    """Whether the benchmarks that `evaluate` names are looked for, too. Its probes are not: they ask what the text
    says."""
    ngram_words: int = Field(default=13, ge=2, le=64)
    """Words in a row, lower-cased and without punctuation, that a document may not share with a benchmark item."""
    ngram_characters: int = Field(default=20, ge=2, le=128)
    """The same for Chinese items, in units: an ideograph is one unit, so is a word in Latin letters."""
    shortest_words: int = Field(default=8, ge=1)
    """An item of fewer than `ngram_words` words is looked for as a whole, down to this many words; shorter
    ones cannot be told from ordinary text and are only counted."""
    shortest_characters: int = Field(default=12, ge=1)
    """The same for Chinese items, in units."""
    remove: Literal["document", "passage"] = "document"
    """What goes where an item is met: the document, or the sentences that hold what was met; of code, a table or a
    quotation the paragraph."""
    min_left: float = Field(default=0.3, ge=0, le=1)
    """With `passage`, a document of which a smaller share of bytes would be left goes whole."""


def with_evaluation(config: DecontaminateConfig, evaluate: EvaluateConfig) -> DecontaminateConfig:
    """The config with the evaluation's own sets added, unless it says not to; a file comes once."""
    if not config.evaluation:
        return config
    found = list(config.benchmarks)
    own = [Benchmark(name=item.name, path=item.path, layout=item.layout) for item in evaluate.benchmarks]
    for item in own:
        if item.path in {known.path for known in found}:
            continue
        taken = {known.name for known in found}
        free = item.name if item.name not in taken else f"evaluate-{item.name}"
        while free in taken:
            free += "-too"
        found.append(item.model_copy(update={"name": free}))
    return config.model_copy(update={"benchmarks": tuple(found)})


def with_digests(config: DecontaminateConfig) -> DecontaminateConfig:
    """The config with every benchmark's digest filled in from its file; what the fingerprint is taken over."""
    return config.model_copy(update={"benchmarks": tuple(item.with_digest() for item in config.benchmarks)})
