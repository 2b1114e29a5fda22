"""The DAGs that start by themselves: wiring, what is tried again, and what is told, without a running Airflow."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowTaskTimeout, DownstreamTasksSkipped, TaskDeferred
from airflow.serialization.serialized_objects import DagSerialization

from dags import corpus, evaluate, judge, pretrain, tokens
from evaluation.stage import named
from operators.checkpoints.saved import SavedTrigger
from operators.jobs import patience
from operators.jobs.news import claim, untold
from operators.jobs.trigger import StageTrigger
from operators.notify import SmeltNotifier
from operators.publish import CHECKPOINT, CORPUS
from operators.retries import RETRY_POLICY, PermanentError, TransientError, told
from smelt import saved
from smelt.checkout import CHECKOUT
from smelt.engine import job
from smelt.engine.jobs import EngineError
from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import LakeError, LakeOutageError, RecipeError, StageError
from smelt.gates.run import run_gate
from smelt.lake import Artifact, Lake
from smelt.phases import has_weights
from smelt.pool import TRAIN_POOL
from smelt.recipe import load_recipe
from smelt.recipe.graph import JUDGEMENTS
from smelt.recipe.training.config import CheckpointConfig
from smelt.run import create_run, ended_key, load_run, published_key
from smelt.saved import CHECKPOINTS
from tests.chain import RECIPE
from tests.dags.test_pretrain import WITHOUT
from tests.training.artifacts import byte_tokenizer
from training.checkpoints.checkpoint import tidy

DAY = "2026-11-01"


@pytest.fixture
def here(lake, monkeypatch) -> Lake:
    """This test's lake as the one that tasks connect to."""
    settings = lake.settings.environment() | {"SMELT_LAKE": lake.url}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Lake.connect()


@pytest.fixture
def recipe(tmp_path) -> str:
    """A recipe whose crawl has one day."""
    (tmp_path / DAY).mkdir()
    (tmp_path / DAY / "a.txt").write_text("What the crawl brought on the first day of the month.")
    file = tmp_path / "recipe.yaml"
    dated = RECIPE.format(name="days", folder=tmp_path / "{date}").replace("kind: files", "kind: crawl")
    file.write_text(dated.replace("lang: en", "lang: en, dates: [2026-10-01]"))
    return str(file)


class TaskInstance(SimpleNamespace):
    """Takes what the operator pushes."""

    def xcom_push(self, key, value):
        self.pushed[key] = value


def plan(recipe: str, day: str | None, method: str = "execute", **event) -> TaskInstance:
    """Run the plan task of a partition; the task instance it wrote to."""
    task = corpus.dag.get_task("plan")
    instance = TaskInstance(map_index=-1, task=task, pushed={}, skipped=[])
    params = {**corpus.dag.params, "recipe": recipe}
    context = {"params": params, "run_id": f"days-{day}", "ti": instance, "dag": corpus.dag, "partition_key": day}
    try:
        getattr(task, method)(context, **event)
    except DownstreamTasksSkipped as skipped:
        instance.skipped = skipped.tasks
    return instance


def test_they_import_without_a_network_and_nothing_heavy():
    code = WITHOUT.replace("import dags.pretrain", "import dags.corpus, dags.evaluate, dags.judge, dags.tokens")
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1:] in ([], [""])


def test_every_task_notifies_and_the_dags_survive_serialization():
    for dag in (corpus.dag, evaluate.dag, judge.dag, tokens.dag):
        again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        assert set(again.task_ids) == set(dag.task_ids)
        for task in dag.tasks:
            assert [type(callback) for callback in task.on_failure_callback] == [SmeltNotifier], task.task_id
            assert again.get_task(task.task_id).has_retry_policy


