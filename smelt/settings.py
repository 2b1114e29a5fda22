"""Where this process finds its services.

Settings say *how* things are reached and never enter a fingerprint. Environment variables win (a
cluster sets them); otherwise the file that ``smelt up`` writes into the state folder is read.
Secrets may come as files, as containers are given them: ``RAY_AUTH_TOKEN_PATH``, and for S3 what
boto3 reads itself (``AWS_SHARED_CREDENTIALS_FILE``, a role).
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from smelt.checkout import CHECKOUT
from smelt.errors import SmeltError

STATE_FILE = "services.json"


@dataclass(frozen=True)
class Settings:
    """Addresses and credentials of the services.

    Attributes:
        lake: ``s3://bucket/prefix`` of the lake.
        endpoint: the S3 endpoint, or None for AWS itself.
        access_key, secret_key: S3 credentials; None lets boto3 find them (profile, role, IRSA).
        region: S3 region.
        ray_api: base address of Ray's Jobs API, such as ``http://127.0.0.1:8265``.
        ray_dashboard: where a browser finds Ray's dashboard, or None where that is ``ray_api``.
        ray_address: address that stage drivers give to ``ray.init``.
        ray_token: token of Ray's API, or None where it asks for none.
        tensorboard: where a browser finds TensorBoard, or None where it is not served.
        home: folder for state, caches and logs.
    """

    lake: str
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    region: str = "us-east-1"
    ray_api: str = "http://127.0.0.1:8265"
    ray_dashboard: str | None = None
    ray_address: str = "auto"
    ray_token: str | None = None
    tensorboard: str | None = None
    home: Path = Path(".smelt")

    @property
    def cache(self) -> Path:
        """Folder for what was fetched or derived and may be deleted at any time."""
        return self.home / "cache"

    def environment(self) -> dict[str, str]:
        """The variables that carry these settings to a child process."""
        pairs = {
            "SMELT_LAKE": self.lake,
            "SMELT_HOME": str(self.home.resolve()),
            "SMELT_RAY_API": self.ray_api,
            "SMELT_RAY_DASHBOARD": self.ray_dashboard,
            "SMELT_RAY_ADDRESS": self.ray_address,
            "SMELT_TENSORBOARD": self.tensorboard,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "RAY_AUTH_MODE": "token" if self.ray_token else None,
            "RAY_AUTH_TOKEN": self.ray_token,
        }
        return {key: value for key, value in pairs.items() if value is not None}


def load() -> Settings:
    """Settings from the environment, else from the state file of the embedded services.

    Raises:
        SmeltError: when neither says where the lake is.
    """
    home = home_folder()
    if lake := os.environ.get("SMELT_LAKE"):
        env = os.environ.get
        return Settings(
            lake=lake,
            endpoint=env("AWS_ENDPOINT_URL_S3") or env("AWS_ENDPOINT_URL"),
            access_key=env("AWS_ACCESS_KEY_ID"),
            secret_key=env("AWS_SECRET_ACCESS_KEY"),
            region=env("AWS_REGION") or "us-east-1",
            ray_api=env("SMELT_RAY_API") or Settings.ray_api,
            ray_dashboard=env("SMELT_RAY_DASHBOARD"),
            ray_address=env("SMELT_RAY_ADDRESS") or Settings.ray_address,
            ray_token=env("RAY_AUTH_TOKEN") or _secret_file("RAY_AUTH_TOKEN_PATH"),
            tensorboard=env("SMELT_TENSORBOARD"),
            home=home,
        )
    file = home / STATE_FILE
    if file.exists():
        return Settings(home=home, **json.loads(file.read_text())["settings"])
    raise SmeltError(
        "no lake is known", where="SMELT_LAKE", mend="start the embedded services with `smelt up`, or set SMELT_LAKE"
    )


def _secret_file(variable: str) -> str | None:
    """Content of the file that the variable names, or None where it names none.

    Raises:
        SmeltError: when there is no such file.
    """
    if not (path := os.environ.get(variable)):
        return None
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SmeltError(
            f"can't read {path}: {error.strerror}", where=variable, mend="is the secret mounted?"
        ) from None


def home_folder() -> Path:
    """The state folder: ``SMELT_HOME``, or ``.smelt`` in the checkout (or working folder)."""
    if home := os.environ.get("SMELT_HOME"):
        return Path(home)
    base = CHECKOUT if (CHECKOUT / "pyproject.toml").exists() else Path.cwd()
    return base / ".smelt"
