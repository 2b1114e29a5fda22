"""Ray's Jobs API over HTTP: submit a job under an id of our choosing, watch it, read its log, stop it.

The API knows a job by its submission id for as long as the head node lives. It answers 500 for an id
that was ever used before, so the id is what makes a job unique: whoever asks for the same work finds
the same job. Ray itself is not imported; orchestrator images don't carry it.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx

from smelt.errors import SmeltError
from smelt.log import ERROR, plain
from smelt.settings import Settings

if TYPE_CHECKING:
    from smelt.plan import Planned

Status = Literal["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"]
TIMEOUT_S = 20.0


class EngineError(SmeltError):
    """Ray is out of reach, or can't do what it was asked: the same request may succeed later."""


@dataclass(frozen=True)
class Job:
    """A job as Ray knows it.

    Attributes:
        exit_code: exit status of its driver; None while it runs, or where Ray lost the driver.
        message: Ray's words on the state.
        metadata: what the submitter wrote beside it.
        submitted: Unix time, in seconds.
    """

    id: str
    status: Status
    message: str
    exit_code: int | None
    metadata: dict[str, str]
    submitted: float

    @property
    def ended(self) -> bool:
        """Whether it is over, for good or bad."""
        return self.status in ("STOPPED", "SUCCEEDED", "FAILED")


class Jobs:
    """An asynchronous client of one Ray head; ``async with Jobs(settings) as jobs``."""

    def __init__(self, settings: Settings, address: str = "") -> None:
        """Connects nowhere yet.

        Args:
            address: of the API, where it isn't the one that the settings name.
        """
        headers = {"Authorization": f"Bearer {settings.ray_token}"} if settings.ray_token else {}
        self.address = (address or settings.ray_api).rstrip("/")
        self._http = httpx.AsyncClient(base_url=self.address, headers=headers, timeout=TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def find(self, job_id: str) -> Job | None:
        """The job of that id, or None where Ray knows none."""
        answer = await self._ask("GET", f"/api/jobs/{job_id}")
        return None if answer is None else _job(answer)

    async def all(self) -> list[Job]:
        """All jobs that were submitted to this head, in no order."""
        return [_job(item) for item in await self._ask("GET", "/api/jobs/") or [] if item.get("submission_id")]

    async def submit(self, job_id: str, entrypoint: str, metadata: dict[str, str]) -> Job:
        """Start a job, or return the one that somebody else just started under that id."""
        body = {"submission_id": job_id, "entrypoint": entrypoint, "metadata": metadata}
        try:
            await self._ask("POST", "/api/jobs/", body)
        except EngineError:
            if (job := await self.find(job_id)) is not None:
                return job
            raise
        return Job(id=job_id, status="PENDING", message="", exit_code=None, metadata=metadata, submitted=time.time())

    async def stop(self, job_id: str) -> None:
        """Ask a job to end: Ray sends SIGTERM to its driver, and SIGKILL seconds later."""
        await self._ask("POST", f"/api/jobs/{job_id}/stop")

    async def log(self, job_id: str) -> str:
        """All that the job's driver has printed so far."""
        answer = await self._ask("GET", f"/api/jobs/{job_id}/logs")
        return "" if answer is None else answer["logs"]

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON; None for 404."""
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise EngineError(
                f"Ray's Jobs API is out of reach ({type(error).__name__})",
                where=self.address,
                mend="is Ray running? `smelt status` tells",
            ) from error
        if response.status_code == 404:
            return None
        if response.status_code in (401, 403):
            raise SmeltError("Ray refuses the token", where=self.address, mend="set RAY_AUTH_TOKEN to that of its head")
        if response.is_error:
            raise EngineError(_last_line(response.text), where=f"{self.address}{path}")
        return response.json()


def first_id(planned: "Planned") -> str:
    """Id of the first job that makes a stage's artifact; a later one has ``-2``, ``-3`` … behind it."""
    return f"{planned.stage}-{planned.fingerprint}"


def attempt_of(run_id: str, stage: str, number: int) -> dict[str, str]:
    """Metadata of the jobs that the ``number``-th try of a stage's task has submitted."""
    return {"run": run_id, "stage": stage, "try": str(number)}


def entrypoint_of(run_id: str, stage: str, last: str = "") -> str:
    """What the job of a stage runs.

    Args:
        last: the last stage of the DAG whose stages are started ahead when this one is made; "" for none.
    """
    return f"python -m smelt.engine.job --run {run_id} --stage {stage}{last and f' --last {last}'}"


def failure_of(job: Job, log: str) -> str:
    """The ``error:`` line of a failed job's log; else how it ended and what it said last."""
    lines = [line for line in plain(log) if line.strip()]
    errors = [line for line in lines if line.startswith(ERROR)]
    if errors:
        return errors[-1].removeprefix(ERROR)
    how = job.message if job.exit_code is None else f"exit status {job.exit_code}"
    return f"Ray job {job.id} failed ({how.partition(chr(10))[0]}); its last line: {lines[-1] if lines else 'none'}"


def _job(answer: dict[str, Any]) -> Job:
    return Job(
        id=answer["submission_id"],
        status=answer["status"],
        message=answer.get("message") or "",
        exit_code=answer.get("driver_exit_code"),
        metadata=answer.get("metadata") or {},
        submitted=(answer.get("start_time") or 1000 * time.time()) / 1000,
    )


def _last_line(text: str) -> str:
    """The line of a traceback that says what happened."""
    return (text.strip().splitlines() or ["no reason given"])[-1][:300]
