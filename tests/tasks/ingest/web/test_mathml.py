"""MathML of every kind as TeX, and broken MathML as far as it goes."""

import pytest

from tasks.ingest.web.formulas.mathml import tex_of
from tasks.ingest.web.tree.elements import formula
from tasks.ingest.web.tree.tags import MATH
from tasks.ingest.web.tree.tree import parse


def tex(content: str) -> str:
    tree = parse(f"<math>{content}</math>".encode())
    return tex_of(formula(tree, tree.tag.tolist().index(MATH)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<mi>a</mi><mo>≠</mo><mn>0</mn>", r"a \neq 0"),
        ("<mi>a</mi><mo>&ne;</mo><mn>0</mn>", r"a \neq 0"),
        ("<mi>a</mi><mo>&#x2260;</mo><mn>0</mn>", r"a \neq 0"),
        ("<mi>a</mi><mo>−</mo><mi>b</mi><mo>=</mo><mo>-</mo><mn>1</mn>", "a - b = -1"),
        ("<mi>a</mi><mo>&InvisibleTimes;</mo><mi>b</mi><mo>⁢</mo><mi>α</mi><mi>c</mi>", r"ab\alpha c"),
        ("<mi>f</mi><mo>&ApplyFunction;</mo><mo>(</mo><mi>x</mi><mo>,</mo><mi>y</mi><mo>)</mo>", "f(x, y)"),
        ("<mi>a</mi><mo>&lt;</mo><mi>b</mi><mo>&amp;</mo><mi>c</mi><mo>%</mo>", r"a < b\&c\%"),
        ("<mi>a</mi><mo>⪷</mo><mi>b</mi><mo>⟿</mo><mi>c</mi>", r"a \precapprox b ⟿ c"),
        ("<mi>x</mi><mo>=&#x338;</mo><mi>y</mi><mo>⊕&#x338;</mo><mi>z</mi>", r"x \neq y \not\oplus z"),
        ("<mi>x</mi><mo>:=</mo><mi>y</mi><mo>mod</mo><mn>3</mn>", r"x := y \bmod 3"),
        ("<mo>∀</mo><mi>x</mi><mo>:</mo><mo>¬</mo><mi>p</mi><mo>⟹</mo><mi>q</mi>", r"\forall x : \neg p \implies q"),
        ("<mo>|</mo><mi>x</mi><mo>|</mo><mo>≤</mo><mo>‖</mo><mi>y</mi><mo>‖</mo>", r"|x| \leq \|y\|"),
        ("<mi>n</mi><mo>!</mo><mo>+</mo><mn>1,000.5</mn>", "n! + 1,000.5"),
        ("<mo>{</mo><mn>1</mn><mo>,</mo><mo>…</mo><mo>,</mo><mi>n</mi><mo>}</mo>", r"\{1, \ldots, n\}"),
    ],
)
def test_operators(content, expected):
    assert tex(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<mfrac><mn>1</mn><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></mfrac>", r"\frac{1}{x + 1}"),
        ("<mfrac bevelled='true'><mi>a</mi><mi>b</mi></mfrac>", "a/b"),
        ("<mo>(</mo><mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac><mo>)</mo>", r"\binom{n}{k}"),
        ("<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt><mroot><mi>x</mi><mn>3</mn></mroot>",
         r"\sqrt{a + b}\sqrt[3]{x}"),
        ("<msub><mi>x</mi><mi>i</mi></msub><msup><mi>y</mi><mrow><mo>-</mo><mn>1</mn></mrow></msup>", "x_{i}y^{-1}"),
        ("<msup><mrow><mo>(</mo><mi>a</mi><mo>+</mo><mi>b</mi><mo>)</mo></mrow><mn>2</mn></msup>", "(a + b)^{2}"),
        ("<msup><msup><mi>x</mi><mn>2</mn></msup><mn>3</mn></msup>", "{x^{2}}^{3}"),
        ("<msup><mi>f</mi><mo>′</mo></msup><msubsup><mi>g</mi><mi>n</mi><mo>″</mo></msubsup>", "f'g_{n}''"),
        ("<msup><mn>90</mn><mo>∘</mo></msup><mo>+</mo><mn>45</mn><mo>°</mo>", r"90^{\circ} + 45^{\circ}"),
        ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>i</mi>",
         r"\sum_{i = 1}^{n} i"),
        ("<msubsup><mo>∫</mo><mn>0</mn><mi>∞</mi></msubsup><mi>x</mi>", r"\int_{0}^{\infty} x"),
        ("<munder><mi>lim</mi><mrow><mi>x</mi><mo>→</mo><mn>0</mn></mrow></munder><mi>x</mi>",
         r"\lim_{x \rightarrow 0} x"),
        ("<munder><mo>argmin</mo><mi>x</mi></munder><mi>f</mi>", r"\operatorname*{argmin}_{x} f"),
        ("<mover><mi>x</mi><mo>¯</mo></mover><mover><mi>y</mi><mo>^</mo></mover><mover><mi>v</mi><mo>→</mo></mover>",
         r"\bar{x}\hat{y}\vec{v}"),
        ("<mover><mrow><mi>A</mi><mi>B</mi></mrow><mo>‾</mo></mover>", r"\overline{AB}"),
        ("<mover><mover><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mo>⏞</mo></mover><mi>n</mi></mover>",
         r"\overbrace{a + b}^{n}"),
        ("<mi>A</mi><mover><mo>→</mo><mi>f</mi></mover><mi>B</mi>", r"A \xrightarrow{f} B"),
        ("<mi>a</mi><mover><mo>=</mo><mtext>def</mtext></mover><mi>b</mi>", r"a \overset{\text{def}}{=} b"),
        ("<mmultiscripts><mi>C</mi><mn>6</mn><none/><mprescripts/><mn>12</mn><mn>14</mn></mmultiscripts>",
         "{}_{12}^{14}C_{6}"),
        ("<menclose notation='updiagonalstrike'><mi>x</mi></menclose><mphantom><mi>y</mi></mphantom>",
         r"\cancel{x}\phantom{y}"),
    ],
)  # fmt: skip
def test_structures(content, expected):
    assert tex(content) == expected


