"""Which documents go as duplicates, and that the decision is the same however the corpus is cut up."""

import random

import pytest

from smelt.recipe.dedup import DedupConfig, MinHash
from tasks.dedup import STAGE, deciding, ranges
from tests.tasks import refinery

COLUMNS = ["id", "keep", "reason", "duplicate_of", "similarity", "duplicates"]
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
    return manifest, refinery.columns(lake, manifest, COLUMNS)


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
    assert [row["similarity"] for row in rows] == [None, None, 1, pytest.approx(111 / 122)]
    assert [row["duplicates"] for row in rows] == [2, 0, 0, 0]
    assert manifest.stats["documents"] == 2
    assert (manifest.stats["candidates"], manifest.stats["verified"]) == (1, 1)
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


@pytest.mark.parametrize(("keep", "stays"), [("longest", 2), ("best", 1), ("first", 0), ("latest", 3)])
def test_which_one_stays_is_the_recipes_choice(lake, keep, stays):
    text = article(5)
    same = [
        {"text": text, "score_quality": 0.1, "date": "2024-02-29"},
        {"text": text + " end", "score_quality": 0.9, "date": None},
        {"text": text + " the end", "score_quality": None, "date": "1969-12-31"},
        {"text": text, "score_quality": -0.5, "date": "2024-03-01"},
    ]
    _, rows = decisions(lake, [same], DedupConfig(keep=keep))
    assert [row["keep"] for row in rows] == [place == stays for place in range(4)]


def test_the_order_of_sources_stands_above_what_else_says_who_stays(lake):
    text = article(5)
    same = [{"text": text + " longer" * place, "source": source} for place, source in enumerate("cab")]
    manifest, rows = decisions(lake, [same], DedupConfig(sources=("b", "a")))
    assert [row["keep"] for row in rows] == [False, False, True]
    assert manifest.stats["lost_to_others"] == {"a": {"b": 1}, "c": {"b": 1}}
    _, rows = decisions(lake, [same], DedupConfig(sources=("a",)))
    assert [row["keep"] for row in rows] == [False, True, False]


def test_what_goes_within_a_source_is_not_lost_to_others(lake):
    manifest, rows = decisions(lake, [[{"text": article(5)}, {"text": article(5)}]])
    assert manifest.stats["lost_to_others"] == {} and [row["keep"] for row in rows].count(False) == 1


def test_of_one_address_one_stays_however_it_is_written(lake):
    urls = [
        "http://www.example.org/a/?utm_source=x&b=2&a=1#part",
        "https://example.org/a?a=1&b=2",
        "https://example.org/a?a=1&b=3",
        "s3://corpus/a?a=1&b=2",
        "https://example.org/#!/a",
        "https://example.org/#!/b",
        "http://[::1",
        None,
    ]
    dates = ["2024-01-01", "2025-01-01", *["2026-01-01"] * 6]
    rows = [
        {"text": article(place), "url": url, "date": date}
        for place, (url, date) in enumerate(zip(urls, dates, strict=True))
    ]
    _, found = decisions(lake, [rows], DedupConfig(urls=True, keep="latest"))
    assert [row["reason"] for row in found] == ["url", *[None] * 7]
    assert found[0]["duplicate_of"] == found[1]["id"] and found[0]["similarity"] is None
    _, found = decisions(lake, [rows], DedupConfig(keep="latest"))
    assert all(row["keep"] for row in found)


def test_a_group_has_levels_and_a_threshold_of_its_own(lake):
    text = article(9)
    words = text.split()
    half = " ".join([*words[:100], *article(10).split()[:20]])  # 96 of 136 shingles: 0.71
    rows = [
        {"text": other, "lang": lang, "domain": domain}
        for lang, domain in (("en", "docs"), ("de", "docs"), ("fr", "law"))
        for other in (f"{text} {lang}", f"{half} {lang}" if lang == "de" else f"{text} {lang} too")
    ]
    groups = [{"domain": ["law"], "near": False}, {"lang": ["de"], "threshold": 0.6}]
    config = DedupConfig.model_validate({"groups": groups, "keep": "first"})
    assert [level.threshold for level in config.levels] == [0.75, 0.75, 0.6]
    _, alone = decisions(lake, [rows[:2]], config)
    assert [row["reason"] for row in alone] == [None, "minhash"]
    _, alone = decisions(lake, [rows[2:4]], config)
    assert [row["reason"] for row in alone] == [None, "minhash"]
    assert alone[1]["similarity"] == pytest.approx(0.7, abs=0.03)
    _, alone = decisions(lake, [[{**row, "lang": "en"} for row in rows[2:4]]], config)
    assert [row["reason"] for row in alone] == [None, None]
    _, alone = decisions(lake, [rows[4:]], config)
    assert [row["reason"] for row in alone] == [None, None]
    _, alone = decisions(lake, [[rows[4], rows[4]]], config)
    assert [row["reason"] for row in alone] == [None, "exact"]


