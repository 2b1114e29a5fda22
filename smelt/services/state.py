"""What one home's services need to be the same again after a restart: ports and secrets.

``services.json`` in the home holds them beside the settings that every other process reads
(`smelt.settings.load`). Secrets are made at random once and stay; ports stay while they can.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smelt.services import ports as ports_module
from smelt.settings import STATE_FILE, Settings

BUCKET = "smelt"
FRONT_VARIABLE = "SMELT_STORE_FRONT"
"""Names the address of what stands before the embedded store, where `smelt up` is told so: ``bench.chaos`` puts a proxy
there that loses requests."""
PREFERRED_PORTS = {
    "s3": 8333,
    "airflow": 8080,
    "ray": 8265,
    "tensorboard": 6006,
    "ray-gcs": 6379,
    "ray-agent": 8270,
    "ray-agent-grpc": 8271,
    "ray-runtime-env": 8272,
    "ray-metrics": 8273,
    "s3-grpc": 18333,
    "s3-master": 9333,
    "s3-master-grpc": 19333,
    "s3-volume": 9340,
    "s3-volume-grpc": 19340,
    "s3-filer": 8888,
    "s3-filer-grpc": 18888,
}
"""Below the ports that the kernel gives to whoever asks for any (32768 and up on Linux), as Ray's own workers do."""
SECRETS = {
    "s3_access_key": lambda: secrets.token_hex(10),
    "s3_secret_key": lambda: secrets.token_hex(20),
    "ray_token": lambda: secrets.token_hex(20),
    "airflow_password": lambda: secrets.token_urlsafe(12),
    "airflow_jwt_secret": lambda: secrets.token_hex(32),
    "airflow_fernet_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


@dataclass(frozen=True)
class State:
    """Ports and secrets of one home's services."""

    home: Path
    ports: dict[str, int]
    secrets: dict[str, str]

    @property
    def settings(self) -> Settings:
        """The settings by which other processes reach these services."""
        return Settings(home=self.home, **self._settings())

    @property
    def logs(self) -> Path:
        """The folder of the services' logs."""
        return self.home / "logs"

    @property
    def runtime(self) -> Path:
        """The short folder for sockets."""
        return ports_module.runtime_folder(self.home)

    def _settings(self) -> dict[str, Any]:
        return {
            "lake": f"s3://{BUCKET}/lake",
            "endpoint": os.environ.get(FRONT_VARIABLE) or f"http://127.0.0.1:{self.ports['s3']}",
            "access_key": self.secrets["s3_access_key"],
            "secret_key": self.secrets["s3_secret_key"],
            "ray_api": f"http://127.0.0.1:{self.ports['ray']}",
            "ray_address": f"127.0.0.1:{self.ports['ray-gcs']}",
            "ray_token": self.secrets["ray_token"],
            "tensorboard": f"http://127.0.0.1:{self.ports['tensorboard']}",
        }

    def save(self) -> None:
        """Write the state file, whole or not at all, readable by this user only; one that says the same stays."""
        text = json.dumps({"settings": self._settings(), "ports": self.ports, "secrets": self.secrets}, indent=2)
        file = self.home / STATE_FILE
        if not file.exists() or file.read_text() != text:  # who only follows a run needs no room on a full disk
            write_private(file, text)


def load_state(home: Path) -> State | None:
    """The state of this home, or None where `smelt up` never ran."""
    file = home / STATE_FILE
    if not file.exists():
        return None
    content = json.loads(file.read_text())
    return State(home.resolve(), content["ports"], content["secrets"])


def prepare_state(home: Path, *, keep_ports: bool) -> State:
    """The state to start services from, saved: secrets as before, or new; ports that are free now.

    Args:
        home: the state folder, made where missing.
        keep_ports: services of this home are alive, so the ports stay as they are.
    """
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    home.chmod(0o700)  # the lake lies in it, with all that was ever read
    before = load_state(home)
    known_ports = {name: before.ports.get(name, port) if before else port for name, port in PREFERRED_PORTS.items()}
    ports = ports_module.choose(home, known_ports, keep=keep_ports)
    known_secrets = before.secrets if before else {}
    state = State(home, ports, {name: known_secrets.get(name) or make() for name, make in SECRETS.items()})
    state.save()
    return state


def write_private(file: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(file)
