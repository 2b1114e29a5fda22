"""Text as the words that a fastText classifier sees.

A fastText model is a bag of words, of runs of words and of runs of characters inside words
(https://arxiv.org/abs/1607.01759), and knows nothing but what stands between spaces. So:

- An ideograph is a word of its own. Chinese has no spaces, and a segmenter would bring a model's guesses,
  a dictionary's age and a hundred times the cost; runs of two and three ideographs (``word_ngrams``) hold
  nearly all Chinese words, and the wrong runs among them weigh little.
- Signs and line ends are words: what kind of text it is shows as much in ``{``, ``∑``, ``？`` and short lines
  as in what is said. A sign that is repeated counts once.
- Letters are lower-cased and every number is ``0``: a page is no other for its date.
"""

import pyarrow as pa

from tasks.clean.kernels.utf8 import decode, lower, width_of
from tasks.compiled import compiled
from tasks.lines import cut, one_line_each
from tasks.units import IDEOGRAPH, KINDS, SEPARATOR, SPACE, WORD


def words(texts: pa.Array | pa.ChunkedArray, num_chars: int) -> list[bytes]:
    """The words of the first ``num_chars`` characters of each text, spaces between them, and a line feed."""
    return one_line_each(_words, texts, num_chars, 4, KINDS)


@compiled
def _words(data, offsets, num_chars, starts, written, sizes, kinds):
    for row in range(len(offsets) - 1):
        at, to = offsets[row], starts[row]
        end = cut(data, at, offsets[row + 1], num_chars)
        last_kind, last_code = SPACE, 0
        while at < end:
            code, width = decode(data, at), width_of(data[at])
            kind = SEPARATOR
            if code < 0x10000:
                kind = kinds[code]
            elif 0x20000 <= code < 0x40000:
                kind = IDEOGRAPH
            if code == 95:  # an underscore joins no words here: fastText's labels begin with two
                kind = SEPARATOR
            if code == 10:
                if last_code != 10 and to > starts[row]:  # empty lines add nothing
                    for byte in (32, 0xE2, 0x8F, 0x8E):  # ⏎
                        written[to] = byte
                        to += 1
                last_kind, last_code = SPACE, 10
            elif kind == SPACE or (kind == SEPARATOR and code < 32):
                last_kind = SPACE
            elif kind == WORD and 48 <= code <= 57:
                if not (last_kind == WORD and last_code == 48):
                    if last_kind != WORD:
                        written[to] = 32
                        to += 1
                    written[to] = 48
                    to += 1
                last_kind, last_code = WORD, 48
            elif kind == SEPARATOR and code == last_code:
                pass
            else:
                if kind != WORD or last_kind != WORD:
                    written[to] = 32
                    to += 1
                for step in range(width):
                    written[to] = lower(data[at + step]) if width == 1 else data[at + step]
                    to += 1
                last_kind, last_code = kind, code
            at += width
        written[to] = 10
        sizes[row] = to + 1 - starts[row]
