"""Runs that are started at once have ids of their own, and one that waits says behind which."""

import io
import json

import httpx
import pytest
from rich.console import Console

from smelt.errors import SmeltError
from smelt.following.airflow import Airflow
from smelt.following.show import Lines, Screen


class Server:
    """As much of Airflow's API as starting runs asks of it."""

    def __init__(self, *taken: str) -> None:
        self.runs = dict.fromkeys(taken, "running")

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "x"})
        if request.method == "POST":
            name = json.loads(request.content)["dag_run_id"]
            if name in self.runs:
                return httpx.Response(409, json={"detail": {"reason": "Unique constraint violation"}})
            self.runs[name] = "queued"
            return httpx.Response(200, json={"dag_run_id": name})
        state = request.url.params["state"]
        found = [{"dag_run_id": name} for name, is_ in self.runs.items() if is_ == state]
        return httpx.Response(200, json={"dag_runs": found})


def client(server: Server) -> Airflow:
    airflow = Airflow("http://airflow", "admin", "secret")
    airflow._http = httpx.Client(base_url=airflow.address, transport=httpx.MockTransport(server.answer))
    return airflow


def test_an_id_that_is_taken_is_counted_on():
    airflow = client(Server("demo-1", "demo-1-2"))
    assert airflow.trigger("demo-1", {}) == "demo-1-3"
    assert airflow.trigger("demo-2", {}) == "demo-2"


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_airflow_takes_no_more_is_asked_for_again(status):
    class Forgetful(Server):
        tokens = 0

        def answer(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/auth/token":
                self.tokens += 1
                return httpx.Response(201, json={"access_token": str(self.tokens)})
            if request.headers["Authorization"] == "Bearer 1":
                return httpx.Response(status, json={"detail": "Invalid JWT token"})
            return super().answer(request)

    assert client(Forgetful("a")).ahead("c") == ["a"]


class Restarted(Server):
    """Breaks off some requests: before they reach it, after they took effect, or with an error of its own."""

    def __init__(self, *troubles: str) -> None:
        super().__init__()
        self.troubles = list(troubles)

    def answer(self, request: httpx.Request) -> httpx.Response:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "refused":
            raise httpx.ConnectError("refused", request=request)
        if trouble == "503":
            return httpx.Response(503)
        if request.method == "GET" and request.url.path.endswith("/demo-1"):
            return httpx.Response(200, json={"conf": {"recipe": "a"}})
        answer = super().answer(request)
        if trouble == "answer lost":
            raise httpx.ReadError("reset", request=request)
        return answer


@pytest.mark.parametrize(
    "troubles", [["refused", "503"], ["", "503", "refused"], ["", "answer lost"], ["answer lost", "", "answer lost"]]
)
def test_an_api_server_that_is_started_anew_is_waited_for_and_no_run_is_started_twice(troubles):
    server = Restarted(*troubles)
    assert client(server).trigger("demo-1", {"recipe": "a"}) == "demo-1"
    assert server.troubles == [] and [*server.runs] == ["demo-1"]


def test_a_run_of_others_under_the_same_id_is_not_taken_for_ones_own_after_an_outage():
    server = Restarted("", "refused")
    server.runs["demo-1"] = "running"
    assert client(server).trigger("demo-1", {"recipe": "b"}) == "demo-1-2"


def test_a_server_that_stays_away_is_one_line(monkeypatch):
    monkeypatch.setattr("smelt.following.airflow.PATIENCE_S", 0.5)
    airflow = client(Restarted(*["refused"] * 20))
    with pytest.raises(SmeltError, match=r"http://airflow: Airflow is out of reach \(ConnectError\) \(see `smelt"):
        airflow.state("demo-1")


def test_what_a_queued_run_waits_for_is_named():
    assert client(Server("a", "b")).ahead("c") == ["a", "b"]


def test_a_run_that_has_just_begun_is_not_behind_itself():
    assert client(Server("a")).ahead("a") == []


def test_ids_that_are_all_taken_are_an_error_of_one_line():
    with pytest.raises(SmeltError, match="the run id is taken"):
        client(Server("demo-1", *(f"demo-1-{number}" for number in range(2, 200)))).trigger("demo-1", {})


def test_the_queue_is_told_once_and_again_when_it_changes():
    file = io.StringIO()
    lines = Lines(Console(file=file, width=200), "run c")
    for text in ("queued, behind a, b", "queued, behind a, b", "queued, behind b", ""):
        lines.note(text)
    assert [line.split("  ")[-1] for line in file.getvalue().splitlines()] == [
        "run c",
        "queued, behind a, b",
        "queued, behind b",
    ]


def test_a_screen_says_it_beside_the_title():
    file = io.StringIO()
    with Screen(Console(file=file, width=200, force_terminal=True), "run c") as screen:
        screen.note("queued, behind [a]")
        screen.update([])
    assert "queued, behind [a]" in file.getvalue()
