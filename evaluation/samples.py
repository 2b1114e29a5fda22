"""What the model writes: sample texts to read."""

from collections.abc import Callable

from tokenizers import Tokenizer

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
        ids = _ids(tokenizer, prompt, end)
        text = _text(tokenizer, write(ids, config.max_tokens, config.temperature, draw), end)
        found.append({"prompt": prompt, "text": text})
    return found


def _ids(tokenizer: Tokenizer, prompt: str, end: int) -> list[int]:
    return [end, *tokenizer.encode(prompt, add_special_tokens=False).ids]


def _text(tokenizer: Tokenizer, ids: list[int], end: int) -> str:
    return tokenizer.decode(ids[: ids.index(end)] if end in ids else ids, skip_special_tokens=False)
