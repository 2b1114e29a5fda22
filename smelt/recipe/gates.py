"""What each stage's artifact must hold up to before the next stage may use it.

Every field is a tolerance. All of them are part of the suite's identity, never of the artifact's: a
tolerance that is changed asks for the gate again, not for the work. Shares are between 0 and 1, of
documents where nothing else is said. Divergences are Jensen-Shannon divergences in bits (Lin 1991): 0 for
equal distributions, 1 for distributions that have nothing in common; a language of 40 % that vanishes
costs about 0.24, one of 10 % about 0.05.
"""

from pydantic import Field

from smelt.recipe.base import Config


class FetchGate(Config):
    """The fetched packages."""

    min_files: int = Field(1, ge=0)
    """Files that the packages must bring; not asked of a recipe without packages."""


class IngestGate(Config):
    """The documents as they were read."""

    min_documents: int = Field(1, ge=0)
    """Documents there must be."""
    max_quarantined_share: float = Field(0.1, ge=0, le=1)
    """Share of inputs that may be unreadable."""
    max_duplicate_ids: int = Field(0, ge=0)
    """Ids that may come twice in the part that they lie in."""


class CleanGate(Config):
    """The cleaned text."""

    max_dropped_share: float = Field(0.9, ge=0, le=1)
    """Share of documents that the reference steps (datatrove) may drop."""
    min_kept_bytes_share: float = Field(0.3, ge=0, le=1)
    """Bytes of text that must be left after the edits, of those that came in."""
    max_pii_share: float = Field(0.02, ge=0, le=1)
    """Share of documents that may still hold an e-mail address, a phone or an identity number, of each."""
    min_pii_recall: float = Field(0.98, ge=0, le=1)
    """Share of the marked personal data in the labelled set (``clean.pii.labels``) that must be found, of each kind."""
    min_pii_precision: float = Field(0.9, ge=0, le=1)
    """Share of what is replaced there that must be marked, of each kind."""


class ClassifiersGate(Config):
    """The trained classifiers, on texts that they haven't seen."""

    min_accuracy: float = Field(0.5, ge=0, le=1)
    """Share of held-out texts that a model of classes must get right."""
    min_auc: float = Field(0.7, ge=0, le=1)
    """Area under the ROC curve that a model of two classes or of numbers must reach; 0.5 is chance."""
    min_held_out: int = Field(20, ge=1)
    """Held-out texts there must be: fewer say little."""


class ScoreGate(Config):
    """The labels."""

    max_undetermined_share: float = Field(0.2, ge=0, le=1)
    """Share of documents whose language may be undetermined."""
    max_null_share: float = Field(0.05, ge=0, le=1)
    """Share of documents that may have no value in a score column."""


class DropGate(Config):
    """A stage that drops documents."""

    max_dropped_share: float = Field(0.9, ge=0, le=1)
    """Share of documents that may be dropped."""
    min_kept_share_of_language: float = Field(0.02, ge=0, le=1)
    """Share of each language's documents that must be kept; asked of languages with 1 % of the input or more."""
    max_language_divergence: float = Field(0.1, ge=0, le=1)
    """How far the languages' shares may move from those of the input."""
    max_domain_divergence: float = Field(0.2, ge=0, le=1)
    """How far the domains' shares may move from those of the input."""


class SelectGate(DropGate):
    """The rules' decisions: they may not bias the corpus beyond these tolerances."""

    min_documents: int = Field(1, ge=0)
    """Documents that must be kept."""
    max_source_divergence: float = Field(0.2, ge=0, le=1)
    """How far the sources' shares may move from those of the input."""
    max_length_divergence: float = Field(0.1, ge=0, le=1)
    """How far the shares of length bands may move from those of the input."""
    max_rule_rate_ratio: float = Field(20, ge=1)
    """How many times as often a rule may drop documents of one language, domain, source or length as all others; what
    is held to it is the lower confidence limit of that ratio (see ``smelt.gates.bias.figures``)."""
    accepted_disproportions: tuple[str, ...] = ()
    """Rules and groups that somebody has looked at and found right, as the bias page names them, such as
    ``few_han/source/office-zh``: their ratio may be any."""


