"""Which suite an artifact is held to, and where its result lies.

A gate's result belongs to an artifact and a suite. The suite is named by the gates' version, the stage
and the stage's tolerances, so that a changed tolerance asks for a new result and nothing else does.
Planning needs the name alone: this module imports nothing of Great Expectations.
"""

from typing import TYPE_CHECKING

from smelt.identity import digest

if TYPE_CHECKING:
    from smelt.recipe.gates import GatesConfig

GATE_VERSION = 4
"""Raised when the meaning of the expectations changes."""


def suite_id(stage: str, gates_config: "GatesConfig") -> str:
    """Name of the suite of ``stage`` under these tolerances: 12 hex digits."""
    return digest({"version": GATE_VERSION, "stage": stage, "config": getattr(gates_config, stage)})[:12]


def gate_root(stage: str, fingerprint: str, suite: str) -> str:
    """Key prefix of everything that a gate writes, ending with a slash."""
    return f"{stage}/{fingerprint}/gates/{suite}/"


def approval_key(stage: str, fingerprint: str, suite: str) -> str:
    """Key of a person's decision on a failed gate: there once somebody has decided."""
    return gate_root(stage, fingerprint, suite) + "approval.json"


def result_key(stage: str, fingerprint: str, suite: str) -> str:
    """Key of a gate's result: there once the gate has run."""
    return gate_root(stage, fingerprint, suite) + "result.json"