def test_every_task_offers_the_links_of_its_kind(monkeypatch):
    """Those that it has, while nobody can tell which lead somewhere."""
    monkeypatch.setattr("operators.pages.access.connect", no_lake)

    def offered(dag, task_id):
        again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        key = SimpleNamespace(run_id="manual__1", task_id=task_id)
        task = again.get_task(task_id)
        return {name for name in task.extra_links if task.get_extra_links(SimpleNamespace(key=key), name)}

    assert (
        offered(pretrain.dag, "plan")
        == offered(corpus.dag, "plan")
        == offered(evaluate.dag, "plan")
        == offered(tokens.dag, "plan")
        == {"Report", "Smelt"}
    )
    assert offered(pretrain.dag, "checkpoint") == offered(corpus.dag, "publish") == {"Report", "Smelt"}
    assert offered(corpus.dag, "clean.run") == {"Artifact", "Ray job", "Report", "Smelt"}
    assert offered(pretrain.dag, "train-2.run") == {"Artifact", "Ray job", "Report", "Smelt", "TensorBoard"}
    assert offered(evaluate.dag, "evaluate.gate") == {"Artifact", "Data Docs", "Report", "Smelt"}


def test_a_checkpoint_that_was_saved_is_seen_once_and_waits_until_it_is_judged(here, tmp_path):
    (tmp_path / "a.txt").write_text("Something to train on.")
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE.format(name="seen", folder=tmp_path))
    run = create_run(file, {}, "run-1", here.settings)
    train = run.planned("train-1").artifact
    saved.watch(here, run.id, "train-1")
    assert saved.seen(here) == []
    for step, files in ((8, {"/model.json": b"{}"}), (16, {"/0.distcp": b"weights"})):
        train.write_part(here, "checkpoints", f"step-{step:07d}", files=files, rows=8, stats={})
    found = [saved.Saved("run-1", "train-1", "main", "step-0000016", 16)]
    assert asyncio.run(first_of(SavedTrigger())) == {"run": "run-1", "stage": "train-1", "phase": "main", "step": 16}
    assert saved.seen(here) == []
    assert saved.waiting(here, "run-1") == found and saved.waiting_names(here, train) == {"step-0000016"}
    saved.judged(here, train, "step-0000016", run.planned("evaluate").artifact)
    part = named("f00d")
    run.planned("evaluate").artifact.write_part(here, JUDGEMENTS, "step-0000016", files=part.files, rows=1, stats={})
    assert saved.seen(here) == saved.waiting(here, "run-1") == []
    here.put_json(ended_key("run-1"), {"state": "failed"})
    assert saved.seen(here) == [] == here.objects("watched/")


def test_what_is_judged_or_whose_run_has_ended_holds_no_weights_and_a_run_that_goes_on_has_it_wait_anew(here, tmp_path):
    (tmp_path / "a.txt").write_text("Something to train on.")
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE.format(name="left", folder=tmp_path))
    runs = [create_run(file, {}, name, here.settings) for name in ("run-1", "run-2")]
    train, evaluate = runs[0].planned("train-1").artifact, runs[0].planned("evaluate").artifact
    keep = CheckpointConfig(keep_last=1, keep_best=False)

    def save(step: int) -> str:
        stats = {"by_phase": {"main": {"tokens": 8, "loss_sum": 1.0}}}
        name = f"step-{step:07d}"
        train.write_part(here, CHECKPOINTS, name, files={"/0.distcp": b"weights"}, rows=8, stats=stats)
        return name

    def with_weights() -> set[str]:
        tidy(here, train, keep)
        return {name for name, record in train.records(here, CHECKPOINTS).items() if has_weights(record)}

    saved.watch(here, "run-1", "train-1")
    first, second = save(8), save(16)
    assert [one.name for one in saved.seen(here)] == [first, second]
    last = save(24)
    assert with_weights() == {first, second, last}, "two of them wait"
    part = named("f00d")
    evaluate.write_part(here, JUDGEMENTS, first, files=part.files, rows=1, stats={})  # killed before it said so
    assert with_weights() == {second, last}

    here.put_json(ended_key("run-1"), {"state": "failed"})
    saved.watch(here, "run-2", "train-1")
    assert {(one.run, one.name) for one in saved.seen(here)} == {("run-2", second), ("run-2", last)}
    newest = save(32)
    assert with_weights() == {second, last, newest}, "the run that goes on has them wait"
    here.put_json(ended_key("run-2"), {"state": "failed"})
    assert with_weights() == {newest}


