"""``smelt``: the command line. Each module of this package adds its commands to ``app``.

Whatever a command needs beyond the terminal is imported inside it, so that ``smelt --help`` is quick.
"""

import importlib
import pkgutil
import sys

import typer
from rich.console import Console

import smelt.cli
from smelt.disk import told_when_full
from smelt.errors import SmeltError
from smelt.settings import home_folder

app = typer.Typer(
    name="smelt",
    help="The open pretraining refinery: one recipe turns raw documents into an evaluated base language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The entry point: an error that the user can mend is one line on stderr, and the exit status 2."""
    for module in pkgutil.iter_modules(smelt.cli.__path__, "smelt.cli."):
        importlib.import_module(module.name)
    try:
        with told_when_full(home_folder()):
            app()
    except SmeltError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error:[/red] {_escaped(error)}")
        sys.exit(2)


def _escaped(error: SmeltError) -> str:
    return str(error).replace("[", "\\[")
