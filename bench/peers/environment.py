"""Environments for peers that can't be installed beside Smelt, kept in the cache."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from smelt.settings import home_folder

PEERS = {
    "dolma": ("dolma==1.2.1", "numpy==1.26.4", "setuptools<81"),
    "data_juicer": ("py-data-juicer==1.6.1", "aiohttp"),
    "presidio": ("presidio-analyzer==2.2.366",),
    "torchtitan": ("torchtitan==0.2.2", "torch==2.13.0", "triton==3.9.0", "numpy"),
    "readability": ("readability-lxml==0.9",),
    "justext": ("justext==3.0.2",),
    "magic_html": ("magic-html==0.1.8",),
    "datatrove": ("jieba==0.42.1", "ftfy==6.3.1", "wcwidth==0.2.14"),
    "lm_harness": (
        "lm_eval==0.4.13",
        "accelerate==1.12.0",
        "chardet==6.0.0.post1",
        "colorama==0.4.6",
        "dataproperty==1.1.1",
        "datasets==5.2.0",
        "evaluate==0.4.6",
        "mbstrdecoder==1.1.5",
        "nltk==3.10.4",
        "pathvalidate==3.3.1",
        "peft==0.18.0",
        "portalocker==4.4.2",
        "pytablewriter==1.2.1",
        "rouge-score==0.1.2",
        "sacrebleu==2.6.0",
        "sqlitedict==2.1.0",
        "tabledata==1.3.5",
        "tcolorpy==0.1.7",
        "typepy==1.3.5",
        "word2number==1.1",
    ),
}
BESIDE = ("lm_harness", "datatrove")
"""Those that run on this interpreter's own packages (the same torch and transformers), with only theirs put before."""
PYTHON = {"magic_html": "3.12"}
"""The Python of those that need another than 3.11."""
INSTALL_S, RUN_S = 600, 900


def ask(peer: str, documents: Path, *, script: str = "") -> dict[str, Any] | None:
    """What the peer's script says of a JSON Lines file of documents; None where it can't be installed or run.

    Args:
        script: one that several peers share, which is told the peer's name.
    """
    try:
        answer = _run([*command(peer, script), str(documents), *([peer] if script else [])], RUN_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = getattr(error, "stderr", None) or str(error)
        print(f"{peer}: not measured: {said.strip().splitlines()[-1][:200]}")
        return None
    return json.loads(answer.strip().splitlines()[-1])


def command(peer: str, script: str = "") -> list[str]:
    """How the peer's script (or one that it shares) is run in its environment, which is made if it isn't there yet.

    Raises:
        subprocess.SubprocessError: when it can't be installed.
    """
    folder = home_folder() / "cache" / "bench" / "environments" / peer
    python = folder / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    if not python.exists():
        _run([uv, "venv", "--quiet", "--python", PYTHON.get(peer, "3.11"), str(folder)], INSTALL_S)
    alone = ["--no-deps"] if peer in BESIDE else []
    if peer in BESIDE:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (folder / "lib" / version / "site-packages" / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    _run([uv, "pip", "install", "--quiet", "--python", str(python), *alone, *PEERS[peer]], INSTALL_S)
    return [str(python), "-P", str(Path(__file__).with_name(f"{script or peer}.py"))]


def _run(command: list[str], seconds: float) -> str:
    wheels = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    environment = {**os.environ, "UV_FIND_LINKS": wheels}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=seconds).stdout