async def first_of(trigger: SavedTrigger) -> dict:
    async for event in trigger.run():
        return event.payload
    raise AssertionError("it looks for ever")


def no_lake() -> Lake:
    raise LakeOutageError("out of reach")


def test_the_corpus_ends_with_the_data_and_the_checkpoint_with_the_export():
    assert corpus.DATA[-1].name == corpus.LAST and "tokenizer" not in corpus.dag.task_ids
    assert corpus.dag.get_task("publish").outlets == [CORPUS]
    assert pretrain.dag.get_task("checkpoint").outlets == [CHECKPOINT]
    assert pretrain.dag.get_task("checkpoint").upstream_task_ids == {"export.gate"}
    assert load_recipe(CHECKOUT / corpus.dag.params["recipe"]).sources[0].kind == "crawl"


def test_the_environment_names_the_recipe_of_the_scheduled_runs_and_the_form_the_stages(recipe):
    code = 'from dags.corpus import dag; print(dag.params["recipe"])'
    environment = {**os.environ, corpus.RECIPE: recipe}
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines()[-1:] == [recipe], done.stderr
    for field in ("force", "approve"):
        assert corpus.dag.params.get_param(field).schema["items"]["enum"] == [stage.name for stage in corpus.DATA]


def test_their_pages_have_a_picture():
    assert "checkpoint ─ plan ─ evaluate" in evaluate.dag.doc_md
    assert "corpus ─ plan ─ tokenizer ─ tokens" in tokens.dag.doc_md
    drawn = corpus.dag.doc_md.split("* `")[1].partition("`")[0]
    assert drawn == " ─ ".join(["plan", *(stage.name for stage in corpus.DATA), "publish"])


def test_trainings_are_in_the_pool_and_ask_it_and_nothing_else_is():
    for task in pretrain.dag.tasks:
        training = task.task_id.startswith("train") and task.task_id.endswith(".run")
        assert (task.pool == TRAIN_POOL) == training, task.task_id
        if task.task_id.endswith(".run"):
            assert task.start_from_trigger != training, "the triggerer asks no pool"


def test_a_partition_is_planned_for_its_day_alone(here, recipe):
    assert "ingest.run" not in plan(recipe, DAY).skipped
    (source,) = load_run(here, f"days-{DAY}").recipe.file_sources
    assert source.dates == (DAY,)


def test_clearing_the_plan_says_when_the_recipe_has_changed_since(here, recipe, capsys):
    plan(recipe, DAY)
    plan(recipe, DAY)
    assert "has changed since" not in capsys.readouterr().out
    before = load_run(here, f"days-{DAY}")
    Path(recipe).write_text(Path(recipe).read_text() + "seed: 7\n")
    plan(recipe, DAY)
    assert (
        f"planned at {before.created}; {recipe} has changed since, trigger a new run to use it"
        in capsys.readouterr().out
    )
    assert load_run(here, f"days-{DAY}") == before, "a run keeps its plan"


def test_a_day_without_files_is_skipped_and_says_why(here, recipe):
    late = plan(recipe, "2026-11-02")
    assert set(late.skipped) == set(corpus.dag.task_ids) - {"plan"}
    assert (
        late.pushed["skipped"] == "sources.notes: no file yet for 2026-11-02; a run that is planned later looks again"
    )


