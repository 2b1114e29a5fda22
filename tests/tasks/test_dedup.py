"""Which documents go as duplicates, and that the decision is the same however the corpus is cut up."""

import random

import pytest

from smelt.recipe.dedup import DedupConfig, MinHash
from tasks.dedup import STAGE
from tests.tasks import refinery

WORDS = [
    "river",
    "stone",
    "letter",
    "winter",
    "harbour",
    "candle",
    "market",
    "bridge",
    "window",
    "garden",
    "silver",
    "morning",
    "paper",
    "engine",
]


def article(seed: int, words: int = 120) -> str:
    draw = random.Random(seed)
    return " ".join(f"{draw.choice(WORDS)}{draw.randrange(400)}" for _ in range(words))


def decisions(lake, parts, config=None, **options):
    given = refinery.context(lake, "dedup", config or DedupConfig(), refinery.scored(lake, parts))
    manifest = refinery.run(STAGE, given, **options)
    return manifest, refinery.columns(lake, manifest, ["id", "keep", "reason", "duplicate_of"])


def test_an_equal_text_goes_as_exact_and_an_edited_one_as_minhash(lake):
    original = article(1)
    edited = original.replace(original.split()[60], "elsewhere")
    parts = [
        [{"id": f"{1:016x}", "text": original}, {"text": article(2)}],
        [{"id": f"{2:016x}", "text": original.replace(" ", "\n ")}, {"id": f"{3:016x}", "text": edited + " more"}],
    ]
    manifest, rows = decisions(lake, parts, DedupConfig(keep="first"))
    assert [row["keep"] for row in rows] == [True, True, False, False]
    assert [row["reason"] for row in rows] == [None, None, "exact", "minhash"]
    assert {row["duplicate_of"] for row in rows[2:]} == {f"{1:016x}"}
    assert manifest.stats["documents"] == 2
    assert {reason: figures["documents"] for reason, figures in manifest.stats["dropped"].items()} == {
        "exact": 1,
        "minhash": 1,
    }


def test_case_and_punctuation_make_a_near_duplicate(lake):
    text = article(1)
    _, rows = decisions(lake, [[{"text": text}, {"text": text.upper().replace(" ", " - ") + "!"}]])
    assert [row["reason"] for row in rows] == ["minhash", None]


def test_chinese_is_compared_by_characters(lake):
    text = "".join(random.Random(3).choices("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳", k=400))
    parts = [[{"text": text, "lang": "zh"}, {"text": text[:200] + "，" + text[200:] + "。", "lang": "zh"}]]
    _, rows = decisions(lake, parts)
    assert [row["reason"] for row in rows] == ["minhash", None]


@pytest.mark.parametrize(
    ("keep", "stays"), [("longest", 2), ("best", 1), ("first", 0)], ids=["longest", "best", "first"]
)
def test_which_one_stays_is_the_recipes_choice(lake, keep, stays):
    text = article(5)
    same = [
        {"text": text, "score_quality": 0.1},
        {"text": text + " end", "score_quality": 0.9},
        {"text": text + " the end", "score_quality": None},
    ]
    _, rows = decisions(lake, [same], DedupConfig(keep=keep))
    assert [row["keep"] for row in rows] == [place == stays for place in range(3)]


def test_documents_that_select_dropped_take_nobody_with_them(lake):
    text = article(6)
    _, rows = decisions(lake, [[{"text": text + " longer", "keep": False}, {"text": text}]])
    assert [row["reason"] for row in rows] == [None, None]


def test_empty_and_short_documents_come_through(lake):
    _, rows = decisions(lake, [[{"text": ""}, {"text": "…"}, {"text": "one"}, {"text": "two"}, {"text": "Two."}], []])
    assert [row["reason"] for row in rows] == [None, None, None, "minhash", None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Written in C++ by hand", "Written in C# by hand"),
        ("5 + 7", "5 − 7"),
        ("5 * 7", "5 - 7"),
        ("f(x) < g(x)", "f(x) > g(x)"),
        ("🙂🙂", "🙂🙃"),
    ],
)
def test_signs_that_mean_something_tell_texts_apart(lake, one, other):
    _, rows = decisions(lake, [[{"text": one}, {"text": other}]])
    assert [row["reason"] for row in rows] == [None, None]


