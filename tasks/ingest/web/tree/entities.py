"""Character references: https://html.spec.whatwg.org/multipage/named-characters.html, with and without semicolon."""

from html.entities import html5

import numpy as np

from tasks.compiled import inner
from tasks.ingest.web.tree.tags import key_of, key_step

_SLOTS = 8192
_LONGEST = max(map(len, html5))


def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes by slot, the place of each name's characters, and these, each set with its length before it."""
    keys, places, written = np.zeros(_SLOTS, np.int64), np.zeros(_SLOTS, np.int32), bytearray()
    for name, characters in html5.items():
        key = key_of(name.encode())
        slot = (key ^ key >> 17) & _SLOTS - 1
        while keys[slot]:
            slot = (slot + 1) & _SLOTS - 1
        keys[slot], places[slot] = key, len(written)
        text = characters.encode()
        written += bytes((len(text),)) + text
    return keys, places, np.frombuffer(bytes(written), np.uint8)


NAMED = _table()
"""The table of names that kernels take, made once."""
_WINDOWS_1252 = np.array(
    [ord(bytes((byte,)).decode("cp1252", "replace")) for byte in range(128, 160)], np.int32
)  # what browsers take numbers of C1 controls for


@inner
def decode_reference(source, at, stop, named, decoded):
    """Decode the reference at "&" into ``decoded``.

    Returns:
        Bytes that it takes (0 where it is none) and bytes in ``decoded``.
    """
    if at + 1 < stop and source[at + 1] == 35:
        return _number(source, at, stop, decoded)
    keys, places, written = named
    taken, place, key, look = 0, 0, np.int64(0), at + 1
    while look < stop and look - at <= _LONGEST:
        byte = source[look]
        letter = 48 <= byte <= 57 or 97 <= byte | 32 <= 122
        if not letter and byte != 59:
            break
        key = key_step(key, byte)
        look += 1
        if look - at > 2:
            slot = (key ^ key >> 17) & (_SLOTS - 1)
            while keys[slot] != 0 and keys[slot] != key:
                slot = (slot + 1) & (_SLOTS - 1)
            if keys[slot] == key:
                taken, place = look - at, places[slot]
        if not letter:
            break
    size = np.int64(0)
    if taken > 0:
        size = np.int64(written[place])
        decoded[:size] = written[place + 1 : place + 1 + size]
    return taken, size


@inner
def _number(source, at, stop, decoded):
    look = at + 2
    hexadecimal = look < stop and source[look] | 32 == 120
    look += hexadecimal
    begin, number = look, np.int64(0)
    while look < stop:
        byte = source[look]
        digit = np.int64(-1)
        if 48 <= byte <= 57:
            digit = np.int64(byte) - 48
        elif hexadecimal and 97 <= byte | 32 <= 102:
            digit = np.int64(byte | 32) - 87
        if digit < 0:
            break
        number = number * (16 if hexadecimal else 10) + digit
        if number > 0x110000:
            number = np.int64(0x110000)
        look += 1
    if look == begin:
        return 0, np.int64(0)
    look += look < stop and source[look] == 59
    return look - at, _encode(number, decoded)


@inner
def _encode(code, out):
    """Write a code point as UTF-8; U+FFFD for what is none. Returns how many bytes."""
    if 128 <= code < 160:
        code = np.int64(_WINDOWS_1252[code - 128])
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        code = 0xFFFD
    if code < 0x80:
        out[0] = code
        return np.int64(1)
    if code < 0x800:
        out[0], out[1] = 0xC0 | code >> 6, 0x80 | code & 63
        return np.int64(2)
    if code < 0x10000:
        out[0], out[1], out[2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63
        return np.int64(3)
    out[0], out[1], out[2], out[3] = 0xF0 | code >> 18, 0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63
    return np.int64(4)
