"""The whole recipe, and which of its parts decide the result of which stage."""

import json
from collections.abc import Iterator
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from smelt.gates.suite import suite_id
from smelt.recipe.base import Config
from smelt.recipe.classifiers import Classifier, ClassifiersConfig
from smelt.recipe.clean import CleanConfig
from smelt.recipe.corpus import Corpus, CorpusDay
from smelt.recipe.decontaminate import DecontaminateConfig, with_digests, with_evaluation
from smelt.recipe.dedup import DedupConfig
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.evaluate import with_digests as with_probe_digests
from smelt.recipe.export import ExportConfig
from smelt.recipe.gates import GatesConfig
from smelt.recipe.graph import KINDS, MAX_PHASES, STAGES, kind_of
from smelt.recipe.ingest import FetchConfig, IngestConfig, IngestOptions
from smelt.recipe.mixture import BlockPhase, BlocksConfig, Mixture
from smelt.recipe.reading.names import wrong_names
from smelt.recipe.reading.wrong import WrongError
from smelt.recipe.report import ReportConfig
from smelt.recipe.resources import Resources
from smelt.recipe.score import ScoreConfig
from smelt.recipe.select import SelectConfig
from smelt.recipe.sizing import shared_out
from smelt.recipe.sources import CrawlSource, DebPackages, DebSource, ListedSource, Source
from smelt.recipe.tokenizer import TokenizerConfig
from smelt.recipe.tokens import TokensConfig
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from smelt.recipe.training.model import ModelConfig
from smelt.recipe.training.phases import Phase

_Named = TypeVar("_Named", dict, tuple)


def _known_stages(value: _Named) -> _Named:
    names = {*KINDS, *(stage.name for stage in STAGES)}
    for key in value:
        if key not in names:
            raise ValueError(f"no stage {key!r} (stages: {', '.join(KINDS)}; of one phase: train-1)")
    return value


def _single_stages(value: _Named) -> _Named:
    for key in _known_stages(value):
        if key not in {stage.name for stage in STAGES}:
            raise ValueError(f"each phase has its own {key} (say which: {key}-1)")
    return value


