"""Airflow's REST API, as far as starting and watching a run needs it."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from smelt.errors import SmeltError
from smelt.lake.patience import PATIENCE_S, patiently
from smelt.services.airflow import USER
from smelt.services.state import State

DAG = "pretrain"
TIMEOUT_S = 60.0
"""Long: the API server may be at its first request on a machine that is busy with the run itself."""
PARSED_WITHIN_S = 180.0
MAX_NUMBER = 99
"""Runs of a recipe that may be started in one second."""


@dataclass(frozen=True)
class Task:
    """A task of a run.

    Attributes:
        state: Airflow's word for it; None before it is scheduled.
        attempt: 1 at first, 2 at the first retry.
        started, ended: None while it hasn't.
    """

    name: str
    state: str | None
    attempt: int
    started: datetime | None
    ended: datetime | None


class AirflowOutageError(SmeltError):
    """Airflow's API server is out of reach or out of breath: the same request may succeed later."""


class Airflow:
    """A client that logs in by itself, and again when its token is too old; a server that is away is waited for.

    Args:
        address: of the API server, such as ``http://127.0.0.1:8080``.
    """

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address.rstrip("/")
        self._outages = 0
        self._login = {"username": user, "password": password}
        self._http = httpx.Client(base_url=self.address, timeout=TIMEOUT_S)

    @classmethod
    def of(cls, state: State) -> "Airflow":
        """A client of the embedded Airflow."""
        return cls(f"http://127.0.0.1:{state.ports['airflow']}", USER, state.secrets["airflow_password"])

    def wait_for_dag(self) -> None:
        """Wait until the DAG processor has read the DAG, which it does soon after its first start.

        Raises:
            SmeltError: when the DAG can't be imported, or nothing reads it.
        """
        deadline = time.monotonic() + PARSED_WITHIN_S
        while self._ask("GET", f"/api/v2/dags/{DAG}", passed_over=404) is None:
            for error in self._ask("GET", "/api/v2/importErrors")["import_errors"]:
                raise SmeltError(error["stack_trace"].strip().splitlines()[-1], where=error["filename"])
            if time.monotonic() > deadline:
                raise SmeltError(f"Airflow has not read the DAG {DAG}", mend="see `smelt logs dag-processor`")
            time.sleep(1)

    def trigger(self, run_id: str, params: dict[str, Any]) -> str:
        """Start a run under this id, or where it is taken under that with the first free number; the id it has."""
        for number in range(1, MAX_NUMBER + 1):
            name = run_id if number == 1 else f"{run_id}-{number}"
            body = {"dag_run_id": name, "logical_date": None, "conf": params}
            before = self._outages
            if self._ask("POST", f"/api/v2/dags/{DAG}/dagRuns", body, passed_over=409) is not None:
                return name
            if self._outages > before and self._ask("GET", f"/api/v2/dags/{DAG}/dagRuns/{name}")["conf"] == params:
                return name  # a request whose answer was lost has started it
        raise SmeltError("the run id is taken", where=run_id, mend="try again in a second")

    def ahead(self, run_id: str) -> list[str]:
        """Ids of the other runs that are under way: what a queued run waits for, unless it has just begun itself."""
        path = f"/api/v2/dags/{DAG}/dagRuns?state=running&order_by=run_after&limit=10"
        return [name for found in self._ask("GET", path)["dag_runs"] if (name := found["dag_run_id"]) != run_id]

    def clear(self, run_id: str, task: str) -> None:
        """Have a task done again, and all that follows it; a run that has ended goes on."""
        body = {
            "dag_run_id": run_id,
            "task_ids": [task],
            "include_downstream": True,
            "only_failed": False,
            "dry_run": False,
        }
        self._ask("POST", f"/api/v2/dags/{DAG}/clearTaskInstances", body)

    def fail(self, run_id: str) -> None:
        """End a run: what it has running is stopped, and the run marked as failed."""
        self._ask("PATCH", f"/api/v2/dags/{DAG}/dagRuns/{run_id}", {"state": "failed"})

    def state(self, run_id: str) -> str:
        """``queued``, ``running``, ``success`` or ``failed``.

        Raises:
            SmeltError: when there is no such run.
        """
        found = self._ask("GET", f"/api/v2/dags/{DAG}/dagRuns/{run_id}", passed_over=404)
        if found is None:
            raise SmeltError("Airflow knows no such run", where=run_id, mend="`smelt artifacts --runs` lists them")
        return found["state"]

    def tasks(self, run_id: str) -> dict[str, Task]:
        """All tasks of a run, by name."""
        path = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances?limit=100"
        return {
            item["task_id"]: Task(
                name=item["task_id"],
                state=item["state"],
                attempt=item["try_number"],
                started=_time(item["start_date"]),
                ended=_time(item["end_date"]),
            )
            for item in self._ask("GET", path)["task_instances"]
        }

    def error(self, run_id: str, task: str) -> str | None:
        """The one line that a failed task has left, or None where it could not leave one."""
        path = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/error"
        found = self._ask("GET", path, passed_over=404)
        return None if found is None else found["value"]

    def page(self, run_id: str, task: str = "") -> str:
        """Where a person sees the run, or one of its tasks."""
        return f"{self.address}/dags/{DAG}/runs/{run_id}" + (f"/tasks/{task}" if task else "")

    def _ask(self, method: str, path: str, body: Any = None, *, passed_over: int | None = None) -> Any:
        """The answer's JSON; None for the status that is passed over."""
        response = patiently(lambda: self._answer(method, path, body), PATIENCE_S, AirflowOutageError)
        if response.status_code == passed_over:
            return None
        if response.is_error:
            raise SmeltError(f"Airflow answered {response.status_code}: {response.text[:300]}", where=path)
        return response.json()

    def _answer(self, method: str, path: str, body: Any) -> httpx.Response:
        """What the server says to one request.

        Raises:
            AirflowOutageError: nothing, or that it can't now.
        """
        try:
            if "Authorization" not in self._http.headers:
                self._log_in()
            response = self._http.request(method, path, json=body)
            if response.status_code in (401, 403):  # 403 too: a token that is old, or from before a clock was set back
                self._log_in()
                response = self._http.request(method, path, json=body)
            wrong = f"Airflow answered {response.status_code}" if response.is_server_error else ""
        except httpx.HTTPError as error:
            wrong = f"Airflow is out of reach ({type(error).__name__})"
        if wrong:
            self._outages += 1
            raise AirflowOutageError(wrong, where=self.address, mend="see `smelt status`")
        return response

    def _log_in(self) -> None:
        answer = self._http.post("/auth/token", json=self._login)
        if answer.is_server_error:
            raise httpx.HTTPStatusError("no token", request=answer.request, response=answer)
        if answer.is_error:
            raise SmeltError("Airflow refuses user and password", where=self.address, mend="`smelt down`, `smelt up`")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
