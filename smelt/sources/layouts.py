"""Layouts: how a row of a well-known data set becomes a document, as one table.

A layout says under which keys text, address, language, domain and date lie, and which other keys are worth keeping
(they go to the column ``meta``, as JSON). A key may lead into nested records by dots (``meta.pile_set_name``), and
several keys are tried in order. The layouts are those of the data sets' cards on the Hugging Face hub, and of the
files that BAAI publishes of WuDaoCorpora.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Layout:
    """Where a row keeps what.

    Attributes:
        text: keys whose texts are joined by an empty line; the last must be there, those before it may be absent.
        url, lang, domain, date: keys tried in order; the first that holds a text counts.
        keep: keys whose values go to ``meta``; one that holds a record keeps all of it.
        languages, domains: the data set's labels to ours; one that isn't named stays as it is.
        html: whether the text is the source of a web page, or its bytes.
    """

    text: tuple[str, ...]
    url: tuple[str, ...] = ()
    lang: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    html: bool = False


@dataclass(frozen=True)
class Fields:
    """What a row says, in our words; ``text`` is None where there is none under the layout's key, and bytes where it is
    a web page's."""

    text: str | bytes | None
    url: str | None = None
    lang: str | None = None
    domain: str | None = None
    date: str | None = None
    meta: dict[str, Any] | None = None


PLAIN = Layout(text=("text",), url=("url",))
"""What a row is taken for when nothing else is said."""
_ISO_639_3 = {"eng": "en", "zho": "zh", "cmn": "zh"}
_PILE = {
    "Github": "code",
    "StackExchange": "forum",
    "HackerNews": "forum",
    "ArXiv": "academic",
    "PubMed Abstracts": "academic",
    "PubMed Central": "academic",
    "PhilPapers": "academic",
    "NIH ExPorter": "academic",
    "Wikipedia (en)": "encyclopedia",
    "Books3": "book",
    "BookCorpus2": "book",
    "Gutenberg (PG-19)": "book",
    "DM Mathematics": "math",
}
_RED_PAJAMA = {
    "wikipedia": "encyclopedia",
    "stackexchange": "forum",
    "arxiv": "academic",
    "book": "book",
    "github": "code",
}
_WUDAO = {"百科": "encyclopedia", "新闻": "news", "小说": "book", "法律": "law", "博客": "forum", "论坛": "forum"}

LAYOUTS: dict[str, Layout] = {
    "fineweb": Layout(  # https://huggingface.co/datasets/HuggingFaceFW/fineweb (and fineweb-edu, fineweb-2)
        text=("text",),
        url=("url",),
        lang=("language",),
        date=("date",),
        keep=("id", "dump", "file_path", "language_score", "language_script", "score", "int_score"),
        languages=_ISO_639_3,
    ),
    "pile": Layout(  # https://pile.eleuther.ai: {"text", "meta": {"pile_set_name"}}
        text=("text",), url=("meta.url",), domain=("meta.pile_set_name",), keep=("meta",), domains=_PILE
    ),
    "skypile": Layout(text=("text",), keep=("meta",)),  # https://huggingface.co/datasets/Skywork/SkyPile-150B
    "redpajama": Layout(  # https://huggingface.co/datasets/togethercomputer/RedPajama-Data-1T
        text=("text",),
        url=("meta.url", "url"),
        lang=("meta.language",),
        domain=("red_pajama_subset", "meta.source"),
        date=("meta.timestamp",),
        keep=("meta", "red_pajama_subset"),
        domains=_RED_PAJAMA,
    ),
    "redpajama-v2": Layout(  # https://huggingface.co/datasets/togethercomputer/RedPajama-Data-V2
        text=("raw_content",),
        url=("url",),
        lang=("language",),
        date=("date_download",),
        keep=("digest", "source_domain", "bucket", "perplexity", "title"),
    ),
    "wudao": Layout(  # https://data.baai.ac.cn: {"id", "uniqueKey", "titleUkey", "dataType", "title", "content"}
        text=("title", "content"),
        url=("url",),
        domain=("dataType",),
        keep=("id", "uniqueKey", "dataType"),
        domains=_WUDAO,
    ),
}


def fields_of(row: Mapping[str, Any], layout: Layout) -> Fields:
    """A row in our words.

    Args:
        row: one JSON object, or one row of a Parquet file, of the layout.
    """
    *before, last = layout.text
    body = _at(row, last)
    if not isinstance(body, str) and not (layout.html and isinstance(body, bytes)):
        return Fields(None)
    heads = [head for key in before if isinstance(head := _at(row, key), str) and head.strip()]
    lang, domain = _first(row, layout.lang), _first(row, layout.domain)
    return Fields(
        text="\n\n".join([*heads, body]) if isinstance(body, str) and body.strip() else body,
        url=_first(row, layout.url),
        lang=layout.languages.get(lang, lang) if lang else None,
        domain=layout.domains.get(domain, domain) if domain else None,
        date=_day(_first(row, layout.date)),
        meta={key: value for key in layout.keep if (value := _at(row, key)) is not None} or None,
    )


def columns_of(layout: Layout) -> tuple[str, ...]:
    """The top-level keys that the layout looks at; no other column of a Parquet file has to be read."""
    keys = (*layout.text, *layout.url, *layout.lang, *layout.domain, *layout.date, *layout.keep)
    return tuple(dict.fromkeys(key.partition(".")[0] for key in keys))


def _at(row: Any, key: str) -> Any:
    for step in key.split("."):
        row = row.get(step) if isinstance(row, Mapping) else None
    return row


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    found = (_at(row, key) for key in keys)
    return next((value for value in found if isinstance(value, str) and value.strip()), None)


def _day(date: str | None) -> str | None:
    """The day of an ISO 8601 time; a date in another form is not ours to guess."""
    day = (date or "")[:10]
    return day if len(day) == 10 and day[4] == day[7] == "-" and (day[:4] + day[5:7] + day[8:]).isdigit() else None
