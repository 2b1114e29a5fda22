"""The model's shape: a llama (RoPE, grouped-query attention, RMSNorm, SwiGLU), from a preset or by hand."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from smelt.recipe.base import Config
from smelt.recipe.training.rules import Rule, divides, insist

FFN_PROPORTION = 8 / 3
"""SwiGLU's inner size over the hidden size, so that it costs what a 4x ReLU layer does (Shazeer 2020)."""

# Published shapes: 1b and 3b are Llama 3.2's, 8b and 70b Llama 3.1's, 13b Llama 2's; 125m and 350m keep GPT-3's
# depth and width with llama's layers. Small models tie their embeddings, large ones don't.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"num_layers": 4, "hidden_size": 192, "num_heads": 6, "num_query_groups": 2, "ffn_multiple_of": 64},
    "125m": {"num_layers": 12, "hidden_size": 768, "num_heads": 12, "num_query_groups": 4},
    "350m": {"num_layers": 24, "hidden_size": 1024, "num_heads": 16, "num_query_groups": 8},
    "1b": {"num_layers": 16, "hidden_size": 2048, "num_heads": 32, "num_query_groups": 8, "ffn_hidden_size": 8192},
    "3b": {"num_layers": 28, "hidden_size": 3072, "num_heads": 24, "num_query_groups": 8, "ffn_hidden_size": 8192},
    "8b": {
        "num_layers": 32,
        "hidden_size": 4096,
        "num_heads": 32,
        "num_query_groups": 8,
        "ffn_hidden_size": 14336,
        "tied_embeddings": False,
    },
    "13b": {
        "num_layers": 40,
        "hidden_size": 5120,
        "num_heads": 40,
        "num_query_groups": 40,
        "ffn_hidden_size": 13824,
        "tied_embeddings": False,
    },
    "70b": {
        "num_layers": 80,
        "hidden_size": 8192,
        "num_heads": 64,
        "num_query_groups": 8,
        "ffn_hidden_size": 28672,
        "tied_embeddings": False,
    },
}


class RopeScaling(Config):
    """Slow rotary frequencies made slower, for contexts longer than were trained with: Llama 3.1's rule ("llama3")."""

    factor: float = Field(ge=1)
    """What the slowest frequencies are divided by."""
    low_freq_factor: float = Field(default=1.0, gt=0)
    """Wavelengths above original_max_position_embeddings over this are divided whole."""
    high_freq_factor: float = Field(default=4.0, gt=0)
    """Wavelengths below original_max_position_embeddings over this are left alone."""
    original_max_position_embeddings: int = Field(default=8192, ge=1)
    """Context before the scaling, in tokens."""

    @property
    def context(self) -> int:
        """Tokens of context behind the scaling."""
        return int(self.factor * self.original_max_position_embeddings)

    @model_validator(mode="after")
    def _order(self) -> "RopeScaling":
        if self.high_freq_factor <= self.low_freq_factor:
            raise ValueError("high_freq_factor must be above low_freq_factor (Llama 3.1 has 4 and 1)")
        return self


