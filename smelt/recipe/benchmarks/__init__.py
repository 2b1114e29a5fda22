"""Benchmarks as a recipe names them: the sets, their published layouts, and the forms in which they are asked."""

from smelt.recipe.benchmarks.config import Benchmark
from smelt.recipe.benchmarks.item import Item

__all__ = ["Benchmark", "Item"]
