"""A model that reads: likelihoods of endings and continuations, each shared prefix computed once.

The weights run under ``transformers``' Llama or Qwen3, for their cache of keys and values; the export's tests hold
their logits to Megatron's. Sequences that begin alike (the same examples) form a family: its common prefix goes
through the model once. Of a question the tokens that its endings share go through once, and then each ending alone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from evaluation.benchmarks.encoding import Sequence
from evaluation.benchmarks.prefixes import Question, batches, common, families
from evaluation.benchmarks.told import Told
from evaluation.benchmarks.unseen import copied, restore, study
from training.checkpoints.load import LanguageModel

BATCH_TOKENS = 16_384
"""Tokens whose keys and values are held at once, shared prefixes and padding included."""

LOGITS_AT_ONCE = 512
"""Tokens whose logits are held at once."""


class Reader:
    """A causal language model of ``transformers``.

    Args:
        model: in evaluation mode.
        vocab_size: logits that count; those behind are padding.
        longest: tokens of context.
    """

    def __init__(self, model: Any, *, vocab_size: int, longest: int) -> None:
        self.model, self.vocab_size, self.longest = model, vocab_size, longest
        self._kept: tuple[tuple[int, ...], list[tuple[Tensor, Tensor]]] = ((), [])

    @classmethod
    def of(cls, loaded: LanguageModel) -> "Reader":
        """The model of a checkpoint; its weights are copied."""
        from transformers import AutoConfig, AutoModelForCausalLM

        from training.export.huggingface import hf_config, hf_weights

        description = loaded.description
        dtype = next(loaded.parameters()).dtype
        values = hf_config(description, roles={}, dtype=dtype)
        config = AutoConfig.for_model(values.pop("model_type"), **values)
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
        weights = dict(hf_weights(loaded.model.state_dict(), description.config))
        if description.config.tied_embeddings:
            weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
        model.load_state_dict(weights)
        model = model.to(loaded.device).eval()
        return cls(model, vocab_size=description.vocab_size, longest=description.sequence_length)

    @classmethod
    def of_folder(cls, folder: Path) -> "Reader":
        """The model of a Hugging Face folder: an export, or any Llama or Qwen3."""
        from transformers import AutoModelForCausalLM

        from training.model.processes import device

        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
        model = model.to(device()).eval()
        return cls(model, vocab_size=model.config.vocab_size, longest=model.config.max_position_embeddings)

    def score(self, questions: list[list[Sequence]]) -> list[list[Told]]:
        """See ``Reads``."""
        found: list[list[Told]] = [[] for _ in questions]
        for shared, batch in self._batches([Question(number, endings) for number, endings in enumerate(questions)], 0):
            for question, told in zip(batch, self._score(shared, batch), strict=True):
                found[question.number] = told
        return found

    def reread(
        self, texts: list[list[int]], questions: list[list[list[Sequence]]]
    ) -> Iterator[tuple[list[list[Told]], list[list[Told]]]]:
        """See ``Rereads``; the copy is in single precision, and takes 8 bytes a weight with its gradients."""
        model = copied(self.model)
        before = iter(self._by(model).score([question for own in questions for question in own]))
        for ids, own in zip(texts, questions, strict=True):
            study(model, ids[-self.longest - 1 :], vocab_size=self.vocab_size)
            after = self._by(model).score(own)
            restore(model, self.model)
            yield [next(before) for _ in own], after

    def _by(self, model: Any) -> "Reader":
        """A reader like this of other weights, that keeps no prefix of those before."""
        return Reader(model, vocab_size=self.vocab_size, longest=self.longest)

    @torch.no_grad()
    def _score(self, shared: tuple[int, ...], batch: list[Question]) -> list[list[Told]]:
        cache = self._prefix(shared, len(batch))
        starts = [list(question.stem[len(shared) :]) for question in batch]
        hidden, mask = self._forward(cache, starts, past=torch.ones(len(batch), len(shared), dtype=torch.long))
        lengths = torch.tensor([len(start) for start in starts])
        last = hidden[torch.arange(len(batch)), lengths - 1]  # predicts the token behind what the endings share
        owners = [row for row, question in enumerate(batch) for _ in question.endings]
        ends = [ending for question in batch for ending in question.endings]
        stems = [len(batch[row].stem) for row in owners]
        rests = [list(ending.ids[stem:-1]) for ending, stem in zip(ends, stems, strict=True)]
        rows = last[owners][:, None]
        if any(rests):
            cache.batch_select_indices(torch.tensor(owners, device=self.model.device))
            behind, _ = self._forward(cache, rests, past=mask[owners], seen=torch.tensor(stems))
            rows = torch.cat([rows, behind], dim=1)
        scored = [
            rows[number, ending.start - stem : len(rest) + 1]
            for number, (rest, ending, stem) in enumerate(zip(rests, ends, stems, strict=True))
        ]
        told = iter(self._told(torch.cat(scored), [ending.ids[ending.start :] for ending in ends]))
        return [[next(told) for _ in question.endings] for question in batch]

    def _told(self, hidden: Tensor, endings: list[tuple[int, ...]]) -> Iterator[Told]:
        """What is thought of endings, from the states [n, h] that predict their n tokens, one after the other."""
        tokens = torch.tensor([token for ending in endings for token in ending], device=hidden.device)
        losses, ranks = [], []
        for part, own in zip(hidden.split(LOGITS_AT_ONCE), tokens.split(LOGITS_AT_ONCE), strict=True):
            logits = self._logits(part)
            losses.append(torch.nn.functional.cross_entropy(logits, own, reduction="none"))
            ranks.append(1 + (logits > logits.gather(1, own[:, None])).sum(-1))
        sizes = [len(ending) for ending in endings]
        pairs = zip(torch.cat(losses).double().cpu().split(sizes), torch.cat(ranks).cpu().split(sizes), strict=True)
        return (Told(own.numpy(), bool((places == 1).all()), int(places[0])) for own, places in pairs)

    @torch.no_grad()
    def write(self, prompts: list[list[int]], num_tokens: int, done: Callable[[list[int]], bool]) -> list[list[int]]:
        """See ``Reads``; prompts that leave no room are cut off at the left."""
        room = self.longest - num_tokens
        asked = [
            Question(number, [Sequence((*ids[-room:], 0), len(ids[-room:]))]) for number, ids in enumerate(prompts)
        ]
        found: list[list[int]] = [[] for _ in prompts]
        for shared, batch in self._batches(asked, num_tokens):
            for question, new in zip(batch, self._write(shared, batch, num_tokens, done), strict=True):
                found[question.number] = new
        return found

    def _write(
        self, shared: tuple[int, ...], batch: list[Question], num_tokens: int, done: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        cache = self._prefix(shared, len(batch))
        stems = [list(question.stem) for question in batch]
        past = torch.ones(len(batch), len(shared), dtype=torch.long)
        hidden, mask = self._forward(cache, [stem[len(shared) :] for stem in stems], past=past)
        seen = torch.tensor([len(stem) for stem in stems])
        last = hidden[torch.arange(len(batch)), seen - len(shared) - 1]
        written: list[list[int]] = [[] for _ in batch]
        open_rows = set(range(len(batch)))
        for _ in range(num_tokens):
            chosen = self._logits(last).argmax(-1).tolist()
            for row in list(open_rows):
                written[row].append(chosen[row])
                if done(written[row]):
                    open_rows.discard(row)
            if not open_rows:
                break
            hidden, mask = self._forward(cache, [[token] for token in chosen], past=mask, seen=seen)
            last, seen = hidden[:, 0], seen + 1
        return [new[:num_tokens] for new in written]

    def _batches(self, questions: list[Question], more: int) -> Iterator[tuple[tuple[int, ...], list[Question]]]:
        for family in families(questions):
            shared = common([question.stem for question in family], less=1)
            for batch in batches(family, len(shared), more, BATCH_TOKENS):
                yield shared, batch

    def _prefix(self, shared: tuple[int, ...], rows: int) -> Any:
        """Keys and values of a prefix, for each row of a batch; those of the last prefix are kept."""
        from transformers import DynamicCache

        cache: Any = DynamicCache()
        if not shared:
            return cache
        if self._kept[0] != shared:
            self.model.model(input_ids=torch.tensor([shared], device=self.model.device), past_key_values=cache)
            self._kept = (shared, [(layer.keys, layer.values) for layer in cache.layers])
        whole = DynamicCache()
        for layer, (keys, values) in enumerate(self._kept[1]):
            whole.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
        return whole

    def _forward(
        self, cache: Any, rows: list[list[int]], *, past: Tensor, seen: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Hidden states [b, s, h] of rows behind what the cache holds, and the mask [b, past + s] of what is there now.

        Args:
            past: int64 [b, past], 1 where the cache holds a token and 0 where padding.
            seen: position of each row's first token; by default behind all of the cache.
        """
        longest = max(len(row) for row in rows)
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        here = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        first = past.sum(1) if seen is None else seen
        mask = torch.cat([past, here], dim=1)
        device = self.model.device
        hidden = self.model.model(
            input_ids=tokens.to(device),
            attention_mask=mask.to(device),
            position_ids=(first[:, None] + torch.arange(longest)).to(device),
            past_key_values=cache,
        ).last_hidden_state
        return hidden, mask

    def _logits(self, hidden: Tensor) -> Tensor:
        return self.model.lm_head(hidden)[..., : self.vocab_size].float()
