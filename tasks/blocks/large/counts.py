"""How many tokens there are of each cell in each bin of turns: what decides where phases end, without a document."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from smelt.recipe.mixture import BlocksConfig
from tasks.blocks import mixing
from tasks.blocks.large.uses import Cell, Documents, uses

FACTS = np.dtype([("documents", "<i8"), ("tokens", "<i8"), ("supply", "<i8"), ("longest", "<i8")])
"""Of a cell: its documents, their tokens, the tokens of all uses that may be made of them, the longest document's."""


@dataclass(frozen=True)
class Counts:
    """What is counted of some documents, in C cells and B bins.

    Attributes:
        cells: C.
        tokens: int64, C x B; tokens of the uses in a bin.
        facts: FACTS, C.
        labels: tokens of each label ``lang/domain``, by name.
    """

    cells: tuple[Cell, ...]
    tokens: np.ndarray
    facts: np.ndarray
    labels: dict[str, int]

    @property
    def names(self) -> list[tuple[str, str]]:
        """Language and domain of each label, in the order of their numbers."""
        return [(lang, domain) for lang, _, domain in (label.partition("/") for label in sorted(self.labels))]

    def shares(self, config: BlocksConfig, phase: int) -> dict[str, float]:
        """The groups of a phase and the shares that the recipe asks for."""
        sizes = np.array([float(self.labels[name]) for name in sorted(self.labels)])
        return mixing.shares_of(config.phases[phase].weights or mixing.by_language(self.names, sizes))

    def members(self, phase: int, name: str) -> np.ndarray:
        """The numbers of a group's cells (int64)."""
        return np.array([number for number, cell in enumerate(self.cells) if cell[phase] == name], np.int64)

    def files(self) -> dict[str, Any]:
        """As a round writes them."""
        about = {"cells": self.cells, "bins": self.tokens.shape[1], "labels": self.labels}
        return {
            ".counts": self.tokens.astype("<i8").tobytes() + self.facts.tobytes(),
            ".cells.json": json.dumps(about, ensure_ascii=False).encode(),
        }

    @classmethod
    def read(cls, counts: bytes, about: bytes) -> "Counts":
        """From what ``files`` made."""
        known = json.loads(about)
        cells, bins = tuple(tuple(cell) for cell in known["cells"]), known["bins"]
        tokens = np.frombuffer(counts, "<i8", len(cells) * bins).reshape(len(cells), bins)
        return cls(cells, tokens, np.frombuffer(counts, FACTS, offset=tokens.nbytes), known["labels"])


def count(documents: Documents, config: BlocksConfig) -> Counts:
    """Count the uses of a part's documents."""
    catalog, cells = documents.catalog, len(documents.cells)
    found = np.zeros((cells, 0), np.int64)
    for use in uses(documents, config):
        width = max(found.shape[1], int(use.keys["bin"].max(initial=-1)) + 1)
        found = np.pad(found, ((0, 0), (0, width - found.shape[1])))
        place = documents.cell[use.rows] * width + use.keys["bin"]
        found += _sums(place, catalog.tokens[use.rows], cells * width).reshape(cells, width)
    facts = np.zeros(cells, FACTS)
    facts["documents"] = np.bincount(documents.cell, minlength=cells)
    facts["tokens"] = _sums(documents.cell, catalog.tokens, cells)
    facts["supply"] = _sums(documents.cell, catalog.tokens * documents.allowed, cells)
    np.maximum.at(facts["longest"], documents.cell, catalog.tokens)
    sizes = _sums(catalog.labels, catalog.tokens, len(catalog.names)).tolist()
    labels = {f"{lang}/{domain}": size for (lang, domain), size in zip(catalog.names, sizes, strict=True)}
    return Counts(documents.cells, found, facts, labels)


def together(parts: Iterable[Counts]) -> Counts:
    """The counts of all parts."""
    tokens, facts, labels = dict[Cell, np.ndarray](), dict[Cell, np.ndarray](), dict[str, int]()
    for part in parts:
        for cell, row, fact in zip(part.cells, part.tokens, part.facts, strict=True):
            known = facts.setdefault(cell, np.zeros((), FACTS))
            for name in ("documents", "tokens", "supply"):
                known[name] += fact[name]
            known["longest"] = max(known["longest"], fact["longest"])
            tokens[cell] = _added(tokens.get(cell, row[:0]), row)
        for label, size in part.labels.items():
            labels[label] = labels.get(label, 0) + size
    cells = sorted(tokens, key=lambda cell: tuple((name is None, name or "") for name in cell))
    width = max((len(row) for row in tokens.values()), default=0)
    whole = np.zeros((len(cells), width), np.int64)
    for number, cell in enumerate(cells):
        whole[number, : len(tokens[cell])] = tokens[cell]
    return Counts(tuple(cells), whole, np.array([facts[cell] for cell in cells], FACTS), labels)


def _added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of two rows, of which one may be longer."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    found = longer.copy()
    found[: len(shorter)] += shorter
    return found


def _sums(numbers: np.ndarray, tokens: np.ndarray, count: int) -> np.ndarray:
    """Tokens by number (int64); whole numbers below 2^53 are exact in what numpy adds them up in."""
    return np.bincount(numbers, tokens, minlength=count).astype(np.int64)
