"""How checkpoints are judged: on held-out text, on probes, and by what they write."""

from typing import Annotated

from pydantic import Field

from smelt.recipe.base import Config
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.probes import ProbeSet
from smelt.recipe.texts import TextSet


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


class JudgeConfig(Config):
    """What a checkpoint is judged on."""

    max_tokens_per_label: int = Field(32_768, ge=128)
    """Held-out tokens of each language and domain that are scored at most, taken in document order."""
    sequence_length: int | None = Field(None, ge=16)
    """Context in tokens; by default that of the phase which the checkpoint is from."""
    probes: tuple[ProbeSet, ...] = ()
    """Files of probes: single questions that are followed over checkpoints."""
    benchmarks: tuple[Benchmark, ...] = ()
    """Benchmarks, each asked in one or several forms."""
    texts: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")], TextSet] = Field(default_factory=dict)
    """Texts of one's own by name: their loss, and a gate on it."""
    generation: Generation = Generation()
    """Sample texts."""


class EvaluateConfig(JudgeConfig):
    """Which checkpoints are judged, and on what."""

    max_checkpoints: int | None = Field(8, ge=1)
    """Checkpoints that are judged at most: the last one, and others at even distances before it; `null` for all."""
    max_probe_fall: float = Field(0.1, gt=0, le=1)
    """By how much a probe's probability may fall below its highest of earlier checkpoints before it is an alarm, as
    is a preference that turns."""

    def of_one(self) -> JudgeConfig:
        """What decides the figures of one checkpoint: no gate, and nothing of how many there are."""
        own = self.model_copy(update={"texts": {name: one.without_gate() for name, one in self.texts.items()}})
        return JudgeConfig(**{name: getattr(own, name) for name in JudgeConfig.model_fields})


def with_digests(config: EvaluateConfig) -> EvaluateConfig:
    """The config with the digest of every file filled in; what the fingerprint is taken over.

    Raises:
        RecipeError: for a file that isn't there, and for questions that can't be asked.
    """
    for probes in config.probes:
        probes.insist()
    for benchmark in config.benchmarks:
        benchmark.insist()
    for name, texts in config.texts.items():
        texts.documents(name)
    return config.model_copy(
        update={
            "probes": tuple(item.with_digest() for item in config.probes),
            "texts": {name: texts.with_digest(name) for name, texts in config.texts.items()},
            "benchmarks": tuple(item.with_digest() for item in config.benchmarks),
        }
    )
