"""Where a page's formulas are found: once each, in whatever forms it holds them and however these are hidden."""

import pytest

from tests.tasks.ingest.web.test_write import text

MATH = "<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x</annotation></semantics></math>"
HTML = "<span class=katex-html aria-hidden=true><span>x</span></span>"
KATEX = f"<span class=katex><span class=katex-mathml>{MATH}</span>{HTML}</span>"
HIDDEN = "style='display: none;'"
DRAWN = "<mjx-mi><mjx-c class='mjx-c1D465 TEX-I'></mjx-c></mjx-mi>"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f"<p>a {KATEX} b", "a $x$ b"),
        (f"<div><span class=katex-display>{KATEX}</span></div><p>t", "$$x$$\n\nt"),
        (f"<div><span class=katex><span {HIDDEN}>{MATH}</span>{HTML}</span></div><p>t", "$x$\n\nt"),
        (f"<p>{KATEX}, {KATEX} and {KATEX}", "$x$, $x$ and $x$"),
        (f"<span class=mwe-math-element><span {HIDDEN}>{MATH}</span><img src=x.svg aria-hidden=true></span>", "$x$"),
        (f"<dl><dd><span class=mwe-math-element><span {HIDDEN}>{MATH}</span><img alt='{{\\displaystyle x}}'></span>",
         ": $x$"),
        (f"<p>a</p><mjx-container display=true><mjx-math>{DRAWN}</mjx-math></mjx-container><p>b", "a\n\n$$x$$\n\nb"),
        (f"<p><mjx-container><mjx-math aria-hidden=true>{DRAWN}</mjx-math></mjx-container></p><p>b", "$x$\n\nb"),
        ("<p>a <mjx-container><svg aria-hidden=true><g data-mml-node=math data-latex=x /></svg></mjx-container> b",
         "a $x$ b"),
        (f"<p><mjx-container display=true><svg></svg><mjx-assistive-mml>{MATH}</mjx-assistive-mml></mjx-container>",
         "$$x$$"),
        (f"<p><span class=MathJax_Preview {HIDDEN}></span><span class=MathJax><nobr>x</nobr></span>"
         "<script type='math/tex'>x</script> b", "$x$ b"),
        ("<div class=MathJax_Display aria-hidden=true>x</div>"
         "<script type='math/tex; mode=display'>x</script>",
         "$$x$$"),
        ("<p><span class=MathJax_SVG data-mathml='<math><mi>x</mi></math>' aria-hidden=true></span></p><p>b",
         "$x$\n\nb"),
        (f"<p>a <span aria-hidden=true>{MATH}</span> b", "a $x$ b"),
        (f"<p>a <span {HIDDEN}>{MATH}</span><img src=y.png> b", "a $x$ b"),
        (f"<p>a <span {HIDDEN}>{MATH}</span><img src=y alt='$x$'> b", "a $x$ b"),
        (f"<p>a <img src=y alt='$x$'><span {HIDDEN}>{MATH}</span> b", "a $x$ b"),
        (f"<p>a</p><div {HIDDEN}>not shown {MATH}</div><p>long enough to be what the page shows",
         "a\n\nlong enough to be what the page shows"),
        (f"<div {HIDDEN}><script type='math/tex'>\\def\\R{{x}}</script></div><p>b", "b"),
        ("<p>a <span class=math style='visibility:hidden'>\\(x\\)</span> b", "a \\(x\\) b"),
        ("<p><span class=formula data-tex=x></span></p><p>b", "$x$\n\nb"),
        ("<p>a <img src='https://latex.codecogs.com/gif?x^2'> b", "a $x^2$ b"),
        ("<p>a <noscript><img src='//latex.codecogs.com/gif?x'></noscript>"
         "<img data-src='//latex.codecogs.com/gif?x'> b",
         "a $x$ b"),
        ("<table><tr><td>one<td>two<tr><td><span data-tex=x></span><td><math><mn>1</mn></math></table>",
         "| one | two |\n| --- | --- |\n| $x$ | $1$ |"),
        ("<p>The mathematics of texts: formula one, <b class=math-title>not a formula</b>",
         "The mathematics of texts: formula one, not a formula"),
    ],
)  # fmt: skip
def test_formulas(page, expected):
    assert text(page) == expected
