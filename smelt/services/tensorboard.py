"""TensorBoard over the home's ``tensorboard`` folder, where training writes its events."""

import sys
import urllib.request

from smelt.services.service import Service
from smelt.services.state import State


def tensorboard(state: State) -> Service:
    """The loss curves, for those who know Ray's token; reads only."""
    folder = state.home / "tensorboard"
    folder.mkdir(parents=True, exist_ok=True)
    port = state.ports["tensorboard"]
    return Service(
        name="tensorboard",
        command=(
            sys.executable,
            "-m",
            "smelt.boards.server",
            f"--logdir={folder}",
            "--host=127.0.0.1",
            f"--port={port}",
            "--reload_interval=15",
        ),
        environment=state.settings.environment(),
        ready=lambda: _answers(port),
        address=f"http://127.0.0.1:{port}",
        ports=(port,),
    )


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except OSError:
        return False
