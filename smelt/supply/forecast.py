"""Whether there is text enough for the mixture: what a plan says of it before anything is tokenized.

The groups of a mixture are measured on a sample of the documents that are kept so far, by the tokens that ``clean``
estimates of each (``num_tokens_estimate``), and the sample is scaled up, language by language, to the bytes that are
kept. Phase by phase the documents least read are read first, as ``blocks`` does. What comes out is good to the
estimate, a few percent: the exact figures are ``blocks``' own.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from smelt import rules
from smelt.gates.even import evenly
from smelt.lake import Lake, Manifest, held
from smelt.plan import Plan
from smelt.recipe.mixture import BlocksConfig
from smelt.recipe.recipe import Recipe
from smelt.supply import ladder
from smelt.supply.repetition import effective

SAMPLED_PARTS, FEW_PARTS = 8, 2
"""Parts that a plan is measured on, and a day of the calendar."""
DECIDED = ("select", "dedup", "decontaminate")
_SIZE = "num_tokens_estimate"


@dataclass(frozen=True)
class Supply:
    """What a group has for a phase, in tokens, about.

    Attributes:
        asked: what the phase asks of it.
        has: the tokens of its documents, each once.
        left: what it can still give, each document as often as it may be used.
        epochs: how often its documents are read, in all phases up to this one.
        unique: tokens of those that are read at all.
        effective: the new tokens that everything read of them is worth.
        then: what the recipe does where it can't give its share; "" where it can.
    """

    phase: str
    group: str
    asked: int
    has: int
    left: int
    epochs: float
    unique: int
    effective: int
    then: str = ""

    @property
    def warning(self) -> str:
        """One line on a group that runs short."""
        return (
            f"phases.{self.phase}: about {self.asked:,} tokens are asked of group {self.group}, which can give about "
            f"{self.left:,} of its {self.has:,} ({self.then})"
        )


def forecast(recipe: Recipe, plan: Plan, lake: Lake) -> list[Supply]:
    """What each group has for each phase; nothing where no text is cleaned and scored yet."""
    config = recipe.blocks_config(len(recipe.phases))
    made = {stage: plan.planned(stage).artifact.manifest(lake) for stage in ("clean", "score", *DECIDED)}
    manifests = {stage: manifest for stage, manifest in made.items() if manifest is not None}
    if not {"clean", "score"} <= manifests.keys():
        return []
    documents = _sample(lake, manifests, config.groups, SAMPLED_PARTS)
    return _through(documents, config) if len(documents) else []


def warnings(supplies: Sequence[Supply], recipe: Recipe, plan: Plan, lake: Lake) -> list[str]:
    """A line for each group that runs short, and for each target of dedup that is missed as far as that is known."""
    return [*(one.warning for one in supplies if one.then), *ladder.warnings(plan, recipe.dedup_config(), lake)]


def kept_tokens(lake: Lake, manifests: Mapping[str, Manifest]) -> int:
    """Tokens of the documents that are left, about, by those of a part or two.

    Args:
        manifests: of ``clean`` and ``score``, and of the stages behind them that have decided, by stage.
    """
    return round(_sample(lake, manifests, {}, FEW_PARTS)["tokens"].sum()) if manifests["clean"].parts else 0


def _sample(lake: Lake, manifests: Mapping[str, Manifest], groups_by: Mapping[str, str], parts: int) -> pl.DataFrame:
    """Kept documents of a few parts: ``lang``, ``domain``, ``tokens`` scaled up, and a column for each group."""
    names = [manifests["clean"].parts[at].name for at in evenly(len(manifests["clean"].parts), parts)]
    wanted = rules.columns_spoken_of(groups_by.values()) | {"lang", "domain", "num_bytes", _SIZE}

    def fetch(name: str) -> pl.DataFrame:
        found: dict[str, pl.Series] = {}
        kept = pl.lit(True)
        for stage, manifest in manifests.items():
            file = held.open_parquet(lake, manifest, name)
            here = [*(wanted & set(file.schema_arrow.names)), *(["keep"] if stage in DECIDED else [])]
            table = pl.DataFrame(pl.from_arrow(file.read(here)))
            found |= {column.name: column for column in table.get_columns() if column.name != "keep"}
            if "keep" in here:
                kept &= table["keep"]
        return pl.DataFrame(list(found.values())).filter(kept)

    with ThreadPoolExecutor(SAMPLED_PARTS) as threads:
        frame = pl.concat(threads.map(fetch, names), how="vertical_relaxed")
    everything = next(manifests[stage] for stage in reversed(("clean", "score", *DECIDED)) if stage in manifests)
    sampled = frame.group_by("lang").agg(pl.col("num_bytes").sum())
    kept = {lang: size["bytes"] for lang, size in everything.stats.get("by_lang", {}).items()}
    scale = {lang: kept.get(lang, size) / max(1, size) for lang, size in sampled.iter_rows()}
    groups = [rules.members(frame, said, where=f"mixture.groups.{name}") for name, said in groups_by.items()]
    return frame.select(
        "lang",
        "domain",
        (pl.col(_SIZE) * pl.col("lang").replace_strict(scale, return_dtype=pl.Float64)).alias("tokens"),
    ).with_columns([found.alias(f"group {name}") for name, found in zip(groups_by, groups, strict=True)])


def _through(documents: pl.DataFrame, config: BlocksConfig) -> list[Supply]:
    """The phases in order, over kinds of documents: those that are of one group in each phase are one kind."""
    weighed = [phase.weights or _as_it_comes(documents) for phase in config.phases]
    columns = [_group_of(weights, config).alias(str(place)) for place, weights in enumerate(weighed)]
    places = [str(place) for place in range(len(weighed))]
    kinds = documents.with_columns(columns).group_by(places).agg(pl.col("tokens").sum()).sort(pl.all())
    tokens, uses = kinds["tokens"].to_numpy(), np.zeros(len(kinds))
    most = config.max_epochs if config.reuse.max is None else float(config.reuse.max)
    tokens = tokens * _share_drawn(config)
    found = []
    for place, (phase, weights) in enumerate(zip(config.phases, weighed, strict=True)):
        steps = max(1, phase.tokens // phase.batch_tokens)
        total = steps * phase.batch_tokens
        for name in sorted(weights):
            own = (kinds[str(place)] == name).fill_null(False).to_numpy()
            asked = total * weights[name] / sum(weights.values())
            left = float((tokens[own] * np.maximum(0.0, most - uses[own])).sum())
            given = asked if config.when_short == "repeat" else min(asked, left)
            uses[own] = _filled(tokens[own], uses[own], given)
            has, unique = tokens[own].sum(), (tokens[own] * np.minimum(uses[own], 1)).sum()
            read = (tokens[own] * uses[own]).sum()
            found.append(
                Supply(
                    phase.name,
                    name,
                    asked=round(asked),
                    has=round(has),
                    left=round(left),
                    epochs=read / has if has else 0.0,
                    unique=round(unique),
                    effective=round(effective(tokens[own], uses[own])),
                    then=_THEN[config.when_short] if left < asked else "",
                )
            )
    return found


_THEN = {
    "reweight": "the others fill up by their weights",
    "repeat": "it is repeated more often than that",
    "stop": "the phase will not be made",
}


def _as_it_comes(documents: pl.DataFrame) -> dict[str, float]:
    return dict(documents.group_by("lang").agg(pl.col("tokens").sum()).iter_rows())


def _group_of(weights: Mapping[str, float], config: BlocksConfig) -> pl.Expr:
    """The group of each document in a phase, as ``blocks`` finds it; null for none."""
    label = pl.format("{}/{}", "lang", "domain")
    by_label = pl.when(label.is_in(list(weights))).then(label).when(pl.col("lang").is_in(list(weights)))
    group = by_label.then(pl.col("lang")).otherwise(None)
    for name in reversed([name for name in config.groups if name in weights]):
        group = pl.when(pl.col(f"group {name}")).then(pl.lit(name)).otherwise(group)
    return group


def _share_drawn(config: BlocksConfig) -> float:
    """The share of tokens whose rate is above 0: a curve is one over quantiles of tokens."""
    if config.reuse.quality is None:
        return 1.0
    return 1 - max(quantile for quantile, rate in config.reuse.quality.curve if rate == 0 or quantile == 0)


def _filled(tokens: np.ndarray, uses: np.ndarray, wanted: float) -> np.ndarray:
    """Uses of each kind when so many tokens are read, the least used first: water that finds one level."""
    order = np.argsort(uses, kind="stable")
    levels, sizes = uses[order], np.cumsum(tokens[order])
    filled = uses
    for number in range(len(order)):
        room = sizes[number] * ((levels[number + 1] if number + 1 < len(order) else np.inf) - levels[number])
        if wanted <= room or number + 1 == len(order):
            return np.maximum(filled, levels[number] + wanted / max(sizes[number], 1e-9))
        wanted -= room
    return filled
