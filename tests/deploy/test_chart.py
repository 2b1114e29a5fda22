"""The chart: what it renders is valid, asks for little, and says in one line what is wrong with a value."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.chart import CASES, CHART, check, helm, pods, ray_cluster, rendered

MINIMAL, GPU = CHART / "ci" / "minimal.yaml", CHART / "ci" / "gpu-spot.yaml"

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)


@every_case
def test_every_object_is_valid(case: Path):
    lint = helm("lint", "--strict", CHART, f"--values={case}")
    assert lint.returncode == 0, lint.stdout
    for item in rendered(case):
        check(item)
    for name, spec in pods(case).items():
        check({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name.replace(" ", "-")}, "spec": spec})


def test_the_check_of_ray_clusters_refuses_a_misspelt_key():
    (cluster,) = [item for item in rendered(MINIMAL) if item["kind"] == "RayCluster"]
    misspelt = {**cluster, "spec": {**cluster["spec"], "enableInTreeAutoscalling": True}}
    with pytest.raises(jsonschema.ValidationError, match="enableInTreeAutoscalling"):
        check(misspelt)


@every_case
def test_pods_are_confined_bounded_and_watched(case: Path):
    for name, spec in pods(case).items():
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in spec["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"], name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys(), name
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), name
            assert {mount["name"] for mount in container["volumeMounts"]} <= {v["name"] for v in spec["volumes"]}, name


@every_case
def test_rights_are_few_and_named(case: Path):
    rules = [rule for item in rendered(case) if item["kind"] in ("Role", "ClusterRole") for rule in item["rules"]]
    assert not [item for item in rendered(case) if item["kind"].startswith("ClusterRole")]
    granted = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert granted == {
        ("pods", "get"), ("pods", "list"), ("pods", "watch"), ("rayclusters", "get"), ("rayclusters", "patch"),
    }  # fmt: skip
    (on_clusters,) = [rule for rule in rules if rule["resources"] == ["rayclusters"]]
    (cluster,) = [item for item in rendered(case) if item["kind"] == "RayCluster"]
    assert on_clusters["resourceNames"] == [cluster["metadata"]["name"]]


@every_case
def test_only_the_autoscaler_can_talk_to_kubernetes(case: Path):
    specs = pods(case)
    assert "kubernetes-api" in {volume["name"] for volume in specs["head"]["volumes"]}
    mounts = [mount["name"] for spec in specs.values() for c in spec["containers"] for mount in c["volumeMounts"]]
    assert "kubernetes-api" not in mounts
    assert "kubernetes-api" in {mount["name"] for mount in ray_cluster(case)["autoscalerOptions"]["volumeMounts"]}


@every_case
def test_secrets_stand_by_reference_only(case: Path):
    assert not [item for item in rendered(case) if item["kind"] == "Secret"]
    for spec in pods(case).values():
        for variable in (variable for container in spec["containers"] for variable in container["env"]):
            if any(word in variable["name"] for word in ("KEY", "TOKEN", "PASSWORD", "SECRET")):
                assert variable.keys() == {"name", "valueFrom"}, variable
    assert ray_cluster(case)["authOptions"] == {"mode": "token", "secretName": "smelt-ray"}


def test_gpu_workers_on_spot_nodes():
    cpu, gpu = ray_cluster(GPU)["workerGroupSpecs"]
    for group in (cpu, gpu):
        spec = group["template"]["spec"]
        assert "cloud.google.com/gke-spot" in {item["key"] for item in spec["tolerations"]}
        assert spec["nodeSelector"]["cloud.google.com/gke-spot"] == "true"
    spec = gpu["template"]["spec"]
    (container,) = spec["containers"]
    assert {"nvidia.com/gpu", "dedicated"} <= {item["key"] for item in spec["tolerations"]}
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 8
    assert container["image"].startswith("registry.example/smelt-ray-gpu:")
    leave = container["lifecycle"]["preStop"]["exec"]["command"]
    assert int(leave[-1]) < spec["terminationGracePeriodSeconds"]
    assert "nvidia.com/gpu" not in {item["key"] for item in cpu["template"]["spec"]["tolerations"]}


def test_a_group_has_variables_and_devices_of_its_own():
    cpu, gpu = (group["template"]["spec"]["containers"][0] for group in ray_cluster(GPU)["workerGroupSpecs"])
    own = [variable for variable in gpu["env"] if variable not in cpu["env"]]
    assert {"name": "NCCL_IB_HCA", "value": "mlx5"} in own and {"name": "NCCL_IB_TIMEOUT", "value": "22"} in own
    for part in ("requests", "limits"):
        assert gpu["resources"][part].keys() - cpu["resources"][part].keys() == {
            "nvidia.com/gpu", "rdma/hca", "hugepages-2Mi",
        }  # fmt: skip
        assert gpu["resources"][part]["rdma/hca"] == "8"


def test_metrics_are_scraped_where_they_are_switched_on():
    on, off = CHART / "ci" / "cpu.yaml", MINIMAL
    for case, count in ((on, 3), (off, 0)):
        cluster = ray_cluster(case)
        templates = [group["template"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
        scraped = [template for template in templates if "annotations" in template["metadata"]]
        assert len(scraped) == count
        for template in scraped:
            port = int(template["metadata"]["annotations"]["prometheus.io/port"])
            assert {"name": "metrics", "containerPort": port} in template["spec"]["containers"][0]["ports"]
    (dashboard,) = [item for item in rendered(on) if item["kind"] == "ConfigMap"]
    assert dashboard["data"]["smelt.json"].strip() == (CHART / "dashboards" / "smelt.json").read_text().strip()


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("lake.url=http://store/lake", "lake.url: Does not match pattern"),
        ("lake.ulr=s3://smelt", "lake: Additional property ulr is not allowed"),
        ("images.cpu=smelt-ray", "images.cpu: Does not match pattern"),
        ("images.pullPolicy=Sometimes", "images.pullPolicy"),
        ("ray.tokenSecret=", "ray.tokenSecret: Does not match pattern"),
        ("ray.head.memory=lots", "ray.head.memory: Does not match pattern"),
        ("tensorboard.enabled=perhaps", "tensorboard.enabled: Invalid type. Expected: boolean"),
        ("network.lake.ports={99999}", "network.lake.ports.0: Must be less than or equal to 65535"),
    ],
)
def test_a_wrong_value_gives_one_line_that_names_it(setting: str, told: str):
    answer = helm("template", "refine", CHART, f"--values={MINIMAL}", f"--set={setting}")
    assert answer.returncode != 0
    lines = [line for line in answer.stderr.splitlines() if line.startswith("- ")]
    assert len(lines) == 1 and told in lines[0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"gpus": 8}, "images.gpu: worker group w has GPUs and no image is named for it"),
        ({"maxReplicas": 1, "minReplicas": 4}, "workerGroups w: maxReplicas 1 is below minReplicas 4"),
        ({"resources": {"nvidia.com/gpu": 8}}, "workerGroups w: resources names nvidia.com/gpu, which is what gpus is"),
        ({"resources": {"rdma": 1}}, "workerGroups.0.resources"),
        ({"resources": {"rdma/hca": "some"}}, "workerGroups.0.resources.rdma/hca: Does not match pattern"),
        ({"env": {"NCCL_IB_HCA": 5}}, "workerGroups.0.env.NCCL_IB_HCA: Invalid type. Expected: string"),
    ],
)
def test_values_that_do_not_fit_each_other_are_named(changed: dict[str, Any], told: str, tmp_path: Path):
    group = {"name": "w", "minReplicas": 0, "maxReplicas": 1, "cpu": "4", "memory": "8Gi", "sharedMemory": "2Gi"}
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"workerGroups": [{**group, **changed}]}))
    answer = helm("template", "refine", CHART, f"--values={MINIMAL}", f"--values={values}")
    assert answer.returncode != 0 and told in answer.stderr


def test_without_the_internet_ray_reaches_the_lake_alone():
    case = CHART / "ci" / "external-s3.yaml"
    policies = {item["metadata"]["name"]: item["spec"] for item in rendered(case) if item["kind"] == "NetworkPolicy"}
    outside = [
        (target["ipBlock"]["cidr"], [port["port"] for port in rule["ports"]])
        for rule in policies["refinery-ray"]["egress"]
        for target in rule["to"]
        if "ipBlock" in target
    ]
    assert outside == [("10.0.0.0/8", [8333])]
