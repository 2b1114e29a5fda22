"""The DAG is wiring: it imports without libraries of the stages and without a network, and follows the graph."""

import subprocess
import sys

from airflow.sdk import TriggerRule
from airflow.serialization.serialized_objects import DagSerialization

from dags.pretrain import dag
from operators.form import RECIPES
from smelt.checkout import CHECKOUT
from smelt.recipe.graph import MAX_PHASES, STAGES, stages

WITHOUT = """
import socket, sys
def refuse(*_): raise AssertionError("the network was used while the DAG was parsed")
socket.socket.connect = socket.getaddrinfo = refuse
import dags.pretrain
heavy = {"torch", "ray", "polars", "boto3", "obstore", "pyarrow", "numpy", "great_expectations", "megatron"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_it_imports_without_a_network_and_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1:] in ([], [""])


def test_every_stage_is_a_group_of_run_and_gate_that_waits_for_the_gates_of_its_inputs():
    for stage in STAGES:
        run, gate = dag.get_task(f"{stage.name}.run"), dag.get_task(f"{stage.name}.gate")
        assert gate.upstream_task_ids == {run.task_id}
        assert run.trigger_rule == TriggerRule.NONE_FAILED, "it runs although what it follows was skipped"
        above = dag.get_task(run.task_id).get_flat_relative_ids(upstream=True)
        assert {f"{name}.gate" for name in stage.inputs} <= above
        assert "plan" in above


def test_each_phase_is_a_group_whose_blocks_wait_for_no_training():
    groups = dag.task_group.get_task_group_dict()
    inside = {task.task_id for task in groups["phase-2"].iter_tasks()}
    assert inside == {"blocks-2.run", "blocks-2.gate", "train-2.run", "train-2.gate"}
    assert dag.get_task("blocks-2.run").upstream_task_ids == {"tokens.gate"}
    assert dag.get_task("train-2.run").upstream_task_ids == {"blocks-2.gate", "train-1.gate"}


def test_what_follows_training_waits_for_every_phase_a_recipe_may_have():
    for stage in ("export", "evaluate"):
        above = dag.get_task(f"{stage}.run").upstream_task_ids
        assert above == {f"train-{place}.gate" for place in range(1, MAX_PHASES + 1)}


def test_a_skipped_stage_takes_its_gate_along_and_not_the_next_stage():
    assert dag.get_task("clean.gate").trigger_rule == TriggerRule.ALL_SUCCESS
    assert dag.get_task("score.run").upstream_task_ids == {"clean.gate", "classifiers.gate"}


def test_it_survives_serialization_with_its_form():
    again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert set(again.task_ids) == set(dag.task_ids)
    assert again.get_task("clean.run").start_from_trigger
    assert dag.params["recipe"] in RECIPES
    assert dag.params["overrides"] == {}
    assert dag.doc_md


def test_the_picture_on_its_page_is_the_graph():
    drawn = [
        line[3:-1] for line in dag.doc_md.splitlines() if line.startswith("* `")
    ]  # a list: no line hangs on another
    assert drawn == [
        "plan ─ fetch ─ ingest ─ clean",
        "clean ─ classifiers",
        "clean + classifiers ─ score ─ select ─ dedup ─ decontaminate ─ tokenizer ─ tokens",
        "tokens ─ blocks-1 ─ train-1",
        "tokens ─ blocks-2",
        "train-1 + blocks-2 ─ train-2",
        "train-1 + train-2 ─ export",
        "train-1 + train-2 ─ evaluate",
        "export + evaluate ─ report",
        "export ─ checkpoint",
    ]
    assert all(stage.name in dag.doc_md for stage in stages(2))
