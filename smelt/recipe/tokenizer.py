"""How the text is cut into tokens, and how the tokens are stored."""

from typing import Self

from pydantic import Field, model_validator

from smelt.recipe.base import Config
from smelt.recipe.clean import PLACEHOLDERS
from smelt.recipe.reading import attached

END_OF_DOCUMENT = "<|endoftext|>"
PADDING = "<|padding|>"


class TrainTokenizer(Config):
    """Training of a byte-level BPE (Sennrich et al. 2016; Radford et al. 2019)."""

    vocab_size: int = Field(default=32768, ge=300, le=1_000_000)
    """Tokens of the vocabulary, the special ones included. Below 65,500 a token takes 2 bytes on disk, else 4."""
    sample_bytes: int = Field(default=100_000_000, ge=1000)
    """Bytes of text that it is trained on, drawn from the kept documents."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Share of each language in the sample (`{zh: 4, en: 4, code: 2}`; any scale). Languages that aren't named are
    left out; without any name the sample has the corpus' own shares."""
    min_frequency: int = Field(default=2, ge=1)
    """A pair seen less often is not merged."""
    max_token_bytes: int = Field(default=32, ge=4)
    """Longest token in bytes; keeps lines of dashes and markup out of the vocabulary."""

    @model_validator(mode="after")
    def _weights_are_shares(self) -> Self:
        if any(weight <= 0 for weight in self.weights.values()):
            raise ValueError("weights must be above 0 (leave a language out instead)")
        return self


class TokenizerConfig(Config):
    """The tokenizer: trained on the recipe's own documents, or taken from a file."""

    train: TrainTokenizer | None = TrainTokenizer()
    """How to train one; null when `path` is given."""
    path: str | None = None
    """A `tokenizer.json` of Hugging Face's tokenizers: a path in the checkout, or `s3://bucket/key`."""
    digest: str = ""
    """SHA-256 of the file at `path`. Filled in from the file."""
    end_of_document: str = END_OF_DOCUMENT
    """Special token after each document."""
    padding: str = PADDING
    """Special token for padding."""
    keep_whole: tuple[str, ...] = tuple(PLACEHOLDERS.values())
    """Strings that a trained tokenizer never cuts: what `clean` puts in the place of personal data."""
    pad_vocab_to: int = Field(default=128, ge=1)
    """The model's vocabulary is rounded up to a multiple of this: tensor cores and tensor parallelism want it."""

    @model_validator(mode="before")
    @classmethod
    def _path_excludes_training(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("path"):
            if data.get("train"):
                raise ValueError("both `train` and `path` are given (leave one out, or make it null)")
            return {**data, "train": None}
        return data

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.train is None and self.path is None:
            raise ValueError("neither `train` nor `path` is given (say how to get a tokenizer)")
        return self

    def read(self) -> bytes:
        """The file at `path`.

        Raises:
            RecipeError: when there is none, or it is not what `digest` says.
        """
        assert self.path is not None, "only a tokenizer with a path is read"
        return attached.read(self.path, where="tokenizer.path", digest=self.digest)

    def with_digest(self) -> "TokenizerConfig":
        """This config with the digest of the file at `path`; what the fingerprint is taken over."""
        if self.path is None:
            return self
        return self.model_copy(update={"digest": attached.digest(self.path, where="tokenizer.path")})
