"""What the command line of ``ray start`` can't say; ``RAY_START_HOOK`` of its environment names `adapt`.

Thrift: the Ray Client server and the
autoscaler's monitor are of no use to one node that takes jobs through the Jobs API, and cost 90 MB each.
Patience: the raylet dies when its dashboard agent takes more than 15 s to tell its port, which on a busy
machine of two cores it does (https://github.com/ray-project/ray/issues/65983). It doesn't wait for ports
that it is told; the command line tells it all but this one.
"""

from typing import Any

from ray._private import ray_constants, services


def adapt(parameters: Any, head: bool) -> None:
    """Called by ``ray start`` with its ``RayParams`` before it starts anything."""
    parameters.ray_client_server_port = None
    parameters.no_monitor = True
    _tell_raylet(f"--dashboard_agent_listen_port={parameters.dashboard_agent_listen_port}")


def _tell_raylet(flag: str) -> None:
    start = services.start_ray_process

    def start_with_flag(command: list[str], process_type: str, *arguments: Any, **options: Any) -> Any:
        more = [flag] if process_type == ray_constants.PROCESS_TYPE_RAYLET else []
        return start([*command, *more], process_type, *arguments, **options)

    services.start_ray_process = start_with_flag
