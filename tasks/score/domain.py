"""Domain where the source gives no hint: by format alone, since a wrong guess is worse than ``other``."""

DOMAINS = ("news", "encyclopedia", "code", "docs", "forum", "book", "academic", "mathematics", "other")
"""The domains that recipes speak of; a source's hint may be any other word."""

_BY_FORMAT = {"code": "code", "man": "docs", "markdown": "docs"}


def domain_of(format_name: str, lang: str) -> str:
    """The domain of a document with this format and language."""
    return "code" if lang == "code" else _BY_FORMAT.get(format_name, "other")
