"""Top-level domains that end an address.

A top-level domain that is also what programs call things (``W@x.data``, ``react@latest.next``) ends an address only
behind two dots, if at all.
"""

from functools import cache

from tasks.clean.kernels.tries import Array, build, listed
from tasks.top_level import top_level

DOMAIN, SECOND_LEVEL = 1, 2
_NONE = """abc|box|call|case|cat|center|codes|compare|cover|data|date|dot|final|foo|got|help|int|java|link|map|mov|new
    next|now|open|place|plus|prod|prof|property|pub|read|run|save|search|select|show|storage|style|tab|target|total|windows|zip"""
_SECOND = "py|sh|rs|md|so|app|page|store|host|one|name"


@cache
def trie() -> tuple[Array, Array]:
    """The domains as a trie: DOMAIN for those that stand behind any dot, SECOND_LEVEL for what needs two."""
    second = set(listed(_SECOND))
    return build((name, SECOND_LEVEL if name in second else DOMAIN) for name in top_level() - set(listed(_NONE)))
