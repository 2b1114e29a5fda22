"""An extractor of main content over a JSON Lines file of decoded pages; runs in the extractor's own environment.

Prints the texts by set, and the seconds of the processor they took. What gives HTML is made text by its elements.
jusText runs without a list of stop words, as it says for pages of any language.
"""

import json
import sys
import time
from collections.abc import Callable

INLINE = frozenset("a abbr b bdi bdo cite code em font i kbd mark q s small span strong sub sup time tt u var".split())


def readability() -> Callable[[str], str]:
    """readability-lxml's summary."""
    from readability import Document

    return lambda page: text_of(Document(page).summary())


def justext() -> Callable[[str], str]:
    """The paragraphs that jusText finds good."""
    import justext as library

    def extract(page: str) -> str:
        found = library.justext(page, frozenset(), stopwords_low=0, stopwords_high=0)
        return "\n".join(one.text for one in found if not one.is_boilerplate)

    return extract


def magic_html() -> Callable[[str], str]:
    """magic-html's main content."""
    from magic_html import GeneralExtractor

    extractor = GeneralExtractor()
    return lambda page: text_of(extractor.extract(page, base_url="")["html"])


def text_of(page: str) -> str:
    """The text of HTML, a line for each element that isn't inline."""
    from lxml import html

    pieces: list[str] = []

    def walk(element: html.HtmlElement) -> None:
        border = "" if element.tag in INLINE else "\n"
        if isinstance(element.tag, str):
            pieces.extend((border, element.text or ""))
            for child in element:
                walk(child)
            pieces.append(border)
        pieces.append(element.tail or "")

    walk(html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8")))
    return "".join(pieces)


def main() -> None:
    """Extract from every page; one that fails has no text."""
    run = {"readability": readability, "justext": justext, "magic_html": magic_html}[sys.argv[2]]()
    answer: dict[str, dict] = {}
    with open(sys.argv[1]) as file:
        for line in file:
            row = json.loads(line)
            of = answer.setdefault(row["set"], {"texts": [], "seconds": 0.0})
            start = time.process_time()
            try:
                text = run(row["page"])
            except Exception:  # whatever it is, the page is lost
                text = ""
            of["seconds"] += time.process_time() - start
            of["texts"].append(text)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
