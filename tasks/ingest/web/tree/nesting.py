"""Which elements a tag closes: end tags that are left out, too many, or in the wrong order."""

from tasks.compiled import inner
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.tags import (
    BODY,
    BUTTON,
    DD,
    DT,
    HEAD,
    HTML,
    LI,
    MATH,
    OPTGROUP,
    OPTION,
    OTHER,
    RP,
    RT,
    RTC,
    RUBY,
    SELECT,
    SPAN,
    SVG,
    TABLE,
    TEMPLATE,
    TR,
    A,
    P,
    is_barrier,
)  # fmt: skip

MAX_DEPTH = 512
"""Elements open at once; a deeper one ends the deepest, as in browsers."""
_BETWEEN = 16  # nodes looked at between a link and the block in which it is closed


@inner
def close_all(nodes, stack, opened, depth, level, n):
    """End the open elements from ``level`` on."""
    tag, stop = nodes[0], nodes[2]
    while depth > level:
        depth -= 1
        stop[stack[depth]] = n
        opened[tag[stack[depth]]] -= 1
    return depth


@inner
def push(nodes, stack, names, opened, depth, node, key):
    """Open an element."""
    if depth == MAX_DEPTH:
        depth = close_all(nodes, stack, opened, depth, depth - 1, node)
        nodes[1][node] = stack[depth - 1]
    stack[depth], names[depth] = node, key
    opened[nodes[0][node]] += 1
    return depth + 1


@inner
def end_tag(nodes, stack, names, opened, depth, n, kind, key):
    """What an end tag closes; returns the depth."""
    heading = tags.H1 <= kind <= tags.H6
    if kind in (HTML, BODY) or (opened[kind] == 0 and not heading):
        return depth  # what comes after </body> belongs to it
    tag, reach, level = nodes[0], tags.REACH[kind], depth - 1
    while level > 0:
        open_tag = tag[stack[level]]
        same = open_tag == kind and (kind != OTHER or names[level] == key)
        if same or (heading and tags.H1 <= open_tag <= tags.H6):
            return close_all(nodes, stack, opened, depth, level, n)
        if is_barrier(reach, open_tag):
            break
        level -= 1
    if kind == A:
        return _end_link(nodes, stack, names, opened, depth, n)
    return depth


@inner
def _end_link(nodes, stack, names, opened, depth, n):
    """End a link that has blocks open inside it: it moves into the innermost, or is none where it holds more."""
    tag, _, stop, start, end, flags = nodes
    level = depth - 1
    while level > 0 and tag[stack[level]] != A:
        if tags.SCOPE[tag[stack[level]]]:
            return depth
        level -= 1
    if level <= 0:
        return depth
    link = stack[level]
    if level == depth - 1:
        return close_all(nodes, stack, opened, depth, level, n)
    if not _only_blocks(tag, stop, link + 1, stack[level + 1]):
        opened[A] -= 1
        opened[SPAN] += 1
        tag[link] = SPAN
        return depth
    kept = tag[link], start[link], end[link], flags[link], names[level]
    for above in range(level, depth - 1):
        here, there = stack[above], stack[above + 1]
        tag[here], start[here], end[here], flags[here] = tag[there], start[there], end[there], flags[there]
        names[above] = names[above + 1]
    last = stack[depth - 1]
    tag[last], start[last], end[last], flags[last], names[depth - 1] = kept
    return close_all(nodes, stack, opened, depth, depth - 1, n)


@inner
def _only_blocks(tag, stop, node, last):
    for _ in range(_BETWEEN):
        if node >= last:
            return True
        if not tags.BLOCK[tag[node]]:
            return False
        node = stop[node]
    return False


