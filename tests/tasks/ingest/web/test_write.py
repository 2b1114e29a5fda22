"""Small pages and the exact text expected of all their blocks."""

import numpy as np
import pytest

from tasks.ingest.web.blocks.blocks import blocks_of
from tasks.ingest.web.formulas.mathematics import replaced_of
from tasks.ingest.web.tree.tree import parse
from tasks.ingest.web.writing.write import write


def text(page: str, **options: bool) -> str:
    tree = parse(page.encode())
    replaced = replaced_of(tree)
    blocks = blocks_of(tree, replaced)
    return write(tree, blocks, np.ones(len(blocks.first), bool), replaced, **options)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>one<p>two<br>three<br>", "one\n\ntwo\nthree"),
        ("<p>a &amp; b&nbsp;&lt;c&gt; &copy2020 &#150; &#x1F600; &unknown;", "a & b <c> ©2020 – 😀 &unknown;"),
        ("<p>春は\n<b>曙</b>。\nSpring\nis dawn", "春は曙。 Spring is dawn"),
        ("<p>東<a href=x>西</a>南<i>北</i>", "東西南北"),
        ("<p>봄은\n새벽", "봄은 새벽"),
        ("<h2>Top <a href=#top>¶</a></h2><p>x", "## Top\n\nx"),
        ("<ul><li>a<li>b<ul><li>c<p>more</ul><li>d</ul>", "- a\n- b\n  - c\n\n    more\n- d"),
        ("<ol start=3><li>x</li><li>y</li></ol>", "3. x\n4. y"),
        ("<blockquote><p>q<p>r<br>s</blockquote>", "> q\n>\n> r\n> s"),
        ("<dl><dt>t<dd>d<dd>e<dt>u<dd>f</dl>", "t\n: d\n: e\n\nu\n: f"),
        ("<pre class='language-c'><code>\nint x;  \n\n\ty &lt; z\n</code></pre>", "```c\nint x;\n\n\ty < z\n```"),
        ("<pre><span class=lineno>1</span>a\n<span class=lineno>2</span>  b</pre>", "```\na\n  b\n```"),
        ("<table><tr><th>A<th>B<tr><td>1<br>2<td>c|d</table>", "| A | B |\n| --- | --- |\n| 1 2 | c\\|d |"),
        ("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a\n\nb\n\nc\n\nd"),
        ("<p>10<sup>-3</sup> m<sup>2</sup>, the 2<sup>nd</sup>", "10^-3 m^2, the 2nd"),
        ("<p><ruby>東<rp>(</rp><rt>ひがし</rt><rp>)</rp></ruby>へ", "東(ひがし)へ"),
        ("<p>Cited<sup class=reference><a href=#n>[1]</a></sup>.", "Cited."),
        ("<p>Tea <span hidden>not </span>is <script>x</script>hot", "Tea is hot"),
    ],
)
def test_markdown(page, expected):
    assert text(page) == expected


def test_plain_has_the_same_lines_without_marks():
    page = "<h1>T</h1><ul><li>a<li>b</ul><blockquote>q</blockquote><pre>x\n y</pre>"
    page += "<table><tr><td>1<td>2<tr><td>3<td>4</table>"
    assert text(page, markdown=False) == "T\n\na\nb\n\nq\n\nx\n y\n\n1\t2\n3\t4"


def test_choices():
    page = "<p>Cited<sup class=reference>[1]</sup>. <img alt='A hill'>"
    assert text(page, alt=True, references=True) == "Cited[1]. A hill"
