r"""Formulas of a page as TeX: MathML, the TeX that KaTeX, MathJax and wikis leave beside it, and images of formulas.

A formula comes once, in whatever forms the page holds it: as ``$…$``, or as ``$$…$$`` where it is displayed. TeX that
a page leaves to a script to show (``\(…\)``) is text and stays.
"""

import re
from urllib.parse import parse_qs, unquote_plus, urlsplit

import numpy as np

from tasks.compiled import compiled
from tasks.ingest.web.formulas import chtml
from tasks.ingest.web.formulas.hidden import shown
from tasks.ingest.web.formulas.latex import delimited, is_formula, is_tex_encoding, tidy
from tasks.ingest.web.formulas.mathml import tex_of
from tasks.ingest.web.tree.attributes import HIDDEN, attribute
from tasks.ingest.web.tree.elements import classes, descendants, following, formula, name_of, text_in
from tasks.ingest.web.tree.search import tags_with, words_of
from tasks.ingest.web.tree.tags import IMG
from tasks.ingest.web.tree.tree import Tree, parse, tags
from tasks.ingest.web.writing.replaced import NOTHING_REPLACED, Replaced

_FRAMES = frozenset(("mathjax", "mathjax_svg", "mathjax_chtml", "mathjax_mathml", "mathjax_display",
                     "mathjax_svg_display", "mathjax_display_inline", "mjx-chtml", "mjxc-display"))  # fmt: skip
_DISPLAYS = frozenset(("katex-display", "mathjax_display", "mathjax_svg_display", "mjxc-display",
                       "mwe-math-element-block"))  # fmt: skip
_WHOLE = frozenset(("katex", "katex-display", "mwe-math-element"))
_IMAGES = frozenset(("latex", "tex", "math", "mwe-math-fallback-image-inline", "mwe-math-fallback-image-display",
                     "mathtex", "math-inline", "math-display", "texhtml", "equation"))  # fmt: skip
_IMAGE_SIGNS = (b"math", b"tex", b"eeimg", b"formula", b"equation", b"cht=")
_SIGNS = words_of({"math": "", "mjx": "", "tex": "t", "formu": "", "eeim": "", "cht=": ""})
_SOURCES = ("data-tex", "data-latex", "data-formula")
_SERVICE = re.compile(r"latex\.php|codecogs\.com/|/(?:math)?tex(?:\.cgi)?\?|cht=tx|math\.jianshu|/equation\?tex=", re.I)


def replaced_of(tree: Tree) -> Replaced:
    """The elements of a page that hold a formula, and what is written of each; what only repeats one is empty."""
    nodes: list[int] = []
    texts: list[bytes] = []
    done = barren = 0
    where = tree.source, tree.tag, tree.start, tree.end
    for node in np.union1d(tags_with(*where, _SIGNS), _drawn(*where)).tolist():
        if node < done:
            continue
        if node < barren and tree.tag[node] not in (tags.MATH, tags.IMG, tags.SCRIPT):
            continue  # nothing was found in all of what is around it
        text = _written(tree, node)
        if text is not None:
            nodes.append(node)
            texts.append(text.encode("utf-8", "replace"))
            done = int(tree.stop[node])
        elif tree.stop[node] > max(barren, node + 1) and _searched(tree, node):
            barren = int(tree.stop[node])
    return Replaced(np.array(shown(tree, nodes, texts), np.int32), texts) if nodes else NOTHING_REPLACED


@compiled
def _drawn(source, tag, start, end):
    """Images with a mark of TeX in their tag (int32[k])."""
    found, k = np.empty(len(tag), np.int32), 0
    for node in range(len(tag)):
        if tag[node] == IMG:
            for at in range(start[node], end[node]):
                if source[at] == 92 or source[at] == 36:
                    found[k] = node
                    k += 1
                    break
    return found[:k]


def _written(tree: Tree, node: int) -> str | None:
    """What is written of an element, or None where it is no formula."""
    name = name_of(tree, node)
    if name == "math":
        return _math(tree, node)
    if name == "script":
        return _script(tree, node)
    if name == "img":
        return _image(tree, node)
    if name == "mjx-container":
        return _container(tree, node)
    words = set(classes(tree, node))
    if "mathjax_preview" in words:
        behind = next(following(tree, node), None)
        return "" if behind is not None and _is_frame(tree, behind) else None
    if words & _FRAMES or name in ("mjx-chtml", "mjx-math"):
        return _frame(tree, node, displayed=bool(words & _DISPLAYS))
    if words & {"katex", "katex-display"}:
        return _katex(tree, node, displayed="katex-display" in words)
    if "mwe-math-element" in words:
        return _first(tree, node, displayed=bool(words & _DISPLAYS))
    if "math" in words and tree.flags[node] & HIDDEN and delimited(text_in(tree, node).strip())[1]:
        return text_in(tree, node).strip()  # hidden until a script has drawn it
    for source in (*_SOURCES, *(("data-value",) if "ql-formula" in words else ())):
        if tex := attribute(tree, node, source):
            return _dollars(
                tex, displayed="block" in " ".join(words) or attribute(tree, node, "data-display") == "true"
            )
    return None


def _searched(tree: Tree, node: int) -> bool:
    """Whether an element that came to nothing was searched for formulas from end to end."""
    words = set(classes(tree, node))
    return bool(words & _FRAMES or words & _WHOLE) or name_of(tree, node).startswith("mjx-")


