"""What operators and triggers count arrives where Airflow's statistics are sent: here a real StatsD socket."""

import asyncio
import socket
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.configuration import conf
from airflow.observability import stats as of_services
from airflow.observability.metrics.stats_utils import get_stats_factory as factory_of_services
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped, TaskAwaitingInput
from airflow.sdk.observability import stats as of_tasks
from airflow.sdk.observability.metrics.stats_utils import get_stats_factory as factory_of_tasks

from dags.pretrain import dag
from operators.counters import COUNTERS, count_in_task, series
from operators.jobs import gate as gate_module
from operators.jobs import patience
from operators.jobs.trigger import StageTrigger
from operators.jobs.verdict import GateTrigger
from operators.retries import PermanentError, TransientError
from smelt.engine.jobs import Job
from smelt.engine.make import make_artifact, make_context, serially
from smelt.gates.result import GateResult, Outcome
from smelt.gates.suite import result_key
from smelt.lake import Lake
from smelt.run import Run, create_run, load_run
from tests.chain import RECIPE

STAGE = "fetch"


@pytest.fixture
def received(monkeypatch):
    """Gives the counters that were sent since it was asked last; set up as Airflow's own processes do it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.2)
        options = {
            "on": "True",
            "host": "127.0.0.1",
            "port": str(listener.getsockname()[1]),
            "influxdb_enabled": "True",
        }
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__STATSD_{name}".upper(), value)
        assert conf.getboolean("metrics", "statsd_on")
        for stats, factory in ((of_services, factory_of_services), (of_tasks, factory_of_tasks)):
            stats.initialize(factory=factory(), export_legacy_names=False)

        def receive() -> list[str]:
            found = []
            while True:
                try:
                    found.append(listener.recv(4096).decode())
                except TimeoutError:
                    return found

        yield receive
    monkeypatch.undo()
    for stats, factory in ((of_services, factory_of_services), (of_tasks, factory_of_tasks)):
        stats.initialize(factory=factory(), export_legacy_names=False)


@pytest.fixture
def run(lake, monkeypatch, tmp_path) -> Run:
    """A run in a lake of its own, which triggers and operators find; its ``fetch`` has nothing to do."""
    for name, value in (lake.settings.environment() | {"SMELT_LAKE": lake.url}).items():
        monkeypatch.setenv(name, value)
    here = Lake.connect()
    monkeypatch.setattr(patience, "connect", lambda: here)
    (tmp_path / "a.txt").write_text("There is a text, and it is read once.")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name="counted", folder=tmp_path))
    return create_run(recipe, {}, "counted-1", here.settings)


class TaskInstance(SimpleNamespace):
    """As much of a task instance as operators use."""

    def xcom_push(self, key, value):
        pass


def context_of(run: Run, *, tries: int = 1, **more) -> dict:
    ti = TaskInstance(id="0", dag_id="pretrain", task_id="t", try_number=tries, max_tries=3, map_index=-1, **more)
    return {"ti": ti, "run_id": run.id, "dag": dag, "params": dict(dag.params) | {"recipe": run.recipe_path}}


def line(subject: str, what: str, stage: str = STAGE) -> str:
    return f"airflow.smelt.{subject}.{what},stage={stage}:1|c"


class Jobs:
    """Ray's jobs, of which one may be there."""

    def __init__(self, found: Job | None) -> None:
        self.found = found

    async def find(self, job_id: str) -> Job | None:
        return self.found

    async def submit(self, job_id: str, entrypoint: str, metadata: dict[str, str]) -> Job:
        return Job(job_id, "PENDING", "", None, metadata, 0)


def test_jobs_and_verdicts_are_counted_in_the_triggerer(received, run):
    lake = Lake.connect()
    for kind, subject in ((StageTrigger, "stages"), (GateTrigger, "gates")):
        trigger = kind(STAGE)
        trigger.task_instance = SimpleNamespace(run_id=run.id, try_number=1, task_id=f"{STAGE}.run")
        asyncio.run(trigger._find_or_submit(Jobs(None), lake, run))
        asyncio.run(trigger._find_or_submit(Jobs(Job("other", "RUNNING", "", None, {}, 0)), lake, run))
        assert received() == [line(subject, "submitted"), line(subject, "reattached")]
    _verdict(run, success=True)
    assert trigger.reached(lake, run)
    assert received() == [line("gates", "passed")]


def test_what_a_plan_finds_made_is_counted(received, run):
    lake, planned = Lake.connect(), run.planned(STAGE)
    make_artifact(planned, make_context(run.recipe, planned, lake), serially)
    _verdict(run, success=True)
    with pytest.raises(DownstreamTasksSkipped):
        dag.get_task("plan").execute({**context_of(run, task=dag.get_task("plan")), "run_id": "counted-2"})
    assert load_run(lake, "counted-2").planned(STAGE).cached
    assert received() == [line("stages", "cached", stage) for stage in (STAGE, "classifiers")]


def test_failures_retries_and_answers_are_counted_in_the_worker(received, run, monkeypatch):
    stage, gate = dag.get_task(f"{STAGE}.run"), dag.get_task(f"{STAGE}.gate")
    lost, wrong = (
        {"error": "a node was lost", "again": True, "ask": False},
        {"error": "no", "again": False, "ask": False},
    )
    for tries, event, error in ((1, lost, TransientError), (4, lost, TransientError), (1, wrong, PermanentError)):
        with pytest.raises(error):
            stage.fail(context_of(run, tries=tries), event)
    assert received() == [line("stages", "retried"), line("stages", "failed"), line("stages", "failed")]

    _verdict(run, success=False)
    monkeypatch.setattr(gate_module, "upsert_hitl_detail", lambda **asked: None)
    monkeypatch.setattr(gate_module, "SmeltNotifier", lambda said: lambda context: None)
    with pytest.raises(TaskAwaitingInput):
        gate.fail(context_of(run), {**wrong, "ask": True})
    with pytest.raises(PermanentError):
        gate.fail(context_of(run), wrong)
    answer = {"responded_by_user": {"name": "ada"}, "responded_at": datetime.now(UTC)}
    gate.decided(context_of(run), {**answer, "chosen_options": ["Approve"]})
    with pytest.raises(AirflowFailException):
        gate.decided(context_of(run), {**answer, "chosen_options": ["Reject"]})
    assert received() == [line("gates", what) for what in ("failed", "failed", "approved", "rejected")]


def test_every_counter_has_a_series_and_no_other_can_be_counted():
    assert len(set(series())) == sum(map(len, COUNTERS.values()))
    with pytest.raises(AssertionError, match="not counted as lost"):
        count_in_task("stages", "lost", STAGE)


def _verdict(run: Run, *, success: bool) -> None:
    planned = run.planned(STAGE)
    outcome = Outcome(name="files", success=success, observed="0", expected="0")
    result = GateResult(
        success=success,
        stage=STAGE,
        fingerprint=planned.fingerprint,
        suite=planned.suite,
        expectations=(outcome,),
        docs=f"{planned.artifact.root}index.html",
    )
    lake = Lake.connect()
    lake.put(result.docs, b"")
    lake.put(result_key(STAGE, planned.fingerprint, planned.suite), result.model_dump_json().encode())
