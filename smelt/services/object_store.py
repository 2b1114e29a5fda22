"""The embedded object store: SeaweedFS, one process with master, volume, filer and S3 gateway.

It is crash-safe: what it has acknowledged is there again after ``kill -9``. It is bounded: volumes of
256 MB are made as data comes (``-volume.max=0``: as many as the disk holds), none when less than 2 GiB
of disk are left; the Go runtime keeps its heap below the given limit and the upload buffers theirs.
Everything listens on loopback only, and every port asks who is there: S3 for credentials that live in a private file,
the others for what ``store_keys`` makes. HTTP is off but for S3 and for the volumes, whose requests are signed.
"""

import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from hashlib import md5
from itertools import count
from pathlib import Path

from smelt.errors import LakeError
from smelt.lake import Lake
from smelt.lake.probe import require_conditional_writes
from smelt.services.service import Service
from smelt.services.state import BUCKET, State, write_private
from smelt.services.store_keys import write_keys

MEMORY_LIMIT = "768MiB"
MIN_FREE_GIB = 2
WRITABLE_WITHIN_S = 30
INDEXES = 8
PROBE = "writable"
"""An object that is written to see whether one can be."""


def object_store(state: State) -> Service:
    """The S3 server over the home's ``lake`` folder."""
    data = state.home / "lake"
    data.mkdir(parents=True, exist_ok=True)
    identities = state.home / "s3.json"
    write_private(identities, json.dumps(_identities(state)))
    write_keys(state.home)
    ports = state.ports
    command = (
        str(Path(sys.executable).with_name("weed")), "-logtostderr", "server", f"-dir={data}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-disableHttp",
        f"-master.port={ports['s3-master']}", f"-master.port.grpc={ports['s3-master-grpc']}",
        "-master.volumeSizeLimitMB=256", "-master.telemetry=false", "-master.electionTimeout=1s",
        f"-volume.port={ports['s3-volume']}", f"-volume.port.grpc={ports['s3-volume-grpc']}",
        "-volume.max=0", f"-volume.minFreeSpace={MIN_FREE_GIB}GiB", "-volume.preStopSeconds=0",
        "-volume.concurrentUploadLimitMB=256",
        "-filer", f"-filer.port={ports['s3-filer']}", f"-filer.port.grpc={ports['s3-filer-grpc']}",
        "-filer.disableHttp", f"-filer.localSocket={state.runtime}/filer.sock",
        "-s3", f"-s3.port={ports['s3']}", f"-s3.port.grpc={ports['s3-grpc']}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        f"-s3.localSocket={state.runtime}/s3.sock", f"-s3.config={identities}",
        "-s3.concurrentUploadLimitMB=256", "-s3.readerCacheSizeMB=128",
    )  # fmt: skip
    direct = Lake(
        replace(state.settings, endpoint=f"http://127.0.0.1:{ports['s3']}"), url=f"s3://{BUCKET}/.smelt", patience=1
    )
    return Service(
        name="s3",
        command=command,
        environment={"GOMEMLIMIT": MEMORY_LIMIT, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "2"},
        ready=lambda: _answers(ports["s3"]),
        stuck=lambda: refuses_writes(direct, data),
        on_ready=lambda: make_usable(Lake(state.settings)),
        address=f"http://127.0.0.1:{ports['s3']}",
        ports=tuple(port for name, port in ports.items() if name.startswith("s3")),
        grace_s=5.0,
    )


def make_usable(lake: Lake) -> None:
    """Make the bucket, wait until it takes objects, and see that it keeps what commits stand on.

    Raises:
        LakeError: when it does not.
    """
    make_writable(lake)
    require_conditional_writes(Lake(lake.settings, url=f"s3://{lake.bucket}/.smelt"))


def make_writable(lake: Lake) -> None:
    """Make the bucket, and wait until an object can be written: volumes register after S3 answers.

    Raises:
        LakeError: when nothing could be written within half a minute.
    """
    deadline = time.monotonic() + WRITABLE_WITHIN_S
    probe = Lake(lake.settings, url=f"s3://{lake.bucket}/.smelt", patience=1)
    while True:
        try:
            probe.create_bucket()
            probe.put(PROBE, b"")
            return
        except LakeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def refuses_writes(lake: Lake, folder: Path) -> bool:
    """Whether it answers that nothing can be written, though the disk has room.

    Once a write to the filer's index has met a full disk, the filer refuses all others until it is started again. The
    index is eight, by folder, and each is written to.
    """
    if shutil.disk_usage(folder).free < MIN_FREE_GIB << 30:
        return False
    try:
        for name in _one_of_each_index(f"/buckets/{lake.bucket}/{lake.prefix}"):
            lake.put(f"{name}/{PROBE}", b"")
    except LakeError as error:
        return "status code: 500" in str(error.__cause__)  # and not that it is out of reach or slow
    return False


def _one_of_each_index(parent: str) -> list[str]:
    """Names of folders below a path of the filer's, the entries of each of which it keeps in another index."""
    found: dict[int, str] = {}
    for number in count():
        index = md5(f"{parent}/{number}".encode(), usedforsecurity=False).digest()[-1] % INDEXES
        found.setdefault(index, str(number))
        if len(found) == INDEXES:
            break
    return list(found.values())


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 403  # it wants credentials, as it should
    except OSError:
        return False


def _identities(state: State) -> dict:
    key = {"accessKey": state.secrets["s3_access_key"], "secretKey": state.secrets["s3_secret_key"]}
    return {"identities": [{"name": "smelt", "credentials": [key], "actions": ["Admin"]}]}