class DedupGate(DropGate):
    """The documents without duplicates."""

    max_lost_to_others: float = Field(0.5, ge=0, le=1)
    """Share of a source's documents that may go for documents of other sources; asked of sources of 100 documents or
    more. The order in `dedup.sources` says whose copy stays."""


class DecontaminateGate(DropGate):
    """The documents without benchmark items."""

    max_dropped_share: float = Field(0.05, ge=0, le=1)
    """Share of documents that may be dropped: more means that a benchmark item is ordinary text."""


class TokenizerGate(Config):
    """The tokenizer."""

    min_round_trip_share: float = Field(1.0, ge=0, le=1)
    """Share of sampled documents that must come back unchanged from encoding and decoding."""
    min_characters_per_token: float = Field(1.0, ge=0)
    """Characters that a token must stand for, on average over the sample."""
    min_chinese_characters_per_token: float = Field(1.4, ge=0)
    """The same over Chinese documents; asked of vocabularies of 64,000 tokens and more, and shown of smaller ones."""
    max_dirty_share: float = Field(0.005, ge=0, le=1)
    """Share of a trained vocabulary that may be dirty by `tokenizer.train.dirty`."""


class TokensGate(Config):
    """The token files."""

    min_tokens: int = Field(1, ge=0)
    """Tokens there must be for training."""
    max_language_divergence: float = Field(0.02, ge=0, le=1)
    """How far the languages' shares of documents may move from those of the documents kept."""


class BlocksGate(Config):
    """The training data in its order."""

    max_mixture_error: float = Field(0.1, ge=0, le=1)
    """Largest difference between the share that a group was asked and got. Documents are whole, so a phase of few
    documents is off by a few percent; set it lower where phases are long."""
    max_block_mixture_error: float | None = Field(None, ge=0, le=1)
    """Largest difference between a group's share of a whole block and of its phase; not asked by default, since a
    document may be as long as a small block. 0.001 is right for blocks of a billion tokens."""


class TrainGate(Config):
    """The training run."""

    max_final_loss_ratio: float = Field(0.95, gt=0)
    """Loss at the end (mean of the last tenth of steps) over loss at the start (mean of the first tenth, or of the
    first ten steps where that is fewer)."""


class ExportGate(Config):
    """The exported model."""

    min_bytes: int = Field(1, ge=0)
    """Bytes the export must have."""


class EvaluateGate(Config):
    """The evaluation of the last checkpoint."""

    max_loss_over_unigram: float = Field(1.0, gt=0)
    """Held-out loss over that of a unigram model: a model above 1 has learnt less than word frequencies."""
    min_preferred: float = Field(0.0, ge=0, le=1)
    """Share of a set's preferences (probes `prefer`) that must hold at the last checkpoint."""


class ReportGate(Config):
    """The report."""

    max_bytes: int = Field(20_000_000, gt=0)
    """Bytes the page may have."""


class GatesConfig(Config):
    """Tolerances by stage. A stage that is not named has the defaults."""

    fetch: FetchGate = FetchGate()
    ingest: IngestGate = IngestGate()
    clean: CleanGate = CleanGate()
    classifiers: ClassifiersGate = ClassifiersGate()
    score: ScoreGate = ScoreGate()
    select: SelectGate = SelectGate()
    dedup: DedupGate = DedupGate()
    decontaminate: DecontaminateGate = DecontaminateGate()
    tokenizer: TokenizerGate = TokenizerGate()
    tokens: TokensGate = TokensGate()
    blocks: BlocksGate = BlocksGate()
    train: TrainGate = TrainGate()
    export: ExportGate = ExportGate()
    evaluate: EvaluateGate = EvaluateGate()
    report: ReportGate = ReportGate()