class Recipe(Config):
    """One model, from its sources to its report.

    The sections stand in the order in which a document meets them.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    """Lower-case name; runs and reports carry it."""
    description: str = ""
    seed: int = 1234
    """Seed of everything that is drawn: samples, order, initial weights."""
    sources: tuple[Source, ...] = Field(min_length=1)
    ingest: IngestOptions = IngestOptions()
    clean: CleanConfig = CleanConfig()
    classifiers: tuple[Classifier, ...] = ()
    """Models to train before scoring."""
    score: ScoreConfig = ScoreConfig()
    select: SelectConfig = SelectConfig()
    dedup: DedupConfig = DedupConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    tokens: TokensConfig = TokensConfig()
    mixture: Mixture = Mixture()
    block_tokens: int = Field(1_000_000_000, gt=0)
    """Tokens of a block of training data; checkpoints fall on block ends."""
    model: ModelConfig
    phases: tuple[Phase, ...] = Field(min_length=1)
    training: TrainingConfig = TrainingConfig()
    export: ExportConfig = ExportConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    gates: GatesConfig = GatesConfig()
    resources: Annotated[dict[str, Resources], AfterValidator(_known_stages)] = Field(default_factory=dict)
    """How stages are run, by stage name (``train`` for all phases, ``train-2`` for one); never changes a result."""
    pins: Annotated[dict[str, str], AfterValidator(_single_stages)] = Field(default_factory=dict)
    """Artifacts to take as they are, by stage name: fingerprint."""
    rebuild: Annotated[dict[str, Annotated[int, Field(ge=1)]], AfterValidator(_known_stages)] = Field(
        default_factory=dict
    )
    """How often stages were built anew although nothing had changed, by stage name: enters their fingerprints."""
    approve: Annotated[tuple[str, ...], AfterValidator(_known_stages)] = ()
    """Stages whose failed gate asks a person instead of failing; never changes a result."""
    corpus: Corpus | None = None
    """What the source of kind `corpus` says, where there is one; not to be written by hand."""
    earlier: tuple[CorpusDay, ...] | None = None
    """Earlier days that `dedup.against` compares with, set when a run is planned; not to be written by hand."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if wrong := [*wrong_names(self), *self._wrong_together()]:
            raise WrongError(wrong)
        self.train_config()  # the rules between model, phases and layout
        return self

    def _wrong_together(self) -> Iterator[str]:
        """What does not go together, as ``path: what (mend)``."""
        if len(self.phases) > MAX_PHASES:
            yield f"phases: there are {len(self.phases)} (at most {MAX_PHASES}: put some together)"
        kept = self.training.checkpoint.keep_last
        if kept is not None and kept < self.export.average:
            line = f"export.average: {self.export.average} checkpoints, of which {kept} are kept"
            yield f"{line} (raise training.checkpoint.keep_last)"
        for number, phase in enumerate(self.phases):
            if phase.order.by == "in_context" and self.training.document_mask:
                yield (
                    f"phases[{number}].order: attention stays within a document, so that neighbours are not seen (set "
                    "training.document_mask: false, or another order)"
                )
        if self.dedup.against and not any(isinstance(source, CrawlSource) for source in self.sources):
            yield "dedup.against: no source is of kind crawl, which has days (leave it out)"
        for stage, resources in self.resources.items():
            if resources.min_workers is not None and kind_of(stage) != "train":
                yield f"resources.{stage}.min_workers: is a training's (leave it out)"
        if self.training.start_from is not None and self.tokenizer.train is not None:
            path = f"{self.training.start_from.path.rstrip('/')}/tokenizer.json"
            yield f"training.start_from: its weights know no new tokenizer (set tokenizer.path: {path})"

    @property
    def file_sources(self) -> tuple[ListedSource, ...]:
        """The sources that are listed rather than fetched; none where days of a corpus are read as they were made."""
        if self.corpus is not None:
            return ()
        return tuple(source for source in self.sources if isinstance(source, ListedSource))

    @property
    def vocab_size(self) -> int:
        """Tokens of the tokenizer, before padding: as trained, or as the given file has them and `extend` adds."""
        if self.tokenizer.train is not None:
            return self.tokenizer.train.vocab_size
        content = json.loads(self.tokenizer.read())
        own = 1 + max([*content["model"]["vocab"].values(), *(added["id"] for added in content["added_tokens"])])
        return own + len(self.tokenizer.new_tokens(content))

    @property
    def num_new_tokens(self) -> int:
        """Tokens that `extend` adds to the given tokenizer."""
        return len(self.tokenizer.new_tokens(json.loads(self.tokenizer.read()))) if self.tokenizer.extend else 0

    @property
    def embedding_rows(self) -> int:
        """Rows of the model's embedding: the tokenizer's tokens, padded as the recipe asks."""
        padding = self.tokenizer.pad_vocab_to
        return self.model.padded_vocab_size(-(-self.vocab_size // padding) * padding)

    def resources_of(self, stage: str) -> Resources:
        """How the stage of that name is run."""
        return self.resources.get(stage) or self.resources.get(kind_of(stage)) or Resources()

    def generation(self, stage: str) -> int:
        """How often the stage of that name was built anew although nothing had changed."""
        return self.rebuild.get(stage, self.rebuild.get(kind_of(stage), 0))

    def asks(self, stage: str) -> bool:
        """Whether a failed gate of the stage of that name asks a person."""
        return stage in self.approve or kind_of(stage) in self.approve

    def with_start(self) -> Self:
        """The recipe with the digest of the weights that training goes on from, if it does.

        Raises:
            RecipeError: when they are not weights of the recipe's model, or know another tokenizer.
        """
        if (start := self.training.start_from) is None:
            return self
        start.insist_on(self.model, rows=self.embedding_rows)
        start.insist_on_tokenizer(self.tokenizer.read())
        training = self.training.model_copy(update={"start_from": start.with_digest()})
        return self.model_copy(update={"training": training})

    def with_blocked(self, digest: str) -> Self:
        """The recipe with the list of what is taken down, by its digest; "" where nothing is."""
        return self.model_copy(update={"select": self.select.model_copy(update={"blocked": digest})})

    def fetch_config(self) -> FetchConfig:
        """What decides the fetched packages: everything of a package source but its hints."""
        packages = (source for source in self.sources if isinstance(source, DebSource))
        return FetchConfig(
            sources=tuple(
                DebPackages(**source.model_dump(include=set(DebPackages.model_fields))) for source in packages
            )
        )

    def ingest_config(self) -> IngestConfig:
        """What decides the documents."""
        unmarked = {"marker": None}  # when a day is whole is no matter of what is in it
        sources = (s.model_copy(update=unmarked) if isinstance(s, CrawlSource) else s for s in self.sources)
        return IngestConfig(**dict(self.ingest), sources=tuple(sources))

    def classifiers_config(self) -> ClassifiersConfig:
        """What decides the trained classifiers: the content of their labels and encoders included."""
        return ClassifiersConfig(models=tuple(classifier.with_digests() for classifier in self.classifiers))

    def dedup_config(self) -> DedupConfig:
        """What decides which documents go as duplicates: a target of tokens as the phases' weights share it out."""
        return shared_out(self.dedup, self.blocks_config(len(self.phases)))

    def decontaminate_config(self) -> DecontaminateConfig:
        """What decides which documents hold benchmark items: the evaluation's own sets and all content included."""
        return with_digests(with_evaluation(self.decontaminate, self.evaluate))

    def tokenizer_config(self) -> TokenizerConfig:
        """What decides the tokenizer: the content of a given file included."""
        return self.tokenizer.with_digest()

    def blocks_config(self, place: int) -> BlocksConfig:
        """What decides the blocks of the phase at that place, from 1: of it and those before it what concerns data."""
        phases = tuple(
            BlockPhase(
                name=phase.name,
                tokens=phase.until or phase.tokens,
                sequence_length=phase.sequence_length,
                global_batch_size=phase.global_batch_size,
                weights=self.mixture.weights if phase.weights is None else phase.weights,
                order=phase.order,
                packing=phase.packing,
            )
            for phase in self.phases[:place]
        )
        weighed = {group for phase in phases for group in phase.weights}
        groups = {name: expression for name, expression in self.mixture.groups.items() if name in weighed}
        return BlocksConfig(
            groups=groups,
            max_epochs=self.mixture.max_epochs,
            reuse=self.mixture.reuse,
            when_short=self.mixture.when_short,
            phases=phases,
            first_phase=place - 1,
            block_tokens=self.block_tokens,
            seed=self.seed,
        )

    def train_config(self, place: int | None = None) -> TrainConfig:
        """What decides the trained weights.

        Args:
            place: of the phase that is trained, from 1, on what those before it gave; all phases by default.
        """
        first = 0 if place is None else place - 1
        training = self.training
        if first > 0:  # its weights are the phase's before it
            training = training.model_copy(update={"start_from": None})
        return TrainConfig(
            model=self.model, phases=self.phases[:place], first_phase=first, training=training, seed=self.seed
        )

    def evaluate_config(self) -> EvaluateConfig:
        """What decides the evaluation: the content of its probes included."""
        return with_probe_digests(self.evaluate)

    def report_config(self) -> ReportConfig:
        """What decides the report, beyond the artifacts: whose it is, and which gates' results it shows."""
        suites = {kind: suite_id(kind, self.gates) for kind in KINDS if kind != "report"}
        return ReportConfig(recipe=self.name, description=self.description, suites=suites)
