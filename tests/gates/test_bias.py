"""A rule that hits one group far more than the others is named by figures, gate and page; sums stay."""

import math

import pyarrow as pa
import pytest

from smelt.gates.bias import figures
from smelt.gates.bias.samples import choose
from smelt.gates.run import run_gate
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import GatesConfig
from smelt.recipe.select import RuleGroup, SelectConfig
from smelt.rules import sides_of
from tasks.select import STAGE
from tests.tasks import refinery

RULES = {"few_digits": "digit_share < 0.2", "short": "num_chars < 20"}
CONFIG = SelectConfig(groups=(RuleGroup(rules=dict(RULES)),))
HOSTILE = "<script>alert('x')</script> & <b>bold</b>"


def corpus(size: int = 400) -> list[dict]:
    """Half Chinese, half English; of the Chinese half hold few digits, of the English a few."""
    rows = []
    for number in range(size):
        lang = "zh" if number % 2 else "en"
        plain = number % 4 == 1 if lang == "zh" else number % 80 == 0
        rows.append(
            {
                "id": f"{number * 2654435761 % 2**64:016x}",
                "text": HOSTILE if plain else "12 " * 40,
                "source": "web",
                "url": f"http://x/{number}",
                "lang": lang,
                "domain": "docs",
                "digit_share": 0.05 if plain else 0.25 if number % 3 else 0.9,
                "num_chars": 120,
                "num_bytes": 120,
                "drop_reason": None,
            }
        )
    return rows


def selected(lake: Lake, parts: list[list[dict]], config: SelectConfig = CONFIG) -> dict[str, Manifest]:
    """Artifacts clean, score and select of these documents."""
    columns = {
        "clean": ("id", "text", "source", "url", "digit_share", "num_chars", "num_bytes", "drop_reason"),
        "score": ("id", "lang", "domain"),
    }
    made = {}
    for stage, names in columns.items():
        tables = [pa.Table.from_pylist(part).select(names) for part in parts]
        if stage == "clean":
            tables = [table.set_column(7, "drop_reason", pa.nulls(len(table), pa.string())) for table in tables]
        made[stage] = refinery.commit(lake, stage, tables)
    made["score"] = made["score"].model_copy(update={"stats": {"by_lang": {}, "by_domain": {}}})
    made["select"] = refinery.run(STAGE, refinery.context(lake, "select", config, made))
    return made


def test_a_planted_bias_is_named_and_fails_the_gate(lake: Lake) -> None:
    made = selected(lake, [corpus()])
    [first, *_] = figures.disproportions(figures.rules(made["select"].stats, made["select"].config))
    assert (first.rule, first.dimension, first.label) == ("few_digits", "domain", "zh/docs")
    assert first.rate == 0.5 and first.other_rate == pytest.approx(0.025)

    def verdict(**tolerances) -> tuple[bool, str]:
        result = run_gate(lake, made["select"], made, GatesConfig.model_validate({"select": tolerances}))
        [rule] = [item for item in result.expectations if item.name.startswith("No rule drops one group")]
        return rule.success, rule.name

    success, sentence = verdict(max_rule_rate_ratio=3)
    assert not success
    assert sentence.endswith("the worst is few_digits on domain zh/docs: 50 % against 2.5 %")
    assert verdict(max_rule_rate_ratio=30)[0]
    looked_at = ["few_digits/domain/zh/docs", "few_digits/lang/zh"]
    assert verdict(max_rule_rate_ratio=3, accepted_disproportions=looked_at)[0]


def test_the_page_shows_rates_rejects_and_margins_and_runs_nothing(lake: Lake) -> None:
    made = selected(lake, [corpus()])
    result = run_gate(lake, made["select"], made, GatesConfig())
    page = lake.get(result.docs.replace("index.html", "bias.html")).decode()
    assert 'href="bias.html"' in lake.get(result.docs).decode()
    assert "few_digits on zh: 100 documents" in page
    assert "&lt;script&gt;alert(" in page and "<script" not in page
    assert 'src="' not in page and "@import" not in page
    assert "found 0.25, margin 20 %" in page


def test_what_is_shown_is_drawn_from_all_and_nearest_to_a_limit(lake: Lake) -> None:
    rows = corpus()
    rejects, keeps = choose(*(lambda made: (lake, made["select"], made["clean"]))(selected(lake, [rows])))
    assert set(rejects) == {"few_digits"} and len(rejects["few_digits"]) == 20
    assert {item.text for item in rejects["few_digits"]} == {HOSTILE}
    assert len(keeps) == 20 and {(item.rule, item.found) for item in keeps} == {("few_digits", 0.25)}
    cut = selected(lake, [rows[:150], rows[150:160], rows[160:]])
    assert choose(lake, cut["select"], cut["clean"])[0]["few_digits"] == rejects["few_digits"]


def test_counts_add_up_whatever_the_parts(lake: Lake) -> None:
    rows = corpus()
    whole, cut = (selected(lake, parts)["select"] for parts in ([rows], [rows[:7], rows[7:200], rows[200:]]))
    assert figures.rules(whole.stats, whole.config) == figures.rules(cut.stats, cut.config)
    [rule, silent] = figures.rules(whole.stats, whole.config)
    assert (rule.name, silent.name, silent.total_rate) == ("few_digits", "short", 0)
    for dimension in ("lang", "domain", "source", "length"):
        before, after = figures.distributions(whole.stats, dimension)
        assert sum(before.values()) == len(rows) == sum(rule.asked[dimension].values())
        assert sum(before.values()) - sum(after.values()) == rule.decided == sum(rule.fired[dimension].values())
    assert figures.divergences(whole.stats)["source"] == 0 < figures.divergences(whole.stats)["lang"]


def test_few_documents_prove_nothing() -> None:
    assert figures.rate_ratio(2, 4, 10, 1000)[1] < figures.rate_ratio(200, 400, 1000, 100_000)[1]
    ratio, low = figures.rate_ratio(1, 1, 0, 1000)
    assert ratio > 100 and low < ratio / 10
    assert math.isfinite(figures.rate_ratio(0, 5, 0, 5)[0])


def test_the_order_of_rules_is_part_of_what_they_mean() -> None:
    def dumped(rules: dict) -> dict:
        return RuleGroup(rules=rules).model_dump()

    backwards = dict(reversed(RULES.items()))
    assert dumped(RULES) != dumped(backwards)
    assert RuleGroup.model_validate(dumped(backwards)) == RuleGroup(rules=backwards)
    assert list(RuleGroup.model_validate(dumped(backwards)).rules) == list(backwards)


def test_only_single_comparisons_have_a_margin() -> None:
    assert sides_of("num_hashes > 0.1 * num_words") == ("num_hashes", "0.1 * num_words")
    assert sides_of("num_chars <= 5") == ("num_chars", "5")
    others = ("a > 1 AND b < 2", "num_chars = 0", "a BETWEEN 1 and 2", "a <> 3")
    assert [sides_of(rule) for rule in others] == [None] * 4
