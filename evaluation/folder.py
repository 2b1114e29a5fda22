"""A Hugging Face folder as a model to be judged: an export, or any Llama or Qwen3 with its tokenizer."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from evaluation.benchmarks.encoding import encode
from evaluation.benchmarks.reader import LOGITS_AT_ONCE, Reader
from smelt.errors import StageError
from smelt.recipe.training.start import read_config
from training.blocks.heldout import Stream, stream_of
from training.model.processes import device


class FolderModel:
    """A causal language model of ``transformers``, in evaluation mode."""

    def __init__(self, folder: Path, where: str) -> None:
        """Loads it.

        Args:
            where: what the user called it, for errors.

        Raises:
            RecipeError: for a model that training could not start from.
            StageError: for a folder without its weights or its tokenizer.
        """
        from transformers import AutoModelForCausalLM

        self.config = read_config(str(folder), where=where)
        if not any(folder.glob("*.safetensors")):
            mend = "give a folder that transformers' save_pretrained wrote, with all its files"
            raise StageError("there are no safetensors", where=where, mend=mend)
        self.tokenizer = _tokenizer(folder, where)
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
        except (OSError, ValueError, RuntimeError) as error:
            line = (str(error).splitlines() or [repr(error)])[0]
            raise StageError(f"can't be loaded: {line}", where=where, mend="bring its files anew") from None
        self.model = model.to(device()).eval()

    @property
    def longest(self) -> int:
        """Tokens of context."""
        return int(self.model.config.max_position_embeddings)

    @property
    def vocab_size(self) -> int:
        """Logits that count: those of tokens that the tokenizer has."""
        return min(int(self.model.config.vocab_size), self.tokenizer.get_vocab_size())

    @property
    def end(self) -> int:
        """The token that texts come after: what it calls the beginning of a text, else the end of one."""
        return self._token("bos_token_id", "eos_token_id")

    @property
    def stop(self) -> int:
        """The token that ends a document."""
        return self._token("eos_token_id", "bos_token_id")

    def _token(self, *names: str) -> int:
        known = [self.config[name] for name in names if self.config.get(name) is not None]
        first = known[0] if known else 0
        return int(first[0] if isinstance(first, list) else first)

    @cached_property
    def reader(self) -> Reader:
        """The same weights, to be asked questions."""
        return Reader(self.model, vocab_size=self.vocab_size, longest=self.longest)

    @torch.no_grad()
    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits [b, s, vocabulary] fp32 of token ids [b, s]."""
        return self._logits(self.model.model(input_ids=tokens.to(self.model.device)).last_hidden_state)

    @torch.no_grad()
    def token_losses(self, tokens: Tensor, documents: Tensor | None = None) -> Tensor:
        """Loss in nats, [b, s - 1] fp32, of each token of [b, s] but the first.

        Args:
            documents: [b, s], which document each token is of; None where attention may cross them.
        """
        tokens, mask = tokens.to(self.model.device), None
        if documents is not None:
            of = documents[:, :-1].to(self.model.device)
            visible = (of[:, :, None] == of[:, None, :]).tril()[:, None]
            lowest = torch.finfo(self.model.dtype).min
            mask = torch.zeros(visible.shape, dtype=self.model.dtype, device=visible.device)
            mask = mask.masked_fill(~visible, lowest)
        hidden = self.model.model(input_ids=tokens[:, :-1], attention_mask=mask, use_cache=False).last_hidden_state
        targets = tokens[:, 1:].flatten()
        losses = [
            torch.nn.functional.cross_entropy(self._logits(part), own, reduction="none")
            for part, own in zip(hidden.flatten(0, 1).split(LOGITS_AT_ONCE), targets.split(LOGITS_AT_ONCE), strict=True)
        ]
        return torch.cat(losses).view(len(tokens), -1)

    def _logits(self, hidden: Tensor) -> Tensor:
        return self.model.lm_head(hidden)[..., : self.vocab_size].float()


def retold(streams: list[Stream], theirs: Tokenizer, model: FolderModel) -> list[Stream]:
    """The same text in the model's own tokens; what a cap cut off within a character is left out.

    Args:
        theirs: that the streams are in.
    """
    found = []
    for stream in streams:
        documents = []
        stops = [*stream.starts[1:], len(stream.tokens)]
        for name, start, stop in zip(stream.ids, stream.starts, stops, strict=True):
            text = theirs.decode(stream.tokens[start:stop].tolist(), skip_special_tokens=True).rstrip("\ufffd")
            ids = np.array([*encode(model.tokenizer, text), model.stop], np.int32)
            documents.append((name, ids, len(text.encode())))
        found.append(stream_of(stream.label, documents, end_of_document=model.end))
    return found


def _tokenizer(folder: Path, where: str) -> Tokenizer:
    path = folder / "tokenizer.json"
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError("there is no tokenizer.json", where=where, mend="bring it beside the weights") from None
    except Exception as error:  # the library raises no other
        line = str(error).splitlines()[0]
        raise StageError(f"not a tokenizer: {line}", where=str(path), mend="bring the file anew") from None
