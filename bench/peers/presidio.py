"""Presidio's pattern recognizers over a JSON Lines file; runs in Presidio's own environment.

A blank spaCy pipeline stands in for the language model, so names (which only a model finds) are not looked for.
"""

import json
import sys

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine

KINDS = {
    "EMAIL_ADDRESS": ("email", "<EMAIL>"),
    "PHONE_NUMBER": ("phone", "<PHONE>"),
    "CREDIT_CARD": ("bank_card", "<BANK_CARD>"),
    "IP_ADDRESS": ("ip", "<IP>"),
}


class Blank(SpacyNlpEngine):
    """An engine that only splits words."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


def main() -> None:
    """Print the texts with what is found replaced, and the kinds that are looked for."""
    with open(sys.argv[1]) as file:
        texts = [json.loads(line)["text"] for line in file]
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    cleaned = []
    for text in texts:
        after, end = text, len(text) + 1
        found = analyzer.analyze(text=text, language="en", entities=list(KINDS))
        for one in sorted(found, key=lambda hit: (hit.start, -hit.end), reverse=True):
            if one.end <= end:
                after = after[: one.start] + KINDS[one.entity_type][1] + after[one.end :]
                end = one.start
        cleaned.append(after)
    print(json.dumps({"texts": cleaned, "kinds": [kind for kind, _ in KINDS.values()]}))


if __name__ == "__main__":
    main()
