"""How the text is cut into tokens, and how the tokens are stored."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.clean import PLACEHOLDERS
from smelt.recipe.reading import attached
from smelt.recipe.tokenlist import TokenList

END_OF_DOCUMENT = "<|endoftext|>"
PADDING = "<|padding|>"
ROLES = (
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tool|>",
    "<|tool_call|>",
    "<|tool_result|>",
    "<|start_of_turn|>",
    "<|end_of_turn|>",
)
"""What reserved tokens are named first: the marks of chats and of tools. The others are `<|reserved_0|>` and so on."""
LISTED = "tokenizer.train.dirty.listed"
NUM_BYTES = 256
"""Tokens that a byte-level vocabulary has anyway."""


class DirtyTokens(Config):
    """Tokens that a trained vocabulary is kept free of; others take their places."""

    rules: tuple[Literal["spam", "link", "markup", "run", "phrase", "control", "origin"], ...] = (
        "spam",
        "link",
        "markup",
        "run",
        "phrase",
        "control",
        "origin",
    )
    """Spam and gambling in Chinese and English; remains of addresses and of markup, and runs of one sign (all three
    unless they stand mostly in code); Chinese phrases longer than `max_phrase`; control characters; tokens that come
    from one host or source alone, where their language has several and that one is none of the large."""
    max_phrase: int = Field(default=7, ge=1)
    """Chinese characters in a row that a token may have."""
    listed: TokenList = TokenList()
    """Strings that no token may hold: a list, or a text file of one a line."""


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

    digits: Literal[1, 2, 3] = 1
    """Digits stand one by one, or in groups of so many from the right (`12 345 678`)."""
    dirty: DirtyTokens = DirtyTokens()
    """What no token may be."""

    @model_validator(mode="after")
    def _weights_are_shares(self) -> Self:
        if any(weight <= 0 for weight in self.weights.values()):
            raise ValueError("weights must be above 0 (leave a language out instead)")
        return self


class OtherTokenizer(Config):
    """A `tokenizer.json` to be measured beside the recipe's own; a string stands for ``path``."""

    path: str
    """A path in the checkout, or `s3://bucket/key`."""
    digest: str = ""
    """SHA-256 of the file. Filled in from the file."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, data: object) -> object:
        return {"path": data} if isinstance(data, str) else data

    def with_digest(self, name: str) -> "OtherTokenizer":
        """The same with the digest of its file; ``name`` is its own in the recipe."""
        return self.model_copy(update={"digest": attached.digest(self.path, where=f"tokenizer.compare.{name}")})

    def read(self, name: str) -> bytes:
        """The file.

        Raises:
            RecipeError: when there is none, or it is not what `digest` says.
        """
        return attached.read(self.path, where=f"tokenizer.compare.{name}", digest=self.digest)


class TokenizerConfig(Config):
    """The tokenizer: trained on the recipe's own documents, or taken from a file."""

    train: TrainTokenizer | None = TrainTokenizer()
    """How to train one; null when `path` is given."""
    path: str | None = None
    """A `tokenizer.json` of Hugging Face's tokenizers: a path in the checkout, or `s3://bucket/key`."""
    digest: str = ""
    """SHA-256 of the file at `path`. Filled in from the file."""
    extend: bool = False
    """Whether the tokenizer at `path` gets the tokens below that it lacks, after its own: its ids stay, text that holds
    none of the new tokens is cut as before, and weights that training goes on from have a new token's row begin as the
    mean of its pieces' rows."""
    end_of_document: str = END_OF_DOCUMENT
    """Special token after each document."""
    padding: str = PADDING
    """Special token for padding."""
    reserved: int = Field(default=16, ge=0, le=100_000)
    """Named special tokens that no text is cut into, for what comes after pretraining: the roles of chats and tools
    (`ROLES`), then `<|reserved_0|>` and so on. They count among `vocab_size`."""
    add_tokens: TokenList = TokenList()
    """Strings that are one token each wherever they stand: a list, or a text file of one a line. What `clean` puts in
    the place of personal data (`<EMAIL>` …) always is."""
    compare: dict[str, OtherTokenizer] = Field(default_factory=dict)
    """Other tokenizers by name, files of Hugging Face's: the card shows what they make of the same documents."""
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

    @model_validator(mode="before")
    @classmethod
    def _former_name(cls, data: object) -> object:
        if isinstance(data, dict) and "keep_whole" in data:  # as recipes of earlier runs have it
            data = dict(data)
            own = [token for token in data.pop("keep_whole") if token not in PLACEHOLDERS.values()]
            data.setdefault("add_tokens", own)
        return data

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.train is None and self.path is None:
            raise ValueError("neither `train` nor `path` is given (say how to get a tokenizer)")
        if self.train is None and not self.extend and self.add_tokens != TokenList():
            raise ValueError("add_tokens: the tokenizer at `path` stays as it is (set `extend`, or leave them out)")
        if self.extend and self.path is None:
            raise ValueError("extend: there is no tokenizer to extend (give its `path`, or leave it out)")
        return self

    @property
    def reserved_tokens(self) -> tuple[str, ...]:
        """The names of the reserved tokens, in the order of their ids."""
        numbered = range(self.reserved - len(ROLES))
        return (*ROLES[: self.reserved], *(f"<|reserved_{number}|>" for number in numbered))

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """All special tokens of a trained tokenizer, in the order of their ids."""
        return tuple(dict.fromkeys((self.end_of_document, self.padding, *self.reserved_tokens)))

    def whole_tokens(self) -> tuple[str, ...]:
        """Strings of text that are one token each: the placeholders of `clean`, then `add_tokens`.

        Raises:
            RecipeError: when their file can't be read, one is a special token, or the vocabulary has no room for them.
        """
        where = "tokenizer.add_tokens"
        found = tuple(dict.fromkeys((*PLACEHOLDERS.values(), *self.add_tokens.read(where))))
        if clash := sorted({*found} & {*self.special_tokens}):
            raise RecipeError(f"{clash[0]} is a special token", where=where, mend="leave it out: text can't be one")
        needed = NUM_BYTES + len(self.special_tokens) + len(found)
        if self.train is not None and needed > self.train.vocab_size:
            raise RecipeError(
                f"{needed} tokens are there before any is learned, and the vocabulary has {self.train.vocab_size}",
                where="tokenizer.train.vocab_size",
                mend="raise it, or lower tokenizer.reserved",
            )
        return found

    def new_tokens(self, described: dict[str, Any]) -> tuple[str, ...]:
        """What `extend` adds to a tokenizer, in the order of the new ids.

        Args:
            described: the content of its file.
        """
        known = {*described["model"]["vocab"], *(token["content"] for token in described["added_tokens"])}
        wanted = (*self.special_tokens, *self.whole_tokens()) if self.extend else ()
        return tuple(token for token in wanted if token not in known)

    def read(self) -> bytes:
        """The file at `path`.

        Raises:
            RecipeError: when there is none, or it is not what `digest` says.
        """
        assert self.path is not None, "only a tokenizer with a path is read"
        return attached.read(self.path, where="tokenizer.path", digest=self.digest)

    def with_digest(self) -> "TokenizerConfig":
        """This config with the digests of the files it names; what the fingerprint is taken over."""
        changes: dict[str, object] = {
            "add_tokens": self.add_tokens.with_digest("tokenizer.add_tokens"),
            "compare": {name: other.with_digest(name) for name, other in self.compare.items()},
        }
        if self.path is not None:
            changes["digest"] = attached.digest(self.path, where="tokenizer.path")
        if self.train is not None:
            listed = self.train.dirty.listed.with_digest(LISTED)
            dirty = self.train.dirty.model_copy(update={"listed": listed})
            changes["train"] = self.train.model_copy(update={"dirty": dirty})
        found = self.model_copy(update=changes)
        found.whole_tokens()  # said before anything runs
        return found
