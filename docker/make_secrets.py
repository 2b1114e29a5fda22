"""The secrets of compose.yaml, made at random once, as files in ``docker/secrets/``.

``python3 docker/make_secrets.py`` keeps what is there, so it may be run before every start; it prints no secret. The
folder is closed to other users of the machine. The files in it are not: Compose mounts them as they are, and the
containers' users, which are none of this machine's, must be able to read them.
"""

import base64
import configparser
import json
import secrets
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "secrets"


def main() -> None:
    """Write what is missing."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    password = _keep("postgres_password", secrets.token_hex(20))
    _keep("airflow_database", f"postgresql+psycopg2://airflow:{password}@postgres/airflow")
    _keep("airflow_fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    _keep("airflow_jwt_secret", secrets.token_hex(32))
    _keep("airflow_passwords.json", json.dumps({"admin": secrets.token_urlsafe(12)}))
    _keep("ray_token", secrets.token_hex(20))
    keys = f"aws_access_key_id = {secrets.token_hex(10)}\naws_secret_access_key = {secrets.token_hex(20)}\n"
    _keep("s3_identities.json", _identities(_keep("s3_credentials", f"[default]\n{keys}")))
    print(f"Airflow: user admin, password in {FOLDER / 'airflow_passwords.json'}")


def _keep(name: str, value: str) -> str:
    """The secret of that name, written now where there is none."""
    file = FOLDER / name
    if not file.exists():
        file.write_text(value)
        file.chmod(0o444)
    return file.read_text()


def _identities(credentials: str) -> str:
    """SeaweedFS's configuration: one identity, with these credentials, which may do everything."""
    parsed = configparser.ConfigParser()
    parsed.read_string(credentials)
    pair = parsed["default"]
    key = {"accessKey": pair["aws_access_key_id"], "secretKey": pair["aws_secret_access_key"]}
    return json.dumps({"identities": [{"name": "smelt", "credentials": [key], "actions": ["Admin"]}]})


if __name__ == "__main__":
    main()