@inner
def make_room(nodes, stack, names, opened, depth, n, kind):
    """Close what the start of an element of this kind closes; returns the depth."""
    tag = nodes[0]
    if opened[SVG] + opened[MATH] > 0 and tags.BREAKS_OUT[kind]:
        depth = _break_out(nodes, stack, opened, depth, n)
    top = tag[stack[depth - 1]]
    if top == HEAD and not tags.IN_HEAD[kind]:
        depth = close_all(nodes, stack, opened, depth, depth - 1, n)
    if kind == BODY:
        return close_all(nodes, stack, opened, depth, 2 if opened[HTML] > 0 else 1, n)
    if opened[SELECT] > 0 and kind != OPTION and kind != OPTGROUP and (tags.BLOCK[kind] or tags.INVISIBLE[kind]):
        depth = _close(nodes, stack, opened, depth, n, SELECT, SELECT)
    if kind == LI:
        depth = _close_item(nodes, stack, opened, depth, n, LI, LI)
    elif kind in (DD, DT):
        depth = _close_item(nodes, stack, opened, depth, n, DD, DT)
    if opened[P] > 0 and tags.CLOSES_P[kind]:
        depth = _close(nodes, stack, opened, depth, n, P, BUTTON)
    if kind == A:
        return end_tag(nodes, stack, names, opened, depth, n, A, 0) if opened[A] > 0 else depth
    if kind == BUTTON:
        return _close(nodes, stack, opened, depth, n, BUTTON, BUTTON) if opened[BUTTON] > 0 else depth
    if tags.TABLE < kind <= tags.TH:
        return _in_table(nodes, stack, opened, depth, n, kind) if opened[TABLE] > 0 else depth
    top = tag[stack[depth - 1]]
    if (tags.H1 <= kind <= tags.H6 and tags.H1 <= top <= tags.H6) or (kind in (OPTION, OPTGROUP) and top == OPTION):
        depth = close_all(nodes, stack, opened, depth, depth - 1, n)
    if kind == OPTGROUP and tag[stack[depth - 1]] == OPTGROUP:
        depth = close_all(nodes, stack, opened, depth, depth - 1, n)
    if opened[RUBY] > 0 and tags.RB <= kind <= RTC:
        while tags.RB <= tag[stack[depth - 1]] <= RTC and not (kind in (RT, RP) and tag[stack[depth - 1]] == RTC):
            depth = close_all(nodes, stack, opened, depth, depth - 1, n)
    return depth


@inner
def _close(nodes, stack, opened, depth, n, kind, barrier):
    """Close the innermost element of a kind and all in it, where nothing that stops an end tag lies between."""
    tag = nodes[0]
    for level in range(depth - 1, 0, -1):
        open_tag = tag[stack[level]]
        if open_tag == kind:
            return close_all(nodes, stack, opened, depth, level, n)
        if tags.SCOPE[open_tag] or open_tag == barrier:
            break
    return depth


@inner
def _close_item(nodes, stack, opened, depth, n, kind, other):
    """Close the item that a next one ends."""
    tag = nodes[0]
    for level in range(depth - 1, 0, -1):
        open_tag = tag[stack[level]]
        if open_tag in (kind, other):
            return close_all(nodes, stack, opened, depth, level, n)
        if tags.SPECIAL[open_tag] and open_tag != tags.DIV and open_tag != P and open_tag != tags.ADDRESS:
            break
    return depth


@inner
def _in_table(nodes, stack, opened, depth, n, kind):
    """Close what a part of a table closes: all up to what may hold it."""
    tag = nodes[0]
    for level in range(depth - 1, 0, -1):
        open_tag = tag[stack[level]]
        section = tags.THEAD <= open_tag <= tags.TFOOT
        if (
            open_tag in (TABLE, TEMPLATE)
            or (kind >= TR and section)
            or (kind > TR and open_tag == TR)
            or (kind == tags.COL and open_tag == tags.COLGROUP)
        ):
            return close_all(nodes, stack, opened, depth, level + 1, n)
    return depth


@inner
def _break_out(nodes, stack, opened, depth, n):
    """Close ``<svg>`` or ``<math>`` where HTML begins inside it, but for the places meant for HTML."""
    tag = nodes[0]
    for level in range(depth - 1, 0, -1):
        open_tag = tag[stack[level]]
        if tags.INTEGRATION[open_tag]:
            break
        if open_tag in (SVG, MATH):
            return close_all(nodes, stack, opened, depth, level, n)
    return depth
