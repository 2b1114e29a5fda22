"""Training of the networks that look at a page's blocks, in torch: the layers that `decision/network.py` computes."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.web.pages import Page
from tasks.ingest.web.decision.network import LEVELS, MOST, PARTS, Network, ranges, scaled, weights_of
from tasks.ingest.web.tree import tags

NETWORKS = 3
UNITS = 32
EPOCHS = 10
RATE = 4e-3
DECAY = 1e-2
UNITS_LEFT_OUT = 0.2
COLUMNS_LEFT_OUT = 0.1
PAGES = 32
"""Pages of a step."""
_LEAST_SPREAD = 0.05


class _Rows(NamedTuple):
    """What the layers look at, of a page or of several one behind the other; b blocks."""

    rows: Tensor
    """float32[b, f]; columns but the first, as the layers take them."""
    tag: Tensor
    """int64[b]"""
    weight: Tensor
    """float32[b]; in averages."""
    group: Tensor
    """int64[b]; blocks of a page that are made alike have the same number."""
    begins: Tensor
    """int64[b, l]; the first block of each element around."""
    ends: Tensor
    """int64[b, l]"""
    begins_page: Tensor
    """bool[b]"""
    label: Tensor
    """float32[b]; 0 where nothing is known."""
    worth: Tensor
    """float32[b]"""


class _Layers(nn.Module):
    def __init__(self, columns: int) -> None:
        super().__init__()
        self.alone = nn.Linear(columns, UNITS)
        self.tag = nn.Embedding(len(tags.NAMES), UNITS)
        nn.init.zeros_(self.tag.weight)
        self.around = nn.Linear(PARTS * UNITS, UNITS)
        self.out = nn.Linear(2 * UNITS, 1)

    def forward(self, page: _Rows) -> Tensor:
        rows = page.rows
        if self.training:
            rows = rows * (torch.rand_like(rows) > COLUMNS_LEFT_OUT)
        first = functional.relu(self.alone(rows) + self.tag(page.tag))
        seen = functional.dropout(first, UNITS_LEFT_OUT, self.training)
        weighed = seen * page.weight[:, None]
        sums = functional.pad(torch.cumsum(weighed.double(), 0), (0, 0, 1, 0))
        weights = functional.pad(torch.cumsum(page.weight.double(), 0), (1, 0))
        kinds = int(page.group.max()) + 1
        of_group = torch.zeros(kinds, UNITS).index_add(0, page.group, weighed)
        group_weight = torch.zeros(kinds).index_add(0, page.group, page.weight)
        parts = [
            seen,
            functional.pad(seen[:-1], (0, 0, 1, 0)) * ~page.begins_page[:, None],
            functional.pad(seen[1:] * ~page.begins_page[1:, None], (0, 0, 0, 1)),
            (of_group / group_weight[:, None])[page.group],
        ]
        for level in range(LEVELS):
            begin, end = page.begins[:, level], page.ends[:, level]
            parts.append(((sums[end] - sums[begin]) / (weights[end] - weights[begin])[:, None]).float())
        second = functional.relu(self.around(torch.cat(parts, 1)))
        both = functional.dropout(torch.cat([first, second], 1), UNITS_LEFT_OUT, self.training)
        odds: Tensor = self.out(both)[:, 0]
        return odds


def train(pages: list[Page]) -> Network:
    """Train `NETWORKS` that differ by where they begin and by the order of pages; their numbers as they are kept."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in one order, whatever the machine has
    pages = [page for page in pages if len(page.labels)]
    columns = pages[0].seen.rows.shape[1] - 1
    plain = np.concatenate([_scaled(page, np.zeros(columns), np.ones(columns), np.inf) for page in pages])
    middle, spread = plain.mean(0), plain.std(0) + _LEAST_SPREAD
    rows = [_rows(page, middle, spread) for page in pages]
    networks = [_arrays(_trained(rows, seed)) for seed in range(1, NETWORKS + 1)]
    torch.set_num_threads(threads)
    stacked = (np.stack(each) for each in zip(*networks, strict=True))
    return Network(*(each.astype(np.float16).astype(np.float32) for each in (middle, spread, *stacked)))


def _scaled(page: Page, middle: np.ndarray, spread: np.ndarray, most: float = float(MOST)) -> np.ndarray:
    given = (middle.astype(np.float32), spread.astype(np.float32), np.float32(most))
    found: np.ndarray = scaled(page.seen.rows[:, 1:], *given)
    return found


def _rows(page: Page, middle: np.ndarray, spread: np.ndarray) -> _Rows:
    blocks, seen = page.blocks, page.seen
    begins, ends = ranges(page.tree.stop, blocks.first, blocks.element, seen.wider)
    known = ~np.isnan(page.labels)
    first = np.zeros(len(known), bool)
    first[0] = True
    columns = (
        _scaled(page, middle, spread), page.tree.tag[blocks.element].astype(np.int64), weights_of(blocks.characters),
        seen.groups.astype(np.int64), begins.astype(np.int64), ends.astype(np.int64), first,
        np.nan_to_num(page.labels).astype(np.float32), (page.weights * known).astype(np.float32),
    )  # fmt: skip
    return _Rows(*map(torch.from_numpy, columns))


def _together(pages: list[_Rows]) -> _Rows:
    """Pages one behind the other; what counts blocks or groups of a page counts those of the pages before it too."""
    blocks = np.cumsum([0] + [len(page.tag) for page in pages])
    groups = np.cumsum([0] + [int(page.group.max()) + 1 for page in pages])
    placed = [
        page._replace(group=page.group + group, begins=page.begins + block, ends=page.ends + block)
        for page, block, group in zip(pages, blocks.tolist(), groups.tolist(), strict=False)
    ]
    return _Rows(*(torch.cat(column) for column in zip(*placed, strict=True)))


def _trained(pages: list[_Rows], seed: int) -> _Layers:
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    layers = _Layers(pages[0].rows.shape[1])
    optimizer = torch.optim.AdamW(layers.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(pages) // PAGES)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.15)
    worth = float(sum(page.worth.sum() for page in pages)) / len(pages)
    for _ in range(EPOCHS):
        places = order.permutation(len(pages))
        for start in range(0, len(pages), PAGES):
            some = _together([pages[place] for place in places[start : start + PAGES]])
            loss = functional.binary_cross_entropy_with_logits(layers(some), some.label, some.worth, reduction="sum")
            optimizer.zero_grad()
            (loss / (worth * PAGES)).backward()
            nn.utils.clip_grad_norm_(layers.parameters(), 1.0)
            optimizer.step()
            rate.step()
    return layers


def _arrays(layers: _Layers) -> tuple[np.ndarray, ...]:
    """The fields of `Network` behind its first two."""
    first, second, out = layers.alone, layers.around, layers.out
    arrays = (
        layers.tag.weight + first.bias,
        first.weight.T,
        second.weight.T,
        second.bias,
        torch.cat([out.weight[0], out.bias]),
    )
    return tuple(array.detach().numpy() for array in arrays)