def _dollars(tex: str, *, displayed: bool) -> str:
    """TeX between dollar signs, with what the page put around it away; nothing where there is no TeX."""
    inner, opening = delimited(tex.strip())
    tex = tidy(inner)
    if not tex:
        return ""
    return f"$${tex}$$" if displayed or opening in ("$$", "\\[") else f"${tex}$"


def _math(tree: Tree, node: int, *, displayed: bool = False) -> str:
    displayed = displayed or "block" in attribute(tree, node, "display") or attribute(tree, node, "mode") == "display"
    tex = _annotation(tree, node)
    if not tex:
        told = attribute(tree, node, "alttext")
        tex = told if is_formula(told) or any(c in told for c in "^_") else tex_of(formula(tree, node))
    return _dollars(tex, displayed=displayed)


def _annotation(tree: Tree, node: int) -> str:
    """The TeX that an annotation in the element notes."""
    for at in descendants(tree, node):
        if name_of(tree, at) == "annotation" and is_tex_encoding(attribute(tree, at, "encoding")):
            return text_in(tree, at).strip()
    return ""


def _first(tree: Tree, node: int, *, displayed: bool) -> str | None:
    """The first formula in an element."""
    for at in descendants(tree, node):
        name = name_of(tree, at)
        if name == "math":
            return _math(tree, at, displayed=displayed)
        if name == "img" and (text := _image(tree, at)) is not None:
            return f"${text}$" if displayed and not text.startswith("$$") else text
    return None


def _script(tree: Tree, node: int) -> str | None:
    kind, _, mode = attribute(tree, node, "type").lower().replace(" ", "").partition(";")
    if kind == "math/tex":
        return _dollars(text_in(tree, node), displayed="mode=display" in mode)
    if kind == "math/mml":
        return _markup(text_in(tree, node), displayed="mode=display" in mode)
    return text_in(tree, node).strip() if kind == "math/asciimath" else None


def _markup(text: str, *, displayed: bool) -> str | None:
    """MathML that is the value of an attribute or the text of a script."""
    tree = parse(text.encode("utf-8", "replace"))
    math = next((at for at in descendants(tree, 0) if name_of(tree, at) == "math"), None)
    return None if math is None else _math(tree, math, displayed=displayed)


def _is_script(tree: Tree, node: int) -> bool:
    return tree.tag[node] == tags.SCRIPT and attribute(tree, node, "type").lower().startswith("math/")


def _is_frame(tree: Tree, node: int) -> bool:
    return _is_script(tree, node) or bool(set(classes(tree, node)) & _FRAMES)


def _frame(tree: Tree, node: int, *, displayed: bool) -> str | None:
    """What MathJax 2 shows; nothing where the script with its TeX is kept in it or behind it."""
    behind = next(following(tree, node), None)
    if behind is not None and _is_script(tree, behind):
        return ""
    for at in (node, *descendants(tree, node)):
        displayed = displayed or bool(set(classes(tree, at)) & _DISPLAYS)
        if _is_script(tree, at):
            return _script(tree, at)
        if (markup := attribute(tree, at, "data-mathml")) and (text := _markup(markup, displayed=displayed)):
            return text
        if name_of(tree, at) == "math":
            return _math(tree, at, displayed=displayed)
    return None


def _container(tree: Tree, node: int) -> str | None:
    """What MathJax 3 and 4 show: their assistive MathML, their note of the TeX, or the characters they draw."""
    displayed = attribute(tree, node, "display").lower() in ("true", "block")
    for at in descendants(tree, node):
        if name_of(tree, at) == "math":
            return _math(tree, at, displayed=displayed)
    for at in descendants(tree, node):
        name = name_of(tree, at)
        if name == "mjx-math" or (name == "g" and attribute(tree, at, "data-mml-node") == "math"):
            tex = attribute(tree, at, "data-latex")
            tex = tex or (tex_of(chtml.formula(tree, at)) if name == "mjx-math" else "")
            return _dollars(tex, displayed=displayed) if tex else None
    return None


def _katex(tree: Tree, node: int, *, displayed: bool) -> str | None:
    found = _first(tree, node, displayed=displayed)
    if found is not None:
        return found
    return re.sub(r"[\s\u200b]+", " ", text_in(tree, node)).strip() or None  # it drew the formula and noted nothing


def _image(tree: Tree, node: int) -> str | None:
    """An image whose ``alt`` or address is a formula."""
    alt = attribute(tree, node, "alt").strip()
    tag = tree.source[tree.start[node] : tree.end[node]].tobytes().lower()
    signed = any(sign in tag for sign in _IMAGE_SIGNS)
    formula = is_formula(alt)
    if not signed and not formula:
        return None
    words = set(classes(tree, node))
    displayed = any("display" in word or "block" in word for word in words)
    sources = (attribute(tree, node, name) for name in ("src", "data-src", "data-original")) if signed else ()
    source = next((source for source in sources if _SERVICE.search(source)), "")
    service = bool(source)
    if alt and (formula or words & _IMAGES or service or b" eeimg" in tag):
        return _dollars(alt, displayed=displayed)
    return _dollars(_asked(source), displayed=displayed) if service and _asked(source) else None


def _asked(address: str) -> str:
    """The TeX in the address of a service that draws it."""
    query = urlsplit(address).query
    fields = parse_qs(query)
    for name in ("latex", "tex", "chl", "formula"):
        if fields.get(name):
            return fields[name][0]
    return unquote_plus(query) if "=" not in query.partition("\\")[0] else ""
