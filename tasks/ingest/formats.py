"""Which format a raw file has, as far as its name says it."""

import re

_SUFFIXES = {
    "html": ("html", "htm", "xhtml"),
    "pdf": ("pdf",),
    "jsonl": ("jsonl", "ndjson", "jsonlines"),
    "json": ("json",),
    "parquet": ("parquet",),
    "markdown": ("md", "markdown"),
    "text": ("txt", "text", "rst", "log"),
    "warc": ("warc", "wet", "arc"),
    "php": ("php", "phtml"),
    "code": tuple(
        """py pyi c h cc cpp cxx hpp hh java js mjs jsx ts tsx go rs rb pl pm sh bash zsh fish lua r jl scala kt
        swift cs fs hs ml mli ex exs erl clj el lisp scm sql cmake mk css scss less vue proto thrift
        yaml yml toml ini cfg xml bat ps1 asm s v sv vhd tcl nim zig dart m cu cuh f f90 pas awk sed""".split()
    ),
    "binary": tuple(
        """png gif jpg jpeg webp bmp ico xpm svg tif tiff mp3 mp4 ogg wav webm avi mkv ttf otf woff woff2 eot
        zip tar 7z rar jar so a o dll exe pyc class wasm bin dat db sqlite mo ods odt odg odp doc docx xls xlsx ppt
        pptx epub rtf ps eps djvu djv mht mhtml eml mbox msg pst chm mobi azw azw3 dvi pages numbers key ics vcf uu uue
        hqx p7m p7s tgz tbz2 txz cab iso dmg deb rpm apk whl egg npy npz h5 hdf5 pkl pickle pt pth onnx safetensors gguf
        arrow feather orc avro swf psd heic avif flac m4a aac mid wma wmv mov flv xcf""".split()
    ),
}
_BY_SUFFIX = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
_MAN = re.compile(r"(?:^|/)man\d\w*/[^/]+\.\d\w*$")


def by_name(path: str) -> str | None:
    """The format that the file's name says it has, or None; a suffix of compression is looked through.

    ``json`` (rows, or one document of code), ``php`` (a page that was saved, or its program) and ``text`` are settled
    by content.
    """
    plain = path.lower()
    if suffix := compressed(path):
        plain = plain.removesuffix(suffix)
    if _MAN.search(plain):
        return "man"
    name, dot, suffix = plain.rpartition("/")[2].rpartition(".")
    if name in {"makefile", "dockerfile"} or (not dot and suffix in {"makefile", "dockerfile"}):
        return "code"
    return _BY_SUFFIX.get(suffix) if dot else None


def compressed(path: str) -> str:
    """The suffix of compression that the name has, or an empty string."""
    return next((suffix for suffix in _COMPRESSED if path.lower().endswith(suffix)), "")


def divisible(path: str, kind: str | None) -> bool:
    """Whether a file of that format and name can be read by ranges: whether its records can be found from anywhere."""
    suffix = compressed(path)
    if kind == "warc":
        return suffix in (".gz", ".gzip", ".zst", ".zstd")
    return kind in ("jsonl", "lines", "parquet") and not suffix
