"""Small pages of the kinds that there are, and the exact text expected of all their blocks."""

import pytest

from tests.tasks.ingest.web.test_write import text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<pre><code class=language-python>def f(x):\n    return x\n</code></pre>",
         "```python\ndef f(x):\n    return x\n```"),
        ("<div class='highlight-rust'><div class=highlight><pre><span class=k>fn</span> <span class=n>f</span>() {}"
         "</pre></div></div>", "```rust\nfn f() {}\n```"),
        ("<pre class='brush: js; gutter: true'>let a = 1;</pre>", "```js\nlet a = 1;\n```"),
        ("<pre data-lang=go>x := 1\n\n\ty := 2</pre>", "```go\nx := 1\n\n\ty := 2\n```"),
        ("<table class=highlighttable><tr><td class=linenos><pre>1\n2</pre><td class=code><pre>a\n  b</pre></table>",
         "```\na\n  b\n```"),
        ("<figure class=highlight><pre><code class='language-sh'>ls -l\n</code></pre></figure>", "```sh\nls -l\n```"),
        ("<pre>``` not a fence\n</pre>", "````\n``` not a fence\n````"),
        ("<p>Call <code>f(x)</code>, then <kbd>Ctrl</kbd>+<kbd>C</kbd>.", "Call f(x), then Ctrl+C."),
        ("<pre><code>one<br>two</code></pre>", "```\none\ntwo\n```"),
    ],
)  # fmt: skip
def test_code(page, expected):
    assert text(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<table><tr><th colspan=2>Both<th>C<tr><td>1<td>2<td>3</table>",
         "| Both | | C |\n| --- | --- | --- |\n| 1 | 2 | 3 |"),
        ("<table><tr><td>a<td colspan=x>b<tr><td colspan=0>c<td>d</table>", "| a | b |\n| --- | --- |\n| c | d |"),
        ("<table><tr><th>Pier<th>Boat<th>m<tr><td rowspan=2>East<td>Ada<td>9<tr><td>Bo<td>7<tr>"
         "<td>West<td>Cy<td>8</table>",
         "| Pier | Boat | m |\n| --- | --- | --- |\n| East | Ada | 9 |\n| | Bo | 7 |\n| West | Cy | 8 |"),
        ("<table><tr><td>a<td rowspan=3>b<tr><td>c<tr><td rowspan=9>d<tr><td>e<td>f</table>",
         "| a | b |\n| --- | --- |\n| c | |\n| d | |\n| | e | f |"),
        ("<table><tr><td rowspan=2 colspan=2>a<td>b<tr><td>c<tr><td>d<td>e<td>f</table>",
         "| a | | b |\n| --- | --- | --- |\n| | | c |\n| d | e | f |"),
        ("<table><thead><tr><th rowspan=0>a<th rowspan=7>b<tbody><tr><td>c<td>d</table>",
         "| a | b |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td rowspan=2>a<td>b<tr><td><tr><td>c<td>d</table>", "| a | b |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td rowspan=2>a<td>b<tr><tr><td>c<td>d</table>", "| a | b |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td rowspan=3>a<td>b<tr></tr><tr><td>c<tr><td>d<td>e</table>",
         "| a | b |\n| --- | --- |\n| | c |\n| d | e |"),
        ("<table><tr><td>a<td>b<td rowspan=2>c<tr><tr><td>d<td>e<td>f</table><table><tr><td>g<td>h</table>",
         "| a | b | c |\n| --- | --- | --- |\n| d | e | f |\n\n| g | h |\n| --- | --- |"),
        ("<table><caption>Piers</caption><tr><td>a<td>b<tr><td>c<td>d</table>",
         "Piers\n\n| a | b |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td>a<td><p>b<p>c<tr><td><ul><li>d<li>e</ul><td>f</table>",
         "| a | b c |\n| --- | --- |\n| d e | f |"),
        ("<table><tr><td>a<td><tr><td>c<td>d</table>", "| a | |\n| --- | --- |\n| c | d |"),
        ("<table><tr><td>alone</table>", "alone"),
        ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "| a | b |\n| --- | --- |\n\nc"),
    ],
)  # fmt: skip
def test_tables(page, expected):
    assert text(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<ol><li>a<ol><li>b<li>c</ol><li>d</ol>", "1. a\n   1. b\n   2. c\n2. d"),
        ("<ul><li><p>a</p><p>b</p><li><pre>x\n y</pre></ul>", "- a\n\n  b\n- ```\n  x\n   y\n  ```"),
        ("<ul><li>a<blockquote>q</blockquote></ul>", "- a\n\n  > q"),
        ("<dl><dt>t<dd><p>d<p>e<dt>u<dd><ul><li>f</ul></dl>", "t\n: d\n\n  e\n\nu\n\n- f"),
        ("<dl><dt>a<dt>b<dd>both</dl>", "a\nb\n: both"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
        ("<ul><li>城市有<a href=a>北京</a>、<a href=b>上海</a>和<a href=c>广州</a></ul>", "- 城市有北京、上海和广州"),
        ("<p>Text<sup><a href=#fn1>1</a></sup>.</p><hr><ol><li id=fn1>The note. <a href=#r1>↩</a></ol>",
         "Text[^1].\n\n[^1]: The note."),
        ("<p>One<a href=#n1><sup>1</sup></a>, ten<sup id=r><a href=#n10>10</a></sup>.<ol><li id=n1><p>a<p>b<li id=n10>c"
         "<li>d</ol>", "One[^1], ten[^10].\n\n[^1]: a\n\n      b\n[^10]: c\n3. d"),
        ("<p>Text<sup><a href=#f>1</a></sup>.<p id=f><sup>1</sup> The note.", "Text[^1].\n\n[^1]: The note."),
        ("<p>Text<a href=#n1 name=r1><sup>[1]</sup></a>.<hr><div id=x><p class=MsoFootnoteText><a href=#r1 name=n1>"
         "<sup>[1]</sup></a> The note.</div>", "Text[^1].\n\n[^1]: The note."),
        ("<p>One<sup><a href=#a>1</a></sup>, two<sup><a href=#b>12</a></sup>.<p><a id=a></a>First.<p><a name=b>12</a>"
         ". Second.<p>Third.", "One[^1], two[^12].\n\n[^1]: First.\n\n[^12]: 12. Second.\n\nThird."),
        ("<p>One<sup><a href=#a>1</a></sup>.<ol><li><p id=a>First.<li>No note.</ol>",
         "One[^1].\n\n[^1]: First.\n2. No note."),
        ("<p>Above<sup><a href=#a>1</a></sup>, in text<sup><a href=#b>2</a></sup>, a heading<sup><a href=#c>3</a></sup>"
         ", nothing<sup><a href=#d>4</a></sup>.<p>In <a id=b>text</a>.<h2 id=c>Part</h2><p id=d><sup>4</sup></p>",
         "Above[1], in text[2], a heading[3], nothing[4].\n\nIn text.\n\n## Part\n\n4"),
        ("<p id=a>First.<p>Back<sup><a href=#a>1</a></sup>.", "First.\n\nBack[1]."),
        ("<p>Text<sup><a href=#gone>1</a></sup>, 10<sup>2</sup>.<p id=other>x", "Text[1], 10^2.\n\nx"),
        ("<p><ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>を読む", "漢(かん)字(じ)を読む"),
        ("<p>on <time>5 May</time> by <span class=email>a at b</span>", "on 5 May by a at b"),
        ("<figure><img src=x><figcaption>A pier</figcaption></figure><p>t", "A pier\n\nt"),
    ],
)  # fmt: skip
def test_lists_and_notes(page, expected):
    assert text(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<article class=post><div class=postbody>How?</div></article><article class=post><div class=postbody>"
         "<blockquote>How?</blockquote>So.</div></article>", "How?\n\n> How?\n\nSo."),
        ("<h1>How do I sort?</h1><div class=question><p>In C.</p></div><h2>1 Answer</h2><div class=answer>"
         "<pre><code>qsort(a);</code></pre></div>",
         "# How do I sort?\n\nIn C.\n\n## 1 Answer\n\n```\nqsort(a);\n```"),
        ("<h2><span class=mw-headline>History</span><span class=mw-editsection>[<a href=e>edit</a>]</span></h2>"
         "<p>Old<sup class=reference><a href=#c>[6]</a></sup> it is.", "## History\n\nOld it is."),
        ("<article class=markdown-body><h1><a href=#t></a>Tool</h1><p>Does <em>it</em>.<div class='highlight "
         "highlight-source-shell'><pre>make\n</pre></div></article>", "# Tool\n\nDoes it.\n\n```shell\nmake\n```"),
        ("<dl class=function><dt><code>f</code>(<em>x</em>)<a class=headerlink href=#f>¶</a></dt><dd><p>Gives x.</dl>",
         "f(x)\n: Gives x."),
    ],
)  # fmt: skip
def test_kinds_of_pages(page, expected):
    assert text(page) == expected


def test_reference_marks_of_a_wiki_are_kept_by_choice_as_they_are():
    page = (
        "<p>Old<sup class=reference id=r><a href=#c>[6]</a></sup> it is.<ol><li>One.<li id=c><a href=#r>↑</a> Two.</ol>"
    )
    assert text(page) == "Old it is.\n\n1. One.\n2. Two."
    assert text(page, references=True) == "Old[6] it is.\n\n1. One.\n2. Two."
