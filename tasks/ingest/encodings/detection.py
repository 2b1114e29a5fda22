"""Which encoding bytes that are no UTF-8 are in: what they declare where that fits, else what they look like.

chardet says how much a stretch looks like writing in each encoding, but only of encodings that read it without an
error: what an encoding can't read is left out before chardet is asked about it, so that a stray byte or half a
character doesn't rule out the right one.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import chardet

from tasks.ingest.encodings.decoders import REPLACED, decoded
from tasks.ingest.encodings.labels import MULTIBYTE, codec_of, encoding_of

MOST_REPLACED = 0.02
"""Share of characters that an encoding may lack and still be the right one."""
_AGREES = 0.5  # of the best likeness, that a declared encoding needs
_AGREES_USUAL = 0.62  # that windows-1252 needs, which servers name for want of anything better
_USUAL = 1.2  # for windows-1252, which most such files are in
_SELDOM = dict.fromkeys(("cp437", "cp850", "cp855", "macintosh"), 0.8)
_MOST_BROKEN = 0.1  # of the characters beyond ASCII
_MOST_ODD = 0.2  # of them
_CUT = re.compile(rb"(?:[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{1,2})\Z")
_SAMPLE = 1 << 14
_TEXTS = re.compile(rb"[^<>\r\n]+")
_KNOWN = tuple(
    """windows-1252 gb18030 big5 euc-kr euc-jp shift_jis windows-1251 windows-1250 windows-1253 windows-1254
    windows-1255 windows-1256 windows-1257 windows-1258 windows-874 koi8-r koi8-u iso-8859-2 iso-8859-5 iso-8859-6
    iso-8859-7 ibm866 x-mac-cyrillic macintosh cp437 cp850 cp855 johab""".split()
)
_SIGNS = frozenset("«»“”‘’„‚–—…°§©®™€£¥¢·•¡¿´`¨ºª½¼¾²³±×÷№¶†‰‹›\xa0")
_NEVER = re.compile("[\x80-\x9f\ue000-\uf8ff]")
_FAMILIES = {"euc_jis_2004": "euc-jp", "shift_jis_2004": "shift_jis", "iso2022_jp_2": "iso-2022-jp"}
_ALONE = frozenset(
    "ÀÁÂÄÅÆÈÉÊÍÎÒÓÔÖØÙÚÛàáâäåæèéêíîòóôöøùúûµªºабвезийкосуюяєіАБВЕЗИЙКОСУЮЯЄІαηοωήΑΗΟΩوא"
)  # words of a letter, and signs
_APART = frozenset("¹²³±¼½¾×÷¶¸¯¨´¤¦¬")  # signs that seldom end a word
_JOINING = frozenset("’·–—‑\xad\xa0")
_ISOLATED = re.compile(f"(?:[\\0-\\x7f]|[{''.join(_SIGNS)}](?=[\\0-\\x7f]|\\Z))*")
_CONTROLS = bytes(set(range(32)) - {9, 10})
_HIGH = bytes(range(128, 256))


def choose(content: bytes, declared: Sequence[str]) -> str | None:
    """The encoding of ``content``, which has bytes above 127 and is no UTF-8; None where none fits.

    Args:
        declared: encodings by the web's names, the weightiest first.
    """
    nearly = nearly_utf8(content)
    if nearly or (nearly is not None and MULTIBYTE.isdisjoint(declared)):
        return "utf-8" if nearly else None
    sample = _sample(content)
    texts = {name: decoded(sample, name) for name in dict.fromkeys((*declared, *_KNOWN)) if name != "utf-8"}
    if {"utf-8", "windows-1252"}.issuperset(declared) and _ISOLATED.fullmatch(texts["windows-1252"]):
        return "windows-1252"
    multibyte = [name for name in declared if name in MULTIBYTE]
    likeness = _likeness(sample, {name: text for name, text in texts.items() if _fits(text)})
    usual = 1.0 if multibyte else _USUAL
    found, best = dict.fromkeys(likeness, 0.0), 0.0
    most = {name: value * (usual if name == "windows-1252" else 1.0) for name, value in likeness.items()}
    for name in sorted(most, key=lambda name: -most[name]):
        if most[name] >= best:  # others can't be the likeliest, whatever sense they make
            found[name] = most[name] * (1.0 if name in MULTIBYTE else _sense(texts[name]))
            best = max(best, found[name])
    agreeing = {
        name: likeness[name]
        for name in declared
        if likeness.get(name, 0) >= best * (_AGREES_USUAL if name == "windows-1252" else _AGREES) > 0
    }
    if agreeing:
        return max(agreeing, key=lambda name: agreeing[name])
    if best > 0:
        return max(found, key=lambda name: found[name])
    for name in (*multibyte, *declared):
        text = decoded(content, name)
        if _bad(text) <= max(MOST_REPLACED * len(text), 1):
            return name
    return None


def utf16(content: bytes) -> str | None:
    """Whether content with NUL or control characters is UTF-16 or UTF-32 without a byte order mark, and which."""
    head = content[: _SAMPLE - _SAMPLE % 4]
    best, most = None, 0.5
    for name, width in (("utf-16le", 2), ("utf-16be", 2), ("utf-32le", 4), ("utf-32be", 4)):
        text = head[: len(head) // width * width].decode(name, "replace")
        blanks = sum(map(text.count, " \n\t\u3000\u3001\u3002\uff0c"))
        usual = sum(char.isalnum() or char.isspace() or "!" <= char <= "~" or char in _SIGNS for char in text)
        usual += sum(map(text.count, "\u3001\u3002\uff0c"))
        share = usual / max(len(text), 1) - 2 * _bad(text) / max(len(text), 1)
        if blanks and share > 0.9 and share * width > most:
            best, most = name, share * width
    return best


def nearly_utf8(content: bytes) -> bool | None:
    """Whether content that is mostly UTF-8 has few enough errors; None where it is something else.

    Other encodings hardly ever make characters of UTF-8: two for each error are a proof.
    """
    text = content.decode("utf-8", "replace")
    bad = text.count(REPLACED) - content.count(REPLACED.encode())
    good = len(text) - text.count(REPLACED) - len(content.translate(None, _HIGH))
    cut = _CUT.search(content[-3:]) is not None
    if good + cut < 2 * (bad - cut) or good + cut == 0:
        return None
    return bad - cut <= max(MOST_REPLACED * len(text), 1)


def _sample(content: bytes) -> bytes:
    """The first texts between tags and line ends that have bytes above 127."""
    found, size = [], 0
    for match in _TEXTS.finditer(content):
        if not match[0].isascii():
            found.append(match[0][: _SAMPLE - size])
            size += len(found[-1]) + 1
            if size >= _SAMPLE:
                break
    return b"\n".join(found).translate(None, _CONTROLS)


def _bad(text: str) -> int:
    """Characters that no text has: replaced ones, C1 controls, private use."""
    return text.count(REPLACED) + len(_NEVER.findall(text))


def _wide(text: str) -> int:
    """Characters beyond ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _fits(text: str) -> bool:
    """Whether next to nothing of a sample is broken; its last character may be cut."""
    bad = _bad(text) - text.endswith(REPLACED)
    return bad <= _MOST_BROKEN * _wide(text) and bad <= max(MOST_REPLACED * len(text), 1)