def test_code_set_in_otherwise_is_no_exact_duplicate_and_a_text_set_in_as_a_whole_is(lake):
    code = "for row in rows:\n    check(row)\n    count += 1\n"
    texts = [code, code.replace("    count", "count"), "one line\nand two", "    one line\n    and two"]
    _, rows = decisions(lake, [[{"text": text} for text in texts]], DedupConfig(minhash=None))
    assert [row["keep"] for row in rows].count(True) == 3 and [row["keep"] for row in rows][:2] == [True, True]


def test_texts_without_words_go_where_they_are_equal(lake):
    _, rows = decisions(lake, [[{"text": text} for text in ("🎉🎉", "── ──", "🎉🎉", "── ──", "🎉")]])
    assert [row["keep"] for row in rows].count(False) == 2
    assert {row["reason"] for row in rows} == {None, "exact"}


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("ตลาดน้ำแห่งนี้เปิดทุกวันเสาร์และวันอาทิตย์มีอาหารพื้นเมืองขายมากมายและนักท่องเที่ยวชอบมานั่งเรือชมสองฝั่งคลองในตอนเช้า", "ด้วยกัน"),
        ("ຕະຫຼາດແຫ່ງນີ້ເປີດທຸກວັນເສົາແລະວັນອາທິດມີອາຫານພື້ນເມືອງຂາຍຫຼາຍຢ່າງແລະນັກທ່ອງທ່ຽວມັກມານັ່ງເຮືອຊົມສອງຝັ່ງແມ່ນ້ຳ", "ນຳກັນ"),
        ("ផ្សារនេះបើករៀងរាល់ថ្ងៃសៅរ៍និងថ្ងៃអាទិត្យមានលក់ម្ហូបអាហារក្នុងតំបន់ជាច្រើនហើយភ្ញៀវទេសចរចូលចិត្តជិះទូកមើលទេសភាព", "ជាមួយគ្នា"),
    ],
    ids=["thai", "lao", "khmer"],
)  # fmt: skip
def test_scripts_that_do_not_part_words_have_near_duplicates(lake, text, other):
    _, rows = decisions(lake, [[{"text": text * 2}, {"text": text * 2 + other}]])
    assert [row["reason"] for row in rows] == ["minhash", None]


def test_every_dropped_document_leads_to_one_that_stays(lake):
    draw = random.Random(7)
    families = []
    for family in range(12):
        words = article(100 + family).split()
        for _ in range(8):
            words = [draw.choice(WORDS) if draw.random() < 0.02 else word for word in words]
            families.append({"text": " ".join(words)})
    draw.shuffle(families)
    _, rows = decisions(lake, [families[:50], families[50:]])
    by_id = {row["id"]: row for row in rows}
    assert 12 <= sum(row["keep"] for row in rows) < 60
    for row in rows:
        while not row["keep"]:
            row = by_id[row["duplicate_of"]]


def test_the_result_depends_neither_on_the_cut_into_parts_nor_on_the_order_of_work(lake):
    texts = [article(seed // 3, 60) + " again" * (seed % 3) for seed in range(60)]
    documents = [{"id": refinery.identify(f"{place}"), "text": text} for place, text in enumerate(texts)]
    results = []
    for cut, backwards in ((10, False), (35, True), (60, False)):
        manifest, rows = decisions(lake, [documents[:cut], documents[cut:]], backwards=backwards)
        results.append((rows, manifest.stats))
    assert results[0] == results[1] == results[2]
    assert 0 < sum(row["keep"] for row in results[0][0]) < 60


def test_without_minhash_only_equal_texts_go(lake):
    text = article(8)
    _, rows = decisions(lake, [[{"text": text}, {"text": text + " x"}, {"text": text}]], DedupConfig(minhash=None))
    assert sorted(row["reason"] or "" for row in rows) == ["", "", "exact"]


def test_the_threshold_follows_from_bands_and_rows():
    assert MinHash(bands=14, rows=8).threshold == pytest.approx(0.72, abs=0.01)
    assert MinHash(bands=20, rows=5).threshold == pytest.approx(0.55, abs=0.01)
