"""What counts as an answer in a text."""

import pytest

from evaluation.benchmarks.extract import is_right


@pytest.mark.parametrize(
    ("rule", "text", "answer", "right"),
    [
        ("begins", " 4", "4", True),
        ("begins", "4.", "4", True),
        ("begins", "42 apples", "4", False),
        ("begins", "4.5", "4", False),
        ("begins", "4,000", "4", False),
        ("begins", "4%", "4", False),
        ("begins", "Paris, of course", "Paris", True),
        ("begins", "Parisian", "Paris", False),
        ("begins", "北京是首都", "北京", True),
        ("line", " Paris\nQuestion", "Paris", True),
        ("line", " Paris, France\n", "Paris", False),
        ("number", "so 3 + 4 = 7.\n#### 1,007\n\n", "1007", True),
        ("number", "it is 18.0 apples", "18", True),
        ("number", "42 apples", "4", False),
        ("number", "none", "4", False),
        ("letter", " B. Paris", "B", True),
        ("letter", "Because", "B", False),
        ("letter", "答案是B。", "B", True),
        ("regex(答案[：是](.))", "答案是乙", "乙", True),
        ("regex(x=(.))", "y", "y", False),
        ("regex(((?:a+)+b))", "a" * 100_000, "b", False),  # would take for ever, by trying one division after another
    ],
)
def test_an_answer_is_taken_by_its_rule(rule: str, text: str, answer: str, right: bool) -> None:
    assert is_right(text, rule, [answer], "ABCD") is right
