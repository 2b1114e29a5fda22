"""Keys of a known form (see ``tokens``), private key blocks, JSON Web Tokens and bearer tokens, inside kernels."""

from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.clean.personal.tokens import ALNUM, CAPITALS, HEX, LONGEST, LONGEST_PREFIX, PATH, URL_SAFE
from tasks.compiled import inner

_LONGEST_BLOCK, _LONGEST_HEADER = 16_384, 60


@inner
def key(data, start, at, stop, end, row, lexicon):
    """Where the key whose beginning is ``data[at:stop]``, form ``row``, ends; ``at`` for none."""
    if at > start and (data[at - 1] == 45 or data[at - 1] == 46):
        return at
    for k in range(min(stop - at, LONGEST_PREFIX)):
        if data[at + k] != lexicon.prefixes[row, k]:
            return at
    least, most, alphabet = lexicon.forms[row, 0], lexicon.forms[row, 1], lexicon.forms[row, 2]
    i, digits, upper, lower, joints = stop, 0, 0, 0, 0
    while i < end and i - stop <= most and _belongs(data[i], alphabet):
        digits += is_digit(data[i])
        upper += 65 <= data[i] <= 90
        lower += 97 <= data[i] <= 122
        joints += data[i] == 45 or data[i] == 95
        i += 1
    length = i - stop
    if not least <= length <= most:
        return at
    if i < end and (is_alnum(data[i]) or (alphabet != URL_SAFE and data[i] in (45, 95))):
        return at
    mixed = digits >= 2 or (upper >= 4 and lower >= 4) or alphabet == CAPITALS
    return i if mixed and joints * 4 <= length else at


@inner
def _belongs(byte, alphabet):
    if alphabet == CAPITALS:
        return is_digit(byte) or 65 <= byte <= 90
    if alphabet == HEX:
        return is_digit(byte) or 97 <= byte <= 102
    if alphabet == ALNUM:
        return is_alnum(byte)
    return is_alnum(byte) or byte == 45 or byte == 95 or (alphabet == PATH and (byte == 47 or byte == 46))


@inner
def web_token(data, start, at, end):
    """Where the JSON Web Token (RFC 7519) that begins at ``at`` ends: three runs of base64url with dots between."""
    if data[at + 1] != 121 or data[at + 2] != 74 or (at > start and data[at - 1] == 45):
        return at
    i, runs = at, 0
    while runs < 3:
        first = i
        while i < end and (is_alnum(data[i]) or data[i] == 95 or data[i] == 45):
            i += 1
        if i - first < 10:
            return at
        runs += 1
        if runs < 3:
            if i >= end or data[i] != 46:
                return at
            i += 1
    return i


@inner
def key_block(data, at, stop, end):
    """Where the private key block that begins at ``at`` ends, on lines of its own or in one string; ``at`` for none."""
    i, private = stop, False
    while i < end and i - stop < _LONGEST_HEADER and (65 <= data[i] <= 90 or data[i] == 32):
        private = private or (data[i] == 80 and data[i + 1] == 82 and data[i + 2] == 73 and data[i + 6] == 69)
        i += 1
    if not private or not _dashes(data, i, end):
        return at
    i += 5
    while i + 8 < end and i - at < _LONGEST_BLOCK:
        if data[i] == 45 and _dashes(data, i, end):
            if data[i + 5] != 69 or data[i + 6] != 78 or data[i + 7] != 68:  # END
                return at
            i += 8
            while i < end and (65 <= data[i] <= 90 or data[i] == 32):
                i += 1
            return i + 5 if _dashes(data, i, end) else at
        i += 1
    return at


@inner
def _dashes(data, at, end):
    if at + 5 > end:
        return False
    return data[at] == 45 and data[at + 1] == 45 and data[at + 2] == 45 and data[at + 3] == 45 and data[at + 4] == 45


@inner
def bearer(data, stop, end):
    """The token behind ``Bearer``."""
    if stop >= end or data[stop] != 32:
        return stop, stop
    i, digits = stop + 1, 0
    while i < end and i - stop <= LONGEST and (is_alnum(data[i]) or data[i] in (43, 45, 46, 47, 61, 95, 126)):
        digits += is_digit(data[i])
        i += 1
    return (stop + 1, i) if i - stop > 20 and digits >= 3 else (stop, stop)


@inner
def bot_token(data, at, end):
    """Where the Telegram bot token ``123456789:AA...`` that begins at ``at`` ends; ``at`` for none."""
    i = at
    while i < end and i - at < 11 and is_digit(data[i]):
        i += 1
    if not 8 <= i - at <= 10 or i + 34 > end or data[i] != 58 or data[i + 1] != 65 or data[i + 2] != 65:
        return at
    first = i + 1
    i = first
    while i < end and i - first < 40 and (is_alnum(data[i]) or data[i] == 95 or data[i] == 45):
        i += 1
    return i if 32 <= i - first <= 37 else at