def _likeness(sample: bytes, texts: dict[str, str]) -> dict[str, float]:
    """How much the sample looks like writing in each encoding, from 0 to 1 or so."""
    groups: dict[bytes, list[str]] = {}
    weight = {}
    for name, text in texts.items():
        readable = sample if _strict(sample, name) else text.replace(REPLACED, "").encode(codec_of(name), "ignore")
        groups.setdefault(readable, []).append(name)
        weight[name] = _SELDOM.get(name, 1) * (1 - 5 * text.count(REPLACED) / max(_wide(text), 1))
    found: dict[str, float] = {}
    for readable, names in groups.items():
        if readable.isascii():
            continue
        codecs = [codec_of(name) for name in names]
        rows = chardet.detect_all(
            readable, include_encodings=codecs, ignore_threshold=True, compat_names=False, no_match_encoding=codecs[0]
        )
        for row in rows:
            name = row["encoding"] or ""
            for same in names:
                if _same(same, name):
                    found[same] = max(found.get(same, 0.0), row["confidence"] * weight[same])
    return found


def _strict(content: bytes, name: str) -> bool:
    try:
        content.decode(codec_of(name))
    except UnicodeDecodeError:
        return False
    return True


@cache
def _same(name: str, codec: str) -> bool:
    """Whether an encoding is what chardet calls by the name of a codec of Python, its largest of a family."""
    known = encoding_of(_FAMILIES.get(codec, codec))
    return known is not None and codec_of(known) == codec_of(name)


def _sense(text: str) -> float:
    """How far what a single-byte encoding gives can be words, from 0 to 1.

    That is letters, few of them capitals inside of a word, alone, or of another script than the ASCII letters beside
    them, and few signs behind letters.
    """
    if _bad(text):
        return 0.0
    wide = letters = odd = 0
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if char > "\x7f":
            wide += 1
            if char.isalpha():
                letters += 1
                odd += char.isupper() and before.islower()
                odd += char > "\u024f" and (_is_ascii_letter(before) or _is_ascii_letter(after))
                odd += char not in _ALONE and not (before.isalpha() or after.isalpha())
            else:
                letters += char in _SIGNS or unicodedata.combining(char) > 0
                odd += char not in _JOINING and before.isalpha() and (after.isalpha() or char in _APART)
                odd += char in "¡¿" and not after.isalpha()
    if letters <= 0.8 * wide:
        return 0.0
    return max(0.0, 1 - odd / (_MOST_ODD * wide)) if odd else 1.0


def _is_ascii_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()
