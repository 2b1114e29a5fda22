"""Weights that training goes on from: a Llama as ``transformers`` saves it, or a Qwen3, which is one with QK-norm.

What the weights are decides the result, where they lie does not: the digest of their files enters the fingerprint in
the place of their address, and whoever loads them holds them to it.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.reading import attached
from smelt.recipe.training.model import ModelConfig, RopeScaling

WHERE = "training.start_from"
FILES = ("config.json", "model.safetensors.index.json", "*.safetensors")
"""What is read of the folder; its digest is taken over these alone."""
SAME: dict[str, str] = {
    "hidden_size": "hidden_size",
    "intermediate_size": "ffn_hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "num_key_value_heads": "num_query_groups",
    "rms_norm_eps": "norm_epsilon",
    "tie_word_embeddings": "tied_embeddings",
    "rope_theta": "rope_base",
}
"""What must be equal: its name in ``config.json`` and in the recipe's ``model``."""
QK_NORM = {"llama": False, "qwen3": True}
"""Whether there are norms on queries and keys, by ``model_type``."""
PLAIN: dict[str, tuple[Any, ...]] = {
    "hidden_act": ("silu",),
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "use_sliding_window": (False,),
    "rope_type": ("default", "llama3"),
    "quantization_config": (None,),
}
"""What a recipe has no choice about."""


class StartFrom(Config):
    """A folder with ``config.json`` and safetensors, in one file or in several."""

    path: str = Field(min_length=1)
    """A folder that every training machine has (relative to the checkout), or `s3://bucket/prefix`."""
    digest: str = ""
    """SHA-256 of its files (at `s3://` of their names, sizes and ETags). Filled in when a run is planned; one that is
    given is taken as it is, and the weights are held to it when they are loaded."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, data: Any) -> Any:
        return {"path": data} if isinstance(data, str) else data

    def with_digest(self) -> "StartFrom":
        """The same with the files' digest."""
        if self.digest:
            return self
        found = attached.folder_digest(self.path, where=WHERE, only=FILES)
        return self.model_copy(update={"digest": found})

    def folder(self, cache: Path) -> Path:
        """The folder on this machine; objects are fetched into ``cache``, those that lie there already are not."""
        return attached.folder(self.path, where=WHERE, cache=cache, only=FILES)

    def fetch(self, cache: Path) -> Path:
        """The same, its files held to the digest.

        Raises:
            RecipeError: when they are other files than those that were planned with.
        """
        found = attached.folder_digest(self.path, where=WHERE, only=FILES)
        if found != self.digest:
            raise RecipeError(
                f"the weights' digest is {found[:12]}…, not {self.digest[:12]}…",
                where=f"{WHERE}: {self.path}",
                mend="bring back the files that the run was planned with, or plan again",
            )
        return self.folder(cache)

    def insist_on(self, model: ModelConfig, *, rows: int) -> None:
        """Raise one line where the weights are not those of ``model``.

        Args:
            rows: of the embedding, padding included. Weights with fewer leave the others as they are drawn.

        Raises:
            RecipeError: names every field that differs, with both values; or what of the folder can't be used.
        """
        base = self.path.rstrip("/")
        theirs = read_config(base)
        where = f"{WHERE}: {base}/config.json"
        wrong = [
            (
                f"{name} {theirs[name]} is not model.{own} {getattr(model, own)}",
                f"model.{own}: {json.dumps(theirs[name])}",
            )
            for name, own in SAME.items()
            if theirs[name] != getattr(model, own)
        ]
        if (there := QK_NORM[theirs["model_type"]]) != model.qk_norm:
            words = f"the weights have {'a' if there else 'no'} QK-norm, model.qk_norm is {json.dumps(model.qk_norm)}"
            wrong.append((words, f"model.qk_norm: {json.dumps(there)}"))
        if (scaling := theirs["rope_scaling"]) != model.rope_scaling:
            shown = [json.dumps(one and one.model_dump()) for one in (scaling, model.rope_scaling)]
            words = f"rope_scaling {shown[0]} is not model.rope_scaling {shown[1]}"
            wrong.append((words, f"model.rope_scaling: {shown[0]}"))
        if theirs["vocab_size"] > rows:
            wrong.append(
                (
                    f"vocab_size {theirs['vocab_size']} is more than the model's {rows} rows",
                    f"model.vocab_multiple_of: {theirs['vocab_size']}",
                )
            )
        if wrong:
            raise RecipeError(
                "; ".join(words for words, _ in wrong), where=where, mend="set " + ", ".join(mend for _, mend in wrong)
            )
        if theirs["head_dim"] != model.head_size:
            raise RecipeError(
                f"head_dim {theirs['head_dim']} is not hidden_size / num_attention_heads",
                where=where,
                mend="take weights whose heads are as wide as that",
            )
        self._insist_on_files(base)

    def insist_on_tokenizer(self, own: bytes) -> None:
        """Raise one line where the weights' ``tokenizer.json`` cuts text into other tokens than the recipe's.

        Args:
            own: the file at ``tokenizer.path``, before it is extended.

        Raises:
            RecipeError: when tokens, ids or merges differ, or the weights come without a tokenizer.
        """
        path = f"{self.path.rstrip('/')}/tokenizer.json"
        theirs, ours = (_tokens(content) for content in (_read_json(path), json.loads(own)))
        changed = sorted(token for token in {*theirs[0]} | {*ours[0]} if theirs[0].get(token) != ours[0].get(token))
        if changed or theirs[1] != ours[1]:
            first = (
                f"{len(changed):,} have other ids, {changed[0]!r} for one" if changed else "they are merged otherwise"
            )
            raise RecipeError(
                f"its tokens are not those that the weights know: {first}",
                where="tokenizer.path",
                mend=f"set tokenizer.path: {path}; tokenizer.extend adds tokens to it",
            )

    def _insist_on_files(self, base: str) -> None:
        """Refuse a folder without safetensors, or with an index that names others."""
        names = attached.folder_files(self.path, where=WHERE, only=FILES)
        held = {name for name in names if name.endswith(".safetensors")}
        wanted = {"model.safetensors"} if not held else set()
        if FILES[1] in names:
            wanted = set(_read_json(f"{base}/{FILES[1]}")["weight_map"].values())
        if missing := sorted(wanted - held):
            raise RecipeError(
                f"there is no {missing[0]}",
                where=f"{WHERE}: {base}",
                mend="give a folder that transformers' save_pretrained wrote, with all its files",
            )


