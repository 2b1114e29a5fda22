"""Dolma's Gopher and C4 taggers over a JSON Lines file; runs in dolma's own environment."""

import json
import sys
import time

from dolma.core.data_types import Document
from dolma.taggers.c4 import C4Tagger
from dolma.taggers.gopher import GopherTagger


def main() -> None:
    """Print the seconds of the processor that tagging takes."""
    with open(sys.argv[1]) as file:
        texts = [json.loads(line)["text"] for line in file]
    taggers = [GopherTagger(), C4Tagger()]
    documents = [Document(source="bench", version="1", id=str(i), text=text) for i, text in enumerate(texts)]
    for tagger in taggers:
        tagger.predict(documents[0])
    start = time.process_time()
    for tagger in taggers:
        for document in documents:
            tagger.predict(document)
    print(json.dumps({"seconds": time.process_time() - start}))


if __name__ == "__main__":
    main()
