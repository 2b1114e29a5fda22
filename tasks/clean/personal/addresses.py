"""IPv6 addresses inside kernels; IPv4 addresses are numbers (see ``numbers``)."""

from tasks.clean.kernels.utf8 import is_alnum
from tasks.compiled import inner


@inner
def ipv6(data, start, at, end):
    """Bytes before the ``:`` at ``at`` that belong to a global IPv6 address, and where it ends; ``at`` for none."""
    i = at
    while i > start and at - i < 5 and _is_hex(data[i - 1]):
        i -= 1
    length = at - i
    if length < 1 or length > 4 or (data[i] != 50 and data[i] != 51) or length != 4:
        return 0, at
    if i > start and (is_alnum(data[i - 1]) or data[i - 1] == 58 or data[i - 1] == 46 or data[i - 1] == 95):
        return 0, at
    groups, gaps, run, k = 1, 0, 0, at
    while k < end:
        if data[k] == 58:
            if k + 1 < end and data[k + 1] == 58:
                gaps += 1
                k += 1
            elif k + 1 >= end or not _is_hex(data[k + 1]):
                break
            k += 1
            run = 0
        elif _is_hex(data[k]) and run < 4:
            groups += 1 if run == 0 else 0
            run += 1
            k += 1
        else:
            break
    documentation = (
        data[i] == 50
        and data[i + 1] == 48
        and data[i + 2] == 48
        and data[i + 3] == 49
        and k - at > 4
        and (data[at + 1] | 32 == 100 and data[at + 2] | 32 == 98 and data[at + 3] == 56)
    )
    whole = (groups == 8 and gaps == 0) or (gaps == 1 and 3 <= groups <= 7)
    if not whole or documentation or (k < end and (is_alnum(data[k]) or data[k] == 95)):
        return 0, at
    return length, k


@inner
def _is_hex(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102
