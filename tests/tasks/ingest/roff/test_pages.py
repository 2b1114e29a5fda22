"""Manual pages come out as nroff shows them: conditionals, strings, macros, characters and accents, tables, links."""

import pytest

from tasks.ingest.document import UnreadableError
from tasks.ingest.man import text_of

POD_STRINGS = r"""
.de Vb
.ft CW
.nf
.ne \\$1
..
.de Ve
.ft R
.fi
..
.ie n \{\
.    ds L" ""
.    ds R" ""
.    ds C` ""
'br\}
.el\{\
.    ds L" ``
.    ds R" ''
'br\}
.if n \{\
.    ds #H 0
.    ds ' \&
.    ds : e
.    ds / 
.\}
.ds o \\k:\h'-(\\n(.wu+\w'\(de'u-\*(#H)/2u'\v'-.3n'\z\(de\v'.3n'\h'|\\n:u'
.ds ae a\h'-(\w'a'u*4/10)'e
.rm #[ #] #H #V #F C
"""


def body(source: str) -> str:
    """What stands behind the heading of a section."""
    return text_of(f".TH X 1\n.SH A\n{source}\n").removeprefix("X\n\nA\n\n")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (".ie n .B one\n.el .B two\nEnd.", "one End."),
        (".if t \\{\\\nhidden\n.if n \\{\\\ntoo\n.\\}\n.\\}\nEnd.", "End."),
        (".ie !n \\{ one\n.\\}\n.el \\{\\\ntwo\n.\\}", "two"),
        (".if n \\{ .B shown \\}\nEnd.", "shown End."),
        (".if \\n(.g .if !t Here.", "Here."),
        (".nr k 3\n.ie (\\nk>2)&(\\nk<5) between\n.el outside", "between"),
        (".ie '\\*(.T'utf8' wide\n.el narrow", "wide"),
        (".ie d nothing a\n.el b", "b"),
        (".ds who World\n.as who !\nHello \\*[who]", "Hello World!"),
        (".de XX\n.BR \\\\$1 (\\\\$2)\n..\n.XX ls 1", "ls(1)"),
        (".nr n 0 1\n\\n+n \\n+n", "1 2"),
        (".ig\nnever\n..\nEnd.", "End."),
        (".tr +-\n1+2", "1-2"),
    ],
)
def test_what_roff_decides(source: str, wanted: str) -> None:
    assert body(source) == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (r"\(rg \(bu \(:u \('E \(,C \(vS \(/O \(oa \(ss \(Eu", "® • ü É Ç Š Ø å ß €"),
        (r"\[u00FC] \[u0061_0308] \[a ad] \[*a] \[char246] \N'228'", "ü ä ä α ö ä"),
        (r"\o'u\(ad' \o'n~' \z\(aae", "ü ñ é"),
        (r"a\fBb\fR\s+2c\s0\m[red]d\m[]\h'1n'e", "abcd e"),
        (r"x\c" + "\ny", "xy"),
        (r"a\ b\~c\0d\|e\&f", "a b c def"),
        (r"back\eslash \\ end \" comment", "back\\slash \\ end"),
        (r'.I "caf\[e aa]"', "café"),
    ],
)
def test_characters_and_escapes(source: str, wanted: str) -> None:
    assert body(source) == wanted


def test_pages_of_pod2man_keep_their_tags_their_code_and_their_accents() -> None:
    page = (
        '.IP "\\*(L"x\\*(R"" 4\n.IX Item "x"\n'
        "Hans Ju\\*:rgen, \\*(aether, Rene\\*' and Re\\*'.\n.Vb 1\n\\&  code  here\n.Ve\nEnd."
    )
    found = text_of(f"{POD_STRINGS}.TH X 1\n.SH A\n{page}\n")
    assert '"x"\nHans Jürgen, æther, René and Ré.' in found
    assert "\n  code  here\nEnd." in found


def test_tables_links_and_items() -> None:
    assert body(".TS\ntab(|) allbox;\nl l.\na|T{\nlong\ncell\nT}\n_\nb|c\n.TE") == "a\tlong cell\nb\tc"
    assert body("See\n.UR https://x.org\nthe site\n.UE .") == "See the site ⟨https://x.org⟩."
    assert body(".IP \\(bu 2\none\n.IP 2. 4\ntwo\n.TP\n.B \\-a\nall") == "• one\n\n2. two\n\n-a\nall"
    assert body("他说“好”\n“不好”——\n走了。") == "他说“好”“不好”——走了。"


def test_a_page_that_doubles_itself_is_refused() -> None:
    doubling = ".ds x lengthy\n" + ".as x \\*x\n" * 60 + "\\*x"
    with pytest.raises(UnreadableError, match="endless man page"):
        text_of(doubling)
    with pytest.raises(UnreadableError, match="endless man page"):
        text_of(".TH X 1\n.de X\ntext\n.X\n.X\n..\n.X\n")
