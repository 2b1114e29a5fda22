"""The operator of a gate: the data-quality verdict on a stage's artifact.

The stage's own job runs the gate while its driver is still warm, so there is nearly always a result
to read; where there is none (the suite has changed since), a job makes it.

A failed gate of a stage that the recipe or the trigger form names under ``approve`` is shown to a person. The task
then waits in Airflow's state ``awaiting_input``, which costs no process and no trigger, until somebody answers
on its page (*Required actions*) or by the API. The answer is written beside the gate's result in the lake, and in the
run.
"""

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from operators.addresses import page
from operators.counters import Subject, count_in_task
from operators.jobs.stage import RayStageOperator
from operators.notify import SmeltNotifier
from operators.retries import leave

if TYPE_CHECKING:
    from smelt.gates.result import GateResult

APPROVE, REJECT = "Approve", "Reject"


def question(result: "GateResult", docs: str) -> str:
    """What a person is shown, as Markdown: each expectation that does not hold, with what was found."""
    rows = [
        f"| {item.name} | {item.observed} | {item.expected} |".replace("\n", " ")
        for item in result.expectations
        if not item.success
    ]
    head = f"{len(rows)} of {len(result.expectations)} expectations do not hold. [Data Docs]({docs})"
    return "\n".join([head, "", "| expectation | found | asked for |", "| --- | --- | --- |", *rows])


class QualityGateOperator(RayStageOperator):
    """Passes when the artifact meets its suite or a person approves it; else fails with what it does not meet."""

    ui_color = "#c5e1d4"
    trigger_path: ClassVar[str] = "operators.jobs.verdict.GateTrigger"
    counted: ClassVar[Subject] = "gates"

    def fail(self, context: Context, event: dict[str, Any]) -> NoReturn:
        """Ask a person where that is wanted; else fail as any stage does.

        Raises:
            TaskAwaitingInput: Airflow's way of parking a task.
            AirflowException, AirflowFailException: as ``RayStageOperator.fail`` does.
        """
        if not event["ask"]:
            super().fail(context, event)
        count_in_task(self.counted, "failed", self.stage)
        result = self._result(context)
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=[APPROVE, REJECT],
            subject=f"Use {self.stage}/{result.fingerprint} though its gate failed?",
            body=question(result, page(f"lake/{result.docs}")),
            params={},
        )
        try:
            SmeltNotifier(f"waits for a person: {event['error']}")(context)
        except Exception as error:  # whatever the connection's server does: the question stands all the same
            self.log.warning("nobody could be notified: %s", error)
        raise TaskAwaitingInput(method_name="decided")

    def decided(self, context: Context, event: dict[str, Any]) -> None:
        """Write the answer down; go on with an approval, end with a rejection.

        Raises:
            AirflowFailException: the artifact was rejected.
        """
        from smelt.gates.approval import Approval, record_approval, record_decision
        from smelt.lake import Lake
        from smelt.run import safe_run_id

        result, user = self._result(context), event["responded_by_user"]
        approval = Approval(
            decision="approved" if event["chosen_options"] == [APPROVE] else "rejected",
            by=user["name"],
            when=event["responded_at"],
            run=safe_run_id(context["run_id"]),
            expectations=tuple(result.failures),
        )
        lake = Lake.connect()
        record_decision(lake, self.stage, approval)
        record_approval(lake, result, approval)
        count_in_task(self.counted, approval.decision, self.stage)
        self.log.info("%s", approval.sentence)
        if not approval.approved:
            line = approval.rejection_of(self.stage)
            leave(context, line)
            raise AirflowFailException(line)

    def _result(self, context: Context) -> "GateResult":
        from smelt.gates.result import GateResult
        from smelt.lake import Lake
        from smelt.run import load_run, safe_run_id

        lake = Lake.connect()
        planned = load_run(lake, safe_run_id(context["run_id"])).planned(self.stage)
        return GateResult.model_validate(lake.get_json(planned.gate_key))
