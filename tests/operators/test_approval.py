"""A failed gate that asks a person: the task waits, the answer counts, and the lake remembers who gave it."""

import time

import httpx
import pytest

from smelt.following.airflow import DAG, Airflow
from smelt.gates.approval import find_approval, find_decision
from smelt.plan import make_plan
from smelt.run import load_run
from smelt.services.airflow import USER
from tests.chain import RECIPE


@pytest.fixture
def airflow(stack) -> Airflow:
    """The running Airflow, with the DAG read."""
    found = Airflow(f"http://127.0.0.1:{stack.ports['airflow']}", USER, stack.secrets["airflow_password"])
    found.wait_for_dag()
    return found


@pytest.fixture
def waiting(airflow, stack_lake, tmp_path):
    """A run whose ``ingest`` gate cannot pass and waits for a person; its id."""
    run_id = f"approve-{time.time_ns()}"
    (tmp_path / "a.txt").write_text(f"Only this one text is there to be read in {run_id}, and two are asked for.")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name=run_id[:20], folder=tmp_path) + "gates: {ingest: {min_documents: 2}}\n")
    airflow.trigger(run_id, {"recipe": str(recipe), "overrides": {}, "approve": ["ingest"]})
    wait_for(airflow, run_id, "ingest.gate", "awaiting_input")
    yield run_id
    airflow.fail(run_id)


def wait_for(airflow: Airflow, run_id: str, task: str, *states: str) -> str:
    deadline = time.monotonic() + 200
    while (state := airflow.tasks(run_id)[task].state) not in states:
        assert time.monotonic() < deadline and state != "failed", f"{task} is {state}: {airflow.error(run_id, task)}"
        time.sleep(0.5)
    return state


def settle(airflow: Airflow, stack, run_id: str, choice: str, state: str) -> dict:
    """Answer until the gate is in this state; what had been asked.

    An answer in the second before the scheduler has heard of the asking worker's end makes Airflow take the task for
    lost and start it again, so the question may come once more.
    """
    asked, deadline = {}, time.monotonic() + 200
    while (found := airflow.tasks(run_id)["ingest.gate"].state) != state:
        assert time.monotonic() < deadline, found
        if found == "awaiting_input":
            time.sleep(3)
            asked = answer(airflow, stack, run_id, choice)
        time.sleep(0.5)
    return asked


def answer(airflow: Airflow, stack, run_id: str, choice: str) -> dict:
    """Answer as the page of required actions does; what had been asked."""
    login = {"username": USER, "password": stack.secrets["airflow_password"]}
    with httpx.Client(base_url=airflow.address, timeout=60) as client:
        token = client.post("/auth/token", json=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        path = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances/ingest.gate/-1/hitlDetails"
        asked = client.get(path).json()
        client.patch(path, json={"chosen_options": [choice], "params_input": {}}).raise_for_status()
    return asked


def test_an_approved_gate_lets_the_run_go_on_and_is_remembered(airflow, stack, stack_lake, waiting):
    run = load_run(stack_lake, waiting)
    planned = run.planned("ingest")
    asked = settle(airflow, stack, waiting, "Approve", "success")
    assert f"ingest/{planned.fingerprint}" in asked["subject"]
    assert "| There are documents | 1 | ≥ 2 |" in asked["body"]
    wait_for(airflow, waiting, "clean.run", "deferred", "running", "success")
    approval = find_approval(stack_lake, "ingest", planned.fingerprint, planned.suite)
    assert approval.approved and approval.by == USER and approval.run == waiting
    assert find_decision(stack_lake, waiting, "ingest") == approval
    assert approval.expectations == ("There are documents: 1, not ≥ 2",)
    docs = planned.artifact.root + f"gates/{planned.suite}/docs/index.html"
    assert f"Approved by {USER}" in stack_lake.get(docs).decode()
    again = make_plan(run.recipe, stack_lake, listing_digest=planned.inputs["listing"])
    assert again.planned("ingest").cached, "the same tolerances are not asked about twice"


def test_a_rejected_gate_fails_for_good_and_names_who_said_so(airflow, stack, stack_lake, waiting):
    settle(airflow, stack, waiting, "Reject", "failed")
    assert f"rejected by {USER}" in airflow.error(waiting, "ingest.gate")
    planned = load_run(stack_lake, waiting).planned("ingest")
    assert not find_approval(stack_lake, "ingest", planned.fingerprint, planned.suite).approved
