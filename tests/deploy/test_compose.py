"""Compose: a file that Docker Compose itself accepts, with secrets as files, bounds on everything, and health."""

import json
import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import compose
import pytest
import yaml

DOCKER = Path(__file__).resolve().parents[2] / "docker"
COMPOSE = DOCKER / "compose.yaml"
ENDING = {"bucket", "airflow-init"}
"""Services that do their work and end."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return json.loads(_config(COMPOSE).stdout)["services"]


def test_compose_accepts_the_file_and_tells_a_wrong_key(tmp_path: Path):
    assert _config(COMPOSE).returncode == 0
    content = yaml.safe_load(COMPOSE.read_text())
    content["services"]["s3"]["helthcheck"] = {}
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(yaml.safe_dump(content))
    answer = _config(wrong)
    assert answer.returncode != 0 and "helthcheck" in answer.stderr


def test_every_service_is_bounded_confined_and_watched(services: dict[str, Any]):
    for name, service in services.items():
        assert service["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}, name
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == ("on-failure:5" if name in ENDING else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in ENDING), name


def test_pages_are_published_to_this_machine_only(services: dict[str, Any]):
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert {port["published"] for port in published} == {"8080", "8265", "6006", "8333", "9090", "3000"}
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_links_lead_to_pages_that_this_machine_can_open(services: dict[str, Any]):
    published = {f"http://{p['host_ip']}:{p['published']}" for s in services.values() for p in s.get("ports", ())}
    for name in ("airflow-api-server", "airflow-triggerer"):
        for variable in ("SMELT_RAY_DASHBOARD", "SMELT_TENSORBOARD"):
            assert services[name]["environment"][variable] in published


def test_prometheus_scrapes_every_node_of_ray():
    config = json.loads(_config(COMPOSE).stdout)
    scraped = yaml.safe_load(config["configs"]["prometheus"]["content"])["scrape_configs"][0]["dns_sd_configs"][0]
    nodes = {
        name
        for name, service in config["services"].items()
        if "--metrics-export-port=8080" in (service["command"] or ())
    }
    assert set(scraped["names"]) == nodes == {"ray-head", "ray-worker", "ray-gpu-worker"} and scraped["port"] == 8080
    assert all(config["services"][name]["environment"]["SMELT_LOG"] == "json" for name in nodes)


def test_what_airflow_counts_reaches_prometheus_where_it_is_switched_on():
    config = json.loads(_config(COMPOSE, SMELT_METRICS="True").stdout)
    (job,) = [item for item in yaml.safe_load(config["configs"]["prometheus"]["content"])["scrape_configs"]
              if item["job_name"] == "airflow"]  # fmt: skip
    host, _, port = job["static_configs"][0]["targets"][0].partition(":")
    command = config["services"][host]["command"]
    assert f"--web.listen-address=:{port}" in command
    for name in ("airflow-scheduler", "airflow-triggerer"):
        variables = {key: value for key, value in config["services"][name]["environment"].items() if "STATSD" in key}
        assert variables["AIRFLOW__METRICS__STATSD_ON"] == "True"
        assert variables["AIRFLOW__METRICS__STATSD_HOST"] == host
        assert f"--statsd.listen-udp=:{variables['AIRFLOW__METRICS__STATSD_PORT']}" in command
    off = json.loads(_config(COMPOSE).stdout)["services"]["airflow-triggerer"]["environment"]
    assert off["AIRFLOW__METRICS__STATSD_ON"] == "False"


def test_images_are_our_own_or_have_an_exact_version(services: dict[str, Any]):
    for name, service in services.items():
        _, _, tag = service["image"].partition(":")
        built = service.get("build") or service["image"] in {"smelt-ray", "smelt-airflow"}
        assert built or (tag.removeprefix("v")[:1].isdecimal() and "." in tag), name


def test_a_service_waits_for_what_it_needs(services: dict[str, Any]):
    assert services["airflow-init"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["ray-worker"]["depends_on"]["ray-head"]["condition"] == "service_healthy"
    for name in ("ray-head", "tensorboard"):
        assert services[name]["depends_on"]["bucket"]["condition"] == "service_completed_successfully"


def test_secrets_are_made_once_and_are_all_that_compose_asks_for(tmp_path: Path, services: dict[str, Any]):
    folder = _make_secrets(tmp_path)
    first = {file.name: file.read_text() for file in folder.iterdir()}
    asked = {Path(item["file"]).name for item in yaml.safe_load(COMPOSE.read_text())["secrets"].values()}
    assert first.keys() == asked
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "ray_token").unlink()
    again = {file.name: file.read_text() for file in _make_secrets(tmp_path).iterdir()}
    assert {name for name in first if first[name] != again[name]} == {"ray_token"}
    assert not [value for value in first.values() if value in json.dumps(services)]


def test_the_object_store_and_its_clients_have_the_same_keys(tmp_path: Path):
    folder = _make_secrets(tmp_path)
    (folder / "s3_identities.json").unlink()
    _make_secrets(tmp_path)
    (identity,) = json.loads((folder / "s3_identities.json").read_text())["identities"]
    (key,) = identity["credentials"]
    credentials = (folder / "s3_credentials").read_text()
    assert key["accessKey"] in credentials and key["secretKey"] in credentials


def _config(file: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    program = Path(compose.__file__).with_name("docker-compose")  # its console script hides the exit status
    command = [program, f"--file={file}", "--profile=gpu", "--profile=metrics", "config", "--format=json"]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})


def _make_secrets(folder: Path) -> Path:
    """Run a copy of the script in a folder of the test's own."""
    script = folder / "make_secrets.py"
    script.write_text((DOCKER / script.name).read_text())
    runpy.run_path(str(script), run_name="__main__")
    return folder / "secrets"
