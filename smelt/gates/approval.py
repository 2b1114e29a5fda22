"""Approvals: a person's decision on a gate that has failed.

The decision lies beside the gate's result, so it holds for the artifact and the very tolerances that it was made
under: a recipe that asks for other tolerances asks for its own verdict. The result itself stays as it is. The latest
decision is the one that counts; what was decided in a run stands in the run too, where no later one takes its place.
"""

import re
from datetime import datetime
from typing import Literal

from markupsafe import escape
from pydantic import BaseModel, ConfigDict

from smelt.gates.result import GateResult
from smelt.gates.suite import approval_key
from smelt.lake import Lake

_PLACE = re.compile(r"(<!-- decision -->).*?(<!-- end of decision -->)", re.DOTALL)


class Approval(BaseModel):
    """What a person decided.

    Attributes:
        by: the user's name in Airflow.
        run: the run in which it was asked.
        expectations: what did not hold, a line each, as it was shown.
    """

    model_config = ConfigDict(frozen=True)
    decision: Literal["approved", "rejected"]
    by: str
    when: datetime
    run: str
    expectations: tuple[str, ...]

    @property
    def approved(self) -> bool:
        """Whether the artifact may be used."""
        return self.decision == "approved"

    @property
    def sentence(self) -> str:
        """Who decided what, and when."""
        return f"{self.decision} by {self.by} on {self.when:%Y-%m-%d %H:%M} UTC, in run {self.run}"

    def rejection_of(self, stage: str) -> str:
        """The one line of a stage that fails because a person rejected it."""
        return f"gate of {stage} failed and was {self.sentence}"


def find_approval(lake: Lake, stage: str, fingerprint: str, suite: str) -> Approval | None:
    """The latest decision on an artifact's gate, or None where nobody has been asked."""
    found = lake.find_json(approval_key(stage, fingerprint, suite))
    return None if found is None else Approval.model_validate(found)


def record_approval(lake: Lake, result: GateResult, approval: Approval) -> None:
    """Write a decision down, and on the gate's page; it takes the place of an earlier one."""
    page = lake.get(result.docs).decode()
    sentence = approval.sentence[0].upper() + approval.sentence[1:]
    shown = f"<p><strong>{escape(sentence)}.</strong></p>"
    lake.put(result.docs, _PLACE.sub(lambda place: place[1] + shown + place[2], page).encode())
    key = approval_key(result.stage, result.fingerprint, result.suite)
    lake.put(key, approval.model_dump_json().encode())


def record_decision(lake: Lake, stage: str, approval: Approval) -> None:
    """Write down in the run what was decided on a stage of it, by the stage's name."""
    lake.put(_decision_key(approval.run, stage), approval.model_dump_json().encode())


def find_decision(lake: Lake, run: str, stage: str) -> Approval | None:
    """What was decided in a run on a stage, or None where nobody was asked in it."""
    found = lake.find_json(_decision_key(run, stage))
    return None if found is None else Approval.model_validate(found)


def _decision_key(run: str, stage: str) -> str:
    return f"runs/{run}/approvals/{stage}.json"
