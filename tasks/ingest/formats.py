"""Which format a raw file has: by its name where that says it, else by its first bytes."""

import re

_SUFFIXES = {
    "html": ("html", "htm", "xhtml"),
    "pdf": ("pdf",),
    "jsonl": ("jsonl", "ndjson"),
    "parquet": ("parquet",),
    "markdown": ("md", "markdown"),
    "text": ("txt", "text", "rst", "log"),
    "warc": ("warc", "wet"),
    "code": tuple(
        """py pyi c h cc cpp cxx hpp hh java js mjs jsx ts tsx go rs rb php pl pm sh bash zsh fish lua r jl scala kt
        swift cs fs hs ml mli ex exs erl clj el lisp scm sql cmake mk css scss less vue proto thrift
        json yaml yml toml ini cfg xml bat ps1 asm s v sv vhd tcl nim zig dart m cu cuh f f90 pas awk sed""".split()  # noqa: SIM905
    ),
    "binary": tuple(
        """png gif jpg jpeg webp bmp ico xpm svg tif tiff mp3 mp4 ogg wav webm avi mkv ttf otf woff woff2 eot
        zip tar 7z rar jar so a o dll exe pyc class wasm bin dat db sqlite mo ods odt odg odp doc docx xls xlsx ppt
        pptx epub""".split()  # noqa: SIM905
    ),
}
_BY_SUFFIX = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
_MAN = re.compile(r"(?:^|/)man\d\w*/[^/]+\.\d\w*$")
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s++|<\?xml[^>]*+>|<!--(?>.*?-->))*+<(?:!doctype html|html|head|body|title|script|style|"
    rb"iframe|table|div|font|h1|br|a|b|p)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
"""How a page begins: https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type, after a byte
order mark, an XML declaration and comments."""
_ROFF = re.compile(rb"(?:^|\n)\.(?:TH|Dd|SH|Sh) ")


def by_name(path: str) -> str | None:
    """The format that the file's name says it has, or None; a suffix of compression is looked through."""
    plain = path.lower()
    for suffix in _COMPRESSED:
        plain = plain.removesuffix(suffix)
    if _MAN.search(plain):
        return "man"
    name, dot, suffix = plain.rpartition("/")[2].rpartition(".")
    if name in {"makefile", "dockerfile"} or (not dot and suffix in {"makefile", "dockerfile"}):
        return "code"
    return _BY_SUFFIX.get(suffix) if dot else None


def divisible(path: str, kind: str | None) -> bool:
    """Whether a file of that format and name can be read by ranges: whether its records can be found from anywhere."""
    suffix = next((suffix for suffix in _COMPRESSED if path.lower().endswith(suffix)), "")
    if kind == "warc":
        return suffix in (".gz", ".zst")
    return kind in ("jsonl", "lines", "parquet") and not suffix


def by_content(content: bytes) -> str:
    """The format that the first bytes of the decompressed content show; ``text`` when they show nothing else."""
    head = content[:4096]
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"WARC/"):
        return "warc"
    if _HTML.match(head):
        return "html"
    if head.startswith(b"#!"):
        return "code"
    if head.startswith((b'.\\"', b"'\\\"", b".TH", b".so ")) or _ROFF.search(head):
        return "man"
    return "text"
