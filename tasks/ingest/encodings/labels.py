"""What names of encodings mean on the web, and where content declares one.

https://encoding.spec.whatwg.org/#names-and-labels: the labels of standards are taken for the larger code pages that
Windows made of them, so ``gb2312`` is GB18030 and ``iso-8859-1`` windows-1252. Names that the web doesn't know
(``cp437``, ``latin-1``) are Python's.
"""

import codecs
import re

import webencodings

CODECS = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "ibm866": "cp866",
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac-roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
}
"""Python's codec for an encoding of the web where its name is another."""
MULTIBYTE = frozenset({"big5", "euc-jp", "euc-kr", "gb18030", "gbk", "johab", "shift_jis"})
"""Encodings of East Asia that write a character as several bytes, some above 127."""
ESCAPED = frozenset({"hz", "iso-2022-jp", "iso-2022-kr", "utf-7"})
"""Encodings that write everything as ASCII."""
_OWN = {
    "hz-gb-2312": "hz",
    "iso-2022-kr": "iso-2022-kr",
    "csiso2022kr": "iso-2022-kr",
    "cp950": "big5",
    "utf-16": "utf-16le",
    "x-user-defined": None,
    "replacement": None,
}
"""Labels that browsers refuse for safety or take for UTF-8, and that are no encoding."""
_HEAD = 4096
_NAME = rb"""\s*([A-Za-z0-9][\w.:+-]{1,40})"""
_META = re.compile(rb"""<meta\b[^>]{0,400}?\bcharset\s*=\s*["']?""" + _NAME, re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']""" + _NAME, re.IGNORECASE)
_STYLE = re.compile(rb'@charset "' + _NAME + rb'";')
_CODING = re.compile(rb"""[ \t\f]*(?:[#%;*/'"\\.!-]|<!--)[^\n]{0,200}?coding[:=][ \t]*([-\w.]{2,40})""")
"""PEP 263, Emacs and Vim: behind what begins a comment, in one of the first two lines."""
_ENDINGS = re.compile(r"[-_](?:unix|dos|mac)$")
_CHARSETS = re.compile(r"(?:cp|mac|iso|koi8|johab|euc|latin|kz|utf|big5|gb|hz|shift|ptcp)[\w-]*|[lu]?[0-9]+", re.ASCII)
"""Of Python's names those of encodings of files; others (``punycode``, ``unicode_escape``) are of its own use."""


def encoding_of(label: str) -> str | None:
    """The encoding that a label means, by the web's name where it has one; None for no label of any."""
    label = label.strip(" \t\r\n\f'\"").lower()
    for name in (label, _ENDINGS.sub("", label)):
        if name in _OWN:
            return _OWN[name]
        if (found := webencodings.lookup(name)) is not None and found.name != "replacement":
            return str(found.name)
        if (known := _of_python(name)) is not None:
            return known
    return None


def codec_of(encoding: str) -> str:
    """The name of Python's codec for what ``encoding_of`` gives."""
    return CODECS.get(encoding, encoding)


def declared_in(content: bytes) -> list[str]:
    """The encodings that the beginning of the content declares, each once, in the order in which they count.

    An XML declaration, a ``<meta>`` outside comments, a style sheet's ``@charset``, a coding line.
    """
    head = content[:_HEAD]
    found = [_XML.match(head), _STYLE.match(head)]
    if b"<meta" in head.lower():
        found.extend(_META.finditer(re.sub(rb"(?s)<!--.*?-->", b"", head)))
    found.extend(_CODING.match(line) for line in head.split(b"\n", 2)[:2])
    names = (encoding_of(match[1].decode("ascii")) for match in found if match is not None)
    return list(dict.fromkeys(name for name in names if name is not None))


def _of_python(name: str) -> str | None:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if not codec._is_text_encoding or not _CHARSETS.fullmatch(codec.name):
        return None
    plain = codec.name.replace("iso8859-", "iso-8859-").replace("_", "-")
    if (found := webencodings.lookup(plain)) is not None:
        return str(found.name)
    return next((web for web, python in CODECS.items() if python == plain), codec.name)
