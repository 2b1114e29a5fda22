"""Score: labels that models give to cleaned documents, written beside them.

The source's hint wins over the model, for whoever chose the source knows more than 1,000 characters say.
"""

import pyarrow as pa

from smelt.recipe.score import ScoreConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks.documents import read, write
from tasks.score.domain import domain_of
from tasks.score.language import identify
from tasks.tally import tally

SCHEMA = pa.schema([("id", pa.string()), ("lang", pa.string()), ("lang_score", pa.float32()), ("domain", pa.string())])
_INPUT = ("id", "text", "source", "format", "lang", "domain", "num_bytes", "drop_reason")


def work(context: Context, shard: Shard) -> Part:
    """Label the documents of a part."""
    config: ScoreConfig = context.config
    documents = read(context.lake, context.inputs, shard.name, _INPUT).to_pydict()
    found, scores = identify(documents["text"], num_chars=config.language_chars, min_score=config.min_lang_score)
    hints = documents["lang"]
    langs = [hint or lang for hint, lang in zip(hints, found, strict=True)]
    scores = [1.0 if hint else score for hint, score in zip(hints, scores, strict=True)]
    domains = [
        hint or domain_of(kind, lang)
        for hint, kind, lang in zip(documents["domain"], documents["format"], langs, strict=True)
    ]
    table = pa.table({"id": documents["id"], "lang": langs, "lang_score": scores, "domain": domains}, schema=SCHEMA)
    stats = tally(
        num_bytes=documents["num_bytes"],
        lang=langs,
        domain=domains,
        source=documents["source"],
        before=[reason is None for reason in documents["drop_reason"]],
    )
    return Part({".parquet": write(table)}, table.num_rows, stats)


STAGE = Stage("score", (Round("parts", parts_as_shards("clean"), work),))
