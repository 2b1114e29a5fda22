"""From a sample to its words: counted part by part, and added up by ranges of their hashes.

Round ``words`` counts what the drawn documents of a part hold, and writes it by range; round ``ranges`` adds up what
all parts have of a range. So text is read by as many workers as there are, and each holds a part's words or a range's,
never the sample. A document's number is that of its part, shifted by ``ROW_BITS``, and its row.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from smelt.lake import PartRecord, held
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from smelt.stage import Context, Part, Shard
from tasks import documents
from tasks.pretokens import PATTERNS
from tasks.tokenizer import sample
from tasks.tokenizer.words import COUNTED, SEVERAL, Counting, Words, added_up, gathered, suspected

ROW_BITS, PLACE_BITS = 32, 40
"""Of a document's number, those of its row; of a word's place in the sample, those of its place in the part."""
RANGE_BYTES = 256_000_000
"""Text of the sample for each range of words."""
MAX_WORDS = 8_000_000
"""Words that a worker holds before it writes them out."""
MEASURED, ORIGINS = ".measured.parquet", ".origins.parquet"
_ORIGINS = pa.schema([("origin", pa.string()), ("lang", pa.string()), ("bytes", pa.int64())])


def part_shards(context: Context) -> list[Shard]:
    """One shard for each part that documents are drawn from."""
    return [Shard(name, number) for number, name in enumerate(_plan(context).parts)]


def count_part(context: Context, shard: Shard) -> Part:
    """The words of a part's drawn documents by range, how large their origins are, and the documents to measure on."""
    config: TokenizerConfig = context.config
    plan, ranges = _plan(context), num_ranges(context)
    counting = Counting(PATTERNS[config.train.digits if config.train else 1], config.whole_tokens())
    measured = []
    with documents.PartWriter(context, shard) as writer:
        writer.write(_written(COUNTED.empty_table(), [], 0))
        for train, measure, rows in sample.drawn(context, plan, shard.name):
            measured.append(measure)
            if config.train is not None:
                counting.add(train, (shard.payload << ROW_BITS) + rows)
            if counting.held > MAX_WORDS:
                _write(writer, counting, shard.payload, ranges)
        _write(writer, counting, shard.payload, ranges)
    names = list(counting.numbers)
    sizes = [{"origin": names[number], "lang": lang, "bytes": size} for (number, lang), size in counting.sizes.items()]
    files = {
        **writer.files(),
        ORIGINS: documents.write(pa.Table.from_pylist(sizes, _ORIGINS)),
        MEASURED: documents.write(pa.concat_tables(measured)),
    }
    return Part(files, rows=writer.rows, stats={"added_tokens": dict(counting.uses)})


def range_shards(context: Context) -> list[Shard]:
    """One shard a range; none where nothing is trained."""
    ranges = num_ranges(context) if context.config.train is not None else 0
    return [Shard(f"{number:05d}", number) for number in range(ranges)]


def add_range(context: Context, shard: Shard) -> Part:
    """The words of a range, each once."""
    numbers: dict[str, int] = {}
    added = COUNTED.empty_table()
    for record in context.records("words").values():
        with held.open_parquet(context.lake, context.artifact, record) as file:
            place = file.schema_arrow.get_field_index("range")
            for group in range(file.num_row_groups):
                if file.metadata.row_group(group).column(place).statistics.min == shard.payload:
                    added = added_up([added, _read(file.read_row_group(group), numbers)])
    with documents.PartWriter(context, shard) as writer:
        writer.write(_written(added, list(numbers), shard.payload))
    return Part(writer.files(), rows=writer.rows)


def num_ranges(context: Context) -> int:
    """Into how many ranges words are cut."""
    return max(1, math.ceil(_plan(context).bytes / RANGE_BYTES))


def words_of(context: Context) -> Words:
    """All words of the sample."""
    numbers: dict[str, int] = {}
    sizes: dict[tuple[int, str], int] = {}
    for origin, lang, size in _origins(context):
        key = numbers.setdefault(origin, len(numbers)), lang
        sizes[key] = sizes.get(key, 0) + size
    tables = [_read(_whole(context, record), numbers) for record in context.records("ranges").values()]
    return gathered(tables, list(numbers), suspected(sizes, len(numbers)))


