"""Edits of form and layout: what a reader of the cleaned text would notice, and what must stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.recipe.clean import PLACEHOLDERS, CleanConfig, EditsConfig, PiiConfig
from tests.tasks.clean.cleaning import cleaned, one


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ＡＢＣ　１２３，好！", "ABC 123，好！"),
        ("one\r\ntwo  \n\n\n\n\n\nthree\x07\u200b", "one\ntwo\n\n\nthree"),
        ("cafe\u0301", "café"),
        ("a\u2009b\u202fc\u205fd\u1680e\u2003f", "a b c d e f"),
        ("\u2068left\u2069 \u202bright\u202c \u061c.", "left right ."),
        (
            "\x1b[38;5;196mred\x1b[m \x1b]8;;http://x.org\x1b\\link\x1b]8;;\x1b\\ \x1b=\x1b(0q\x1b(B end\x1b",
            "red link q end",
        ),
        ("\x1b]0;without an end", "]0;without an end"),
        ("N\bNA\bAM\bME\bE _\bi_\bt 10%\b\b\b20% x\b_ 中\b中", "NAME it 20% x 中"),
        ("１２．５％ ０：１５ ａ＠ｂ．ｃｏｍ Ｏ＇Ｎｅｉｌ 5．25", "12.5% 0:15 a@b.com O'Neil 5.25"),
        ("共１２，其中３；ＡＢ：好。（１）", "共12，其中3；AB：好。（1）"),
        ("tab\tstays\u00a0blank\u3000wide\ufeff\u00ad.", "tab\tstays blank wide."),
    ],
)
def test_form_and_layout(text: str, wanted: str) -> None:
    assert one(text) == wanted


def test_wrong_decoding_is_repaired_line_by_line() -> None:
    text = "schÃ¶n\n中文段落里有字。\næ–‡å\xad—åŒ–\nâ€œquotedâ€\x9d"
    config = CleanConfig(edits=EditsConfig(control=False))
    [after], edits, _ = cleaned(text, config=config)
    assert after == "schön\n中文段落里有字。\n文字化\n“quoted”"
    assert edits["edit_encoding"].tolist() == [3]


@pytest.mark.parametrize(
    "text",
    [
        "São Paulo à Â",
        "Grüße aus Österreich",
        "«été», déjà vu – naïve café",
        "A placa diz “AMANHÔ e “IRMÔ.",
        "“IRMÔ",
        "Ångström Æther",
    ],
)
def test_sound_text_with_accents_stays(text: str) -> None:
    [after], edits, _ = cleaned(text)
    assert (after, edits["edit_encoding"][0]) == (text, 0)
    assert one("x = 'schÃ¶n'", code=True) == "x = 'schÃ¶n'"


def test_traditional_characters_are_simplified_where_asked() -> None:
    text = "後來他著書立說，頭髮乾燥。"
    assert one(text) == text
    config = CleanConfig(edits=EditsConfig(simplified=True))
    after, edits, _ = cleaned(text, "简体文字不变。", "plain English", config=config)
    assert after == ["后来他著书立说，头发干燥。", "简体文字不变。", "plain English"]
    assert edits["edit_simplified"].tolist() == [1, 0, 0]
    assert one(f"s = '{text}'", config=config, code=True) == f"s = '{text}'"


GOES = {
    "cookies": "We use cookies to improve your experience.",
    "cookies button": "Accept all cookies",
    "cookies to sign in": "We use cookies to keep you signed in.",
    "cookies to remember": "This site uses cookies to remember your choices.",
    "navigation": "Prev\t\t Next",
    "breadcrumbs": "Home | Login",
    "skip link": "Skip to main content",
    "share": "Share on Facebook",
    "上一篇": "上一篇：旧闻一则",
    "下一页": "上一页 下一页",
    "返回": "返回顶部",
    "转载自": "转载自某某网",
    "本文来源": "本文来源：某报",
    "来源": "来源：某报",
    "责任编辑": "责任编辑：王小明",
    "责任编辑 in brackets": "（责任编辑：王小明）",
    "扫码关注": "扫码关注我们的公众号",
    "二维码": "请扫描下方二维码",
    "版权声明": "版权声明：本站文章均为原创",
    "转载请注明": "本文为原创，转载请注明出处",
    "open the app": "打开APP查看全文",
    "app in the middle": "请扫描下方二维码添加客服微信",
    "newsletter": "Subscribe to our newsletter for more",
    "related": "Related posts:",
    "policy": "Cookie Policy",
    "breadcrumbs of a shop": "Home > Search > Help",
    "all rights reserved": "© 2024 Example. All rights reserved.",
}
STAYS = {
    "cookies": "The recipe makes two dozen cookies, and we use them up in a day or so.",
    "navigation": "index",
    "cookies in prose": "We use cookies to keep you signed in, and the next chapter shows how they are read.",
    "cookies in an essay": "We use cookies to keep you signed in, and say below why that is safe.",
    "cookies of programs": "We use cookies to store the session id on the server.",
    "cookies that are eaten": "We use cookies to decorate the tree.",
    "a heading": "Contents of the box",
    "上一篇": "他在上一篇论文里已经证明了这一点。",
    "下一页": "翻到下一页，故事才真正开始。",
    "转载": "报纸纷纷转载自己喜欢的文章",
    "来源": "这条河的来源至今没有定论。",
    "责任": "编辑的责任在于核对事实。",
    "版权": "版权法规定了作者的权利。",
    "copyright": "The court held that not all rights had been reserved by the author.",
    "a menu": "Edit > Print",
    "a file": "打开app.config，把端口改成8080。",
    "a library": "扫码关注功能的实现分三步。",
    "a definition": "来源：指信息最初发布的地点，比如网站、报刊。",
    "machines": "转载自动化系统的设计与实现，需要考虑很多问题。",
    "a holder": "公司是该软件的版权所有者，享有全部权利。",
    "an event": "用户点击关注后，服务器收到一个事件。",
    "in quotes": "页脚通常写着“版权所有”几个字。",
    "a framework": "Express uses cookies to store the session id.",
    "a table": "Related articles were counted by hand in each of the years.",
    "settings": "Cookie settings are read from the environment.",
    "this": "Like this: first the yolk, then the white.",
    "share": "Share of households with a car, by year",
}


@pytest.mark.parametrize("line", GOES.values(), ids=GOES)
def test_boilerplate_goes_with_its_line(line: str) -> None:
    [after], edits, _ = cleaned(f"正文一。\n{line}\n正文二。")
    assert (after, edits["edit_boilerplate"][0]) == ("正文一。\n正文二。", 1)
    assert one(f"正文一。\n{line}", code=True).count("\n") == 1


@pytest.mark.parametrize("line", STAYS.values(), ids=STAYS)
def test_prose_that_only_sounds_like_it_stays(line: str) -> None:
    assert one(f"正文一。\n{line}\n正文二。") == f"正文一。\n{line}\n正文二。"


def test_every_edit_can_be_switched_off() -> None:
    text = "Ａ\x07  \nPrev Next\nx@y.com 13812345678 schÃ¶n"
    off = CleanConfig(
        edits=EditsConfig(
            encoding=False, unicode=None, width=False, control=False, whitespace=False, boilerplate=False
        ),
        pii=PiiConfig(**dict.fromkeys(PLACEHOLDERS, False)),
    )
    assert one(text, config=off) == text


def test_code_keeps_its_lines_and_widths() -> None:
    text = "index\nprint('ＡＢ')\nNext"
    assert one(text, code=True) == text


def test_edits_are_counted() -> None:
    _, edits, _ = cleaned("ann@b.com cy@d.org\nPrev Next\nＡ")
    assert (edits["edit_email"][0], edits["edit_boilerplate"][0], edits["edit_width"][0]) == (2, 1, 1)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("aÃ¶©â€œ\x9d–中文後說 \n|ＡPrevNext上一页"), max_size=60))
def test_rewritten_text_needs_no_further_edit(text: str) -> None:
    config = CleanConfig(edits=EditsConfig(simplified=True))
    once = one(text, config=config)
    assert one(once, config=config) == once


@pytest.mark.parametrize(
    ("text", "codecs"),
    [
        ("Die schöne Fähre", ("cp1252", "latin-1", "cp1250")),
        ("Паром отошёл, и никто не говорил", ("latin-1", "cp1251")),
        ("une traversée à café", ("cp437", "mac-roman")),
    ],
)
def test_what_other_code_pages_gave_is_mended(text: str, codecs: tuple[str, ...]) -> None:
    for codec in codecs:
        garbled = text.encode().decode(f"sloppy-windows-{codec[2:]}" if codec.startswith("cp12") else codec)
        assert one(garbled) == text, codec


def test_controls_that_stand_for_signs_of_windows_become_those() -> None:
    assert one("It\x92s \x93quoted\x94 \x96 it costs \x80 5") == "It’s “quoted” – it costs € 5"


def test_boilerplate_inside_structure_stays():
    menu = "<ul>\n    Home | Log in\n</ul>\nSkip to content"
    code = f"Write this:\n\n```html\n{menu}\n```\n\nThen go on."
    table = "| Share | Home |\n| --- | --- |\n| Log in | 3 |\n| Home | Skip to content |"
    for text in (code, table, f"````\n```\n{menu}\n````"):
        assert one(text) == text
    assert one("```\na\n```\nHome | Log in\nA line of text.") == "```\na\n```\nA line of text."
    assert one("~~~\n```\nHome | Log in\n~~~\nHome | Log in") == "~~~\n```\nHome | Log in\n~~~"
    assert one("> ```\n> Home | Log in\n> ```") == "> ```\n> Home | Log in\n> ```"


@pytest.mark.parametrize(
    "text",
    [
        "Keys of the telephone:\n\n- 1: call\n- Search | Help\n- 3: hang up",
        "- Home | Login\n- Both pages are described below, with all that they show.",
        "1. Open the page.\n2. Log in\n3. Read more\n\n4. Share this",
        "- Ann Example\n- Next | Previous\n- Bob Example",
        "> - Ann wrote it.\n> - Search | Help",
        "* eins\n  * Back to top\n  * zwei",
    ],
)
def test_no_item_is_taken_out_of_a_list_of_content(text):
    after, edits, _ = cleaned(text)
    assert (after, edits["edit_boilerplate"][0]) == ([text], 0)


def test_a_list_of_navigation_goes_as_a_whole():
    menu = "- Home | Login\n- Next topic\n* Read more"
    for text, left in (
        (f"正文一。\n{menu}\n正文二。", "正文一。\n正文二。"),
        (f"Before.\n\n{menu}\n\nBehind.", "Before.\n\n\nBehind."),
        (f"Before.\n{menu}\nShare on Facebook\n- Behind.", "Before.\n- Behind."),
        (f"Before.\n{menu}", "Before."),
        (menu, ""),
    ):
        [after], edits, _ = cleaned(text)
        assert after == left
        assert edits["edit_boilerplate"][0] == 3 + ("Facebook" in text)


@given(
    st.lists(st.sampled_from(["- Home | Login", "- a b c d", "Next topic", "", "", "x y", "```", "| Share | Home |"]))
)
def test_lists_are_edited_once_and_for_all(lines: list[str]) -> None:
    once = one("\n".join(lines))
    assert one(once) == once
