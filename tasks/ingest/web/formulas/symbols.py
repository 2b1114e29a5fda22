r"""Characters of formulas as TeX: which command is which character, and how a token of MathML is written.

Most commands are called what HTML calls the character (``&otimes;`` is ``\otimes``), so that the tables hold names and
the characters come from HTML's own list. Commands are those of LaTeX with amsmath and amssymb, and of KaTeX.
"""

import re
import unicodedata
from html.entities import html5

_LETTERS = """alpha beta gamma delta zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon chi psi omega
Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varkappa varpi varrho varsigma vartheta digamma imath jmath
hbar ell Re Im wp aleph beth gimel daleth emptyset nabla forall nexists angle measuredangle complement top bot square
blacksquare lozenge blacklozenge triangle triangledown clubsuit diamondsuit heartsuit spadesuit sharp flat natural
bigstar checkmark maltese eth mho circledR circledS prime backprime"""
_RELATIONS = """leq geq ne equiv approx cong sim simeq prec succ preceq succeq subset supset subseteq supseteq subsetneq
supsetneq sqsubset sqsupset sqsubseteq sqsupseteq in ni notin parallel nparallel mid nmid propto vdash dashv models
vDash Vdash Vvdash doteq bowtie ll gg leqslant geqslant leqq geqq lneq gneq lneqq gneqq nless ngtr nleq ngeq lesssim
gtrsim lessgtr gtrless approxeq eqcirc circeq Bumpeq bumpeq fallingdotseq risingdotseq between pitchfork smile frown
therefore because backsim backsimeq nsubseteq nsupseteq nprec nsucc nsim ncong nvdash nvDash nVdash nVDash
ntriangleleft ntriangleright trianglelefteq trianglerighteq triangleq preccurlyeq succcurlyeq curlyeqprec curlyeqsucc
precsim succsim precapprox succapprox coloneq leftarrow rightarrow uparrow downarrow leftrightarrow updownarrow
Leftarrow Rightarrow Uparrow Downarrow Leftrightarrow Updownarrow longleftarrow longrightarrow longleftrightarrow
Longleftarrow Longrightarrow Longleftrightarrow mapsto longmapsto hookleftarrow hookrightarrow nearrow searrow swarrow
nwarrow leftharpoonup leftharpoondown rightharpoonup rightharpoondown rightleftharpoons leftrightharpoons nleftarrow
nrightarrow nLeftarrow nRightarrow nleftrightarrow nLeftrightarrow twoheadrightarrow twoheadleftarrow rightsquigarrow
rightleftarrows leftrightarrows upharpoonleft upharpoonright circlearrowleft circlearrowright curvearrowleft
curvearrowright Lsh Rsh"""
_BINARY = """pm mp times div bullet cap cup uplus sqcap sqcup vee wedge setminus wr oplus ominus otimes oslash odot
dagger ddagger amalg ltimes rtimes leftthreetimes rightthreetimes boxplus boxminus boxtimes circledast circledcirc
circleddash intercal barwedge doublebarwedge veebar Cap Cup curlyvee curlywedge divideontimes dotplus triangleleft
triangleright bigtriangleup bigtriangledown diamond"""
_LARGE = "sum prod coprod int oint iiint bigcap bigcup bigvee bigwedge bigoplus bigotimes bigodot biguplus bigsqcup"

