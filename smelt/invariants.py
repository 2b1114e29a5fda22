"""What must hold of every row that a document stage writes, with the sentence that its gate asks.

A worker counts the rows that break each of these over all that it writes (``tasks.invariants``); the counts stand in
the part's record under ``violations``, add up over parts, and the gate asks for none. So nothing of this rests on a
sample.
"""

OTHER_IDS, NULLS, EMPTY, DUPLICATES = "other_ids", "nulls", "empty", "duplicate_ids"
OUT_OF_RANGE, REASONS = "out_of_range", "reasons"
OUTSIDE, UNENDED, END_INSIDE = "outside_vocabulary", "unended", "end_inside"

PERSONAL_DATA = ("email", "phone", "id_number")
"""What ``clean`` looks for once more in all text that it has written, where it was to go."""

_SAME_IDS = {OTHER_IDS: "Every row has the id of the row that came in"}
_DECISIONS = {
    **_SAME_IDS,
    NULLS: "Every row has an id and a decision",
    REASONS: "A dropped document has a reason, a kept one has none",
}
INVARIANTS: dict[str, dict[str, str]] = {
    "ingest": {NULLS: "Every row has an id, a text, a source, a url and a format", EMPTY: "No document is empty"},
    "clean": {**_SAME_IDS, NULLS: "Every row has an id, a text, a source, a url and a format"},
    "score": {
        **_SAME_IDS,
        NULLS: "Every row has an id, a language and a domain",
        OUT_OF_RANGE: "Every score lies within its model's range",
    },
    "select": _DECISIONS,
    "dedup": _DECISIONS,
    "decontaminate": _DECISIONS,
    "tokens": {
        NULLS: "Every document has an id, a language, a domain and a source",
        OUTSIDE: "Every token is in the vocabulary",
        UNENDED: "Every document ends with the end-of-document token",
        END_INSIDE: "No document ends before its end",
    },
}
"""By stage: names of the counts, and what is asked."""
