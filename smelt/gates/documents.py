"""What is asked of the stages that documents pass through, from ``fetch`` to ``decontaminate``."""

import math

from smelt.gates.bias import figures as bias
from smelt.gates.bias.page import bias_page
from smelt.gates.checks import (
    Check,
    Gate,
    at_least,
    at_most,
    equal,
    has_columns,
    none_breaks,
    percent,
)
from smelt.gates.figures import common, counts, dropped, dropping, quarantined, share, violations
from smelt.gates.sample import rows
from smelt.invariants import DUPLICATES, PERSONAL_DATA
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import CleanGate, DedupGate, DropGate, FetchGate, IngestGate, ScoreGate, SelectGate
from smelt.supply.ladder import ladders

SMALL_SOURCE = 100
"""Sources of fewer documents are not asked what share of theirs other sources took."""
_DIVERGENCE = "The shares of {}s are those of the input (Jensen-Shannon divergence, bits)"


def fetch(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: FetchGate) -> Gate:
    """The packages that the recipe names brought files."""
    if not manifest.config["sources"]:
        return Gate(common(manifest), [equal("rows", 0, "A recipe without packages fetches no file")])
    return Gate(common(manifest), [at_least("rows", config.min_files, "The packages bring files")])


def ingest(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: IngestGate) -> Gate:
    """Documents were read, few inputs could not be, and each document can be told from the others."""
    bad = quarantined(manifest)
    figures = common(manifest) | {"quarantined_share": share(bad, bad + manifest.rows)}
    by_source = counts(manifest.stats.get("by_source"))
    names = [source["name"] for source in manifest.config["sources"] if source["kind"] != "crawl"]  # it may be late
    figures |= {f"documents_of_{source}": by_source.get(source, 0) for source in names}
    checks = [
        at_least("documents", config.min_documents, "There are documents"),
        equal("documents", manifest.rows, "Counted documents are the rows written"),
        at_most("quarantined_share", config.max_quarantined_share, "Few inputs are in quarantine", percent),
        *(at_least(f"documents_of_{source}", 1, f"Source {source} brings documents") for source in names),
    ]
    if not config.min_documents and not manifest.rows and set(manifest.stats.get("quarantined", {})) <= {"empty"}:
        return Gate(figures, [_nothing("ingest")])
    if manifest.rows:
        figures |= violations(manifest)
        figures[DUPLICATES] = manifest.stats.get("violations", {}).get(DUPLICATES, math.nan)
        limit = config.max_duplicate_ids
        checks += [*none_breaks("ingest"), at_most(DUPLICATES, limit, "No id comes twice in a part")]
    frame = rows(lake, manifest, without=("text",))
    if not frame.empty:
        checks.append(has_columns(["id", "source", "url", "format", "lang", "domain"]))
    return Gate(figures, checks, frame)


def clean(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: CleanGate) -> Gate:
    """The text is still there, in the same rows, and without the personal data that the recipe has removed."""
    source = inputs["ingest"]
    gone = dropped(manifest)
    figures = common(manifest) | {
        "dropped_share": share(gone, manifest.rows),
        "kept_bytes_share": share(manifest.stats.get("bytes", 0), source.stats.get("bytes", 0)),
    }
    checks = [
        equal("rows", source.rows, "Every document that came in has its row"),
        at_most("dropped_share", config.max_dropped_share, "Few documents are dropped by reference steps", percent),
    ]
    if source.rows:
        checks.append(at_least("kept_bytes_share", config.min_kept_bytes_share, "Most of the text is left", percent))
    for kind, counted in manifest.stats.get("pii_quality", {}).items():
        found, name = counted["found"], kind.replace("_", " ")
        figures[f"recall of {kind}"] = share(found, found + counted["missed"])
        figures[f"precision of {kind}"] = share(found, found + counted["false"])
        marked = f"of the labelled set's {name} data"
        checks += [
            at_least(f"recall of {kind}", config.min_pii_recall, f"Nearly all {marked} is found", percent),
            at_least(
                f"precision of {kind}", config.min_pii_precision, f"Little else is taken for {name} data", percent
            ),
        ]
    if manifest.rows:
        figures |= violations(manifest)
        checks += none_breaks("clean")
    left = manifest.stats.get("personal_data_left", {})
    for kind in PERSONAL_DATA:
        if manifest.rows and manifest.config["pii"][kind]:
            figure, name = f"share with {kind}", kind.replace("_", " ")
            figures[figure] = left.get(kind, math.nan) / manifest.rows
            checks.append(at_most(figure, config.max_pii_share, f"Nearly no document still holds: {name}", percent))
    frame = rows(lake, manifest, without=("text",))
    if not frame.empty:
        checks.append(has_columns(["id", "source", "url", "format", "drop_reason"]))
    return Gate(figures, checks, frame)


