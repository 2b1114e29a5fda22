"""When the embedded Ray is taken for ready, and the ports that it is given."""

import socket
from urllib.parse import urlsplit

import pytest

from smelt.services.ray_head import AGENT_HEALTH, ray_head
from smelt.services.state import PREFERRED_PORTS, SECRETS, State
from tests.servers import Quiet, serving

FIRST_GIVEN_AWAY = 32768
"""Of the ports that Linux gives to who asks for any."""


class Agent(Quiet):
    """Answers for the dashboard, and for an agent whose node is well or is not."""

    def do_GET(self):
        """Anything is there, but the health of a node that is gone."""
        self.answer(503 if self.path == AGENT_HEALTH and self.server.server_port in GONE else 200, b"success")


GONE: set[int] = set()


@pytest.fixture
def dashboard():
    with serving(Agent) as address:
        yield urlsplit(address).port


def is_ready(tmp_path, dashboard, agent):
    ports = PREFERRED_PORTS | {"ray": dashboard, "ray-agent": agent}
    return ray_head(State(tmp_path, ports, {name: make() for name, make in SECRETS.items()})).ready()


def test_it_is_ready_when_the_agent_that_starts_jobs_says_so(tmp_path, dashboard):
    with serving(Agent) as agent:
        assert is_ready(tmp_path, dashboard, urlsplit(agent).port)


def test_an_agent_that_a_cluster_before_left_behind_is_none(tmp_path, dashboard):
    with serving(Agent) as agent:
        GONE.add(urlsplit(agent).port)
        assert not is_ready(tmp_path, dashboard, urlsplit(agent).port)


def test_another_program_on_the_agent_s_port_is_none(tmp_path, dashboard):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not is_ready(tmp_path, dashboard, other.getsockname()[1])


def test_no_service_prefers_a_port_that_the_kernel_gives_away():
    assert max(PREFERRED_PORTS.values()) < FIRST_GIVEN_AWAY
