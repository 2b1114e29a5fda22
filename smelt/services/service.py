"""What a service is: a command, its environment, and a question that tells whether it is ready.

A service is plain data made from the state (ports, secrets, home), so any process can make it again:
the supervisor to run it, ``smelt status`` to ask for its health. Its processes are found by what they
carry in their environment, ``SMELT_SERVICE`` and ``SMELT_HOME``: both are inherited by everything that
a service starts (Ray's raylet, a job's driver, an Airflow task), whatever group or session it moves to,
and no other checkout's processes carry the same pair.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SERVICE_VARIABLE = "SMELT_SERVICE"
HOME_VARIABLE = "SMELT_HOME"


@dataclass(frozen=True)
class Service:
    """One supervised program.

    Attributes:
        name: what `smelt status` and `smelt logs` call it.
        command: the program and its arguments; never a secret, since any user can read a command line.
        ready: whether it answers; must not raise.
        alive: what is asked instead now and then once it is ready, where ``ready`` is more than a busy one can answer.
        stuck: what is asked now and then beside that: whether it answers, and can do its work no more until it is
            started again, which it then is; must not raise.
        through: the service that ``ready`` asks, where it asks another: while that one is silent, nothing is known.
        environment: variables on top of those that all services get.
        address: where a person or client reaches it, or "".
        ports: the ports it listens on, which must be free before it starts.
        after: the services that must be ready before this one is started.
        on_ready: what is done once, when it is ready for the first time after a start.
        once: it does its work and ends, and is done when its exit status is 0.
        grace_s: seconds between asking it to end and ending it.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    ports: tuple[int, ...] = ()
    after: tuple[str, ...] = ()
    on_ready: Callable[[], None] | None = None
    alive: Callable[[], bool] | None = None
    stuck: Callable[[], bool] | None = None
    through: str = ""
    once: bool = False
    grace_s: float = 5.0
