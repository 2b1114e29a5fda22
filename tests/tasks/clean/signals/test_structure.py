"""Markdown's structure is no fault of a text: what shares of lines, words and characters say of it."""

import polars as pl
import pytest

from bench.clean import reasons_of
from smelt.recipe.presets import PRESETS
from tests.tasks.clean.cleaning import cleaned
from tests.tasks.texts import english

PROSE = (
    "The harbour was closed for three days last week, and ferries from the islands had to turn back in the night.\n\n"
    "Fishermen said that the storm, which came without a warning, broke two of the older piers near the market."
)
TABLE = (
    "| Day | Ships |\n| --- | --- |\n" + "\n".join(f"| {day} | yes |" for day in ("Mon", "Tue", "Wed", "Tue")) + "\n"
)
CODE = "```python\n# first\nfor x in y:\n    - x\n    ...\n}\n}\n```"


def measured(text: str, *, code: bool = False) -> dict[str, float]:
    return {name: values[0] for name, values in cleaned(text, code=code)[2].items()}


@pytest.mark.parametrize("structure", [TABLE, CODE, "## A heading\n\n## NOTES", "$$\\frac{a_1}{b^2} = \\sqrt{c}$$"])
def test_structure_between_paragraphs_changes_no_share_of_lines_for_the_worse(structure):
    plain, found = measured(PROSE), measured(f"{PROSE}\n\n{structure}\n\n{structure}")
    kinds = ("short", "bullet", "ellipsis", "list", "dup", "furniture")
    for name in (*(f"{kind}_line_share" for kind in kinds), "dup_line_char_share", "dup_paragraph_share", "num_hashes"):
        assert found[name] <= plain[name], name
    assert found["mean_line_length"] == plain["mean_line_length"]
    assert found["terminal_line_share"] == plain["terminal_line_share"] == 1
    assert found["alpha_word_share"] >= plain["alpha_word_share"]


def test_marks_are_no_characters_of_the_text():
    assert measured("a | b")["symbol_share"] == pytest.approx(1 / 3)
    assert measured("| a | b |\n| --- | --- |\n| c | d |")["latin_share"] == 1
    assert measured("# A\n\n## B")["punctuation_share"] == 0 and measured("# A\n\n## B")["num_hashes"] == 0
    formula = measured("So $\\frac{a}{b} = c$ holds")
    assert formula["symbol_share"] == formula["punctuation_share"] == 0
    assert measured("It costs $5, or $6")["symbol_share"] > 0


def test_marks_are_no_words():
    table = measured("| a cell | b |\n| --- | --- |\n|  | c |\n")
    assert (table["num_words"], table["alpha_word_share"], table["num_lines"]) == (4, 1, 3)
    heading, fence = measured("## Some words"), measured("```python\nx\n```")
    assert (heading["num_words"], heading["alpha_word_share"], fence["num_words"]) == (2, 1, 1)
    plain, formula = measured("so it holds"), measured("so $a + b = c$ holds for $x$ too")
    assert formula["alpha_word_share"] == 1 and plain["alpha_word_share"] == 1
    assert measured("a | b")["num_words"] == 3


def test_code_is_no_markdown():
    text = "# a comment\nx = 1\n| a |\n"
    assert measured(text, code=True)["num_hashes"] == 1
    assert measured(text, code=True)["num_words"] > measured(text)["num_words"]
    assert measured(text)["comment_line_share"] == measured(text, code=True)["comment_line_share"]


def test_a_manual_with_tables_code_and_formulas_passes_the_rules_that_its_prose_passes():
    prose = "\n\n".join(english(number) for number in range(3))
    rows = "| Option | Meaning |\n| --- | --- |\n" + "".join(
        f"| -{c} | {'yes' if c in 'ae' else 'no'} |\n" for c in "abcdefghij"
    )
    structure = f"{rows}\n{CODE}\n\nSo $\\frac{{a}}{{b}}$ is what is wanted.\n\n$$\\sum_{{i}} x_i$$"
    for preset in PRESETS:
        if preset in ("zh-web", "code"):
            continue
        texts = (prose, f"{prose}\n\n# Options\n\n{structure}")
        [before], [after] = (reasons_of(pl.DataFrame(cleaned(text)[2]), preset) for text in texts)
        assert after in (None, before), preset
