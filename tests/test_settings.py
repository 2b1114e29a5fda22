from pathlib import Path

import pytest

from smelt import settings
from smelt.errors import SmeltError


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SMELT_LAKE", "s3://smelt/lake")
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)


def test_rays_token_may_come_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "token").write_text("abc\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    assert settings.load().ray_token == "abc"
    monkeypatch.setenv("RAY_AUTH_TOKEN", "xyz")
    assert settings.load().ray_token == "xyz", "as in Ray, the variable wins"


def test_where_a_browser_finds_pages_goes_to_child_processes_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SMELT_RAY_DASHBOARD", "https://ray.example/")
    assert settings.load().environment()["SMELT_RAY_DASHBOARD"] == "https://ray.example/"


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    with pytest.raises(SmeltError, match=r"^RAY_AUTH_TOKEN_PATH: .*token: No such file or directory"):
        settings.load()