ROWS = "<mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd><mtd><mi>a</mi></mtd></mtr>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"<mo>(</mo><mtable>{ROWS}</mtable><mo>)</mo>", r"\begin{pmatrix} 1 & 0 \\ 0 & a \end{pmatrix}"),
        (f"<mfenced open='[' close=']'><mtable>{ROWS}</mtable></mfenced>",
         r"\begin{bmatrix} 1 & 0 \\ 0 & a \end{bmatrix}"),
        (f"<mrow><mo>|</mo><mrow><mtable>{ROWS}</mtable></mrow><mo>|</mo></mrow>",
         r"\begin{vmatrix} 1 & 0 \\ 0 & a \end{vmatrix}"),
        ("<mo>{</mo><mtable><mtr><mtd><mi>x</mi></mtd><mtd><mtext>if </mtext><mi>x</mi><mo>&gt;</mo><mn>0</mn></mtd>"
         "</mtr><mtr><mtd><mn>0</mn></mtd><mtd><mtext>else</mtext></mtd></mtr></mtable>",
         r"\begin{cases} x & \text{if }x > 0 \\ 0 & \text{else} \end{cases}"),
        ("<mtable columnalign='right left'><mtr><mtd><mi>a</mi></mtd><mtd><mo>=</mo><mi>b</mi></mtd></mtr>"
         "<mtr><mtd></mtd><mtd><mo>=</mo><mi>c</mi></mtd></mtr></mtable>",
         r"\begin{aligned} a & = b \\ & = c \end{aligned}"),
        (f"<mtable>{ROWS}</mtable>", r"\begin{matrix} 1 & 0 \\ 0 & a \end{matrix}"),
        ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a, b)"),
        ("<mfenced open='' close=']' separators=';'><mi>a</mi><mi>b</mi></mfenced>", r"\left.a; b\right]"),
    ],
)  # fmt: skip
def test_tables_and_fences(content, expected):
    assert tex(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<mi>sin</mi><mi>x</mi><mo>+</mo><mi>log</mi><mo>(</mo><mi>y</mi><mo>)</mo>", r"\sin x + \log(y)"),
        ("<mi>speed</mi><mo>=</mo><mi>速度</mi>", r"\mathrm{speed} = \text{速度}"),
        ("<mi mathvariant='bold'>v</mi><mo>∈</mo><msup><mi>ℝ</mi><mi>n</mi></msup>", r"\mathbf{v} \in \mathbb{R}^{n}"),
        ("<mstyle mathvariant='bold'><mi>v</mi><mi>β</mi></mstyle>", r"\mathbf{v}\boldsymbol{\beta}"),
        ("<mi mathvariant='normal'>d</mi><mi mathvariant='fraktur'>g</mi>", r"\mathrm{d}\mathfrak{g}"),
        ("<mi>𝐱</mi><mi>𝑦</mi><mi>𝒜</mi><mi>𝔤</mi><mi>ℓ</mi>", r"\mathbf{x}y\mathcal{A}\mathfrak{g}\ell"),
        ("<mi>ε</mi><mi>ϵ</mi><mi>φ</mi><mi>ϕ</mi><mi>Ω</mi>", r"\varepsilon\epsilon\varphi\phi\Omega"),
        ("<mtext>50% of $x_1$ &amp; more</mtext>", r"\text{50\% of \$x\_1\$ \& more}"),
        ("<mi>a</mi><mspace width='1em'/><mi>b</mi><mspace width='thinmathspace'/><mi>c</mi>", r"a\quad b\,c"),
        ("<mi>x²</mi><mo>+</mo><mi>H₂</mi>", "x^{2} + H_{2}"),
        ("<semantics><mi>a</mi><annotation encoding='application/x-tex'>\\alpha</annotation></semantics>", r"\alpha"),
        ("<semantics><mi>a</mi><annotation encoding='StarMath 5.0'>alpha</annotation></semantics>", "a"),
        ("<maction><mi>a</mi><mi>b</mi></maction><mi> </mi><ms>s</ms>", 'a\\text{"s"}'),
    ],
)
def test_letters_and_text(content, expected):
    assert tex(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<mfrac><mi>a</mi></mfrac><mo>+</mo><msup><mi>x</mi></msup>", r"\frac{a}{} + x"),
        ("<mfrac><mi>a</mi><mi>b</mi><mo>≥</mo><mn>2</mn></mfrac>", r"\frac{a}{b} \geq 2"),
        ("<mfrac>1<mn>2</mn></mfrac><mo>≤</mo> 3x", r"\frac{1}{2} \leq 3x"),
        ("<mi>x<mo>≠</mo><mn>0</mn>", r"x \neq 0"),
        ("<msup><mo>±</mo></msup><mi>a</mi><msubsup></msubsup>", r"\pm a{}"),
        ("<mtable><mi>a</mi><mtd><mo>⊕</mo></mtd>b</mtable>", r"\begin{matrix} a \\ \oplus \\ b \end{matrix}"),
        ("a ≈ b <unknown>⊗ c</unknown>", r"a \approx b\otimes c"),
        ("<mo></mo><mo> </mo><mi/>", ""),
        ("<mspace width='broken'/><mspace width='1.2.3em'/><mi>x</mi>", "x"),
        ("<munder><mo>∑</mo></munder><mover></mover><mroot></mroot>", r"\sum \sqrt{}"),
    ],
)
def test_broken(content, expected):
    assert tex(content) == expected


def test_no_operator_is_lost_however_deep_or_broken():
    operators = "≠≤≥±×÷∈∉⊂∪∩∧∨→↦∑∏∫∂∇∞≈≡∝⊕⊗"
    for name in ("mrow", "mfrac", "msup", "msqrt", "mtable", "mfenced", "semantics", "unknown", "mtext"):
        for depth in (1, 3, 700):
            found = tex(f"<{name}>" * depth + "".join(f"<mo>{c}</mo>" for c in operators))
            lost = [c for c in operators if c not in found and tex(f"<mo>{c}</mo>") not in found]
            assert lost == [], (name, depth)
