"""Passwords on command lines, inside kernels: ``curl -u user:…``, ``mysql -p…``, ``sshpass -p …``, ``--password=…``."""

import numpy as np

from tasks.clean.kernels.utf8 import is_alnum, is_digit, lower
from tasks.clean.personal.assigned import is_placeholder
from tasks.clean.personal.names import packed
from tasks.compiled import inner

_REACH = 200  # bytes in which a command's name stands before its option
_LONGEST = 128
_NONE, _CURL, _MYSQL, _SSHPASS = range(4)
_NAMES = packed("curl mysql mysqldump mysqladmin mysqlimport mysqlshow mariadb sshpass")
_COMMANDS = np.array([_CURL] + [_MYSQL] * 6 + [_SSHPASS])


@inner
def option_password(data, start, at, stop, end):
    """The password behind the option ``data[at:stop]``, ``-u``, ``--user`` or ``-p``, of a command that takes one.

    Returns:
        Where it begins and where it ends; twice ``at`` for none.
    """
    if at == start or data[at - 1] > 32:
        return at, at
    command = _command(data, start, at)
    begin, attached = stop, stop < end and data[stop] > 32
    if command == _NONE or (data[at + 1] == 112) == (command == _CURL):
        return at, at
    if attached and data[at + 1] == 45:
        return at, at
    if not attached:
        if command == _MYSQL:  # which asks for it then
            return at, at
        while begin < end and data[begin] == 32:
            begin += 1
    begin, finish = _value(data, begin, end)
    if command == _CURL:
        while begin < finish and data[begin] != 58:
            begin += 1
        begin += 1
    return (begin, finish) if _tells(data, begin, finish) else (at, at)


@inner
def long_option_password(data, start, at, stop, end):
    """The password behind ``--password=``, whose name is ``data[at:stop]``; twice ``stop`` for none.

    A word alone stands for a password in many manuals, so it takes a digit, a sign, or letters of both cases.
    """
    if at < start + 2 or data[at - 1] != 45 or data[at - 2] != 45 or data[at] | 32 != 112:
        return stop, stop
    if stop + 1 >= end or data[stop] != 61:
        return stop, stop
    begin, finish = _value(data, stop + 1, end)
    small, capital, other = False, False, False
    for k in range(begin, finish):
        small = small or 97 <= data[k] <= 122
        capital = capital or 65 <= data[k] <= 90
        other = other or is_digit(data[k]) or not is_alnum(data[k])
    telling = (small and capital) or (other and (small or capital or finish - begin > 5))
    return (begin, finish) if telling and _tells(data, begin, finish) else (stop, stop)


@inner
def _command(data, start, at):
    """Which command stands before ``at`` on its line, or on lines that a backslash joins to it."""
    k = at - 1
    while k >= start and at - k < _REACH:
        byte = data[k]
        if byte == 124 or byte == 59 or (byte == 10 and (k == start or data[k - 1] != 92)):
            return _NONE
        inside = k > start and (is_alnum(data[k - 1]) or data[k - 1] == 45 or data[k - 1] == 46 or data[k - 1] == 95)
        if is_alnum(byte) and not inside:
            name, i = 0, k
            while i < at and is_alnum(data[i]) and i - k < 16:
                name = name << 8 | lower(data[i]) if i - k < 7 else name
                i += 1
            if data[i] == 32:
                for row in range(len(_NAMES)):
                    if _NAMES[row] == name:
                        return _COMMANDS[row]
        k -= 1
    return _NONE


@inner
def _value(data, at, end):
    """The value of an option that begins at ``at``, without its quotes."""
    quote = data[at] if at < end and (data[at] == 34 or data[at] == 39) else 0
    begin = i = at + (quote > 0)
    while i < end and i - begin <= _LONGEST and 32 < data[i] < 127:
        byte = data[i]
        if byte == quote or (quote == 0 and byte in (34, 38, 39, 40, 41, 59, 60, 62, 96, 124)):
            break
        i += 1
    closed = i < end and data[i] == quote if quote else i - begin <= _LONGEST
    return (begin, i) if closed else (at, at)


@inner
def _tells(data, begin, finish):
    """Whether what stands there may be a password: no placeholder, variable, or name in capitals."""
    if finish - begin < 3 or data[begin] in (36, 37, 42, 45, 60, 91, 123):
        return False
    named = True
    for k in range(begin, finish):
        named = named and (65 <= data[k] <= 90 or data[k] == 95)
    return not named and not is_placeholder(data, begin, finish)
