"""Pages over a small lake of real parts, through the application but without a login, beside a small Airflow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Column, MetaData, Table, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from operators.pages.access import connect, reader
from operators.pages.airflow_runs import Records, records
from operators.pages.app import app
from smelt.gates.suite import suite_id
from smelt.lake import Lake, Manifest
from smelt.plan import Plan, Planned
from smelt.recipe.gates import GatesConfig
from tasks import documents
from tests.evaluation.artifacts import commit, whole_run

HOSTILE = "<script>document.title = 'taken'</script> & mail ann@example.org now"
CLEANED = HOSTILE.replace("ann@example.org", "<|email|>")


def decisions(*reasons: str | None) -> dict:
    return {"keep": pa.array([reason is None for reason in reasons]), "reason": pa.array(reasons, pa.string())}


@pytest.fixture
def stages(lake: Lake) -> dict[str, Manifest]:
    """``ingest`` to ``dedup`` over 60 documents in two parts: one hostile, every third one short, one duplicate."""
    made: dict[str, Manifest] = {}
    ids = [[f"{part}{row:015x}" for row in range(30)] for part in (0, 1)]
    why: list[list[str | None]] = [["short" if row % 3 == 2 else None for row in range(30)] for _ in ids]
    why[1] = [None] * 30

    def add(stage: str, columns, stats, extra=lambda part: {}) -> None:
        parts = {}
        for part, of_part in enumerate(ids):
            table = pa.table({"id": of_part, **columns(part)})
            parts[f"{part:05d}"] = ({".parquet": documents.write(table), **extra(part)}, 30, stats(part))
        made[stage] = commit(lake, stage, parts, inputs={name: item.fingerprint for name, item in made.items()})

    texts = [HOSTILE, *(f"line {row}\nand more" for row in range(29))]
    sizes = {"zh": {"documents": 15, "bytes": 1}, "en": {"documents": 15, "bytes": 1}}
    refused = documents.write(
        pa.table(
            {name: ["x"] for name in ("id", "source", "url", "detail")} | {"reason": ["broken pdf"], "raw_bytes": [7]}
        )
    )
    add(
        "ingest",
        lambda part: {
            "text": texts,
            "source": ["web"] * 30,
            "url": ["http://x"] * 30,
            "extraction": ["main", *[None] * 29],
        },
        lambda part: {"documents": 30, "quarantined": {"broken pdf": 1}},
        lambda part: {".quarantine.parquet": refused} if part else {},
    )
    add(
        "clean",
        lambda part: {
            "text": [CLEANED, *texts[1:]],
            "num_bytes": [20] * 30,
            "digit_share": [0.125] * 30,
            "drop_reason": pa.nulls(30, pa.string()),
            "source": ["web"] * 30,
        },
        lambda part: {"documents": 30, "dropped": {}},
    )
    add(
        "score",
        lambda part: {"lang": ["zh", "en"] * 15, "domain": ["docs"] * 30},
        lambda part: {"documents": 30, "by_lang": sizes},
    )
    dropped = {"short": {"documents": 10, "bytes": 1}}
    add(
        "select",
        lambda part: decisions(*why[part]),
        lambda part: {"documents": 30 if part else 20, "dropped": {} if part else dropped},
    )
    copy = [None, ids[0][1], *[None] * 28]  # row 1 of the second part, of the first one's
    add(
        "dedup",
        lambda part: (
            decisions(*["exact" if part == 1 and row == 1 else None for row in range(30)])
            | {
                "duplicate_of": pa.array(copy if part else [None] * 30, pa.string()),
                "similarity": pa.array([None, 1.0, *[None] * 28] if part else [None] * 30, pa.float32()),
                "duplicates": pa.array([int(part == 0 and row == 1) for row in range(30)], pa.int32()),
            }
        ),
        lambda part: {
            "documents": 29 if part else 20,
            "dropped": {"exact": {"documents": 1, "bytes": 1}} if part else {},
        },
    )
    return made


class AirflowTables(Records):
    """Airflow's records in a database of its own, with the columns that the pages read."""

    def __init__(self) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        tables = MetaData()
        for model, columns in (
            (DagRun, ("dag_id", "run_id", "state", "run_after", "partition_key")),
            (TaskInstance, ("dag_id", "run_id", "task_id", "state")),
            (XComModel, ("run_id", "task_id", "key", "value")),
        ):
            own = model.__table__.columns
            Table(model.__tablename__, tables, *(Column(name, own[name].type) for name in columns))
        tables.create_all(self.engine)
        self.tables = tables.tables
        super().__init__(self._session)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with Session(self.engine) as session:
            yield session

    def add(
        self,
        run_id: str,
        state: str,
        *,
        dag: str = "pretrain",
        error: str = "",
        day: str = "",
        skipped: str = "",
        **tasks: str,
    ) -> None:
        """Put a run there, with the states of its tasks (``clean_run`` for ``clean.run``)."""
        when = datetime.now(UTC)
        self._insert("dag_run", dag_id=dag, run_id=run_id, state=state, run_after=when, partition_key=day or None)
        for name, task_state in tasks.items():
            task_id = ".".join(name.rsplit("_", 1)).replace("_", "-")
            self._insert("task_instance", dag_id=dag, run_id=run_id, task_id=task_id, state=task_state)
        for key, line in (("error", error), ("skipped", skipped)):
            if line:
                value = XComModel.serialize_value(line)
                self._insert("xcom", run_id=run_id, task_id="plan", key=key, value=value)

    def _insert(self, table: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(self.tables[table].insert().values(values))


@pytest.fixture
def airflow() -> AirflowTables:
    """An Airflow that knows no run yet."""
    return AirflowTables()


@pytest.fixture
def site(lake: Lake, airflow: Records) -> Iterator[FastAPI]:
    """The application over the lake, for everybody, mounted where Airflow mounts it."""
    app.dependency_overrides |= {reader: lambda: None, connect: lambda: lake, records: lambda: airflow}
    mounted = FastAPI()
    mounted.mount("/smelt", app)
    yield mounted
    app.dependency_overrides.clear()


@pytest.fixture
def client(site: FastAPI) -> TestClient:
    return TestClient(site)


@pytest.fixture
def run_id(lake: Lake) -> str:
    """A run whose artifacts are all there but the report's, three of them cached when it began."""
    made, _ = whole_run(lake)
    planned = [
        Planned(
            stage=stage,
            version=1,
            fingerprint=item.fingerprint,
            inputs={},
            config=item.config,
            suite=suite_id(item.stage, GatesConfig()),
            cached=number < 3,
            reason="first run",
        )
        for number, (stage, item) in enumerate(made.items())
    ]
    planned.append(planned[-1].model_copy(update={"stage": "report", "fingerprint": "0" * 20}))
    plan = Plan(recipe="demo", stages=tuple(planned)).model_dump(mode="json")
    head = {"recipe_path": "demo.yaml", "overrides": {}, "plan": plan, "recipe": {"of": "an older Smelt"}}
    for name, created in (("first", "2026-11-01T10:00:00+00:00"), ("second", "2026-11-02T10:00:00+00:00")):
        lake.put(f"runs/{name}/run.json", json.dumps({**head, "id": name, "created": created}).encode())
    return "second"


def address(manifest: Manifest) -> str:
    """Of the documents of an artifact."""
    return f"/smelt/data/{manifest.stage}/{manifest.fingerprint}"
