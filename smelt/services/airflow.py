"""The embedded Airflow: database, API server, scheduler, DAG processor and triggerer, each supervised.

It is tuned for one person on a small machine: SQLite (write-ahead log), few task processes, one API
worker, short heartbeats so that what a killed part left behind is found in seconds, and no log servers
(all parts share one disk). Everything is told by environment variables, so no ``airflow.cfg`` can differ.
"""

import json
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import httpx
import psutil

from smelt.checkout import CHECKOUT
from smelt.pool import DESCRIPTION, TRAIN_POOL, TRAIN_SLOTS
from smelt.services import processes
from smelt.services.processes import age_s
from smelt.services.service import Service
from smelt.services.state import State, write_private

USER = "admin"
API_SERVER = "airflow"
TASK_PROCESSES = 4
PASSWORDS = "airflow-passwords.json"
PROGRAM = str(Path(sys.executable).with_name("airflow"))


def airflow(state: State) -> list[Service]:
    """Airflow's five services, in the order in which they start."""
    write_private(state.home / PASSWORDS, json.dumps({USER: state.secrets["airflow_password"]}))
    variables = environment(state)
    port = state.ports["airflow"]
    migrated = state.home / "airflow" / f"migrated-{version('apache-airflow-core')}"

    def part(name: str, *arguments: str, health: str, address: str = "") -> Service:
        return Service(
            name=name,
            command=(PROGRAM, *arguments),
            environment=variables,
            ready=lambda: _is_healthy(port, health, lambda: processes.members(state.home, [name]).get(name, [])),
            address=address,
            ports=(port,) if address else (),
            on_ready=(lambda: _prepare(port, state.secrets["airflow_password"])) if address else None,
            through="" if address else API_SERVER,
            after=("airflow-db",),
        )

    return [
        Service(
            name="airflow-db",
            command=(PROGRAM, "db", "migrate"),
            environment=variables,
            ready=migrated.exists,
            on_ready=lambda: _finish_migration(state.home / "airflow" / "airflow.db", migrated),
            once=True,
        ),
        part(API_SERVER, "api-server", health="metadatabase", address=f"http://127.0.0.1:{port}"),
        part("scheduler", "scheduler", "--skip-serve-logs", health="scheduler"),
        part("dag-processor", "dag-processor", health="dag_processor"),
        part("triggerer", "triggerer", "--skip-serve-logs", health="triggerer"),
    ]


def environment(state: State) -> dict[str, str]:
    """What any of Airflow's processes, its command line among them, is told by environment variables."""
    home = state.home / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    port = state.ports["airflow"]
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": CHECKOUT / "dags",
            "load_examples": False,
            "executor": "LocalExecutor",
            "parallelism": TASK_PROCESSES,
            "fernet_key": state.secrets["airflow_fernet_key"],
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": state.home / PASSWORDS,
            "execution_api_server_url": f"http://127.0.0.1:{port}/execution/",
            "hostname_callable": "socket.gethostname",  # the default asks the name servers
            "min_serialized_dag_update_interval": 1,
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{home}/airflow.db"},
        "logging": {"base_log_folder": state.logs / "tasks", "colored_console_log": False},
        "api": {
            "host": "127.0.0.1",
            "port": port,
            "base_url": f"http://127.0.0.1:{port}",
            "workers": 1,
            "secret_key": state.secrets["airflow_jwt_secret"],
        },
        "api_auth": {"jwt_secret": state.secrets["airflow_jwt_secret"]},
        "scheduler": {
            "scheduler_idle_sleep_time": 0.5,
            "job_heartbeat_sec": 2,
            "scheduler_health_check_threshold": 15,
            "orphaned_tasks_check_interval": 10,
            "task_instance_heartbeat_sec": 5,
            "task_instance_heartbeat_timeout": 60,
            "task_instance_heartbeat_timeout_detection_interval": 10,
            "parsing_cleanup_interval": 30,
        },
        "triggerer": {"job_heartbeat_sec": 2, "triggerer_health_check_threshold": 15},
        "dag_processor": {
            "parsing_processes": 1,
            "refresh_interval": 10,
            "min_file_process_interval": 300,  # a file that has changed is read at once all the same
            "print_stats_interval": 0,
        },
    }
    variables = {
        f"AIRFLOW__{section}__{option}".upper(): str(value)
        for section, options in sections.items()
        for option, value in options.items()
    }
    # no PYTHONPATH: with the checkout on it, the plugin's entry point would be found twice
    return {**state.settings.environment(), **variables, "AIRFLOW_HOME": str(home)}


def _is_healthy(port: int, part: str, find: Callable[[], list[psutil.Process]]) -> bool:
    """Whether Airflow takes this part for healthy, by a heartbeat of the process that lives now."""
    state = _health(port).get(part, {})
    if state.get("status") != "healthy" or not (living := find()):
        return False
    heartbeat = state.get(f"latest_{part}_heartbeat")  # the database has none
    try:  # how long ago is compared, not when: the clock may have been set since it was started
        return heartbeat is None or time.time() - datetime.fromisoformat(heartbeat).timestamp() < age_s(living[0])
    except OSError:  # it has just ended
        return False


def _health(port: int) -> dict[str, dict[str, str | None]]:
    """State of each part of Airflow by name, as its API server tells; empty while it doesn't answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return {}


def _warm(port: int) -> None:
    """Let the API that tasks talk to build its routes (4 s of CPU) now, not while the first task waits."""
    urllib.request.urlopen(f"http://127.0.0.1:{port}/execution/health", timeout=120).close()


def _prepare(port: int, password: str) -> None:
    """Warm the API server, and make the pool of trainings; one that is there keeps the slots it was given."""
    _warm(port)
    pool = {"name": TRAIN_POOL, "slots": TRAIN_SLOTS, "description": DESCRIPTION, "include_deferred": True}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        login = client.post("/auth/token", json={"username": USER, "password": password}).raise_for_status()
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        answer = client.post("/api/v2/pools", json=pool, headers=headers)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()


def _finish_migration(database: Path, migrated: Path) -> None:
    """With a write-ahead log, readers and the writer don't block each other; the setting stays in the file."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    database.chmod(0o600)
    migrated.touch()
