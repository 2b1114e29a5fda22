"""The embedded Ray cluster: one head node, with the dashboard that serves the Jobs API.

It asks for a token, listens on loopback, and keeps its session below the short runtime folder. With
``--block`` the command stays in the foreground, ends when one of its parts (GCS, raylet, dashboard)
dies, and takes the rest with it; so the supervisor sees one process.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from smelt.checkout import CHECKOUT
from smelt.services.service import Service
from smelt.services.state import State

OBJECT_STORE_BYTES = 512 << 20
AGENT_HEALTH = "/api/local_raylet_healthz"
"""Of the agent that starts jobs. Where it finds its port taken it lives on without one, and Ray takes no jobs."""


def ray_head(state: State) -> Service:
    """The head node; stage jobs find the lake through its environment."""
    ports, token = state.ports, state.secrets["ray_token"]
    command = (
        str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--disable-usage-stats",
        f"--port={ports['ray-gcs']}",
        "--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={ports['ray']}",
        # given, not found: the raylet waits 15 s at most for ports that its agents choose, then dies (ray#65983)
        f"--dashboard-agent-listen-port={ports['ray-agent']}", f"--dashboard-agent-grpc-port={ports['ray-agent-grpc']}",
        f"--metrics-export-port={ports['ray-metrics']}", f"--runtime-env-agent-port={ports['ray-runtime-env']}",
        "--min-worker-port=0", "--max-worker-port=0",  # the kernel chooses, so two clusters never meet
        f"--num-cpus={os.cpu_count()}", f"--object-store-memory={OBJECT_STORE_BYTES}",
        f"--temp-dir={state.runtime}/ray", "--log-style=record", "--log-color=false",
    )  # fmt: skip
    environment = {
        **state.settings.environment(),
        "PYTHONPATH": str(CHECKOUT),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),  # a job's `python`
        # a cluster of one machine: loopback, where Ray would else resolve 127.0.0.1 to the outward address
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_START_HOOK": "smelt.services.ray_hook.adapt",
        "DASHBOARD_METRIC_PORT": "-1",  # none: the dashboard's figures of itself would be open to anybody
        "RAY_agent_register_timeout_ms": "120000",  # runtime env agent, on a busy machine
    }
    return Service(
        name="ray",
        command=command,
        environment=environment,
        ready=lambda: _answers(ports["ray"], token) and _answers(ports["ray-agent"], token, AGENT_HEALTH),
        alive=lambda: _answers(ports["ray"], token, "/api/version", timeout_s=30),
        address=f"http://127.0.0.1:{ports['ray']}",
        ports=tuple(port for name, port in ports.items() if name.startswith("ray")),
        grace_s=4.0,
    )


def _answers(port: int, token: str, path: str = "/api/jobs/", *, timeout_s: float = 5) -> bool:
    """Whether a part of Ray answers who has the token; by default, whether the dashboard's Jobs API lists jobs."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s):
            return True
    except OSError:  # refused, reset, timed out, or an HTTP error while the modules load
        return False
