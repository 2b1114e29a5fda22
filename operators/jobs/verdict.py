"""The trigger of a gate: reads a verdict, or has a Ray job give it."""

from typing import ClassVar

from operators.counters import Subject, count_in_trigger
from operators.jobs.trigger import FailureError, StageTrigger
from smelt.gates.approval import find_approval
from smelt.gates.result import GateResult
from smelt.lake import Lake
from smelt.plan import Planned
from smelt.run import Run


class GateTrigger(StageTrigger):
    """Reads the verdict of a stage's gate, and has the gate run where there is none yet."""

    counted: ClassVar[Subject] = "gates"
    may_be_ahead = False

    def job_name(self, planned: Planned) -> str:
        """The gate's job: by artifact and suite."""
        return f"{planned.stage}-{planned.fingerprint}-gate-{planned.suite}"

    def _stops(self, lake: Lake, run: Run) -> bool:
        """What is made is judged."""
        return False

    def reached(self, lake: Lake, run: Run) -> bool:
        """Whether the gate has passed, or a person has approved what it found.

        Raises:
            FailureError: when it has failed.
        """
        planned = run.planned(self.stage)
        found = lake.find_json(planned.gate_key)
        if found is None:
            return False
        result = GateResult.model_validate(found)
        for item in result.expectations:
            said = self.log.info if item.success else self.log.error
            verdict = "holds" if item.success else "FAILS"
            said("%s %s: observed %s, expected %s", verdict, item.name, item.observed, item.expected)
        if result.success:
            count_in_trigger(self.counted, "passed", self.stage)
            return True
        approval = find_approval(lake, planned.kind, planned.fingerprint, planned.suite)
        if approval is not None:
            self.log.info("%s", approval.sentence)
            if approval.approved:
                return True
            if approval.run == run.id:  # a retry must not ask the same question again
                raise FailureError(approval.rejection_of(self.stage), again=False)
        raise FailureError(_verdict_line(result), again=False, ask=run.recipe.asks(self.stage))


def _verdict_line(result: GateResult) -> str:
    """One line on a failed gate: the first expectation that does not hold, and how many more there are."""
    first, *others = result.failures
    return f"gate of {result.stage} failed: {first}{f' (and {len(others)} more)' if others else ''}"
