"""datatrove's chains over a JSON Lines file of raw pages and files; runs beside this interpreter, with its jieba.

``fineweb`` is FineWeb's chain at its defaults: trafilatura, Gopher's repetition and quality filters, C4's without the
rule of end marks, FineWeb's own, MinHash in 14 bands of 8, personal data formatted; all text as English. ``fineweb_2``
is FineWeb-2's: MinHash first, then filters at its thresholds for Mandarin (``cmn_Hani``), then ftfy, personal data and
lines of symbols. It has no English, which meets FineWeb's filters there, and no code, which is only deduplicated.
Pages come through trafilatura for precision; plain text and code as they are. Languages are those of the sources:
datatrove's own language filter needs a model that it downloads, and files have no address for its URL filter.
"""

import json
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

import xxhash
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.logging import logger

LANGUAGES = {"en": "eng_Latn", "zh": "cmn_Hani", "code": "eng_Latn"}
MANDARIN: dict[str, Any] = {
    "repetition": {
        "dup_line_frac": 0.287,
        "top_n_grams": ((2, 0.256), (3, 0.201), (4, 0.171)),
        "dup_n_grams": ((5, 0.198), (6, 0.182), (7, 0.167), (8, 0.154), (9, 0.14), (10, 0.127)),
    },
    "fineweb": {"line_punct_thr": 0.106, "new_line_ratio": 0.178},
    "quality": {
        "min_avg_word_length": 1,
        "max_avg_word_length": 5,
        "max_non_alpha_words_ratio": 0.735,
        "min_stop_words": 2,
        "stop_words": "的 年 在 月 是 和 日 了 於 · 為 有 被 人 中 为 他 與 後 也 而 由".split(),
    },
}
"""FineWeb-2's published thresholds for ``cmn_Hani``."""


def english() -> list[PipelineStep]:
    """FineWeb's filters at its defaults."""
    return [
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
    ]


def mandarin() -> list[PipelineStep]:
    """FineWeb-2's filters with its thresholds for Mandarin."""
    language = LANGUAGES["zh"]
    off = {"dup_para_frac": 0, "dup_line_char_frac": 0, "dup_para_char_frac": 0}
    return [
        GopherRepetitionFilter(language=language, **off, **MANDARIN["repetition"]),
        FineWebQualityFilter(language=language, short_line_thr=999, char_duplicates_ratio=0.1, **MANDARIN["fineweb"]),
        GopherQualityFilter(language=language, **MANDARIN["quality"]),
    ]


def through(documents: Iterable[Document], steps: Iterable[PipelineStep]) -> list[Document]:
    """The documents that all steps leave."""
    for step in steps:
        documents = step.run(documents, 0, 1)
    return list(documents)


def deduplicated(documents: list[Document], lang: str) -> list[Document]:
    """Those that MinHash leaves, of one language."""
    config = MinhashConfig(
        n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(hash_fc="xxhash", precision=64)
    )
    with tempfile.TemporaryDirectory() as folder:
        signature = MinhashDedupSignature(f"{folder}/signatures", config, language=LANGUAGES[lang])
        signature._hash_func = lambda shingle: xxhash.xxh64_intdigest(shingle.encode())  # xxhash 4 takes no str
        signature.run(iter(documents))
        buckets = MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)
        for bucket in range(config.num_buckets):
            buckets.run(None, bucket, config.num_buckets)
        MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=config).run(None, 0, 1)
        return list(MinhashDedupFilter(f"{folder}/remove").run(iter(documents), 0, 1))


def of_lang(documents: list[Document], lang: str) -> list[Document]:
    """Those whose source is of that language."""
    return [document for document in documents if document.metadata["lang"] == lang]


def fineweb(documents: list[Document]) -> list[Document]:
    """FineWeb's chain behind its extractor."""
    return through(deduplicated(through(documents, english()), "en"), [PIIFormatter()])


def fineweb_2(documents: list[Document]) -> list[Document]:
    """FineWeb-2's chain behind the extractor, language by language."""
    filters = {"en": english(), "zh": mandarin(), "code": []}
    finish = [FTFYFormatter(), PIIFormatter(), SymbolLinesFormatter(symbols_to_remove=["|"], replace_char="\n")]
    kept = []
    for lang, own in filters.items():
        last = finish if lang != "code" else [PIIFormatter()]
        kept += through(deduplicated(of_lang(documents, lang), lang), [*own, *last])
    return kept


def documents_of(rows: list[dict[str, Any]]) -> list[Document]:
    """Rows as documents, pages of HTML through trafilatura."""
    found = [Document(text=row["content"], id=row["id"], metadata={"lang": row["lang"]}) for row in rows]
    pages = [document for row, document in zip(rows, found, strict=True) if row["html"]]
    texts = [document for row, document in zip(rows, found, strict=True) if not row["html"]]
    return [*through(pages, [Trafilatura(favour_precision=True, timeout=10)]), *texts]


def main() -> None:
    """Print, for each chain, the text of each document that it keeps, by id."""
    logger.remove()
    with open(sys.argv[1]) as file:
        rows = [json.loads(line) for line in file]
    made = {}
    for chain in (fineweb, fineweb_2):
        made[chain.__name__] = {document.id: document.text for document in chain(documents_of(rows))}
    print(json.dumps(made))


if __name__ == "__main__":
    main()