LETTERS = {html5[f"{name};"]: f"\\{name}" for name in _LETTERS.split()} | {
    "ε": "\\varepsilon", "ϵ": "\\epsilon", "φ": "\\varphi", "ϕ": "\\phi", "∞": "\\infty", "∂": "\\partial",
    "∃": "\\exists", "Ø": "\\varnothing", "ℎ": "h", "□": "\\square", "◻": "\\square", "△": "\\triangle",
    "▽": "\\triangledown", "◯": "\\bigcirc", "○": "\\bigcirc", "√": "\\surd", "…": "\\ldots", "⋯": "\\cdots",
    "⋮": "\\vdots", "⋱": "\\ddots", "⋰": "\\iddots", "∢": "\\sphericalangle", "°": "^{\\circ}", "′": "'",
    "″": "''", "‴": "'''", "⁗": "''''", "ʹ": "'", "£": "\\pounds", "§": "\\S", "¶": "\\P", "©": "\\copyright",
    "µ": "\\mu", "\u2126": "\\Omega", "∆": "\\Delta", "!": "!", "?": "?", "'": "'", "@": "@", ".": ".", '"': '"',
}  # fmt: skip
"""What stands for itself: letters, dots, signs."""
RELATIONS = {html5[f"{name};"]: f"\\{name}" for name in _RELATIONS.split()} | {
    "=": "=", "<": "<", ">": ">", ":": ":", "≠": "\\neq", "≍": "\\asymp", "⊥": "\\perp", "∣": "\\mid", "⋘": "\\lll",
    "⋙": "\\ggg", "⟶": "\\longrightarrow", "⇝": "\\leadsto", "≢": "\\not\\equiv", "≉": "\\not\\approx",
    "⊄": "\\not\\subset", "⊅": "\\not\\supset", "∌": "\\not\\ni", "≄": "\\not\\simeq", "⩽": "\\leqslant",
    "⩾": "\\geqslant", "⪯": "\\preceq", "⪰": "\\succeq", "∶": ":", "∷": "::", "⟸": "\\Longleftarrow", "⟹": "\\implies",
    "⟺": "\\iff", "⇌": "\\rightleftharpoons", "⟵": "\\longleftarrow", "∝": "\\propto", "⊧": "\\models",
    "⊲": "\\vartriangleleft", "⊳": "\\vartriangleright", "⥤": "\\rightharpoonup", "⇀": "\\rightharpoonup",
    "∴": "\\therefore", "∵": "\\because", "↦": "\\mapsto", "≐": "\\doteq", "≔": ":=", "≕": "=:", "⩵": "==",
}  # fmt: skip
BINARY = {html5[f"{name};"]: f"\\{name}" for name in _BINARY.split()} | {
    "+": "+", "-": "-", "−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-", "*": "*", "∗": "*", "/": "/", "∕": "/",
    "⁄": "/", "·": "\\cdot", "⋅": "\\cdot", "∘": "\\circ", "⋆": "\\star", "∖": "\\setminus", "⊡": "\\boxdot",
    "¬": "\\neg", "⨯": "\\times", "⨂": "\\otimes", "∓": "\\mp", "⊻": "\\veebar", "≀": "\\wr", "★": "\\bigstar",
}  # fmt: skip
LARGE = {html5[f"{name};"]: f"\\{name}" for name in _LARGE.split()} | {
    "∬": "\\iint", "⨌": "\\iiiint", "∯": "\\oiint", "∰": "\\oiiint", "⨀": "\\bigodot", "⨁": "\\bigoplus",
    "⨂": "\\bigotimes", "⨄": "\\biguplus", "⨆": "\\bigsqcup",
}  # fmt: skip
OPEN = {
    "(": "(", "[": "[", "{": "\\{", "⟨": "\\langle", "\u2329": "\\langle", "\u3008": "\\langle", "⌊": "\\lfloor",
    "⌈": "\\lceil", "⌜": "\\ulcorner", "⌞": "\\llcorner", "⟦": "\\llbracket", "（": "(",
}  # fmt: skip
CLOSE = {
    ")": ")", "]": "]", "}": "\\}", "⟩": "\\rangle", "\u232a": "\\rangle", "\u3009": "\\rangle", "⌋": "\\rfloor",
    "⌉": "\\rceil", "⌝": "\\urcorner", "⌟": "\\lrcorner", "⟧": "\\rrbracket", "）": ")",
}  # fmt: skip
FENCES = {"|": "|", "‖": "\\|", "∥": "\\|", "│": "|", "❘": "|", "∣": "|"}
"""Bars, which open and close alike."""
PUNCTUATION = {",": ",", ";": ";", "，": ",", "；": ";"}
INVISIBLE = dict.fromkeys("\u2061\u2062\u2063\u2064\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe00\ufe0e", "")
SPACES = {"\u00a0": "\\ ", "\u2002": "\\;", "\u2003": "\\quad", "\u2004": "\\;", "\u2005": "\\:", "\u2006": "\\,",
          "\u2009": "\\,", "\u200a": "\\,", "\u202f": "\\,", "\u205f": "\\:", "\u3000": "\\quad"}  # fmt: skip
FUNCTIONS = frozenset(
    """arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max
    min Pr sec sin sinh sup tan tanh injlim projlim""".split()
)
LIMITS = frozenset(("det", "gcd", "inf", "lim", "liminf", "limsup", "max", "min", "Pr", "sup", "injlim", "projlim"))
"""Functions that take what stands under them."""
OVER = {
    "^": ("\\hat", "\\widehat"), "~": ("\\tilde", "\\widetilde"), "¯": ("\\bar", "\\overline"),
    "→": ("\\vec", "\\overrightarrow"), "←": ("\\overleftarrow",) * 2, "↔": ("\\overleftrightarrow",) * 2,
    "˙": ("\\dot",) * 2, "¨": ("\\ddot",) * 2, "\u20db": ("\\dddot",) * 2, "ˇ": ("\\check", "\\widecheck"),
    "˘": ("\\breve",) * 2, "´": ("\\acute",) * 2, "`": ("\\grave",) * 2, "˚": ("\\mathring",) * 2,
    "⏞": ("\\overbrace",) * 2, "⎴": ("\\overbracket",) * 2, "⏜": ("\\overparen",) * 2, "⌢": ("\\overparen",) * 2,
    "⇀": ("\\overrightharpoonup",) * 2,
}  # fmt: skip
"""What an accent makes of one letter, and of more."""
UNDER = {"¯": "\\underline", "⏟": "\\underbrace", "→": "\\underrightarrow", "←": "\\underleftarrow",
         "↔": "\\underleftrightarrow", "~": "\\utilde", "⎵": "\\underbracket", "⏝": "\\underparen"}  # fmt: skip
