"""A tokenizer that was taken, with more tokens after its own: no id that it has changes."""

import json

import pyarrow as pa
from tokenizers import Tokenizer

from smelt.errors import StageError
from smelt.recipe.tokenizer import TokenizerConfig
from tasks.encoder import Encoder
from tasks.tokenizer.train import Trained


def extended(config: TokenizerConfig) -> Trained:
    """The tokenizer at ``path``; with ``extend``, with the tokens of the recipe that it lacks.

    Raises:
        StageError: when its ids leave no room after them.
    """
    content = config.read()
    described = json.loads(content)
    new = config.new_tokens(described)
    if not new:
        return Trained(content)
    ids = [*described["model"]["vocab"].values(), *(token["id"] for token in described["added_tokens"])]
    first = 1 + max(ids)
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    whole = config.whole_tokens()
    described["added_tokens"] += [
        {"id": first + place, "content": token, **plain, "special": token not in whole}
        for place, token in enumerate(new)
    ]
    made = json.dumps(described, ensure_ascii=False, indent=1).encode()
    tokenizer = Tokenizer.from_str(made.decode())
    if [tokenizer.token_to_id(token) for token in new] != [*range(first, first + len(new))]:
        raise StageError(
            f"its ids have gaps before {first}, where new tokens would not come after them",
            where=f"tokenizer.path: {config.path}",
            mend="leave out tokenizer.extend",
        )
    found, lengths = Encoder(content).encode(pa.array(list(new)))
    pieces, place = {}, 0
    for number, length in enumerate(lengths.tolist(), start=first):
        pieces[number] = found[place : place + length].tolist()
        place += length
    return Trained(made, pieces=pieces)