def test_a_day_that_is_late_is_waited_for_until_it_is_too_late(here, recipe, tmp_path, monkeypatch):
    today = datetime.now(UTC).date()
    with pytest.raises(TaskDeferred) as waits:
        plan(recipe, str(today))
    assert waits.value.method_name == "look_again"
    ends = datetime.combine(today, time(), UTC) + timedelta(days=1, hours=corpus.dag.params["late_hours"])
    assert datetime.now(UTC) < waits.value.trigger.moment <= ends
    long_ago = plan(recipe, str(today - timedelta(days=2)))
    assert "ingest.run" in long_ago.skipped and "no file yet" in long_ago.pushed["skipped"]
    (tmp_path / str(today)).mkdir()
    (tmp_path / str(today) / "a.txt").write_text("What the crawl brought when it was nearly too late.")
    assert "ingest.run" not in plan(recipe, str(today), method="look_again", event=None).skipped
    assert load_run(here, f"days-{today}").recipe.file_sources[0].dates == (str(today),)


def test_a_day_with_files_is_held_until_its_marker_is_there(here, recipe, tmp_path):
    Path(recipe).write_text(
        Path(recipe).read_text().replace("kind: crawl", f"kind: crawl, marker: '{tmp_path}/{{date}}/_SUCCESS'")
    )
    without = plan(recipe, DAY)  # whose time to wait is over
    assert "ingest.run" in without.skipped and "_SUCCESS is not there yet" in without.pushed["skipped"]
    (tmp_path / DAY / "_SUCCESS").touch()
    assert "ingest.run" not in plan(recipe, DAY).skipped


def results(lake, run_id):
    """The gate's result of each data stage, made here, up to the first that fails."""
    run = load_run(lake, run_id)
    for stage in corpus.DATA:
        planned = run.planned(stage.name)
        context = make_context(run.recipe, planned, lake)
        manifest = make_artifact(planned, context, serially)
        result = run_gate(lake, manifest, context.inputs, run.recipe.gates)
        yield stage.name, manifest, result
        if not result.success:
            return


def test_a_day_whose_files_hold_nothing_passes_every_gate(here, recipe, tmp_path):
    (tmp_path / DAY / "a.txt").write_text("")
    plan(recipe, DAY)
    made = list(results(here, f"days-{DAY}"))
    assert [name for name, _, _ in made] == [stage.name for stage in corpus.DATA]
    assert all(result.success for _, _, result in made), made[-1][2].failures
    assert made[-1][1].stats["documents"] == 0
    said = {name: [item.name for item in result.expectations] for name, _, result in made}
    for stage in ("ingest", "select"):
        assert f"There is no document, which gates.{stage}.min_documents: 0 allows" in said[stage]


def test_a_day_that_is_all_dropped_fails_as_any_other(here, recipe, tmp_path):
    (tmp_path / DAY / "a.txt").write_text("too short")
    plan(recipe, DAY)
    *passed, (name, _, result) = results(here, f"days-{DAY}")
    assert (name, result.success) == ("select", False)
    assert len(passed) == 5 and any("dropped" in line for line in result.failures)


def test_a_recipe_that_asks_for_documents_has_a_day_without_them_fail(here, recipe):
    Path(recipe).write_text(Path(recipe).read_text() + "gates: {ingest: {min_documents: 2}}\n")
    plan(recipe, DAY)
    gates = load_run(here, f"days-{DAY}").recipe.gates
    assert (gates.ingest.min_documents, gates.select.min_documents) == (2, 0)


def test_a_day_that_is_planned_keeps_its_plan_whatever_the_recipe_says_of_empty_days(here, recipe):
    plan(recipe, DAY)
    Path(recipe).write_text(Path(recipe).read_text() + "gates: {ingest: {min_documents: 2}}\n")
    plan(recipe, DAY)  # cleared
    assert load_run(here, f"days-{DAY}").recipe.gates.ingest.min_documents == 0


def test_what_the_corpus_is_published_for_stands_beside_the_run(here, recipe):
    plan(recipe, DAY)
    told = publish(f"days-{DAY}")
    fingerprint = load_run(here, f"days-{DAY}").planned(corpus.LAST).fingerprint
    assert told == {"run": f"days-{DAY}", "stage": corpus.LAST, "fingerprint": fingerprint}
    assert here.get_json(published_key(f"days-{DAY}", "corpus")) == told


