import os
import socket
import tempfile

import pytest

from smelt.errors import SmeltError
from smelt.services import ports


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_stepped_over(tmp_path, taken_port):
    chosen = ports.choose(tmp_path, {"a": taken_port}, keep=False)
    assert chosen["a"] > taken_port
    assert ports.is_free(chosen["a"])


def test_names_of_one_home_never_share_a_port(tmp_path):
    chosen = ports.choose(tmp_path, {"a": 23456, "b": 23456, "c": 23457}, keep=False)
    assert len(set(chosen.values())) == 3


def test_a_home_whose_services_do_not_listen_yet_keeps_its_ports_from_others(tmp_path):
    first = ports.choose(tmp_path / "first", {"a": 23556}, keep=False)
    second = ports.choose(tmp_path / "second", {"a": 23556}, keep=False)
    assert second["a"] > first["a"]


def test_living_services_keep_their_ports(tmp_path, taken_port):
    assert ports.choose(tmp_path, {"a": taken_port}, keep=True) == {"a": taken_port}


def test_the_runtime_folder_leaves_room_for_a_socket_name(tmp_path):
    deep = tmp_path / ("long" * 30)
    folder = ports.runtime_folder(deep)
    assert len(str(folder)) < 40
    assert folder != ports.runtime_folder(tmp_path)
    assert folder.stat().st_mode & 0o077 == 0


def test_the_folder_above_is_private_too_and_another_user_s_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = ports.runtime_folder(tmp_path).parent
    assert mine.stat().st_mode & 0o777 == 0o700
    mine.chmod(0o755)
    assert ports.runtime_folder(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    elsewhere = mine.rename(tmp_path / "elsewhere")
    mine.symlink_to(elsewhere)
    with pytest.raises(SmeltError, match=f"{mine}: is no folder of this user's"):
        ports.runtime_folder(tmp_path)
    stranger = os.getuid() + 1
    (tmp_path / f"smelt-{stranger}").mkdir()
    monkeypatch.setattr(ports.os, "getuid", lambda: stranger)
    with pytest.raises(SmeltError, match="let TMPDIR name a folder of your own"):
        ports.runtime_folder(tmp_path)