def score(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: ScoreGate) -> Gate:
    """Every document has a language and a domain, and nearly every one each score, within the score's range."""
    by_lang = counts(manifest.stats.get("by_lang"))
    figures = common(manifest) | {
        "undetermined_share": share(by_lang.get("und", 0), sum(by_lang.values())),
        "languages": len(by_lang),
    }
    checks = [
        equal("rows", inputs["clean"].rows, "Every document that came in has its row"),
        at_least("languages", min(1, manifest.rows), "There are languages"),
        at_most("undetermined_share", config.max_undetermined_share, "Few languages are undetermined", percent),
    ]
    scores = manifest.stats.get("scores", {})
    for column, known in scores.items():
        figures[f"null_share of {column}"] = share(known["nulls"], known["documents"])
        checks.append(
            at_most(
                f"null_share of {column}", config.max_null_share, f"Few documents have no value in {column}", percent
            )
        )
    if manifest.rows:
        figures |= violations(manifest)
        checks += none_breaks("score")
    frame = rows(lake, manifest)
    if not frame.empty:
        checks.append(has_columns(["id", "lang", "lang_score", "domain", *scores]))
    return Gate(figures, checks, frame)


def select(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: SelectGate) -> Gate:
    """The rules keep enough, and do not bias the corpus."""
    empty = not config.min_documents and not inputs["score"].rows
    gate = _decided(lake, manifest, inputs["score"], config, came_in=inputs["score"].rows, empty=empty)
    gate.pages["bias"] = bias_page(lake, manifest, inputs["clean"], config)
    if empty:
        gate.checks.insert(0, _nothing("select"))
        return gate
    moved = bias.divergences(manifest.stats)
    named = bias.disproportions(bias.rules(manifest.stats, manifest.config))
    open_ones = [item for item in named if item.name not in config.accepted_disproportions]
    gate.figures.update({f"{kind}_divergence": moved[kind] for kind in ("source", "length")})
    gate.figures["rule_rate_ratio"] = open_ones[0].at_least if open_ones else 1.0
    gate.checks.insert(0, at_least("documents", config.min_documents, "Documents are kept"))
    for kind in ("source", "length"):
        limit = getattr(config, f"max_{kind}_divergence")
        gate.checks.append(at_most(f"{kind}_divergence", limit, _DIVERGENCE.format(kind)))
    sentence = "No rule drops one group far more often than the others"
    if open_ones:
        worst = open_ones[0]
        rates = f"{percent(worst.rate)} against {percent(worst.other_rate)}"
        sentence += f"; the worst is {worst.rule} on {worst.dimension} {worst.label}: {rates}"
    gate.checks.append(at_most("rule_rate_ratio", config.max_rule_rate_ratio, sentence))
    return gate


def dedup(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: DedupGate) -> Gate:
    """Duplicates go, the corpus stays what it was, and no source is emptied by others."""
    gate = _decided(lake, manifest, inputs["select"], config, came_in=inputs["select"].stats["documents"])
    came_in = counts(inputs["select"].stats.get("by_source"))
    lost = [
        (share(sum(to.values()), came_in.get(source, 0)), source, to)
        for source, to in sorted(manifest.stats.get("lost_to_others", {}).items())
        if came_in.get(source, 0) >= SMALL_SOURCE
    ]
    worst, source, to = max(lost, key=lambda item: item[0], default=(0.0, "", {}))
    sentence = "No source loses much to the others"
    if to:
        sentence += f"; the most is {source}, to {max(to, key=lambda name: (to[name], name))} above all"
    gate.figures["lost_to_others"] = worst
    gate.checks.append(at_most("lost_to_others", config.max_lost_to_others, sentence, percent))
    for ladder in ladders(manifest):
        figure = f"tokens_left of {ladder.pool}"
        gate.figures[figure] = ladder.left
        sentence = ladder.warning or f"The tokens that are asked for of {ladder.pool} are left, at rung {ladder.taken}"
        gate.checks.append(at_least(figure, ladder.target, sentence))
    return gate


def decontaminate(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: DropGate) -> Gate:
    """Benchmark items go, and little else."""
    return _decided(lake, manifest, inputs["dedup"], config, came_in=inputs["dedup"].stats["documents"])


def _decided(
    lake: Lake, manifest: Manifest, source: Manifest, config: DropGate, *, came_in: int, empty: bool = False
) -> Gate:
    """What is asked of decisions; of an ``empty`` corpus that the recipe lets be, no shares."""
    changes = dropping(manifest, source)
    figures = common(manifest) | changes | {"accounted": manifest.stats.get("documents", 0) + dropped(manifest)}
    checks: list[Check] = [
        equal("rows", source.rows, "Every document that came in has its row"),
        equal("accounted", came_in, "Documents kept and dropped are those that came in"),
    ]
    if not empty:
        checks += _shares(changes, config)
    if manifest.rows:
        figures |= violations(manifest)
        checks += none_breaks(manifest.stage)
    frame = rows(lake, manifest)
    if not frame.empty:
        checks.append(has_columns(["id", "keep", "reason"]))
    return Gate(figures, checks, frame)


def _shares(changes: dict[str, float], config: DropGate) -> list[Check]:
    checks = [
        at_most("dropped_share", config.max_dropped_share, "The share of dropped documents is tolerable", percent)
    ]
    for figure in changes:
        if figure.startswith("kept_share_"):
            sentence = f"Enough documents in language {figure.removeprefix('kept_share_')} are kept"
            checks.append(at_least(figure, config.min_kept_share_of_language, sentence, percent))
    for kind in ("language", "domain"):
        limit = getattr(config, f"max_{kind}_divergence")
        checks.append(at_most(f"{kind}_divergence", limit, _DIVERGENCE.format(kind)))
    return checks


def _nothing(stage: str) -> Check:
    """What stands for all shares where there is no document, and the recipe lets that be."""
    return equal("documents", 0, f"There is no document, which gates.{stage}.min_documents: 0 allows")
