"""Nobody's artifacts go by themselves."""

from types import SimpleNamespace

import pytest
from airflow.sdk import RetryAction

from dags.maintenance import dag
from operators.retries import TASK_DEFAULTS, PermanentError
from smelt.errors import LakeOutageError
from smelt.lake import Artifact, Lake, Manifest


@pytest.fixture
def here(lake, monkeypatch) -> Lake:
    """This test's lake as the one that tasks connect to, with an artifact whose object is not what was written."""
    monkeypatch.setattr(Lake, "connect", classmethod(lambda cls: lake))
    artifact = Artifact("clean", "f00d")
    record = artifact.write_part(lake, "parts", "00000", files={".parquet": b"rows"}, rows=1, stats={})
    manifest = Manifest(
        stage="clean", version=1, fingerprint="f00d", config={}, inputs={}, parts=(record,), stats={}, digest="d"
    )
    artifact.commit(lake, manifest)
    lake.put(manifest.key(record, ".parquet"), b"rats")
    return lake


def execute(task_id: str, **params):
    return dag.get_task(task_id).execute(
        {
            "params": {**dag.params, "grace_days": 0, **params},
            "ti": SimpleNamespace(task_id=task_id, xcom_push=lambda key, value: None),
        }
    )


def test_garbage_is_named_and_goes_only_when_asked(here):
    assert not dag.params["delete"] and not dag.catchup
    would_free = execute("garbage")
    assert would_free > 0 and here.objects("clean/")
    assert execute("garbage", delete=True) == would_free
    assert here.objects("clean/") == []


def test_a_damaged_object_fails_the_verification_by_name(here):
    execute("verify", verify="dedup")
    with pytest.raises(
        PermanentError, match=r"clean/f00d/.*its version, config and inputs are those of .* \(and 2 more\)"
    ) as found:
        execute("verify")
    assert dag.get_task("verify").retry_policy.evaluate(found.value, 1, 3).action == RetryAction.FAIL


def test_a_store_that_may_come_back_is_tried_again():
    for task in dag.tasks:
        assert task.retries == TASK_DEFAULTS["retries"]
        assert task.retry_policy.evaluate(LakeOutageError("503 Slow Down"), 1, 3).action == RetryAction.RETRY
