"""Running a command in this process, as the terminal would."""

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from subprocess import CompletedProcess

import pytest

from smelt.cli.main import main


def run(*arguments: str, environment: dict[str, str] | None = None) -> CompletedProcess[str]:
    """What ``smelt`` prints and returns under these variables."""
    with pytest.MonkeyPatch.context() as patch, StringIO() as out, StringIO() as err:
        for name, value in {"COLUMNS": "160", **(environment or {})}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["smelt", *arguments])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return CompletedProcess(arguments, ended.value.code, out.getvalue(), err.getvalue())
