"""Pages as browsers close their elements, and pages made to keep a parser busy."""

import time

import pytest

from tasks.ingest.web.blocks.blocks import blocks_of
from tasks.ingest.web.tree.tree import parse, tags


def outline(page: str) -> str:
    tree = parse(page.encode())

    def of(node: int) -> str:
        inside, child = [], node + 1
        while child < tree.stop[node]:
            inside.append(of(child))
            child = int(tree.stop[child])
        if tree.tag[node] == tags.TEXT:
            return tree.source[tree.start[node] : tree.end[node]].tobytes().decode()
        name = tags.NAMES[tree.tag[node]]
        return f"{name}({' '.join(inside)})" if inside else name

    return of(0)[6:-1]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>a<p>b<div>c", "p(a) p(b) div(c)"),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "ul(li(a) li(b ul(li(c))) li(d))"),
        ("<table><tr><td>a<td><div>b<tr><th>c</table>d", "table(tr(td(a) td(div(b))) tr(th(c))) d"),
        ("<a href=x><div>in</a>out</div>", "div(a(in) out)"),
        ("a < b <!-- <p> --> c", "a < b   c"),
        ("<title>x < <b></title><script>if (a<b) '</p>'</script>y", "title(x < <b>) script(if (a<b) '</p>') y"),
        ("<svg><path/><p>text", "svg(#other) p(text)"),
        ("x</p>y<br/>z</br>", "x p y br z br"),
        ("<p title='a>b'>c", "p(c)"),
        ("text <b", "text  <b"),
    ],
)
def test_elements_are_closed_as_browsers_do(page, expected):
    assert outline(page) == expected


@pytest.mark.parametrize(
    "piece", ["<div>", "<b>", "<a href='", "<!--", "<a", "</", "<p><b>", "<td>", "<title>", "<svg><![CDATA[", "&amp"]
)
def test_hostile_pages_take_linear_time(piece):
    parse(b"<p>x")
    page = piece.encode() * (1_000_000 // len(piece))
    begun = time.process_time()
    blocks_of(parse(page))
    assert time.process_time() - begun < 1