def read_config(folder: str, *, where: str = WHERE) -> dict[str, Any]:
    """``config.json`` of a folder, with what its writer may leave out.

    Args:
        folder: in the checkout, elsewhere by its whole path, or at ``s3://``.
        where: what names it, for errors.

    Raises:
        RecipeError: where there is none, or it is of a model that a recipe can't say.
    """
    found = _with_defaults(_read_json(f"{folder}/config.json", where))
    for name, known in {"model_type": tuple(QK_NORM), **PLAIN}.items():
        if found[name] not in known:
            place, line = (
                f"{where}: {folder}/config.json",
                f"{name} is {found[name]!r}, which the model here can't have",
            )
            raise RecipeError(line, where=place, mend=_mend(name))
    return found


def _tokens(described: dict[str, Any]) -> tuple[dict[str, int], list[list[str]]]:
    """Ids by token, and the merges, of a ``tokenizer.json``; merges may be written as pairs or with a space between."""
    added = {token["content"]: token["id"] for token in described["added_tokens"]}
    merges = [pair.split(" ") if isinstance(pair, str) else pair for pair in described["model"].get("merges", [])]
    return {**described["model"]["vocab"], **added}, merges


def _read_json(path: str, where: str = WHERE) -> dict[str, Any]:
    try:
        return json.loads(attached.read(path, where=where))
    except ValueError:
        raise RecipeError("not JSON", where=f"{where}: {path}", mend="bring the file anew") from None


def _with_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """``config.json`` with what its writer may leave out; RoPE's settings lie in one of three places."""
    rope = given.get("rope_parameters") or given.get("rope_scaling") or {}
    heads = given.get("num_attention_heads", 1)
    kind = rope.get("rope_type", rope.get("type", "default"))
    scaled = kind == "llama3"
    if scaled and (missing := sorted({*RopeScaling.model_fields} - {*rope})):
        kind, scaled = f"llama3 without {', '.join(missing)}", False
    return {
        **dict.fromkeys(("model_type", *SAME, *PLAIN)),
        "num_key_value_heads": heads,
        "head_dim": 128 if given.get("model_type") == "qwen3" else given.get("hidden_size", 0) // heads,
        "vocab_size": 32_000,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "use_sliding_window": False,
        "tie_word_embeddings": False,
        "rms_norm_eps": 1e-6,
        "rope_theta": rope.get("rope_theta", 10_000.0),
        "rope_type": kind,
        **{name: value for name, value in given.items() if value is not None},
        "rope_scaling": RopeScaling(**{name: rope[name] for name in RopeScaling.model_fields}) if scaled else None,
    }


def _mend(name: str) -> str:
    if name == "rope_type":
        return "take weights with plain RoPE, or with Llama 3.1's scaling"
    return "take the weights of a plain LlamaForCausalLM or Qwen3ForCausalLM"
