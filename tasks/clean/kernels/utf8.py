"""Walking UTF-8 by code points inside kernels; the bytes are known to be valid, since Arrow strings are."""

from tasks.compiled import inner


@inner
def width_of(lead):
    """Bytes of the character that begins with ``lead``."""
    if lead < 0x80:
        return 1
    if lead < 0xE0:
        return 2
    if lead < 0xF0:
        return 3
    return 4


@inner
def decode(data, at):
    """The code point at byte ``at``."""
    lead = data[at]
    if lead < 0x80:
        return int(lead)
    if lead < 0xE0:
        return (int(lead) & 0x1F) << 6 | (int(data[at + 1]) & 0x3F)
    if lead < 0xF0:
        return (int(lead) & 0x0F) << 12 | (int(data[at + 1]) & 0x3F) << 6 | (int(data[at + 2]) & 0x3F)
    return (
        (int(lead) & 0x07) << 18
        | (int(data[at + 1]) & 0x3F) << 12
        | (int(data[at + 2]) & 0x3F) << 6
        | (int(data[at + 3]) & 0x3F)
    )


@inner
def before(data, at, floor):
    """The byte at which the character before ``at`` begins; not below ``floor``."""
    at -= 1
    while at > floor and data[at] & 0xC0 == 0x80:
        at -= 1
    return at


@inner
def is_alnum(byte):
    """Whether an ASCII byte is a letter or a digit."""
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122


@inner
def is_digit(byte):
    """Whether an ASCII byte is a digit."""
    return 48 <= byte <= 57


@inner
def lower(byte):
    """The ASCII byte in lower case."""
    return byte + 32 if 65 <= byte <= 90 else byte
