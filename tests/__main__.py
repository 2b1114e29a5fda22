"""Every test, by two runs of pytest side by side: those of the running services, and all others.

The services' tests wait more than they compute, so that one run alone leaves a processor idle. Kernels are compiled
before both (``tasks.warm``), so that no test waits for them, and all processes of all services find them in one folder.
"""

import os
import subprocess
import sys
import tempfile

import pytest

from tasks.compiled import cache_folder

RUNS = ("services", "not services")


def main(arguments: list[str]) -> int:
    """Run both to their ends, print the one and then the other; the exit status is 0 where none of them failed.

    Args:
        arguments: for both, such as files; one of the two may then have nothing to run.
    """
    os.environ["NUMBA_CACHE_DIR"] = str(cache_folder())
    subprocess.run([sys.executable, "-m", "tasks.warm"], check=True)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    with tempfile.TemporaryFile() as output:
        others = subprocess.Popen([*command, "-m", RUNS[1]], stdout=output, stderr=subprocess.STDOUT)
        codes = [subprocess.run([*command, "-m", RUNS[0]]).returncode, others.wait()]
        output.seek(0)
        sys.stdout.write(output.read().decode(errors="replace"))
    nothing = pytest.ExitCode.NO_TESTS_COLLECTED
    return max(codes) if set(codes) == {nothing} else max(code for code in codes if code != nothing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
