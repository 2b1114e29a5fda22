"""Eight bytes at a time: unaligned loads and the arithmetic that looks at all eight at once.

Most text is ASCII letters and blanks, and a 64-bit word holds eight of them. A *marks* word has the top bit of
a byte set where something holds of that byte; counting the zeros below the first mark gives its place.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tasks.compiled import compiled, inner

SPARE = 8
"""Bytes that must follow the last one of a text, since a load takes eight whatever is left."""
EVERY = np.uint64(0x8080808080808080)
_ONES = np.uint64(0x0101010101010101)
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)
_CASE = _BLANKS = np.uint64(0x2020202020202020)
_DELETED = np.uint64(0x7F7F7F7F7F7F7F7F)
_FROM_A = np.uint64(0x1F1F1F1F1F1F1F1F)  # carries into the top bit from 'a' on
_PAST_Z = np.uint64(0x0505050505050505)  # carries into the top bit past 'z'
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_TURN, _TURN_BACK = np.uint64(23), np.uint64(41)
_SEED = np.uint64(0xCBF29CE484222325)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_UNIT = np.uint64(1)
_SIX, _SEVEN, _TOP = np.uint64(6), np.uint64(7), np.uint64(56)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """To the eight bytes from place ``at`` of an array of bytes on."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), ir.IntType(64).as_pointer())


def _load(typing_context: Any, data: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_pointer(context, builder, signature.args[0], *args))
        value.align = 1
        return value

    return types.uint64(data, at), generate


def _store(typing_context: Any, data: Any, at: Any, block: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, signature.args[0], *args[:2])).align = 1
        return context.get_dummy_value()

    return types.void(data, at, types.uint64), generate


def _zeros(typing_context: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


load: Any = intrinsic(_load)
"""``load(data, at)``: ``data[at : at + 8]`` as a little-endian uint64; nothing is checked."""
store: Any = intrinsic(_store)
"""``store(data, at, block)``: the block as ``data[at : at + 8]``; nothing is checked."""
_trailing_zeros: Any = intrinsic(_zeros)


@inner
def first(marks):
    """The place of the first marked byte, 8 where there is none."""
    return _trailing_zeros(marks) >> 3


@inner
def not_letters(block):
    """Marks the bytes that are no ASCII letters."""
    low = (block | _CASE) & _LOW
    return ~((low + _FROM_A) & ~(low + _PAST_Z) & ~block) & EVERY


@inner
def num_marked(marks):
    """How many bytes are marked."""
    return np.int64(((marks >> _SEVEN) * _ONES) >> _TOP)


@inner
def not_printable(block):
    """Not zero where a byte is no printable ASCII character; it does not say which one."""
    deleted = block ^ _DELETED
    return (block | (block - _BLANKS) | ((deleted - _ONES) & ~deleted)) & EVERY


@inner
def num_characters(data, at, end):
    """Characters that begin in ``data[at:end]``."""
    num = end - at
    while at < end:
        block = load(data, at)
        if end - at < 8:
            block &= (_UNIT << np.uint64(8 * (end - at))) - _UNIT
        at += 8
        if block & EVERY:
            following = (block >> _SEVEN) & ~(block >> _SIX) & _ONES
            num -= np.int64((following * _ONES) >> _TOP)
    return num


@inner
def mix(a, b):
    """A hash of two hashes; their order counts."""
    a = ((a << _TURN | a >> _TURN_BACK) ^ b) * _PRIME
    return a ^ (a >> _SHIFT)


@inner
def hash_short(block, length):
    """The hash of the first ``length`` bytes, 1 to 8, of a block."""
    return mix(_SEED + np.uint64(length), block & (_ALL >> np.uint64(64 - 8 * length)))


@inner
def hash_bytes(data, at, end):
    """The hash of ``data[at:end]``."""
    value = _SEED + np.uint64(end - at)
    while end - at > 8:
        value = mix(value, load(data, at))
        at += 8
    return mix(value, load(data, at) & (_ALL >> np.uint64(64 - 8 * (end - at)))) if end > at else value


@compiled
def hashes_of(data, offsets):
    """The hash of each text."""
    found = np.empty(len(offsets) - 1, np.uint64)
    for k in range(len(found)):
        found[k] = hash_bytes(data, offsets[k], offsets[k + 1])
    return found
