"""Top-level domains, from the Public Suffix List that ``tld`` brings along."""

from functools import cache
from importlib import resources


@cache
def top_level() -> frozenset[str]:
    """All that there are, in lower case; of those beyond ASCII both spellings."""
    file = resources.files("tld") / "res" / "effective_tld_names.dat.txt"
    lines = (line.strip() for line in file.read_text(encoding="utf-8").partition("===END ICANN")[0].splitlines())
    found = {line for line in lines if line and not line.startswith("//") and "." not in line}
    return frozenset(found | {name.encode("idna").decode() for name in found if not name.isascii()})
