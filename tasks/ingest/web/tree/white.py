"""White space of pages: bytes, characters and references to them."""

from tasks.compiled import inner


@inner
def white_at(source, at):
    """Bytes of the blank, or of the character that no one sees, at this byte; 0 where there is none."""
    byte = source[at]
    if byte <= 32:
        return 1
    if byte == 0xC2:
        return 2 if source[at + 1] == 0xA0 or source[at + 1] == 0xAD else 0  # no-break space, soft hyphen
    if byte == 0xE2:
        if source[at + 1] == 0x80 and (source[at + 2] <= 0x8F or 0xA8 <= source[at + 2] <= 0xAF):
            return 3  # U+2000 to U+200F, U+2028 to U+202F
        return 3 if source[at + 1] == 0x81 and source[at + 2] in (0x9F, 0xA0) else 0
    if byte == 0xE3:
        return 3 if source[at + 1] == 0x80 and source[at + 2] == 0x80 else 0
    if byte == 0xEF:
        return 3 if source[at + 1] == 0xBB and source[at + 2] == 0xBF else 0
    return 0


@inner
def reference_at(source, at, stop):
    """Bytes of the character reference at "&" (1 where it is none), and whether it stands for a blank."""
    end = at + 1
    while end < stop and end < at + 32 and _is_part(source[end]):
        end += 1
    if end >= stop or source[end] != 59 or end == at + 1:
        return 1, False
    return end + 1 - at, _is_blank(source, at + 1, end)


@inner
def _is_part(byte):
    return 48 <= byte <= 57 or 97 <= byte | 32 <= 122 or byte == 35


@inner
def _is_blank(source, at, end):
    """Whether a reference's name is one of nbsp, ensp, emsp, shy, zwj, zwnj, or a number of such."""
    if source[at] == 35:
        hexadecimal, number = source[at + 1] | 32 == 120, 0
        for place in range(at + 2 if hexadecimal else at + 1, end):
            byte = source[place]
            digit = byte - 48 if byte <= 57 else (byte | 32) - 87
            number = number * (16 if hexadecimal else 10) + digit
        return number <= 32 or number in (160, 173, 0x3000, 0xFEFF) or 0x2000 <= number <= 0x200F
    if end - at == 4:
        return source[at + 1] != 117 and source[at + 2] == 115 and source[at + 3] == 112  # nbsp, ensp, emsp; not cusp
    if source[at] == 122 and source[at + 1] == 119:
        return True
    return end - at == 3 and source[at] == 115 and source[at + 1] == 104 and source[at + 2] == 121