def test_what_is_wrong_with_a_partition_is_said_in_one_line(here, recipe, tmp_path):
    with pytest.raises(RecipeError, match="no partition"):
        plan(recipe, None)
    with pytest.raises(RecipeError, match="'monday' is no day"):
        plan(recipe, "monday")
    files = tmp_path / "files.yaml"
    files.write_text(RECIPE.format(name="files", folder=tmp_path / DAY))
    with pytest.raises(RecipeError, match="no source is of kind crawl"):
        plan(str(files), DAY)


def take_over(events: list[dict], named: str = "", *, dag=evaluate.dag, asset=CHECKPOINT) -> TaskInstance:
    """Run the plan task of a DAG that these events have started; the task instance it wrote to."""
    task = dag.get_task("plan")
    instance = TaskInstance(map_index=-1, task=task, pushed={}, skipped=[])
    context = {
        "params": {"run": named},
        "run_id": f"{dag.dag_id}-1",
        "ti": instance,
        "dag": dag,
        "triggering_asset_events": {asset: [SimpleNamespace(extra=extra) for extra in events]},
    }
    try:
        task.execute(context)
    except DownstreamTasksSkipped as skipped:
        instance.skipped = skipped.tasks
    return instance


def publish(run: str, dag=corpus.dag) -> dict:
    """What the event of a published day says."""
    events = {CORPUS: SimpleNamespace()}
    dag.get_task("publish").execute({"run_id": run, "outlet_events": events})
    return events[CORPUS].extra


def with_tokenizer(recipe: str, folder: Path) -> None:
    """One tokenizer for all days of the recipe, which keeps whatever it reads."""
    (folder / "tokenizer.json").write_text(byte_tokenizer().to_str())
    more = f"select: {{groups: []}}\ntokenizer: {{path: {folder}/tokenizer.json}}\n"
    Path(recipe).write_text(Path(recipe).read_text() + more)


def test_a_day_s_tokens_are_those_of_the_run_that_has_made_the_day(here, recipe, tmp_path):
    with_tokenizer(recipe, tmp_path)
    plan(recipe, DAY)
    list(results(here, f"days-{DAY}"))
    assert take_over([publish(f"days-{DAY}")], dag=tokens.dag, asset=CORPUS).skipped == []
    run = load_run(here, "tokens-1")
    assert (run.taken_from, run.plan) == (f"days-{DAY}", load_run(here, f"days-{DAY}").plan)
    made = {}
    for stage in tokens.STAGES:
        planned = run.planned(stage)
        context = make_context(run.recipe, planned, here)
        made[stage] = make_artifact(planned, context, serially)
        assert run_gate(here, made[stage], context.inputs, run.recipe.gates).success
    assert made["tokens"].stats["documents"] == 1


def test_a_tokenizer_that_each_day_would_train_for_itself_makes_no_tokens(here, recipe):
    plan(recipe, DAY)
    with pytest.raises(
        RecipeError, match=r"recipe.yaml: tokenizer: is trained on each day alone.*pins: {tokenizer"
    ) as no:
        take_over([publish(f"days-{DAY}")], dag=tokens.dag, asset=CORPUS)
    assert "\n" not in str(no.value)


def test_a_day_without_documents_has_no_tokens_and_says_so(here, recipe, tmp_path):
    with_tokenizer(recipe, tmp_path)
    (tmp_path / DAY / "a.txt").write_text("")
    plan(recipe, DAY)
    list(results(here, f"days-{DAY}"))
    empty = take_over([publish(f"days-{DAY}")], dag=tokens.dag, asset=CORPUS)
    assert set(empty.skipped) == set(tokens.dag.task_ids) - {"plan"}
    assert empty.pushed["skipped"] == f"run days-{DAY} has made a day without documents"