class ModelConfig(Config):
    """Sizes of the model. Keys given beside ``preset`` win over the preset's."""

    preset: Literal["tiny", "125m", "350m", "1b", "3b", "8b", "13b", "70b"] | None = Field(default=None, exclude=True)
    """Named sizes to start from. What counts (and is fingerprinted) are the sizes themselves."""
    num_layers: int = Field(default=4, ge=1)
    """Transformer layers."""
    hidden_size: int = Field(default=192, ge=8)
    """Width of the residual stream."""
    num_heads: int = Field(default=6, ge=1)
    """Query heads; the head size is hidden_size / num_heads."""
    num_query_groups: int = Field(default=2, ge=1)
    """Key/value heads (grouped-query attention, Ainslie et al. 2023); equal to num_heads for plain attention."""
    ffn_multiple_of: int = Field(default=64, ge=1, exclude=True)
    """What the default of ffn_hidden_size is rounded up to."""
    ffn_hidden_size: int = Field(default=512, ge=8)
    """Inner size of SwiGLU; by default 8/3 of hidden_size, rounded up to ffn_multiple_of."""
    tied_embeddings: bool = True
    """Whether the output layer uses the embedding's weights: saves vocabulary x hidden_size parameters."""
    vocab_multiple_of: int = Field(default=64, ge=1)
    """What the tokenizer's vocabulary is padded to; matrix units like multiples of 64 or 128."""
    rope_base: float = Field(default=10_000.0, gt=1)
    """Base of the rotary embedding (Su et al. 2021); 500000 for long contexts (Llama 3)."""
    rope_scaling: RopeScaling | None = None
    """As weights that training starts from have it (Llama 3.1 and later); a model of one's own needs only rope_base."""
    qk_norm: bool = False
    """RMSNorm on queries and keys, against attention logits that grow until the loss spikes."""
    norm_epsilon: float = Field(default=1e-5, gt=0)
    """Epsilon of RMSNorm."""
    init_std: float = Field(default=0.02, gt=0)
    """Standard deviation of initial weights; those that write to the residual stream get it over sqrt(2 layers)."""
    tuned_hidden_size: int | None = Field(default=None, ge=8)
    """Width at which init_std and the learning rates were found. Hidden matrices then get init_std over the root of
    the ratio of widths, and the learning rate over the ratio, as in muP (Yang et al. 2022, table 8, for Adam), but
    without its multiplier on the logits. Left out, both are used as they are."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out rope_scaling where there is none: models from before it keep their fingerprints."""
        return {name: value for name, value in dump(self).items() if name != "rope_scaling" or value is not None}

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = {**PRESETS.get(values.get("preset") or "", {}), **values}
        hidden, multiple = values.get("hidden_size", 192), values.get("ffn_multiple_of", 64)
        if values.get("ffn_hidden_size") is None and isinstance(hidden, int) and isinstance(multiple, int) and multiple:
            values["ffn_hidden_size"] = default_ffn_size(hidden, multiple)
        return values

    @model_validator(mode="after")
    def _shapes(self) -> "ModelConfig":
        insist(self.rules())
        return self

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_heads

    @property
    def known_length(self) -> int:
        """Tokens of context that a scaled RoPE was made for; 0 without."""
        return 0 if self.rope_scaling is None else self.rope_scaling.context

    @property
    def hidden_rate(self) -> float:
        """What the learning rate of hidden matrices is multiplied by."""
        return 1.0 if self.tuned_hidden_size is None else self.tuned_hidden_size / self.hidden_size

    def padded_vocab_size(self, vocab_size: int) -> int:
        """The tokenizer's vocabulary padded to ``vocab_multiple_of``: the rows of the embedding."""
        return -(-vocab_size // self.vocab_multiple_of) * self.vocab_multiple_of

    def num_parameters(self, vocab_size: int) -> int:
        """All parameters, the padded embedding (and output layer, if untied) included."""
        embeddings = self.padded_vocab_size(vocab_size) * self.hidden_size
        return self.num_layer_parameters + embeddings * (1 if self.tied_embeddings else 2)

    @property
    def num_layer_parameters(self) -> int:
        """Parameters outside the embedding and the output layer."""
        hidden, groups = self.hidden_size, self.num_query_groups * self.head_size
        attention = hidden * (hidden + 2 * groups) + hidden * hidden + (2 * self.head_size if self.qk_norm else 0)
        feed_forward = 3 * hidden * self.ffn_hidden_size
        return self.num_layers * (attention + feed_forward + 2 * hidden) + hidden

    def flops_per_token(self, vocab_size: int, sequence_length: int) -> float:
        """Floating-point operations of training on one token: 6N + causal attention.

        N counts every weight that multiplies (the output layer once, the embedding look-up not); attention
        multiplies each query with half the sequence on average, twice (scores, values), 2 FLOPs each, 3x for
        forward and backward: 6 x layers x sequence x hidden (PaLM's appendix B, halved for causality).
        """
        multiplied = self.num_layer_parameters + self.padded_vocab_size(vocab_size) * self.hidden_size
        return 6.0 * multiplied + 6.0 * self.num_layers * sequence_length * self.hidden_size

    def rules(self) -> list[Rule]:
        """Every rule the shape must keep, and those that only cost speed."""
        rules = [
            divides("model.hidden_size", self.hidden_size, "model.num_heads", self.num_heads),
            divides("model.num_heads", self.num_heads, "model.num_query_groups", self.num_query_groups),
        ]
        if all(rule.holds for rule in rules):
            rules += [
                divides("head size", self.head_size, "RoPE's pairs", 2),
                divides("head size", self.head_size, "flash attention's", 8, required=False),
                divides("model.hidden_size", self.hidden_size, "a matrix tile's", 64, required=False),
                divides("model.ffn_hidden_size", self.ffn_hidden_size, "a matrix tile's", 64, required=False),
            ]
        return rules


def default_ffn_size(hidden_size: int, multiple_of: int) -> int:
    """SwiGLU's inner size: 8/3 of the hidden size, rounded up."""
    return -(-int(hidden_size * FFN_PROPORTION) // multiple_of) * multiple_of
