"""A trained model in one process, for evaluation and export: no Ray, no optimizer, no process to start."""

import shutil
import tempfile
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, Manifest, PartRecord
from smelt.phases import has_weights
from training.blocks.data import document_starts
from training.checkpoints import checkpoint
from training.checkpoints.checkpoint import Description, read_description
from training.model.attention import Documents
from training.model.model import Llama, build_model
from training.model.processes import device, start_alone


class Writes(Protocol):
    """What a model must be able to do to go on from a text; ``LanguageModel`` is."""

    @property
    def longest(self) -> int:
        """Tokens of context."""

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits [b, s, vocabulary] of token ids [b, s]."""


class LanguageModel(nn.Module):
    """A trained model in evaluation mode.

    Attributes:
        description: what is known of the checkpoint: vocabulary, context length, step, tokens.
    """

    def __init__(self, model: Llama, description: Description) -> None:
        super().__init__()
        self.model, self.description = model.eval(), description

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    @property
    def longest(self) -> int:
        """Tokens of context."""
        return self.description.sequence_length

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [b, s, vocabulary] fp32 of token ids [b, s]; the padding of the vocabulary is cut off."""
        logits = self.model(tokens.to(self.device), None, None)
        return logits[..., : self.description.vocab_size].float()

    @torch.no_grad()
    def token_losses(self, tokens: Tensor, documents: Tensor | None = None) -> Tensor:
        """Loss in nats, [b, s - 1] fp32, of each token of [b, s] but the first, without holding the logits.

        Args:
            documents: [b, s], which document each token is of; None where attention may cross them.
        """
        tokens, mask = tokens.to(self.device), None
        if documents is not None:
            of = documents[:, :-1].contiguous()
            starts = torch.from_numpy(document_starts(of.numpy()))
            mask = Documents(of.to(self.device), starts.to(self.device))
        return self.model(tokens[:, :-1], None, mask, labels=tokens[:, 1:]).tokens


def load_model(lake: Lake, manifest: Manifest, part: PartRecord | str | None = None) -> LanguageModel:
    """The model as it was at a checkpoint.

    Args:
        manifest: of the ``train`` artifact.
        part: the checkpoint's part or its name; by default the last one.
    """
    record = manifest.part(part) if isinstance(part, str) else (part or manifest.parts[-1])
    return load_checkpoint(lake, manifest.artifact, record)


def load_checkpoint(lake: Lake, artifact: Artifact, record: PartRecord) -> LanguageModel:
    """The model as it was at a checkpoint of a training that may be going on."""
    start_alone()
    folder = Path(tempfile.mkdtemp(prefix="smelt-model-"))
    try:
        description = read_description(lake, artifact, record)
        model = build_model(
            description.config,
            vocab_size=description.padded_vocab_size,
            max_sequence_length=description.sequence_length,
            rope_base=description.rope_base,
            precision="fp32" if description.precision == "fp32" else "bf16",  # FP8 is a way to train
            seed=0,
        )
        checkpoint.load_weights(model, checkpoint.fetch(lake, artifact, record, folder))
    finally:
        shutil.rmtree(folder)
    return LanguageModel(model.to(device()), description)


@torch.no_grad()
def load_average(lake: Lake, manifest: Manifest, count: int) -> LanguageModel:
    """The model whose weights are the mean of those of the last ``count`` checkpoints, summed in fp32.

    Raises:
        StageError: when fewer of them have their weights.
    """
    whole = [record for record in manifest.parts if has_weights(record)]
    if len(whole) < count:
        raise StageError(
            f"export.average: {count} checkpoints, and {len(whole)} of the phase have weights",
            where=manifest.artifact.root.rstrip("/"),
            mend="lower it, or give the phase more blocks",
        )
    model = load_model(lake, manifest, whole[-1])
    if count > 1:
        sums = {name: one.float() for name, one in _tensors(model).items()}
        for record in whole[-count:-1]:
            for name, one in _tensors(load_model(lake, manifest, record)).items():
                sums[name] += one
        for name, one in _tensors(model).items():
            one.copy_(sums[name] / count)
    return model


def _tensors(model: LanguageModel) -> dict[str, Tensor]:
    """The weights, by name; a tied one once."""
    return dict(model.model.named_parameters())


@torch.no_grad()
def generate(model: Writes, ids: list[int], num_tokens: int, *, temperature: float = 0.0, seed: int = 0) -> list[int]:
    """``num_tokens`` token ids that follow ``ids``, within the model's context.

    Args:
        temperature: 0 takes the likeliest token each time; above, tokens are drawn from softmax(logits / temperature).
    """
    generator = torch.Generator().manual_seed(seed)
    tokens = list(ids)
    for _ in range(num_tokens):
        context = torch.tensor([tokens[-model.longest :]])
        logits = model(context)[0, -1].cpu()
        if temperature == 0:
            tokens.append(int(logits.argmax()))
        else:
            probabilities = torch.softmax(logits / temperature, dim=-1)
            tokens.append(int(torch.multinomial(probabilities, 1, generator=generator)))
    return tokens[len(ids) :]