def test_of_events_that_come_together_the_newest_is_taken_and_the_others_are_named(here, recipe, capsys):
    plan(recipe, DAY)
    take_over([{"run": "older"}, {"run": "old"}, {"run": "old"}, {"run": f"days-{DAY}"}, {}])
    assert load_run(here, "evaluate-1").plan == load_run(here, f"days-{DAY}").plan
    left = [line for line in capsys.readouterr().out.splitlines() if "left out" in line]
    assert all(
        wanted in line for wanted, line in zip(('with {"run": "old"}', 'with {"run": "older"}'), left, strict=True)
    )


@pytest.mark.parametrize("events", [[], [{}], [{"fingerprint": "f00d"}, None]])
def test_an_event_without_a_run_is_a_line_that_no_retry_mends(here, events):
    with pytest.raises(StageError, match=r"^asset checkpoint: .*no run") as caught:
        take_over(events)
    assert RETRY_POLICY.evaluate(caught.value, 1, 3).action == RetryAction.FAIL


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (LakeOutageError("503 Slow Down"), RetryAction.RETRY),
        (LakeError("no S3 credentials"), RetryAction.FAIL),
        (EngineError("Ray's Jobs API is out of reach"), RetryAction.RETRY),
        (TransientError("the node was lost"), RetryAction.RETRY),
        (PermanentError("gate of clean failed"), RetryAction.FAIL),
        (RecipeError("unknown key"), RetryAction.FAIL),
        (AirflowTaskTimeout("Timeout, PID: 7"), RetryAction.FAIL),
        (OSError("anything else"), RetryAction.DEFAULT),
    ],
)
def test_what_may_pass_is_tried_again_and_what_may_not_is_not(error, action):
    assert RETRY_POLICY.evaluate(error, 1, 3).action == action


def test_a_task_that_hangs_in_a_worker_leaves_a_line_of_ours():
    instance = TaskInstance(pushed={})
    with pytest.raises(PermanentError, match="not done in the time"), told({"ti": instance}):
        raise AirflowTaskTimeout("Timeout, PID: 7")
    assert "see in its log" in instance.pushed["error"]


@pytest.mark.parametrize(("wrong", "status"), [({"secret_key": "wrong"}, 3), ({"endpoint": "http://127.0.0.1:9"}, 1)])
def test_a_job_s_exit_status_says_whether_trying_again_may_help(here, monkeypatch, wrong, status):
    lake = Lake(replace(here.settings, **wrong), patience=0.2)
    monkeypatch.setattr(Lake, "connect", lambda *patience: lake)
    monkeypatch.setattr(sys, "argv", ["smelt.engine.job", "--run", "any", "--stage", "clean"])
    assert job.main() == status


def test_a_trigger_waits_only_for_what_may_pass(monkeypatch):
    monkeypatch.setattr(patience, "POLL_S", (0.0, 0.0))
    trigger = StageTrigger("clean")
    answers = [LakeOutageError("503 Slow Down"), LakeOutageError("503 Slow Down"), LakeError("no S3 credentials")]

    async def ask():
        raise answers.pop(0)

    with pytest.raises(LakeError, match="no S3 credentials"):
        asyncio.run(patience.patiently(ask, trigger))
    assert answers == []


def test_news_of_a_training_is_told_once(lake):
    artifact = Artifact("train", "f00d")

    def news():
        return [claim(lake, artifact, name) for name in untold(lake, artifact)]

    def happens(name, **event):
        content = json.dumps(event).encode()
        artifact.write_part(lake, "events", name, files={".json": content}, rows=1, stats={})

    happens("0000000-respected", kind="respected", step=0, blocks=[])
    happens("0001200-spike", kind="spike", step=1200, loss=9.25, losses=[2.0, 9.25])
    assert news() == ["spike at step 1,200: loss 9.25"]
    happens("0001200-spike-after", kind="after", of="0001200-spike", losses=[2.0])
    happens("0001201-rollback", kind="rollback", step=1201, block="00004", end=1100)
    assert news() == ["rollback at step 1,201: block 00004, end 1100"]
    assert news() == []
    assert claim(lake, artifact, "0001200-spike") is None, "somebody else is telling it"