def trained_bytes(context: Context) -> dict[str, int]:
    """Bytes of text to train on, by language."""
    sizes: dict[str, int] = {}
    for _, lang, size in _origins(context):
        sizes[lang] = sizes.get(lang, 0) + size
    return dict(sorted(sizes.items()))


def uses(context: Context) -> dict[str, int]:
    """How often each string that is one token stands in the text to train on."""
    found = [record.stats["added_tokens"] for record in context.records("words").values()]
    return {token: sum(own.get(token, 0) for own in found) for token in context.config.whole_tokens()}


def measured(context: Context) -> pa.Table:
    """The documents (``sample.COLUMNS``) to measure on."""
    return pa.concat_tables([_whole(context, record, MEASURED) for record in context.records("words").values()])


def trained_on(context: Context) -> pa.Table:
    """The documents to train on: for a corpus so small that there are none to measure on."""
    plan = _plan(context)
    return pa.concat_tables([train for part in plan.parts for train, _, _ in sample.drawn(context, plan, part)])


def cite(context: Context, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Id and text of documents by their numbers; of each part no more is read than up to the last one."""
    parts, found = _plan(context).parts, {}
    wanted: dict[int, set[int]] = {}
    for number in numbers:
        wanted.setdefault(number >> ROW_BITS, set()).add(number & ((1 << ROW_BITS) - 1))
    for part, rows in wanted.items():
        before = 0
        for table in documents.batches(context.lake, context.inputs, parts[part], ["id", "text"]):
            for row in sorted(row for row in rows if before <= row < before + len(table)):
                found[(part << ROW_BITS) + row] = (
                    table["id"][row - before].as_py(),
                    table["text"][row - before].as_py(),
                )
            before += len(table)
            if before > max(rows):
                break
    return found


def _plan(context: Context) -> sample.Plan:
    return sample.plan(context, context.config.train or TrainTokenizer())


def _write(writer: documents.PartWriter, counting: Counting, part: int, ranges: int) -> None:
    """Write what was counted, a row group for each range that has words."""
    table = counting.take()
    first = pa.array(table["first"].to_numpy() + (part << PLACE_BITS))
    table = table.set_column(table.schema.get_field_index("first"), "first", first)
    hashes = np.fromiter(map(xxhash.xxh3_64_intdigest, table["word"].to_pylist()), np.uint64, len(table))
    of_range = (hashes % np.uint64(ranges)).astype(np.int32)
    for number in range(ranges):
        writer.write(_written(table.filter(pa.array(of_range == number)), list(counting.numbers), number))


def _written(table: pa.Table, names: Sequence[str], number: int) -> pa.Table:
    """Counted words of a range as they lie in the lake: with its number, and an origin's name, null for several."""
    origins = table["origin"].to_numpy()
    name = pa.array([*names, None], pa.large_string()).take(pa.array(np.where(origins == SEVERAL, len(names), origins)))
    table = table.set_column(table.schema.get_field_index("origin"), "origin", name)
    return table.append_column("range", pa.array(np.full(len(table), number, np.int32)))


def _read(table: pa.Table, numbers: dict[str, int]) -> pa.Table:
    """Counted words (``COUNTED``) as they are in the lake; origins that are new get the next numbers."""
    origins = pc.dictionary_encode(table["origin"].combine_chunks())
    own = [numbers.setdefault(name, len(numbers)) for name in origins.dictionary.to_pylist()]
    number = np.array([*own, SEVERAL], np.int32)[pc.fill_null(origins.indices, len(own)).to_numpy()]
    columns = [pa.array(number) if name == "origin" else table[name] for name in COUNTED.names]
    return pa.table(columns, COUNTED.names).cast(COUNTED)


def _origins(context: Context) -> Iterator[tuple[str, str, int]]:
    """Bytes of each origin and language, by part."""
    for record in context.records("words").values():
        for row in _whole(context, record, ORIGINS).to_pylist():
            yield row["origin"], row["lang"], row["bytes"]


def _whole(context: Context, record: PartRecord, suffix: str = ".parquet") -> pa.Table:
    with held.open_parquet(context.lake, context.artifact, record, suffix) as file:
        return file.read()