def test_a_document_goes_for_none_that_is_gone(lake):
    words = article(12, 300).split()

    def changed(first, last):
        return " ".join(f"{word}x" if first <= place < last else word for place, word in enumerate(words))

    chain = [changed(0, 0), changed(0, 30), changed(0, 60)]
    _, rows = decisions(lake, [[{"text": text} for text in chain]], DedupConfig(keep="first"))
    assert [row["reason"] for row in rows] == [None, "minhash", None]
    assert rows[1]["duplicate_of"] == rows[0]["id"]
    chain = [chain[1], chain[0], chain[2]]
    _, rows = decisions(lake, [[{"text": text} for text in chain]], DedupConfig(keep="first"))
    assert [row["reason"] for row in rows] == [None, "minhash", "minhash"]


@pytest.mark.parametrize("verify", ["jaccard", "containment", "signature"])
def test_a_pair_is_verified_as_the_recipe_says(lake, verify):
    words = article(13, 400).split()
    part = " ".join(words[:330])
    _, rows = decisions(lake, [[{"text": " ".join(words)}, {"text": part}]], DedupConfig(verify=verify, threshold=0.95))
    assert [row["reason"] for row in rows] == [None, "minhash" if verify == "containment" else None]
    _, rows = decisions(lake, [[{"text": " ".join(words)}, {"text": part}]], DedupConfig(verify=verify, threshold=0.7))
    assert rows[1]["similarity"] == pytest.approx(1 if verify == "containment" else 0.823, abs=0.1)


def test_what_stands_behind_half_a_million_characters_counts(lake):
    common = article(14, 60_000)
    assert len(common) > 500_000
    ends = [article(seed, 60_000) for seed in (15, 16)]
    texts = [f"{common} {ends[0]}", f"{common} {ends[1]}", f"{common} {ends[1]} more"]
    _, rows = decisions(lake, [[{"text": text} for text in texts]])
    assert [row["keep"] for row in rows] == [True, False, True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("if ready:\n    start()\n    stop()\n", "if ready:\n    start()\nstop()\n"),
        ("It is written in C++ by hand", "It is written in C# by hand"),
        ("so 2+3 is what we want", "so 2−3 is what we want"),
    ],
)
def test_what_differs_in_a_sign_alone_is_no_exact_duplicate(lake, one, other):
    _, rows = decisions(lake, [[{"text": one}, {"text": other}]], DedupConfig(minhash=None))
    assert all(row["keep"] for row in rows)


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


def test_every_dropped_document_names_one_that_stays(lake):
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
    gone = [row for row in rows if not row["keep"]]
    assert all(by_id[row["duplicate_of"]]["keep"] for row in gone)
    assert sum(row["duplicates"] for row in rows) == len(gone)


def test_the_result_depends_neither_on_the_cut_into_parts_nor_on_the_order_of_work(lake, monkeypatch):
    monkeypatch.setattr(ranges, "TEXT_BYTES", 10_000)
    monkeypatch.setattr(deciding, "SETTLED", 5)
    texts = [article(seed // 3, 60) + " again" * (seed % 3) for seed in range(60)]
    documents = [{"id": refinery.identify(f"{place}"), "text": text} for place, text in enumerate(texts)]
    results, digests = [], []
    for cut, backwards in ((10, False), (35, True), (60, False)):
        manifest, rows = decisions(lake, [documents[:cut], documents[cut:]], backwards=backwards)
        results.append((rows, manifest.stats))
        digests.append(manifest.digest)
    again, _ = decisions(lake, [documents[:35], documents[35:]])
    assert manifest.stats["candidates"] > 0 and results[0] == results[1] == results[2]
    assert {again.digest} == {digests[1]}
    assert 0 < sum(row["keep"] for row in results[0][0]) < 60


def test_without_minhash_only_equal_texts_go(lake):
    text = article(8)
    _, rows = decisions(lake, [[{"text": text}, {"text": text + " x"}, {"text": text}]], DedupConfig(minhash=None))
    assert sorted(row["reason"] or "" for row in rows) == ["", "", "exact"]


def test_the_threshold_follows_from_bands_and_rows():
    assert MinHash(bands=14, rows=8).threshold == pytest.approx(0.72, abs=0.01)
    assert MinHash(bands=20, rows=5).threshold == pytest.approx(0.55, abs=0.01)
