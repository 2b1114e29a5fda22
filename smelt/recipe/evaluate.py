"""How checkpoints are judged: on held-out text, on probes, and by what they write."""

from typing import Any

from pydantic import Field

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.reading import attached


class ProbeSet(Config):
    """Questions whose right answer should be likelier than the wrong ones.

    A line of the file is a JSON object: ``prompt``, ``answer``, and ``choices`` (all answers, the right
    one among them). The answers are continuations of the prompt and written as such, with their leading
    space where the language has one.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Name, as it stands in the report."""
    path: str
    """JSON Lines file: a path in the checkout, or `s3://bucket/key`."""
    digest: str = ""
    """SHA-256 of the file's bytes. Filled in from the file, so that edited probes are new ones."""

    def with_digest(self) -> "ProbeSet":
        """This set with the digest of its file."""
        return self.model_copy(update={"digest": attached.digest(self.path, where=self._where)})

    @property
    def _where(self) -> str:
        return f"evaluate.{self.name}"

    def items(self) -> list[dict[str, Any]]:
        """The questions, in the file's order.

        Raises:
            RecipeError: when the file is missing or not what ``digest`` says, or a line lacks a field.
        """
        found = []
        for where, item in attached.json_lines(self.path, where=self._where, digest=self.digest):
            if missing := [field for field in ("prompt", "answer") if not item.get(field)]:
                raise RecipeError(f"has no {missing[0]!r}", where=where, mend="add it")
            if not all(isinstance(item[field], str) for field in ("prompt", "answer")):
                raise RecipeError("prompt and answer are not both texts", where=where, mend="write them in quotes")
            if "choices" in item:
                _check_choices(item["choices"], item["answer"], where)
            found.append(item)
        return found

    def insist_on_choices(self) -> None:
        """See that every question can be answered wrongly, too.

        Raises:
            RecipeError: as ``items`` does, when there is no question, and when one has no choices.
        """
        items = self.items()
        if not items:
            raise RecipeError("has no question", where=f"{self._where}: {self.path}", mend="write one a line")
        for number, item in enumerate(items, start=1):
            if "choices" not in item:
                where = f"{self._where}: {self.path}, question {number}"
                raise RecipeError("has no 'choices'", where=where, mend="add them, or name the set under `benchmarks`")


def _check_choices(choices: Any, answer: str, where: str) -> None:
    if not isinstance(choices, list) or not all(isinstance(choice, str) and choice for choice in choices):
        raise RecipeError("the choices are no list of texts", where=where, mend='write "choices": ["one", "two"]')
    if answer not in choices:
        raise RecipeError("the answer is not among the choices", where=where, mend="add it to `choices`")
    if len(set(choices)) < max(2, len(choices)):
        raise RecipeError("the choices are fewer than two, or one comes twice", where=where, mend="mend `choices`")


class Generation(Config):
    """Text that the model writes, kept in the report."""

    prompts: tuple[str, ...] = ("今天的天气", "这个函数的作用是", "The quick brown fox", "def main():\n")
    """Beginnings that it goes on from."""
    max_tokens: int = Field(48, ge=1, le=2048)
    """Tokens to write after each."""
    temperature: float = Field(0.7, ge=0)
    """Softmax temperature of sampling; 0 takes the likeliest token."""
    seed: int = 1234
    """Seed of sampling."""


class EvaluateConfig(Config):
    """Which checkpoints are judged, and on what."""

    max_checkpoints: int = Field(8, ge=1)
    """Checkpoints that are judged at most: the last one, and others at even distances before it."""
    max_tokens_per_label: int = Field(32_768, ge=128)
    """Held-out tokens of each language and domain that are scored at most, taken in document order."""
    sequence_length: int | None = Field(None, ge=16)
    """Context in tokens; by default that of the phase which the checkpoint is from."""
    probes: tuple[ProbeSet, ...] = ()
    """Multiple-choice probes."""
    benchmarks: tuple[Benchmark, ...] = ()
    """Benchmarks, each asked in one or several forms."""
    generation: Generation = Generation()
    """Sample texts."""


def with_digests(config: EvaluateConfig) -> EvaluateConfig:
    """The config with the digest of every file filled in; what the fingerprint is taken over.

    Raises:
        RecipeError: for a file that isn't there, and for questions that can't be asked.
    """
    for probes in config.probes:
        probes.insist_on_choices()
    for benchmark in config.benchmarks:
        benchmark.insist()
    return config.model_copy(
        update={
            "probes": tuple(item.with_digest() for item in config.probes),
            "benchmarks": tuple(item.with_digest() for item in config.benchmarks),
        }
    )
