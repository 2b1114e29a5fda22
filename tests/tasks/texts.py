"""Texts of our own making for tests: prose that varies by a seed, in two languages, and a little code."""

import random

ENGLISH = (
    "The ferry left at dawn, carrying bread, letters and two bicycles to the islands. Nobody on board spoke until the "
    "second lighthouse came into view; then the cook laughed, poured tea for everyone and told the story of the winter "
    "when the harbour froze."
)
CHINESE = (
    "清晨的渡船带着面包、信件和两辆自行车驶向群岛。直到第二座灯塔出现在眼前，船上才有人开口说话；"
    "厨师笑了起来，给大家倒茶，讲起港口结冰的那个冬天。孩子们把帽子抛向空中，老人望着远处的雪山。"
)
CODE = '''def average(numbers: list[float]) -> float:
    """The mean of the numbers; zero where there are none."""
    total = 0.0
    for number in numbers:
        total += number
    return total / len(numbers) if numbers else 0.0
'''


def english(seed: int, words: int = 80) -> str:
    """Words of ENGLISH in an order of the seed's."""
    return " ".join(random.Random(seed).choices(ENGLISH.split(), k=words))


def chinese(seed: int, clauses: int = 12) -> str:
    """Clauses of CHINESE in an order of the seed's."""
    parts = CHINESE.replace("；", "，").replace("。", "，").strip("，").split("，")
    return "，".join(random.Random(seed).choices(parts, k=clauses)) + "。"
