"""Data-Juicer's filters that need no download, over a JSON Lines file; runs in its own environment.

Words are split at blanks: its sentencepiece models can't be fetched. So it does less than its default recipe.
"""

import json
import sys
import time

from data_juicer.ops.filter import (
    AlphanumericFilter,
    AverageLineLengthFilter,
    CharacterRepetitionFilter,
    MaximumLineLengthFilter,
    SpecialCharactersFilter,
    TextLengthFilter,
    WordRepetitionFilter,
    WordsNumFilter,
)

BATCH = 200


def main() -> None:
    """Print the seconds of the processor that statistics and decisions take."""
    with open(sys.argv[1]) as file:
        texts = [json.loads(line)["text"] for line in file]
    filters = [
        AlphanumericFilter(tokenization=False),
        AverageLineLengthFilter(),
        CharacterRepetitionFilter(),
        MaximumLineLengthFilter(),
        SpecialCharactersFilter(),
        TextLengthFilter(),
        WordRepetitionFilter(lang="en", tokenization=False),
        WordsNumFilter(lang="en", tokenization=False),
    ]
    start = time.process_time()
    for at in range(0, len(texts), BATCH):
        batch = {"text": texts[at : at + BATCH]}
        batch["__dj__stats__"] = [{} for _ in batch["text"]]
        for step in filters:
            batch = step.compute_stats_batched(batch)
            list(step.process_batched(batch))
    print(json.dumps({"seconds": time.process_time() - start}))


if __name__ == "__main__":
    main()
