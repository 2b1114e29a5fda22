"""Every test, by two runs of pytest side by side: those of the running services, and all others.

The services' tests wait more than they compute, so that one run alone leaves a processor idle.
"""

import subprocess
import sys
import tempfile

RUNS = ("services", "not services")


def main(arguments: list[str]) -> int:
    """Run both to their ends, print the one and then the other, and give the first exit status that isn't 0."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    with tempfile.TemporaryFile() as output:
        others = subprocess.Popen([*command, "-m", RUNS[1]], stdout=output, stderr=subprocess.STDOUT)
        status = subprocess.run([*command, "-m", RUNS[0]]).returncode
        status = others.wait() or status
        output.seek(0)
        sys.stdout.write(output.read().decode(errors="replace"))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
