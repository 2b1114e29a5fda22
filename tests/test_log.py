"""What processes say, in both forms, and what an operator's task log makes of it."""

import json
import subprocess
import sys

import pytest

from smelt.log import plain

SAYING = """
from smelt import log
log.start()
log.start()
log.logger.info("free words: %d", 1)
with log.bound(run="r1", stage="clean"), log.bound(part="00003"):
    log.logger.debug("a part")
    try:
        raise ValueError("first\\nsecond")
    except ValueError as error:
        log.logger.exception("it failed")
"""


@pytest.mark.parametrize("form", ["plain", "json"])
def test_both_forms_read_the_same_to_people(form: str):
    answer = subprocess.run(
        [sys.executable, "-c", SAYING], capture_output=True, text=True, env={"SMELT_LOG": form}, check=True
    )
    assert answer.stderr == ""
    lines = plain(answer.stdout)
    assert lines[0] == "free words: 1" and lines[1].startswith("Traceback")
    assert lines[-1] == "error: it failed" and "a part" not in lines
    if form == "json":
        free, part, failure = map(json.loads, answer.stdout.splitlines())
        assert free.keys() == {"time", "level", "message"}
        assert (part["run"], part["stage"], part["part"], part["level"]) == ("r1", "clean", "00003", "debug")
        assert "ValueError: first" in failure["exception"]


def test_lines_of_others_stay_as_they_are():
    assert plain('{"a": 1}\n{broken\nwords') == ['{"a": 1}', "{broken", "words"]
