"""Select: the recipe's rules applied to columns; cheap, so that a changed limit costs seconds.

Every document keeps its row, with ``keep`` and the name of the first rule that dropped it. One that a
reference filter dropped in ``clean`` is dropped here under that filter's name.
"""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from smelt.recipe.select import SelectConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks.documents import read, write
from tasks.select import rules
from tasks.tally import tally

SCHEMA = pa.schema([("id", pa.string()), ("keep", pa.bool_()), ("reason", pa.string())])


def shards(context: Context) -> list[Shard]:
    """The parts of ``clean``, once the rules are known to fit its columns."""
    config: SelectConfig = context.config
    manifests = [context.inputs[name] for name in ("clean", "score")]
    if manifests[0].parts:
        available: set[str] = set()
        for manifest in manifests:
            content = context.lake.get(manifest.key(manifest.parts[0], ".parquet"))
            available.update(pq.read_schema(pa.BufferReader(content)).names)
        rules.check(config.groups, sorted(available))
    return parts_as_shards("clean")(context)


def work(context: Context, shard: Shard) -> Part:
    """Decide the documents of a part."""
    config: SelectConfig = context.config
    wanted = list(dict.fromkeys(["id", "num_bytes", "drop_reason", *rules.columns(config.groups)]))
    frame = pl.from_arrow(read(context.lake, context.inputs, shard.name, wanted))
    assert isinstance(frame, pl.DataFrame)
    reason = frame["drop_reason"].zip_with(frame["drop_reason"].is_not_null(), rules.reasons(frame, config.groups))
    keep = reason.is_null()
    table = pa.table({"id": frame["id"].to_arrow(), "keep": keep.to_arrow(), "reason": reason.to_arrow()}).cast(SCHEMA)
    stats = tally(
        num_bytes=frame["num_bytes"].to_list(),
        keep=keep.to_list(),
        reason=reason.to_list(),
        lang=frame["lang"].to_list(),
        domain=frame["domain"].to_list(),
        source=frame["source"].to_list(),
    )
    return Part({".parquet": write(table)}, table.num_rows, stats)


STAGE = Stage("select", (Round("parts", shards, work),))
