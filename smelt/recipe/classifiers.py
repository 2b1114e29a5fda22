"""Classifiers that the recipe trains: from labelled texts, from scores, or from sources that are trusted.

A classifier learns either classes (labels that are words) or a number (labels that are numbers, such as
the 0 to 5 that a language model or a person gave to a page, as FineWeb-Edu does,
https://arxiv.org/abs/2406.17557). What a label file says decides which; one model has one of both.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from smelt.recipe.base import Config
from smelt.recipe.reading import attached

ClassifierName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
POSITIVE, NEGATIVE = "positive", "negative"


class WeakLabels(Config):
    """Labels from where a document comes: trusted sources against the rest."""

    positive: tuple[str, ...] = Field(min_length=1)
    """Sources whose documents are ``positive``."""
    negative: tuple[str, ...] = Field(min_length=1)
    """Sources whose documents are ``negative``."""
    per_class: int = Field(10_000, ge=10)
    """Documents drawn of each class, in equal numbers from each of its sources while they have them. Their beginnings
    (``max_chars``) are held in memory: 100,000 take about 2 GB."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if both := set(self.positive) & set(self.negative):
            raise ValueError(f"source {min(both)!r} is positive and negative (name it once)")
        return self


class ClassifierConfig(Config):
    """What every classifier is trained from."""

    name: ClassifierName
    """Its name: lower case, digits, ``-`` and ``_``."""
    labels: tuple[str, ...] = ()
    """JSON Lines files, in the checkout or at ``s3://bucket/key``: ``label`` (a word or a number) with ``text``, or
    with the ``id`` of a document of this recipe in place of its text; other fields are passed over."""
    digests: tuple[str, ...] = ()
    """SHA-256 of each file of ``labels``. Filled in from the files."""
    weak: WeakLabels | None = None
    """Labels by source, instead of files or beside files of the same two classes."""
    held_out_share: float = Field(0.2, gt=0, lt=1)
    """Share of each class' texts, by their hash, that the model is measured on and never sees in training."""
    max_chars: int = Field(4000, ge=100)
    """Characters from the start of a text that are read, in training and in scoring."""

    @model_validator(mode="after")
    def _has_labels(self) -> Self:
        if not self.labels and self.weak is None:
            raise ValueError(f"classifier {self.name!r} has nothing to learn from (give `labels` or `weak`)")
        return self

    def with_digests(self) -> Self:
        """This classifier with the digests of its files; what its identity is taken over."""
        found = tuple(attached.digest(path, where=self.where) for path in self.labels)
        return self.model_copy(update={"digests": found})

    @property
    def where(self) -> str:
        """The recipe path, for errors."""
        return f"classifiers.{self.name}"


class FastTextClassifier(ClassifierConfig):
    """A bag of words and of runs of words (Joulin et al. 2016): seconds to train, tens of MB a second."""

    kind: Literal["fasttext"] = "fasttext"
    dim: int = Field(32, ge=2, le=1024)
    """Length of a word's vector."""
    epochs: int = Field(25, ge=1)
    """Passes over the training texts; a few hundred texts want 100."""
    learning_rate: float = Field(0.5, gt=0)
    """Step size at first; it falls to zero."""
    word_ngrams: int = Field(2, ge=1, le=5)
    """Longest run of words that is a feature; an ideograph is a word. With few texts 1 generalises best."""
    buckets: int = Field(500_000, ge=1)
    """Vectors that runs of words share by hashing; a model takes 4 × ``dim`` bytes for each."""


class EncoderClassifier(ClassifierConfig):
    """A pretrained encoder, frozen, mean-pooled, with a linear head trained on top, as in FineWeb-Edu."""

    kind: Literal["encoder"]
    encoder: str = Field(min_length=1)
    """A Hugging Face encoder: a folder, ``s3://bucket/prefix``, or an installed Python package that carries one; within
    reach of whoever plans, trains and scores."""
    encoder_digest: str = ""
    """Digest of the encoder's files. Filled in from them."""
    max_tokens: int = Field(512, ge=8)
    """Tokens of a text that the encoder reads."""
    weight_decay: float = Field(1e-3, ge=0)
    """L2 penalty on the head's weights."""

    def with_digests(self) -> Self:
        """As for any classifier, and with the encoder's digest."""
        found = attached.folder_digest(self.encoder, where=f"{self.where}.encoder")
        return super().with_digests().model_copy(update={"encoder_digest": found})


Classifier = Annotated[FastTextClassifier | EncoderClassifier, Field(discriminator="kind")]


class ClassifiersConfig(Config):
    """What decides the trained classifiers."""

    models: tuple[Classifier, ...] = ()
    """The classifiers, in the recipe's order."""
