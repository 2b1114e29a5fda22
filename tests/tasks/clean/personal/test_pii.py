"""Personal data gives way to placeholders, wherever it stands, and what only looks like it stays."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.errors import RecipeError
from smelt.recipe.clean import PLACEHOLDERS, CleanConfig, PiiConfig
from smelt.recipe.reading.attached import CHECKOUT
from tasks.clean.personal.judge import judge
from tests.tasks.clean.cleaning import cleaned, one

CONFIG = CleanConfig().with_digests()
SECRET = "k9" + "Zq7" * 8


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("写信到 zhang.san+x@mail.example.cn 吧", "写信到 <EMAIL> 吧"),
        ("13800138000@qq.com", "<EMAIL>"),
        ("电话：13812345678。", "电话：<PHONE>。"),
        ("138-1234-5678 或 +86 138 1234 5678", "<PHONE> 或 <PHONE>"),
        ("010-62345678，(0755) 26543210", "<PHONE>，<PHONE>"),
        ("call 415-555-2671, (415) 555-2671 or +44 20 7946 0958", "call <PHONE>, <PHONE> or <PHONE>"),
        ("身份证11010519491231002X。", "身份证<ID_NUMBER>。"),
        ("卡号 6222021234567890128", "卡号 <BANK_CARD>"),
        ("card 4111 1111 1111 1111", "card <BANK_CARD>"),
        ("from 8.134.45.9 and 2607:f8b0:4005:805::200e", "from <IP> and <IP>"),
        ("车牌京A12345，粤B·D12345", "车牌<PLATE>，<PLATE>"),
        ("微信号：zhang_san88 QQ：123456789", "微信号：<SOCIAL> QQ：<SOCIAL>"),
        ("护照号：E12345678", "护照号：<PASSPORT>"),
        ("文/李晓红", "文/<NAME>"),
        ("（记者 王小明）", "（记者 <NAME>）"),
        ("王小明 摄\n（李晓红/文）", "<NAME> 摄\n（<NAME>/文）"),
        ("By Jane Smith and Tom van Dyk\nText.", "By <NAME>\nText."),
        ("(Reporting by Jane Smith; Editing by J. R. Doe)", "(Reporting by <NAME>; Editing by <NAME>)"),
        ("key = AKIAIOSFODNN7EXAMPLE", "key = <SECRET>"),
        (f'DJANGO_SECRET_KEY = "{SECRET}"', 'DJANGO_SECRET_KEY = "<SECRET>"'),
        (f"password: {SECRET}, next", "password: <SECRET>, next"),
        (f"https://ghp_{'a1' * 18}@example.com/r", "https://<SECRET>@example.com/r"),
        ("记者杨洁、孙丽报道 编辑｜司徒明 校对 | 马晓东", "记者<NAME>、<NAME>报道 编辑|<NAME> 校对 | <NAME>"),
        ("作者：[法] 让·杜邦　译者：何 平", "作者：[法] <NAME> 译者：<NAME>"),
        ("By Łucja Nowak, José Díaz and Ann Lee\nText", "By <NAME>\nText"),
        ("电话（0571）88123456，手机 1371234-5678", "电话<PHONE>，手机 <PHONE>"),
        ("Tel.13712345678 / 13712345679；0086-21-62123456", "Tel.<PHONE> / <PHONE>；<PHONE>"),
        ("热线4001234567，+33 1 23 45 67 89，+85261234567", "热线<PHONE>，<PHONE>，<PHONE>"),
        ("DNS 1.2.4.9, ssh root@47.100.20.9", "DNS <IP>, ssh root@<IP>"),
        ("zoë.o'hara@exämple.de, info@例子.公司", "<EMAIL>, <EMAIL>"),
        ("write to ann [at] example [dot] org or {bo,cy}@example.org", "write to <EMAIL> or <EMAIL>"),
        (
            "加微信hua_1990，扣扣：123456780、987654320，微博：@小明爱看书",
            "加微信<SOCIAL>，扣扣：<SOCIAL>、<SOCIAL>，微博：<SOCIAL>",
        ),
        ("身份证号：110105 19491231 002X，香港身份证 A123456(3)", "身份证号：<ID_NUMBER>，香港身份证 <ID_NUMBER>"),
        ("京A1234学 京a12346 粤B.12345", "<PLATE> <PLATE> <PLATE>"),
        (
            "postgres://app:s3cr3t!x@db.example/x redis://:abc123@h:6379",
            "postgres://app:<SECRET>@db.example/x redis://:<SECRET>@h:6379",
        ),
        ('{"password":"Qw9!zX2#vB7$","port":1}', '{"password":"<SECRET>","port":1}'),
        (f'token_secret := "{SECRET}"; AccountKey={SECRET}==;', 'token_secret := "<SECRET>"; AccountKey=<SECRET>;'),
        ("-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n", "<SECRET>\\n"),
    ],
)
def test_personal_data_gives_way(text: str, wanted: str) -> None:
    assert one(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "@property\ndef x(self): return a @ b.T",
        "11010519491231002 110105194912310021 12345678901 2023-01-15 12:30:45",
        "192.168.1.1 127.0.0.1 10.0.0.1 v1.2.3.4 1.2.3.4.5 section 3.2.1",
        "version 130.89.148.77, 版本号 130.89.148.77; 13.2.5.33 Attribute name state",
        "std::vector<int> a::b 20:30:45 de:ad:be:ef:00:01",
        "1609459200 1609459200000 0x1234567890123456 3.14159265358979",
        "记者高度关注，作者认为：好",
        "摄影作品 摄 一 王小明摄影",
        "By Default Settings\nBy Changing Cells\nbe written by Jane Smith before noon, or by Monday",
        "git@github.com:x/y.git icon@2x.png",
        "示意图：石英 中文/韩文 译文：庄子说 编辑：高级设置 翻译：金属 图：白菜 By Gauss Theorem",
        "版本：7.1.3.118 kernel 5.15.0.91 foo==21.4.2.30 <Version>22.0.1.3</Version> 22.3.4.5-rc1 OID 2.5.29.19",
        "7.21.6.2 The scanf function\nFlash Player 11.3.202.235 Chrome/120.1.60.109",
        "PMID: 13712345678 快递单号13712345678 id=13712345678 13712345678元 pages 203-210-2346",
        "S@W.mT q@self.weight foo/bar@main.yml x@sha256.abc react@latest.next user@v1.2 n@x.data",
        "微信是Tencent公司的产品 WeChat: payments qq: 1000000 wechat = WechatApp(x) passport = 12345678",
        "PWD=/home/u2024/app11 password=your_password_2024 password=${DB_PASS} https://user:password@example.com",
        '<div class="sk-folding-cube-1234567890-ab"> OLDPWD=~/x2024/y11',
        "password = getpass.getpass()\ntoken = tokenizer.next()\napi_key = 'user_profile_settings'",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert one(text) == text


def test_recall_and_precision_on_the_labelled_set() -> None:
    figures = judge(CONFIG)
    assert set(figures) == set(PLACEHOLDERS)
    for kind, counted in figures.items():
        marked = counted["found"] + counted["missed"]
        assert marked >= (70 if kind in ("email", "phone", "id_number") else 15)
        assert counted["found"] >= 0.98 * marked, kind
        assert counted["false"] <= 0.02 * marked, kind


def test_code_and_tables_of_numbers_are_left_alone() -> None:
    rows = [json.loads(line) for line in (CHECKOUT / CONFIG.pii.labels).read_text().splitlines()]
    plain = {row["text"]: row["lang"] == "code" for row in rows if "[[" not in row["text"]}
    assert len(plain) > 150
    hit = [text for text, code in plain.items() if re.search(r"<[A-Z_]+>", one(text, code=code)) and "<" not in text]
    assert len(hit) <= 0.005 * len(plain), hit


def test_a_kind_that_is_off_is_not_judged_and_an_unknown_one_is_named(tmp_path) -> None:
    assert "phone" not in judge(CleanConfig(pii=PiiConfig(phone=False)))
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"text": "[[mail|a@b.org]]"}\n')
    with pytest.raises(RecipeError, match=r"labels.jsonl:1: no kind 'mail' \(one of email, phone"):
        judge(CleanConfig(pii=PiiConfig(labels=str(labels))))
    labels.write_text("{}")
    with pytest.raises(RecipeError, match=r"the file's digest is"):
        judge(CleanConfig(pii=PiiConfig(labels=str(labels), digest="0" * 64)))


VALUES = {
    "email": "li.si@example.com",
    "phone": "13812345678",
    "id_number": "11010519491231002X",
    "bank_card": "4111 1111 1111 1111",
    "ip": "114.212.33.7",
    "passport": "护照号：E12345678",
    "plate": "京A12345",
    "social": "微信号：zhang_san88",
    "byline": "（记者 王小明）",
    "secret": "AKIAIOSFODNN7EXAMPLE",
}


@settings(max_examples=150, deadline=None)
@given(st.text("abc 中文，。\n", max_size=30), st.sampled_from(list(VALUES)), st.text("xyz 的是\n", max_size=30))
def test_each_kind_is_found_wherever_it_stands(head: str, kind: str, tail: str) -> None:
    assert PLACEHOLDERS[kind] in one(f"{head} {VALUES[kind]} {tail}")


PIECES = (
    "电话",
    "版本",
    "IP ",
    "QQ：",
    "微信号",
    "password=",
    "记者",
    "、",
    "[at]",
    " dot ",
    ".com",
    "://u:",
    "13812345678",
    "王明",
    "1.2.3.4",
    "@",
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text("0123456789 -+().@:x\n京A作者：王小明摄/By JaneSm=\"'_akia", max_size=80)
        | st.lists(st.sampled_from(PIECES) | st.text("0123456789 -/.+:（）a", max_size=6), max_size=12).map("".join)
        | st.text(max_size=80),
        min_size=1,
        max_size=3,
    )
)
def test_placeholders_are_counted_and_stay(texts: list[str]) -> None:
    texts = [text.replace("<", "") for text in texts]
    once, edits, _ = cleaned(*texts)
    again, more, _ = cleaned(*once)
    assert again == once
    for kind, placeholder in PLACEHOLDERS.items():
        assert edits[f"edit_{kind}"].tolist() == [text.count(placeholder) for text in once]
        assert not more[f"edit_{kind}"].any()
