"""``smelt up``, ``status``, ``logs``, ``airflow`` and ``down``: the embedded services of this checkout."""

import os
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from smelt.cli.main import app
from smelt.cli.tables import print_whole
from smelt.settings import home_folder

COLOURS = {"ready": "green", "done": "green", "starting": "yellow", "waiting": "dim", "pausing": "red", "down": "dim"}


@app.command()
def up() -> None:
    """Start the embedded services, or what of them has died, and wait until they answer."""
    from smelt.services import stack

    console = Console()
    started = time.monotonic()
    home = home_folder()
    with Live(console=console, transient=True, refresh_per_second=4) as live:
        state = stack.up(home, lambda entries: live.update(_progress(entries, time.monotonic() - started)))
    console.print(f"[green]ready[/green] in {time.monotonic() - started:.0f} s")
    print_addresses(addresses(state))


@app.command()
def status() -> None:
    """Show each service: process, uptime, restarts, memory, address, health. Exit status 1 if one is not well."""
    from smelt.services import stack

    found = stack.status(home_folder())
    table = Table("service", "state", "up", "restarts", "memory", "healthy", "address", box=None)
    for entry in found:
        supervised = entry.supervised
        table.add_row(
            entry.name,
            f"[{COLOURS[supervised.phase]}]{supervised.phase}[/]",
            _duration(time.time() - supervised.since) if supervised.pid else "",
            str(supervised.restarts or ""),
            f"{entry.memory / 1e6:,.0f} MB" if entry.memory else "",
            "[green]yes[/]" if entry.healthy else "[red]no[/]",
            entry.address,
        )
    total = sum(entry.memory for entry in found)
    table.caption = f"{total / 1e9:.2f} GB in all" if total else "nothing is running; `smelt up` starts the services"
    print_whole(table)
    if not found or not all(entry.healthy for entry in found):
        raise typer.Exit(1)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="Only this service's log.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many last lines of each log.")] = 20,
) -> None:
    """Show the last lines of the services' logs."""
    from smelt.errors import SmeltError
    from smelt.services import stack
    from smelt.services.tail import tail

    files = stack.log_files(home_folder())
    if service and service not in files:
        raise SmeltError("no such log", where=service, mend=f"one of: {', '.join(files) or 'none yet'}")
    chosen = {service: files[service]} if service else files
    width = max((len(name) for name in chosen), default=0)
    for name, line in tail(chosen, lines, follow=follow):
        typer.echo(line if service else f"{name:{width}} | {line}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def airflow(context: typer.Context) -> None:
    """Airflow's own command line, on the embedded Airflow: `smelt airflow backfill create --help`."""
    from smelt.errors import SmeltError
    from smelt.services.airflow import PROGRAM, environment
    from smelt.services.state import load_state

    state = load_state(home_folder())
    if state is None:
        raise SmeltError("there is no Airflow yet", where=str(home_folder()), mend="start it with `smelt up`")
    os.execve(PROGRAM, [PROGRAM, *context.args], {**os.environ, **environment(state)})


@app.command()
def down() -> None:
    """End the embedded services and everything they started. What was made stays."""
    from smelt.services import stack

    console = Console()
    with console.status("ending the services"):
        num_processes = stack.down(home_folder())
    console.print(f"ended {num_processes} processes" if num_processes else "nothing was running")


def addresses(state) -> list[tuple[str, str, str]]:
    """Where a person finds what runs, and how to get in: (what, address, note)."""
    from smelt.services.airflow import USER

    settings, password = state.settings, state.secrets["airflow_password"]
    keys = state.home / "services.json"
    return [
        ("Airflow", f"http://127.0.0.1:{state.ports['airflow']}", f"user {USER}, password {password}"),
        ("Ray", settings.ray_api, f"token: ray_token in {keys}"),
        ("TensorBoard", f"http://127.0.0.1:{state.ports['tensorboard']}", "the same token"),
        ("Lake", settings.lake, f"at {settings.endpoint}, keys in {keys}"),
    ]


def print_addresses(rows: list[tuple[str, str, str]]) -> None:
    """One line each, never broken, so that an address can be copied whatever the terminal's width."""
    width = max(len(name) for name, _, _ in rows)
    for name, address, note in rows:
        typer.echo(f"{name:<{width}}  {address}" + (f"  ({note})" if note else ""))


def _progress(entries, elapsed_s: float) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, entry in entries.items():
        table.add_row(name, f"[{COLOURS[entry.phase]}]{entry.phase}[/]", entry.error if entry.failures else "")
    table.add_row(f"[dim]{elapsed_s:.0f} s[/dim]")
    return table


def _duration(seconds: float) -> str:
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
