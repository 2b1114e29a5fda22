"""The DAGs that start by themselves: their wiring, and what becomes of a day and of events, without Airflow running."""

import os
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG, RetryAction
from airflow.sdk.exceptions import DownstreamTasksSkipped, TaskDeferred
from airflow.serialization.serialized_objects import DagSerialization

from dags import corpus, evaluate, judge, pretrain, tokens
from operators.notify import SmeltNotifier
from operators.publish import CHECKPOINT, CORPUS
from operators.retries import RETRY_POLICY
from smelt.checkout import CHECKOUT
from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import LakeOutageError, RecipeError, StageError
from smelt.gates.run import run_gate
from smelt.lake import Lake
from smelt.pool import TRAIN_POOL
from smelt.recipe import load_recipe
from smelt.run import load_run, published_key
from tests.chain import RECIPE
from tests.dags.test_pretrain import WITHOUT
from tests.training.artifacts import byte_tokenizer

DAY = "2026-11-01"


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
    context = {"params": {**corpus.dag.params, "recipe": recipe}, "run_id": f"days-{day}", "partition_key": day}
    return planned_by(corpus.dag, context, method, **event)


def planned_by(dag: DAG, context: dict, method: str = "execute", **event) -> TaskInstance:
    """Run the plan task of a DAG in a context; the task instance it wrote to."""
    task = dag.get_task("plan")
    instance = TaskInstance(map_index=-1, task=task, pushed={}, skipped=[])
    try:
        getattr(task, method)({**context, "ti": instance, "dag": dag}, **event)
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
    *_, last = (line.partition("`")[0] for line in corpus.dag.doc_md.split("* `")[1:])
    names = [stage.name for stage in corpus.DATA]
    assert last == "clean + classifiers ─ " + " ─ ".join([*names[names.index("score") :], "publish"])


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
    told = {asset: [SimpleNamespace(extra=extra) for extra in events]}
    context = {"params": {"run": named}, "run_id": f"{dag.dag_id}-1", "triggering_asset_events": told}
    return planned_by(dag, context)


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
