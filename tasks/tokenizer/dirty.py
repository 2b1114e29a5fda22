"""What no token should be: leftovers of web pages, spam, pieces of characters, lines glued together."""

import re
import unicodedata
from collections.abc import Sequence

from smelt.recipe.tokenizer import DirtyTokens

SPARED = frozenset({"link", "markup", "run", "line"})
"""Rules that what stands mostly in code is spared: there, addresses, markup and line ends are the language."""
_SPAM = re.compile(
    "时时彩|六合彩|双色球|彩票|博彩|赌场|赌博|赌球|投注|百家乐|老虎机|娱乐城|娱乐平台|开奖|棋牌|北京赛车|快三|幸运飞艇"
    "|代理加盟|加微信|微信公众号|扫码关注|免费领取|点击进入|点击下载|日韩|欧美性|无码|成人视频|成人电影|在线观看|免费视频"
    "|毛片|黄色片|色情|一本道|裸聊|约炮|援交|伟哥|壮阳|办证|刻章|代开发票|私服|外挂|刷单|贷款平台"
    r"|(?i:\b(?:casinos?|jackpots?|sportsbook|viagra|cialis|levitra|porn\w*|xxx|milf|escorts?|blowjob|camgirls?|hentai"
    r"|slots? online|payday|clickbait|onlyfans|replica watches|weight loss pills)\b)"
)
_LINK = re.compile(
    r"https?|\bwww\b|\.(?:com|net|org|cn|html?|shtml|php|aspx?|jsp)\b|\butm_?|\b(?:xhtml|favicon)\b", re.IGNORECASE
)
_MARKUP = re.compile(r"^ ?&[a-z]{2,8};?$|nbsp|</|/>|<!--|-->|\bhref\b|%[0-9A-F]{2}|\[/?(?:url|img)|&#", re.IGNORECASE)
_RUN = re.compile(r"([^\s])\1{7,}")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_CJK = re.compile(
    r"[\u2e80-\u2fff\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]"
)
_LINE = re.compile(r"\S[\r\n]")


def malformed(token: bytes) -> str | None:
    """Why bytes are no token of any language, or None.

    A character of several bytes is built from its first on, so the beginning of one character is a step to it; anything
    else that is no whole text is ``bytes``. ``glued`` is what has letters of CJK and others; ``line`` goes on after a
    line's text and its end.
    """
    try:
        text = token.decode()
    except UnicodeDecodeError as error:
        return None if error.start == 0 and error.reason == "unexpected end of data" else "bytes"
    if _CJK.search(text) and any(letter.isalpha() and not _CJK.match(letter) for letter in text):
        return "glued"
    return "line" if _LINE.search(text) else None


def rule_of(text: str, config: DirtyTokens, listed: Sequence[str] = ()) -> str | None:
    """The first rule that calls a token dirty by its text alone, of those that the recipe asks for; or None."""
    if any(string in text for string in listed):
        return "listed"
    phrases = _HAN.findall(text)
    found = {
        "spam": lambda: _SPAM.search(text),
        "link": lambda: _LINK.search(text),
        "markup": lambda: _MARKUP.search(text),
        "run": lambda: _RUN.search(text),
        "phrase": lambda: phrases and max(map(len, phrases)) > config.max_phrase,
        "control": lambda: len(text) > 1 and any(_is_odd(character) for character in text),
    }
    return next((name for name, asks in found.items() if name in config.rules and asks()), None)


def _is_odd(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn"} and not character.isspace()
