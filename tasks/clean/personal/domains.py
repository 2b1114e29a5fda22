"""Top-level domains, from the Public Suffix List that ``tld`` brings along.

A top-level domain that is also what programs call things (``W@x.data``, ``react@latest.next``) ends an address only
behind two dots, if at all.
"""

from functools import cache
from importlib import resources

from tasks.clean.kernels.tries import Array, build, listed

DOMAIN, SECOND_LEVEL = 1, 2
_NONE = """abc|box|call|case|cat|center|codes|compare|cover|data|date|dot|final|foo|got|help|int|java|link|map|mov|new
    next|now|open|place|plus|prod|prof|property|pub|read|run|save|search|select|show|storage|style|tab|target|total|windows|zip"""
_SECOND = "py|sh|rs|md|so|app|page|store|host|one|name"


@cache
def trie() -> tuple[Array, Array]:
    """The domains as a trie: DOMAIN for those that stand behind any dot, SECOND_LEVEL for what needs two."""
    file = resources.files("tld") / "res" / "effective_tld_names.dat.txt"
    lines = (line.strip() for line in file.read_text(encoding="utf-8").partition("===END ICANN")[0].splitlines())
    found = {line for line in lines if line and not line.startswith("//") and "." not in line}
    found |= {name.encode("idna").decode() for name in found if not name.isascii()}
    second = set(listed(_SECOND))
    return build((name, SECOND_LEVEL if name in second else DOMAIN) for name in found - set(listed(_NONE)))
