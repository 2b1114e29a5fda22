"""Small neural networks over a page's blocks: what a block is follows also from what stands around it.

A layer looks at each block alone. A second one looks at what the first says of the block, of those before and behind
it, and on average of those made like it and of those that lie in each of the smallest elements around it. There is no
multiplication and addition in one, and each sum has its order: all processors give the same numbers.
"""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.decision.features import Seen
from tasks.ingest.web.tree.tree import Tree

LEVELS = 3
"""Elements around a block, each with more blocks than the one before, whose blocks are averaged."""
PARTS = 4 + LEVELS
"""What the second layer looks at: the block, those before and behind it, those made like it, those in each level."""
MOST = np.float32(4)
"""Standard deviations from the middle that a column is cut at."""
_TOGETHER = 64
"""Blocks that a layer is computed for together."""
_MANTISSA = 1.0 / (1 << 23)
_EXPONENT = 127.0


class Network(NamedTuple):
    """Networks of one shape; k of them, f columns but the first, u units in a layer, t tags."""

    middle: np.ndarray
    """float32[f]; of each column on its scale, see `scaled`."""
    spread: np.ndarray
    """float32[f]; its standard deviation."""
    tag: np.ndarray
    """float32[k, t, u]; what a block's element adds to the first layer."""
    alone: np.ndarray
    """float32[k, f, u]; the first layer."""
    around: np.ndarray
    """float32[k, PARTS * u, u]; the second layer."""
    bias: np.ndarray
    """float32[k, u]; what is added in the second layer."""
    out: np.ndarray
    """float32[k, 2 * u + 1]; the shares of both layers in the sum, and what is added to it."""


def log_odds(tree: Tree, blocks: Blocks, seen: Seen, network: Network) -> np.ndarray:
    """How likely each block is content, as the networks' mean log-odds (float32[b])."""
    begins, ends = ranges(tree.stop, blocks.first, blocks.element, seen.wider)
    rows = scaled(seen.rows[:, 1:], network.middle, network.spread, MOST)
    found: np.ndarray = _log_odds(
        rows, tree.tag[blocks.element], weights_of(blocks.characters), seen.groups, begins, ends, *network[2:]
    )
    return found


def weights_of(characters: np.ndarray) -> np.ndarray:
    """What blocks weigh in averages, by their characters (float32[b])."""
    return np.log2(2 + characters.astype(np.float32))


@compiled
def ranges(stop, first, element, wider):
    """The first block and one past the last in each of `LEVELS` elements around each block (int32[b, l] each)."""
    count = first.size
    before = np.zeros(stop.size + 1, np.int32)  # blocks that begin before each node
    for block in range(count):
        before[first[block] + 1] += 1
    for node in range(stop.size):
        before[node + 1] += before[node]
    begins = np.zeros((count, LEVELS), np.int32)
    ends = np.zeros((count, LEVELS), np.int32)
    for block in range(count):
        node = element[block]
        for level in range(LEVELS):
            node = wider[node]
            begins[block, level] = 0 if node == 0 else min(block, before[node])
            ends[block, level] = count if node == 0 else max(block + 1, before[stop[node]])
    return begins, ends


@compiled
def scaled(rows, middle, spread, most):
    """Columns on a scale like a logarithm's, its lines between powers of two straight, around their middle."""
    count, columns = rows.shape
    found = np.empty((count, columns), np.float32)
    value = np.empty(columns, np.float32)
    bits = value.view(np.int32)
    for row in range(count):
        for column in range(columns):
            value[column] = np.float32(1.0) + abs(rows[row, column])
        for column in range(columns):
            size = np.float32(bits[column]) * np.float32(_MANTISSA) - np.float32(_EXPONENT)
            size = -size if rows[row, column] < 0 else size
            size = (size - middle[column]) / spread[column]
            found[row, column] = min(most, max(-most, size))
    return found


@inner
def _dense(inputs, weights, out):
    """A layer for `_TOGETHER` blocks: its inputs times their weights are added to ``out``; nothing is below 0."""
    count = weights.shape[0]
    for unit in range(weights.shape[1]):
        sums = out[unit]
        for at in range(0, count - 3, 4):
            a, b, c, d = weights[at, unit], weights[at + 1, unit], weights[at + 2, unit], weights[at + 3, unit]
            one, two, three, four = inputs[at], inputs[at + 1], inputs[at + 2], inputs[at + 3]
            for i in range(_TOGETHER):
                sums[i] += one[i] * a + two[i] * b + three[i] * c + four[i] * d
        for at in range(count - count % 4, count):
            for i in range(_TOGETHER):
                sums[i] += inputs[at, i] * weights[at, unit]
        for i in range(_TOGETHER):
            sums[i] = max(np.float32(0), sums[i])


@compiled
def _log_odds(rows, element, weight, groups, begins, ends, tag, alone, around, bias, out):
    count, columns = rows.shape
    networks, _, units = alone.shape
    weights = np.zeros(count + 1)
    kinds = 0
    for block in range(count):
        weights[block + 1] = weights[block] + weight[block]
        kinds = max(kinds, groups[block] + 1)
    of_group = np.zeros(kinds, np.float32)
    for block in range(count):
        of_group[groups[block]] += weight[block]
    found = np.zeros(count, np.float32)
    hidden = np.empty((count, units), np.float32)
    sums = np.zeros((count + 1, units))
    made_like = np.empty((kinds, units), np.float32)
    inputs = np.zeros((max(columns, PARTS * units), _TOGETHER), np.float32)
    layer = np.zeros((units, _TOGETHER), np.float32)
    for network in range(networks):
        made_like[:] = 0
        for start in range(0, count, _TOGETHER):
            some = min(_TOGETHER, count - start)
            for i in range(some):
                for column in range(columns):
                    inputs[column, i] = rows[start + i, column]
                for unit in range(units):
                    layer[unit, i] = tag[network, element[start + i], unit]
            _dense(inputs, alone[network], layer)
            for i in range(some):
                block = start + i
                for unit in range(units):
                    hidden[block, unit] = layer[unit, i]
                    share = layer[unit, i] * weight[block]
                    made_like[groups[block], unit] += share
                    sums[block + 1, unit] = sums[block, unit] + share
        for group in range(kinds):
            for unit in range(units):
                made_like[group, unit] /= of_group[group]
        for start in range(0, count, _TOGETHER):
            some = min(_TOGETHER, count - start)
            for i in range(some):
                block = start + i
                for unit in range(units):
                    inputs[unit, i] = hidden[block, unit]
                    inputs[units + unit, i] = hidden[block - 1, unit] if block > 0 else 0
                    inputs[2 * units + unit, i] = hidden[block + 1, unit] if block + 1 < count else 0
                    inputs[3 * units + unit, i] = made_like[groups[block], unit]
                    layer[unit, i] = bias[network, unit]
                for level in range(LEVELS):
                    begin, end = begins[block, level], ends[block, level]
                    whole = weights[end] - weights[begin]
                    for unit in range(units):
                        inputs[(4 + level) * units + unit, i] = (sums[end, unit] - sums[begin, unit]) / whole
            _dense(inputs, around[network], layer)
            for i in range(some):
                total = out[network, 2 * units]
                for unit in range(units):
                    total += inputs[unit, i] * out[network, unit] + layer[unit, i] * out[network, units + unit]
                found[start + i] += total / networks
    return found
