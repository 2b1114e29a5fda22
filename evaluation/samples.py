"""What the model writes: sample texts to read."""

from collections.abc import Callable

from tokenizers import Tokenizer

from evaluation.benchmarks.encoding import decode, encode
from smelt.recipe.evaluate import Generation

Write = Callable[[list[int], int, float, int], list[int]]
"""Goes on from token ids: (ids, number of tokens, temperature, number of the draw) to the new ids."""


def sample_texts(write: Write, tokenizer: Tokenizer, config: Generation, *, end: int) -> list[dict[str, str]]:
    """Each prompt and what the model writes after it, up to the end of the document.

    Args:
        end: the end-of-document token; generation starts after one, as every document does.
    """
    found = []
    for draw, prompt in enumerate(config.prompts):
        ids = write([end, *encode(tokenizer, prompt)], config.max_tokens, config.temperature, draw)
        found.append({"prompt": prompt, "text": decode(tokenizer, ids, end)})
    return found