_FORMS = {
    "^": "ˆ\u0302", "~": "˜\u0303∼", "¯": "‾ˉ_\u0305\u0304\u0332―─−-–—", "→": "\u20d7⟶", "←": "\u20d6⟵", "↔": "⟷",
    "˙": ".\u0307", "¨": "\u0308", "ˇ": "\u030c", "˘": "\u0306", "´": "\u0301", "`": "\u0300", "˚": "\u030a∘°",
    "⏞": "︷", "⏟": "︸", "⇀": "\u20d1",
}  # fmt: skip
_ACCENTS = str.maketrans({form: mark for mark, forms in _FORMS.items() for form in forms})
VARIANTS = {
    "bold": "\\mathbf", "italic": "\\mathit", "bold-italic": "\\boldsymbol", "double-struck": "\\mathbb",
    "script": "\\mathcal", "bold-script": "\\boldsymbol{\\mathcal", "fraktur": "\\mathfrak",
    "bold-fraktur": "\\boldsymbol{\\mathfrak", "sans-serif": "\\mathsf", "bold-sans-serif": "\\boldsymbol{\\mathsf",
    "sans-serif-italic": "\\mathsf", "sans-serif-bold-italic": "\\boldsymbol{\\mathsf", "monospace": "\\mathtt",
    "normal": "\\mathrm",
}  # fmt: skip
"""Values of MathML's ``mathvariant``."""
_ESCAPED = {"\\": "\\backslash", "#": "\\#", "$": "\\$", "%": "\\%", "&": "\\&", "_": "\\_", "{": "\\{", "}": "\\}",
            "~": "\\sim", "^": "\\hat{}", "|": "|"}  # fmt: skip
_IN_TEXT = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "\u00a0": " "}
_STYLED = re.compile(r"(?:MATHEMATICAL|BLACK-LETTER|SCRIPT|DOUBLE-STRUCK) ?(.*?) ?(?:CAPITAL|SMALL|DIGIT)")
_WORDS = {"BLACK-LETTER": "fraktur", "FRAKTUR": "fraktur", "SCRIPT": "script", "DOUBLE-STRUCK": "double-struck",
          "SANS-SERIF": "sans-serif", "MONOSPACE": "monospace", "BOLD": "bold", "ITALIC": "italic"}  # fmt: skip
_ORDER = ("bold", "script", "fraktur", "double-struck", "sans-serif", "monospace", "italic")
ALL = INVISIBLE | SPACES | _ESCAPED | LETTERS | LARGE | BINARY | RELATIONS | OPEN | CLOSE | PUNCTUATION
"""Every character that isn't written as it is."""


KINDS = {
    "fence": FENCES,
    "open": OPEN,
    "close": CLOSE,
    "punct": PUNCTUATION,
    "op": LARGE,
    "bin": BINARY,
    "rel": RELATIONS,
}
"""Operators by how they stand to their neighbours."""


def accent(text: str) -> str:
    """The one character that stands for an accent's many forms."""
    return text.strip().translate(_ACCENTS)


def in_text(text: str) -> str:
    r"""Text as the argument of ``\text``; a run of white space is a blank."""
    words = "".join(_IN_TEXT.get(c) or (_ESCAPED[c] if c in "#$%&_{}" else c) for c in text if c not in INVISIBLE)
    return re.sub(r"\s+", " ", words)


def composed(text: str) -> str:
    """Text whose letters with marks, and relations struck out, are single characters where there are such."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def raised(c: str) -> str:
    """A superscript or subscript character as TeX, or nothing for any other."""
    mark, _, code = unicodedata.decomposition(c).partition(" ")
    if mark not in ("<super>", "<sub>") or " " in code:
        return ""
    plain = chr(int(code, 16))
    return f"{'^' if mark == '<super>' else '_'}{{{ALL.get(plain, plain)}}}"


def styled(letter: str) -> tuple[str, str]:
    """A character of the mathematical alphabets as its plain letter and the variant, else itself and nothing."""
    if letter < "\u2100" or letter in LETTERS:
        return letter, ""
    name = unicodedata.name(letter, "")
    if not _STYLED.match(name):
        return letter, ""
    said = {_WORDS[word] for word in name.split() if word in _WORDS}
    plain = unicodedata.normalize("NFKC", letter)
    variant = "-".join(word for word in _ORDER if word in said)
    return plain, {"italic": ""}.get(variant, {"script-italic": "script"}.get(variant, variant))


def in_variant(tex: str, variant: str) -> str:
    """TeX in a ``mathvariant``; an unknown one changes nothing."""
    command = VARIANTS.get(variant)
    if command is None:
        return tex
    if command == "\\mathbf" and tex.startswith("\\"):
        command = "\\boldsymbol"  # Greek has no upright bold
    return f"{command}{{{tex}}}" + "}" * command.count("{")
