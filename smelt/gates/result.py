"""The result of a gate, as it lies in the lake."""

from pydantic import BaseModel, ConfigDict


class Outcome(BaseModel):
    """One expectation and what was found.

    Attributes:
        name: the expectation as a sentence.
        success: whether it holds.
        observed: what was found, as text.
        expected: what was asked for, as text.
        sampled: whether it was asked of a sample of the rows.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    success: bool
    observed: str
    expected: str
    sampled: bool = False


class GateResult(BaseModel):
    """What a gate said of an artifact.

    Attributes:
        success: whether every expectation holds.
        docs: key of the page to open.
    """

    model_config = ConfigDict(frozen=True)
    success: bool
    stage: str
    fingerprint: str
    suite: str
    expectations: tuple[Outcome, ...]
    docs: str

    @property
    def failures(self) -> list[str]:
        """What does not hold, a line each: the sentence, what was found and what was asked for."""
        return [f"{item.name}: {item.observed}, not {item.expected}" for item in self.expectations if not item.success]
