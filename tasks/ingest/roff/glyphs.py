"""What roff calls characters: the names of groff_char(7), accents set on letters, and code points.

https://man7.org/linux/man-pages/man7/groff_char.7.html
"""

import re
import unicodedata

_NAMES = """aq ' dq " lq “ rq ” oq ‘ cq ’ Bq „ bq ‚ Fo « Fc » fo ‹ fc › em — en – hy - mi − pl + eq = sl / rs \\ ha ^ ti ~ ga `
at @ sh # Do $ lB [ rB ] lC { rC } la ⟨ ra ⟩ ba | or | bv | br │ bb ¦ ul _ ru _ rn ‾ r! ¡ r? ¿ co © rg ® tm ™ sc § ps ¶ dg † dd ‡
bu • ci ○ sq □ lz ◊ lh ☜ rh ☞ CR ↵ OK ✓ ct ¢ Po £ Ye ¥ Eu € eu € Cs ¤ Fn ƒ de ° %0 ‰ fm ′ sd ″ mc µ Of ª Om º S1 ¹ S2 ² S3 ³
aa ´ ad ¨ a- ¯ ac ¸ a" ˝ a. ˙ a^ ^ ab ˘ ah ˇ ao ˚ a~ ~ ho ˛ 12 ½ 14 ¼ 34 ¾ 18 ⅛ 38 ⅜ 58 ⅝ 78 ⅞ AN ∧ OR ∨ no ¬ tno ¬ te ∃ fa ∀
st ∋ 3d ∴ tf ∴ -+ ∓ +- ± t+- ± pc · md ⋅ mu × tmu × c* ⊗ c+ ⊕ di ÷ tdi ÷ f/ ⁄ ** ∗ <= ≤ >= ≥ << ≪ >> ≫ != ≠ == ≡ ne ≢ =~ ≅
|= ≃ ap ∼ ~~ ≈ ~= ≈ pt ∝ es ∅ mo ∈ nm ∉ sb ⊂ nb ⊄ sp ⊃ nc ⊅ ib ⊆ ip ⊇ ca ∩ cu ∪ /_ ∠ pp ⊥ is ∫ integral ∫ sum ∑ product ∏
coproduct ∐ gr ∇ sr √ sqrt √ lc ⌈ rc ⌉ lf ⌊ rf ⌋ if ∞ Ah ℵ Im ℑ Re ℜ wp ℘ pd ∂ -h ℏ hbar ℏ <- ← -> → <> ↔ da ↓ ua ↑ va ↕
lA ⇐ rA ⇒ hA ⇔ dA ⇓ uA ⇑ vA ⇕ an ⎯ CL ♣ SP ♠ HE ♥ DI ♦ AE Æ ae æ OE Œ oe œ IJ Ĳ ij ĳ ss ß -D Ð Sd ð TP Þ Tp þ .i ı .j ȷ
ff ff fi fi fl fl Fi ffi Fl ffl *A Α *B Β *G Γ *D Δ *E Ε *Z Ζ *Y Η *H Θ *I Ι *K Κ *L Λ *M Μ *N Ν *C Ξ *O Ο *P Π *R Ρ *S Σ
*T Τ *U Υ *F Φ *X Χ *Q Ψ *W Ω *a α *b β *g γ *d δ *e ε *z ζ *y η *h θ *i ι *k κ *l λ *m μ *n ν *c ξ *o ο *p π *r ρ *s σ
ts ς *t τ *u υ *f φ *x χ *q ψ *w ω +h ϑ +f ϕ +p ϖ +e ϵ"""  # noqa: E501
_NAMED = dict(zip(_NAMES.split()[::2], _NAMES.split()[1::2], strict=True))
_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", ":": "\u0308", "~": "\u0303", ",": "\u0327", "v": "\u030c",
            "/": "\u0338", "o": "\u030a"}  # fmt: skip
_OVER = _ACCENTS | {"´": "\u0301", "¨": "\u0308", '"': "\u0308", "¯": "\u0304", "¸": "\u0327", "˝": "\u030b", "˙": "\u0307",  # noqa: E501
                    "˘": "\u0306", "ˇ": "\u030c", "˚": "\u030a", "°": "\u030a", "˜": "\u0303", "˛": "\u0328"}  # fmt: skip  # noqa: E501
_STROKED = {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "=": "≠"}
_PAIRS = {"bp": "þ", "LP": "Þ"}  # what typists made of two letters
MS_STRINGS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", ":": "\u0308", "~": "\u0303", ",": "\u0327", "o": "\u030a",
              "/": "\u0338", "v": "\u030c", "_": "\u0304", ".": "\u0323", "8": "ß", "d-": "ð", "D-": "Ð", "th": "þ",
              "Th": "Þ", "ae": "æ", "Ae": "Æ", "AE": "Æ", "oe": "œ", "Oe": "Œ", "?": "¿", "!": "¡"}  # fmt: skip
"""The strings for accents that ms and pod2man define behind a letter, as what they are drawn to look like."""


def glyph(name: str) -> str:
    """The character that ``\\(xx`` or ``\\[name]`` stands for; nothing where the name says nothing."""
    if name in _NAMED:
        return _NAMED[name]
    if code := re.fullmatch(r"u([0-9A-Fa-f]{4,6}(?:_[0-9A-Fa-f]{4,6})*)", name):
        return composed("".join(map(_character, code[1].split("_"))))
    if number := re.fullmatch(r"char(\d{1,3})", name):
        return chr(int(number[1]))
    base, *accents = name.split(" ")
    if accents:
        base = base if len(base) == 1 else glyph(base)
        return composed(base + "".join(_OVER.get(glyph(accent) or accent, "") for accent in accents))
    if len(name) == 2 and name[0] in _ACCENTS and name[1].isalpha():
        return composed(name[1] + _ACCENTS[name[0]])
    return name if len(name) == 1 else ""


def overstruck(characters: str) -> str:
    """Characters printed at one place: a letter with its accent, else the one that is seen last."""
    if characters in _PAIRS:
        return _PAIRS[characters]
    pair = tuple(characters)
    for letter, accent in (pair, pair[::-1]) if len(pair) == 2 else ():
        if accent in _OVER and not (accent in "vo" and not letter.isalpha()) and letter not in _OVER:
            return composed(letter + _OVER[accent])
    return characters[-1:]


def composed(text: str) -> str:
    """The text with accents and the letters that they follow in one character each."""
    text = re.sub("(.)\u0338", lambda found: _STROKED.get(found[1], found[0]), text)
    return unicodedata.normalize("NFC", text)


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
