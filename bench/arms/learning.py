"""A small model that learns from an arm's blocks, and what it loses on each piece of held-out text."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from bench.arms.heldout import Piece
from evaluation.perplexity import model_losses
from smelt.lake import Lake, Manifest, held
from smelt.recipe.training.config import TrainConfig
from training.blocks.data import Block
from training.blocks.heldout import Stream, stream_of
from training.blocks.plan import read_vocabulary
from training.model.model import Llama
from training.model.processes import start_alone
from training.steps.trainer import Trainer


@dataclass(frozen=True)
class Judge:
    """A model as it is asked for losses."""

    model: Llama

    @torch.no_grad()
    def token_losses(self, tokens: Tensor, documents: Tensor | None = None) -> Tensor:
        """Loss in nats, [b, s - 1], of each token of [b, s] but the first."""
        assert documents is None
        return self.model(tokens[:, :-1], None, None, labels=tokens[:, 1:]).tokens


def losses(config: TrainConfig, lake: Lake, made: dict[str, Manifest], pieces: list[Piece]) -> np.ndarray:
    """Train on the blocks, and give the summed loss of each piece in nats, float64 [pieces].

    Args:
        made: ``tokenizer`` and ``blocks``, of one phase and one block.
    """
    torch.set_num_threads(1)
    start_alone()
    vocabulary = read_vocabulary(lake, made["tokenizer"])
    trainer = Trainer(config, vocabulary=vocabulary)
    phase, blocks = config.phases[0], made["blocks"]
    with tempfile.TemporaryDirectory() as folder:
        tokens, segments = Path(folder) / "block.bin", Path(folder) / "block.segments.parquet"
        lake.download(blocks.key(blocks.parts[0], ".bin"), tokens)
        lake.download(blocks.key(blocks.parts[0], ".segments.parquet"), segments)
        block = Block(tokens, segments, vocabulary.token_bytes)
        for step in range(phase.num_steps):
            samples = phase.sequences_before(step), phase.batch_size(step)
            trainer.launch(block, samples, step).result()
    trainer.model.eval()
    tokenizer = Tokenizer.from_str(held.read(lake, made["tokenizer"], "tokenizer", "/tokenizer.json").decode())
    streams = [_stream(tokenizer, piece, vocabulary.end_of_document) for piece in pieces]
    return np.concatenate(model_losses(Judge(trainer.model), streams, phase.sequence_length)[0])


def _stream(tokenizer: Tokenizer, piece: Piece, end: int) -> Stream:
    ids = np.array(tokenizer.encode(piece.text, add_special_tokens=False).ids, np.int32)
    return stream_of(piece.lang, [("", ids, piece.bytes)], end_of_document=end)
