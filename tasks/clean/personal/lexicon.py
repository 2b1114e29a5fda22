"""All tables that the kernels for personal data look things up in, made once a process."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from tasks.clean.personal import before, domains, names, surnames, tokens

COPY, DIGIT, AT, HASH, PLUS, PAREN, COLON, WORD = range(8)
Array = np.ndarray[Any, Any]


class Lexicon(NamedTuple):
    """Tables by what they say; a trie is its children by node and byte, and what ends at each (see ``tries``)."""

    triggers: Array
    """By byte: what may begin there."""
    beginnings: Array
    """Not 0 where a word can begin with two bytes, at ``first << 8 | second``."""
    words: Array
    word_kinds: Array
    """What announces something, and keys of a known form."""
    said: Array
    said_kinds: Array
    """What stands before a number and says what it is, walked backward."""
    domains: Array
    domain_kinds: Array
    """Top-level domains."""
    people: Array
    people_kinds: Array
    """Compound surnames, what follows a name in a byline, and words that are spelled like names."""
    characters: Array
    """By code point below U+10000: what a character is in names."""
    prefixes: Array
    """By key of a known form: its beginning, of shape [keys, LONGEST_PREFIX]."""
    forms: Array
    """By key of a known form: the least and most characters behind the beginning, and their alphabet."""


@cache
def tables() -> Lexicon:
    """The tables."""
    beginnings = names.first_bytes()
    triggers = np.zeros(256, np.uint8)
    triggers[np.flatnonzero(beginnings.reshape(256, 256).any(axis=1))] = WORD
    for bytes_, trigger in (
        (b"0123456789", DIGIT),
        (b"@", AT),
        (b"#", HASH),
        (b"+", PLUS),
        (b"(", PAREN),
        (b":", COLON),
    ):
        triggers[list(bytes_)] = trigger
    return Lexicon(
        triggers,
        beginnings,
        *names.trie(),
        *before.trie(),
        *domains.trie(),
        *surnames.trie(),
        surnames.characters(),
        *tokens.table(),
    )
