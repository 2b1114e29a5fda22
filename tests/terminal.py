"""The command `smelt` in this process, against a lake."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

import smelt.cli.artifacts
import smelt.cli.explain
import smelt.cli.maintenance
import smelt.cli.recipe  # noqa: F401
from smelt.cli.main import app
from smelt.lake import Lake


def terminal(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command with these arguments, which must succeed, and gives what it prints."""
    for name, value in {**lake.settings.environment(), "SMELT_LAKE": lake.url, "COLUMNS": "1000"}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    return run
