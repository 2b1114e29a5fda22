"""Training in this process alone, without Ray: for a debugger or a profiler.

    python -m training.local --run RUN

goes on with the ``train`` stage of a run where it stands, as one worker on all of the machine's cores. On SIGTERM it
saves where it is, and leaves.
"""

import argparse
import signal
import threading
from collections.abc import Callable

from smelt.engine.make import make_context
from smelt.lake import Lake
from smelt.run import load_run
from smelt.stage import Context, Progress
from training.loop import train
from training.processes import start_alone


def train_local(context: Context, told: Callable[[], bool] = lambda: False) -> None:
    """Train to the end in this process, or until ``told`` to leave; Ray's workers would go on from the same place."""
    start_alone()
    train(context, told)


def show(progress: Progress) -> None:
    """A line a step."""
    figures = " ".join(f"{name}={value:,.6g}" for name, value in progress.figures.items())
    print(f"{progress.done}/{progress.total} {figures}", flush=True)


def main() -> None:
    """Train the run's model here."""
    parser = argparse.ArgumentParser(prog="training.local")
    parser.add_argument("--run", required=True)
    lake = Lake.connect()
    run = load_run(lake, parser.parse_args().run)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    train_local(make_context(run.recipe, run.planned("train"), lake, show), told.is_set)


if __name__ == "__main__":
    main()
