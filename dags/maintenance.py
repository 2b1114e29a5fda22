"""Looking after the lake, weekly: garbage and stale uploads (a dry run unless told otherwise), then verification."""

from datetime import timedelta

from airflow.sdk import DAG, Param

from operators.deadline import told_after
from operators.maintenance import CollectGarbageOperator, VerifyOperator
from operators.retries import TASK_DEFAULTS
from smelt.recipe.graph import KINDS

DAYS = 7
"""That a run may take: then comes the next."""
ABOUT = """
### What may go, and whether what stays is whole

* **garbage** names the artifacts that no kept run refers to, and multipart uploads that nobody finished. It deletes
  them only when `delete` is switched on in the trigger form.
* **verify** then reads what is left and holds every object to the SHA-256 in its record; a damaged one fails the task.

`smelt gc` and `smelt verify` do the same from a terminal. See docs/operate.md.
"""

with DAG(
    "maintenance",
    description="Garbage collection and verification of the lake",
    doc_md=ABOUT,
    schedule="@weekly",
    catchup=False,
    max_active_runs=1,
    tags=["smelt"],
    default_args={**TASK_DEFAULTS, "execution_timeout": timedelta(days=DAYS)},  # they read the whole lake
    deadline=told_after(days=DAYS),
    params={
        "delete": Param(False, type="boolean", title="Delete", description="Off: only say what would go"),
        "keep_runs": Param(
            3, type="integer", minimum=1, title="Runs", description="Newest runs of each recipe to keep"
        ),
        "grace_days": Param(7, type="number", minimum=1, title="Grace", description="Days in which nothing goes"),
        "verify": Param(
            "",
            type="string",
            examples=list(KINDS),
            title="Verify",
            description="All artifacts, or those of a STAGE, or one STAGE/FINGERPRINT",
        ),
    },
) as dag:
    CollectGarbageOperator(task_id="garbage") >> VerifyOperator(task_id="verify")
