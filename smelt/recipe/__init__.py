"""The recipe: one YAML document that says everything, as frozen typed models.

Reading it needs nothing heavier than pydantic, so that a web server can check one.
"""

from smelt.recipe.reading.load import load_recipe, parse_recipe
from smelt.recipe.recipe import Recipe

__all__ = ["Recipe", "load_recipe", "parse_recipe"]
