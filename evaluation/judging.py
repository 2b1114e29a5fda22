"""Everything that is asked of one model: the same for a checkpoint of a run, an export, and a model from elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xxhash
from tokenizers import Tokenizer

from evaluation.benchmarks.encoding import encode
from evaluation.benchmarks.reader import Reader
from evaluation.benchmarks.told import Reads, Rereads
from evaluation.likelihood import Model
from evaluation.perplexity import DIGITS, model_losses, summary
from evaluation.probed import Answer
from evaluation.probes import judge_probes
from evaluation.samples import sample_texts
from smelt.recipe.evaluate import JudgeConfig
from training.blocks.heldout import Stream, stream_of
from training.checkpoints.load import LanguageModel, Writes, generate

WINDOW = "disjoint"
"""How held-out text is cut into windows: each token is in one, and follows only what is before it there."""


class Whole(Model, Writes, Protocol):
    """A model that gives losses and writes."""


@dataclass(frozen=True)
class Subject:
    """What is judged, and how it reads text.

    Attributes:
        model: gives losses and writes.
        reader: makes what answers questions; a copy of the weights, so made only where questions are asked.
        tokenizer: of the model.
        end, stop: the token that every text comes after, and the one that ends a document.
        length: tokens of the windows that held-out text is cut into.
        document_mask: whether attention stays within a document there.
    """

    model: Whole
    reader: Callable[[], Rereads]
    tokenizer: Tokenizer
    end: int
    stop: int
    length: int
    document_mask: bool


def judge(subject: Subject, config: JudgeConfig, streams: Sequence[Stream]) -> dict[str, Any]:
    """Losses on held-out text, and sample texts; probes and benchmarks are asked for apart."""
    losses = model_losses(subject.model, streams, subject.length, document_mask=subject.document_mask)

    def write(ids: list[int], num_tokens: int, temperature: float, draw: int) -> list[int]:
        seed = config.generation.seed + draw
        return generate(subject.model, ids, num_tokens, temperature=temperature, seed=seed)

    return {
        "sequence_length": subject.length,
        "window": WINDOW,
        "document_mask": subject.document_mask,
        "heldout": summary(streams, losses),
        "texts": _texts(subject, config),
        "samples": sample_texts(write, subject.tokenizer, config.generation, end=subject.end),
    }


def _texts(subject: Subject, config: JudgeConfig) -> dict[str, Any]:
    """Losses on the user's own texts by set, with the tokenizer's compression of them."""
    streams = []
    for name, texts in config.texts.items():
        documents = []
        for text in texts.documents(name):
            content, ids = text.encode(), np.array([*encode(subject.tokenizer, text), subject.stop], np.int32)
            documents.append((xxhash.xxh3_64_hexdigest(content), ids, len(content)))
        streams.append(stream_of(name, documents, end_of_document=subject.end))
    losses = model_losses(subject.model, streams, subject.length, document_mask=subject.document_mask)
    found = summary(streams, losses)["by_label"]
    return {name: own | {"bytes_per_token": round(own["bytes"] / own["tokens"], DIGITS)} for name, own in found.items()}


def checkpoint_subject(
    model: LanguageModel, tokenizer: Tokenizer, end: int, config: JudgeConfig, *, document_mask: bool
) -> Subject:
    """A checkpoint as it was trained: at its phase's length, with its document mask."""
    return Subject(
        model=model,
        reader=lambda: Reader.of(model),
        tokenizer=tokenizer,
        end=end,
        stop=end,
        length=config.sequence_length or model.longest,
        document_mask=document_mask,
    )


def about(model: LanguageModel, name: str) -> dict[str, Any]:
    """Which checkpoint it is."""
    known = model.description
    return {"checkpoint": name, "step": known.step, "tokens": known.tokens, "phase": known.phase}


def probes(reader: Reads, tokenizer: Tokenizer, config: JudgeConfig, *, end: int) -> dict[str, list[Answer]]:
    """What a model says to each probe, by set."""
    return {item.name: judge_probes(reader, tokenizer, item.probes(), end=end) for item in config.probes}
