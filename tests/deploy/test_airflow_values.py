"""Values for Airflow's chart, which can't be fetched here: held to our own chart and to Smelt's settings."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, CHECKOUT, helm

BASE, GIT_SYNC = CHECKOUT / "helm" / "airflow-values.yaml", CHECKOUT / "helm" / "airflow-values-git-sync.yaml"
SETTINGS = (CHECKOUT / "smelt" / "settings.py").read_text()


def _values(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


@pytest.mark.parametrize("file", [BASE, GIT_SYNC], ids=["base", "git-sync"])
def test_airflow_finds_the_ray_cluster_of_our_chart(file: Path):
    rendered = helm("template", "smelt", CHART, f"--values={CHART / 'ci' / 'minimal.yaml'}").stdout
    (cluster,) = [item for item in yaml.safe_load_all(rendered) if item and item["kind"] == "RayCluster"]
    variables = {item["name"]: item["value"] for item in _values(file)["env"]}
    assert variables["SMELT_RAY_API"] == f"http://{cluster['metadata']['name']}-head-svc:8265"
    (token,) = [item for item in _values(BASE)["secret"] if item["envName"] == "RAY_AUTH_TOKEN"]
    assert token["secretName"] == cluster["spec"]["authOptions"]["secretName"] and token["secretKey"] == "auth_token"


@pytest.mark.parametrize("file", [BASE, GIT_SYNC], ids=["base", "git-sync"])
def test_every_variable_of_ours_is_one_that_settings_read(file: Path):
    values = _values(file)
    names = [item["name"] for item in values["env"]] + [item["envName"] for item in values.get("secret", ())]
    ours = [name for name in names if re.match("SMELT_|AWS_|RAY_", name)]
    assert len(ours) >= 3 and not [name for name in ours if f'"{name}"' not in SETTINGS]


def test_git_sync_keeps_what_the_base_says():
    base, laid_over = ({item["name"] for item in _values(file)["env"]} for file in (BASE, GIT_SYNC))
    assert laid_over - base == {"PYTHONPATH"} and base <= laid_over


def test_no_secret_and_no_known_password_stands_in_the_values():
    values = _values(BASE)
    assert values["createUserJob"]["defaultUser"]["enabled"] is False
    assert not [key for key in ("fernetKey", "apiSecretKey", "jwtSecret") if key in values]
    assert "metadataConnection" not in values["data"]


def test_airflow_s_figures_go_to_the_chart_s_exporter_with_their_labels():
    values = _values(BASE)
    assert values["statsd"]["enabled"] and values["config"]["metrics"]["statsd_influxdb_enabled"] == "True"
    assert "statsd" in (CHECKOUT / "docker" / "airflow.txt").read_text().split(), "Airflow's client of it"
