"""Loss curves where no disk is shared: event files go from the trainer to the lake, and on to TensorBoard.

On a cluster the trainer's first process and TensorBoard run on different machines, and a volume that both can
write to is the thing that clusters have least often. The lake they both have. TensorBoard's event files only
ever grow, so the trainer's side puts those that have grown below the artifact that is being trained
(``train/<fingerprint>/tensorboard/``), and TensorBoard's side appends what is new to its copies, which is what
TensorBoard expects of a live run. Collecting the artifact collects its curves.

``python -m smelt.boards.curves`` serves the curves of all runs of the lake.
"""

import argparse
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from obstore.exceptions import BaseError

from smelt.errors import LakeError
from smelt.lake import Lake
from smelt.settings import home_folder

STAGE = "train"
FOLDER = "tensorboard/"
PUSH_EVERY_S = 30.0
"""Files are put whole, so the longer they get the rarer they are put: see `BYTES_PER_S`."""
BYTES_PER_S = 200_000
PULL_EVERY_S = 15.0


def curves_name(run: str, phase: str, fingerprint: str) -> str:
    """What a training's curves are called in TensorBoard: by run and phase, and by the artifact, which links go by."""
    return f"{run or 'no-run'}/{phase}-{fingerprint}"


class Mirror:
    """Keeps a folder's event files in the lake as they grow, from a thread of its own.

    An object store that is out of reach costs the curves some minutes and the training nothing.

    Args:
        lake: where to.
        root: the key prefix of the artifact, ending with a slash.
        folder: the local folder, which need not exist yet.
        name: what the curves are called; see ``curves_name``.
    """

    def __init__(self, lake: Lake, root: str, folder: Path, name: str) -> None:
        self.lake, self.prefix, self.folder = lake, f"{root}{FOLDER}{name}/", folder
        self._sent: dict[Path, int] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tensorboard-mirror", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put what has been written until now, and stop."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        pause = PUSH_EVERY_S
        while not self._closed.wait(pause):
            pause = max(PUSH_EVERY_S, self._push() / BYTES_PER_S)
        self._push()

    def _push(self) -> int:
        """Put the files that have grown; how many bytes that were."""
        num_bytes = 0
        for file in sorted(self.folder.glob("events.*")):
            if (size := file.stat().st_size) == self._sent.get(file):
                continue
            try:
                self.lake.put(f"{self.prefix}{file.name}", file.read_bytes())
            except LakeError as error:
                print(f"loss curves are not up to date in the lake: {error}", flush=True)
                break
            self._sent[file] = size
            num_bytes += size
        return num_bytes


def pull(lake: Lake, folder: Path) -> None:
    """Bring the local copies of all runs' event files up to date, in folders by run and phase.

    Raises:
        LakeError: when the lake can't be listed.
        BaseError: when an object can't be read.
    """
    for fingerprint in lake.folders(f"{STAGE}/"):
        prefix = f"{STAGE}/{fingerprint}/{FOLDER}"
        for item in lake.objects(prefix):
            name = item.key.removeprefix(prefix)
            copy = folder / (name if "/" in name else f"{fingerprint}/{name}")  # an older Smelt's have no name
            copy.parent.mkdir(parents=True, exist_ok=True)
            have = copy.stat().st_size if copy.exists() else 0
            if item.bytes > have:
                with copy.open("ab") as file:
                    file.write(lake.get_range(item.key, have, item.bytes - have))


def main() -> int:
    """Pull and serve until told to end; TensorBoard's own exit status where it ends first."""
    parser = argparse.ArgumentParser(prog="smelt.boards.curves", description=main.__doc__)
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=6006)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder = home_folder() / "boards"
    folder.mkdir(parents=True, exist_ok=True)
    lake = Lake.connect()
    program = (sys.executable, "-m", "smelt.boards.server")
    address = (f"--host={arguments.host}", f"--port={arguments.port}")
    board = subprocess.Popen([*program, f"--logdir={folder}", *address, f"--reload_interval={PULL_EVERY_S:.0f}"])
    try:
        while board.poll() is None:
            try:
                pull(lake, folder)
            except (LakeError, BaseError) as error:
                print(f"trying again in {PULL_EVERY_S:.0f} s: {error}", flush=True)
            with suppress(subprocess.TimeoutExpired):
                board.wait(PULL_EVERY_S)
        return board.returncode
    finally:
        board.terminate()
        board.wait()


if __name__ == "__main__":
    sys.exit(main())
