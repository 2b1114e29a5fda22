"""A small run in a real lake, beside a real Ray head, for what operators do with them."""

import asyncio
import uuid

import pytest

from operators.jobs import patience
from operators.jobs.trigger import StageTrigger
from smelt.lake import Lake
from smelt.run import Run, create_run
from tests.chain import RECIPE
from tests.operators.attempts import SUCCESS, attempt, event_of
from tests.operators.small_lake import airflow, client, run_id, site, stages  # noqa: F401

PAGE = f"""<html><body><nav><ul><li><a href="/a">Home</a></li><li><a href="/b">Prices</a></li></ul></nav><article>
<h1>On rust</h1>{"<p>Iron left in the rain turns red, and it goes on turning red until nothing of it is left.</p>" * 4}
</article><footer><a href="/c">All rights reserved</a></footer></body></html>"""


@pytest.fixture
def stack_lake(stack, monkeypatch) -> Lake:
    """The lake of the running services, which is also the one this process's settings name."""
    for name, value in stack.settings.environment().items():
        monkeypatch.setenv(name, value)
    patience.connect.cache_clear()
    return Lake(stack.settings)


@pytest.fixture
def run(stack_lake, tmp_path) -> Run:
    """A run of a recipe whose files nobody has read before, a text and a page; ``fetch``, which has nothing to do, is
    made."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    (tmp_path / "a.txt").write_text(f"This is the text of {name}, and there is little more to say about it.")
    recipe = tmp_path / "recipe.yaml"
    (tmp_path / "b.html").write_text(PAGE)
    both = RECIPE.format(name=name, folder=tmp_path).replace('txt"]', f'txt", "{tmp_path}/*.html"]')
    recipe.write_text(both)
    found = create_run(recipe, {}, name, stack_lake.settings)
    assert asyncio.run(event_of(attempt(StageTrigger, found, stage="fetch"))) == SUCCESS
    return found
