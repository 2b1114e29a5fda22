"""Characters as PDFs have them and text doesn't: radicals that fonts map ideographs to, glyph numbers in place of text."""  # noqa: E501

import re
import unicodedata

_SUPPLEMENT = (
    "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺉刂⺊卜⺋㔾⺎兀⺏尣⺐尢⺒巳⺓幺⺔彑⺕彐⺖忄⺗㣺⺘扌⺙攵⺛旡⺞歺⺟母⺠民⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺨犭⺩王⺪疋"
    "⺫罒⺬示⺭礻⺮竹⺯糹⺰纟⺱罓⺲罒⺹耂⺺肀⺻聿⺼肉⺽臼⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻈讠⻉贝⻋车⻌辶⻍辶⻎辶⻏阝⻐钅⻑長⻒镸⻓长⻔门"
    "⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻞食⻟飠⻠饣⻡首⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)
"""Radicals of U+2E80–2EFF and the ideographs that they are (https://www.unicode.org/Public/UNIDATA/EquivalentUnifiedIdeograph.txt)."""
_RADICALS = {code: ord(unicodedata.normalize("NFKC", chr(code))) for code in range(0x2F00, 0x2FD6)}
_RADICALS |= {ord(one): ord(other) for one, other in zip(_SUPPLEMENT[::2], _SUPPLEMENT[1::2], strict=True)}
_NUMBERS = re.compile(
    r"\(cid:\d{1,6}\)"
    r"|(?:/(?:[gG]|cid|CID|glyph|gid|uni|index|[cC](?=\d))[0-9A-Fa-f]{1,6}(?![0-9A-Za-z])[ \t]?){2,}"
    r"|(?<![0-9A-Za-z])(?:(?:[gG]|cid|glyph|gid)[0-9]{1,5}[ \t\n]?){4,}"
    r"|(?<![0-9A-Za-z])(?:(?:G|uni)[0-9A-F]{2,6}[ \t\n]){4,}"
)


def ideographs(text: str) -> str:
    """The text with the ideographs that Kangxi and other radicals stand for."""
    return text.translate(_RADICALS)


def numbered(text: str) -> int:
    """Characters (whitespace aside) that glyph numbers take: ``(cid:34)``, ``/g12/g7``, ``G01 G02 G03 G04``."""
    return sum(sum(not char.isspace() for char in found[0]) for found in _NUMBERS.finditer(text))
