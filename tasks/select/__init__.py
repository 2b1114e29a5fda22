"""Select: the recipe's rules applied to columns; cheap, so that a changed limit costs seconds.

Every document keeps its row, with ``keep`` and the name of the first rule that dropped it. One that a
reference filter dropped in ``clean`` is dropped here under that filter's name. One that was taken down
(``smelt.takedown``) is dropped whatever the rules say.
"""

from typing import Any

import polars as pl
import pyarrow as pa

from smelt import rules, takedown
from smelt.gates.bias.bands import DIMENSIONS
from smelt.gates.bias.candidates import SAMPLE_SCHEMA, SUFFIX
from smelt.lake import held
from smelt.lake.artifact import merge_stats
from smelt.recipe.select import SelectConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards, small
from smelt.takedown import BlockedList
from tasks.documents import PartWriter, batches, write
from tasks.invariants import violations
from tasks.select import samples
from tasks.select.counts import count_rules, length_bands
from tasks.tally import tally

SCHEMA = pa.schema([("id", pa.string()), ("keep", pa.bool_()), ("reason", pa.string())])


def shards(context: Context) -> list[Shard]:
    """The parts of ``clean``, once the rules are known to fit its columns."""
    config: SelectConfig = context.config
    manifests = [context.inputs[name] for name in ("clean", "score")]
    if manifests[0].parts:
        available: set[str] = set()
        for manifest in manifests:
            available.update(held.open_parquet(context.lake, manifest, manifest.parts[0]).schema_arrow.names)
        rules.check(config.groups, sorted(available))
    return parts_as_shards("clean")(context)


def work(context: Context, shard: Shard) -> Part:
    """Decide the documents of a part, from columns alone."""
    config: SelectConfig = context.config
    wanted = ["id", "url", "num_bytes", "num_chars", "drop_reason", *rules.columns(config.groups)]
    taken_down = takedown.frozen(context.lake, config.blocked)
    stats, candidates = [], []
    with PartWriter(context, shard) as out:
        for table in batches(context.lake, context.inputs, shard.name, list(dict.fromkeys(wanted))):
            frame = pl.from_arrow(table)
            assert isinstance(frame, pl.DataFrame)
            frame = frame.with_columns(length=length_bands(frame["num_chars"]))
            steps = frame["drop_reason"]
            reason = steps.zip_with(steps.is_not_null(), rules.reasons(frame, config.groups))
            gone = _taken_down(frame, taken_down)
            reason = reason.set(gone, takedown.REASON) if gone.any() else reason
            candidates.append(samples.offer(frame, reason, config.groups, out.rows))
            stats += [_tally(frame, reason), {"rules": count_rules(frame, config.groups)}]
            decided = _decided(table, reason)
            out.write(decided)
            stats.append(violations("select", decided, table))
    offered = samples.trim(pl.concat(candidates)).to_arrow().cast(SAMPLE_SCHEMA)
    return Part({**out.files(), SUFFIX: write(offered)}, out.rows, merge_stats(stats))


def _taken_down(frame: pl.DataFrame, listed: BlockedList) -> pl.Series:
    """Whether each document falls under an entry of the list."""
    if not listed.entries:
        return pl.repeat(False, len(frame), eager=True)
    documents = zip(frame["id"], frame["url"], strict=True)
    return pl.Series([listed.find(id=name, url=url) is not None for name, url in documents], dtype=pl.Boolean)


def _decided(table: pa.Table, reason: pl.Series) -> pa.Table:
    """The decisions on a row group, as they are written."""
    columns = {"id": table["id"], "keep": reason.is_null().to_arrow(), "reason": reason.to_arrow()}
    return pa.table(columns).cast(SCHEMA)


def _tally(frame: pl.DataFrame, reason: pl.Series) -> dict[str, Any]:
    labels = {name: frame[name].to_arrow() for name in DIMENSIONS}
    return tally(
        num_bytes=frame["num_bytes"].to_arrow(), keep=reason.is_null().to_arrow(), reason=reason.to_arrow(), **labels
    )


STAGE = Stage("select", (Round("parts", shards, work, in_driver=small),))
