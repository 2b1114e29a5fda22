"""No checkpoint can have anything called by being read."""

import pickle
from pathlib import Path

import pytest
import torch
from torch.distributed import checkpoint as torch_checkpoint

from smelt.errors import DamageError
from training.checkpoints.index import FILE, check_index


class _Harm:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self):
        return Path.write_text, (self._file, "was here")


def test_an_index_that_torch_has_written_passes(tmp_path):
    tensors = {"weights": torch.zeros(4, 3, dtype=torch.bfloat16), "steps": torch.zeros(2, dtype=torch.int64)}
    torch_checkpoint.save({"model": tensors, "step": 3}, checkpoint_id=tmp_path)
    check_index(tmp_path)


def test_what_would_be_called_is_refused_and_not_called(tmp_path):
    (tmp_path / FILE).write_bytes(pickle.dumps({"state_dict_metadata": _Harm(tmp_path / "harm")}))
    with pytest.raises(DamageError, match=r"is no index of tensors \(names pathlib\.Path\.write_text\)"):
        check_index(tmp_path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["os.system", "FileSystemWriter", "pickle.loads"])
def test_what_stands_beside_the_records_is_refused(tmp_path, name):
    """Whose names a pickle may have: dotted names lead through a module to all that it imports."""
    module = b"torch.distributed.checkpoint.filesystem"
    (tmp_path / FILE).write_bytes(b"c" + module + b"\n" + name.encode() + b"\n.")
    with pytest.raises(DamageError, match="is no index of tensors"):
        check_index(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"no pickle"])
def test_what_is_no_index_is_damage(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(DamageError, match="is no index"):
        check_index(tmp_path)
