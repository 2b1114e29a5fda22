"""What a stage's job starts ahead on a real cluster, and the task that comes to it."""

import asyncio
import time

from operators.jobs.trigger import StageTrigger
from operators.jobs.verdict import GateTrigger
from smelt.engine.jobs import Jobs, first_id
from smelt.lake import Lake
from smelt.run import Run
from tests.operators.attempts import SUCCESS, attempt, event_of


def test_what_follows_is_made_ahead_by_one_job_and_no_further_than_one_stage(run: Run, stack_lake: Lake, capsys):
    def until_made(stage: str) -> None:
        until = time.monotonic() + 90
        while run.planned(stage).artifact.manifest(stack_lake) is None:
            assert time.monotonic() < until, stage
            time.sleep(0.2)

    async def jobs_of(*stages: str) -> list[list[dict[str, str]]]:
        async with Jobs(stack_lake.settings) as jobs:
            found = await jobs.all()
        names = [first_id(run.planned(stage)) for stage in stages]
        return [[job.metadata for job in found if job.id.startswith(name)] for name in names]

    assert asyncio.run(event_of(attempt(StageTrigger, run, last="score"))) == SUCCESS
    until_made("clean")
    time.sleep(5)
    assert run.planned("score").artifact.manifest(stack_lake) is None, "no task has come to clean yet"
    assert asyncio.run(event_of(attempt(StageTrigger, run, stage="clean", last="score"))) == SUCCESS
    said = capsys.readouterr().out
    assert "started ahead" in said and "clean: gate passed" in said, "its log is the task's"
    until_made("score")
    assert asyncio.run(event_of(attempt(StageTrigger, run, stage="score", last="score"))) == SUCCESS
    for stage in ("clean", "score"):
        assert asyncio.run(event_of(attempt(GateTrigger, run, stage=stage))) == SUCCESS
    ours, score, select = asyncio.run(jobs_of("clean", "score", "select"))
    own = [{"run": run.id, "stage": stage, "try": "1"} for stage in ("clean", "score")]
    assert [ours, score, select] == [[own[0]], [own[1]], []]
