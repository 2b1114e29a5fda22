"""The language of a block of code, as highlighters name it in classes and attributes."""

import re

import numpy as np

from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.tree.attributes import NAMED, attribute
from tasks.ingest.web.tree.tree import Tree, tags

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-text-|brush:\s*|sourceCode\s+|hljs\s+|highlight[-\s]+(?!highlight)|"
    r"prettyprint\s+lang-|src\s+src-|crayon-syntax\s+|code-block-)([A-Za-z][\w+#.-]{0,23})(?=$|[\s;])"
)
_NONE = frozenset("text txt plain plaintext none nohighlight default notranslate code source".split())
_AROUND = 3  # elements above the <pre> that may name the language


def languages_of(tree: Tree, blocks: Blocks, keep: np.ndarray) -> tuple[np.ndarray, list[bytes]]:
    """For each block which language it is in (0 for none), and the languages, of which the first is empty."""
    index, found = np.zeros(len(keep), np.int32), {b"": 0}
    if tags.PRE not in tree.tag:
        return index, [b""]
    for block in np.flatnonzero(keep & (tree.tag[blocks.element] == tags.PRE)).tolist():
        language = _language(tree, int(blocks.element[block]))
        index[block] = found.setdefault(language, len(found))
    return index, list(found)


def _language(tree: Tree, pre: int) -> bytes:
    nodes, inside = [pre], pre + 1
    while inside < min(tree.stop[pre], pre + 4):
        if tree.tag[inside] == tags.CODE:
            nodes.insert(0, inside)
        inside += 1
    above = pre
    for _ in range(_AROUND):
        above = int(tree.parent[above])
        if tree.tag[above] in (tags.BODY, tags.ROOT, tags.HTML):
            break
        nodes.append(above)
    for node in nodes:
        for name in ("data-lang", "data-language"):
            if (value := attribute(tree, node, name)) and re.fullmatch(r"[\w+#.-]{1,24}", value):
                return _named(value)
        if tree.flags[node] & NAMED and (match := _LANGUAGE.search(attribute(tree, node, "class"))):
            return _named(match[1])
    return b""


def _named(name: str) -> bytes:
    name = name.lower()
    return b"" if name in _NONE else name.encode("ascii", "ignore")
