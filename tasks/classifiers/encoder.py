"""Classifiers of kind ``encoder``: a frozen pretrained encoder, mean pooling, and a linear head.

As FineWeb-Edu's (https://arxiv.org/abs/2406.17557, section 4): the encoder's weights stay as they are, so every
training text goes through it once, and the head is fitted to the vectors that come out: by least
squares for numbers, by cross-entropy for classes.

On a GPU the encoder runs in bf16. On a CPU it runs in one thread, so that the sums are always taken in
the same order and the same texts give the same bytes; parts are what runs side by side.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.classifiers import EncoderClassifier
from smelt.recipe.reading import attached
from tasks.classifiers.examples import Examples

HEAD = "/head.json"
BATCH_TOKENS = 16_384
"""Tokens of a batch, padding included."""


def train(config: EncoderClassifier, examples: Examples, lake: Lake) -> dict[str, bytes]:
    """The head: weights and bias for each class, or for the one number."""
    vectors = _encoder(config, lake).embed(pa.array(examples.texts, pa.large_string()))
    if examples.numeric:
        weights, bias = _least_squares(vectors, np.array(examples.labels, np.float64), config.weight_decay)
    else:
        weights, bias = _cross_entropy(vectors, examples.targets, len(examples.classes), config.weight_decay)
    return {HEAD: json.dumps({"weights": weights.tolist(), "bias": bias.tolist()}).encode()}


def restore(
    config: EncoderClassifier, classes: list[str], numeric: bool, files: Mapping[str, bytes], lake: Lake
) -> "EncoderModel":
    """The encoder with the head that ``train`` made."""
    head = json.loads(files[HEAD])
    return EncoderModel(_encoder(config, lake), np.array(head["weights"]), np.array(head["bias"]), numeric)


class EncoderModel:
    """An encoder and a head; ``weights`` (float64, dimensions × outputs), ``bias`` (float64, outputs)."""

    def __init__(self, encoder: "Encoder", weights: np.ndarray, bias: np.ndarray, numeric: bool) -> None:
        self._encoder, self._weights, self._bias, self._numeric = encoder, weights, bias, numeric

    def predict(self, texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """See ``Model.predict``."""
        outputs = self._encoder.embed(texts) @ self._weights + self._bias
        return (outputs if self._numeric else _softmax(outputs)).astype(np.float32)


class Encoder:
    """A Hugging Face encoder with mean pooling over the tokens that are there."""

    def __init__(self, folder: str, *, max_tokens: int, max_chars: int) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        if self._device == "cpu":
            torch.set_num_threads(1)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        kind = torch.bfloat16 if self._device == "cuda" else torch.float32
        model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=kind)
        self._model = model.to(self._device).eval()
        self._max_tokens = min(max_tokens, getattr(model.config, "max_position_embeddings", max_tokens))
        self._max_chars = max_chars

    def embed(self, texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Vectors of length 1 (float64, N × dimensions); texts of like length share a batch."""
        cut = pc.utf8_slice_codeunits(texts, 0, self._max_chars).to_pylist()
        ids = self._tokenizer(cut, truncation=True, max_length=self._max_tokens)["input_ids"]
        order = sorted(range(len(ids)), key=lambda row: (-len(ids[row]), row))
        vectors = np.zeros((len(ids), self._model.config.hidden_size))
        while order:
            size = max(1, BATCH_TOKENS // max(1, len(ids[order[0]])))
            rows, order = order[:size], order[size:]
            vectors[rows] = self._pooled([ids[row] for row in rows])
        return vectors

    def _pooled(self, ids: list[list[int]]) -> np.ndarray:
        batch = self._tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self._device)
        with self._torch.inference_mode():
            states = self._model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1).float()
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self._torch.nn.functional.normalize(pooled, dim=1).cpu().double().numpy()


def _encoder(config: EncoderClassifier, lake: Lake) -> Encoder:
    where = f"{config.where}.encoder"
    folder = attached.folder(config.encoder, where=where, cache=lake.settings.cache / "encoders")
    found = attached.folder_digest(config.encoder, where=where)
    if config.encoder_digest and found != config.encoder_digest:
        raise StageError(
            f"the encoder's files have digest {found[:12]}…, not {config.encoder_digest[:12]}…",
            where=f"{where}: {config.encoder}",
            mend="bring back the files that it was trained with, or train again",
        )
    return _loaded(str(folder), found, config.max_tokens, config.max_chars)


@lru_cache(maxsize=2)
def _loaded(folder: str, digest: str, max_tokens: int, max_chars: int) -> Encoder:
    return Encoder(folder, max_tokens=max_tokens, max_chars=max_chars)


def _least_squares(vectors: np.ndarray, labels: np.ndarray, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression in closed form, the bias not penalised."""
    middle, mean = vectors.mean(0), labels.mean()
    centred = vectors - middle
    gram = centred.T @ centred / len(vectors) + decay * np.eye(vectors.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (labels - mean) / len(vectors))
    return weights[:, None], np.array([mean - middle @ weights])


def _cross_entropy(
    vectors: np.ndarray, targets: np.ndarray, num_classes: int, decay: float
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax regression, by L-BFGS on all vectors at once: there is one minimum, and no step size to choose."""
    import torch

    torch.set_num_threads(1)
    inputs, truth = torch.from_numpy(vectors), torch.from_numpy(targets)
    weights = torch.zeros(vectors.shape[1], num_classes, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(inputs @ weights + bias, truth) + decay / 2 * weights.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach().numpy(), bias.detach().numpy()


def _softmax(outputs: np.ndarray) -> np.ndarray:
    shifted = np.exp(outputs - outputs.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)
