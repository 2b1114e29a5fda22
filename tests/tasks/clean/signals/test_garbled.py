"""What wrong decoding leaves is seen by ``garbled_share``, and no language's own writing is."""

import pyarrow as pa
import pytest

from smelt.recipe.presets import PRESETS
from tasks.clean.edits.rewrite import buffers
from tasks.clean.signals.measure import signals

LIMIT = float(PRESETS["any"]["garbled"].rpartition(" ")[2])
RUSSIAN = "Паром отошёл на рассвете, и никто на борту не говорил ни слова до второго маяка."
CHINESE = "渡船在清晨离开港口，船上的人都不说话。厨师给大家倒茶，讲起那个冬天的故事。"
JAPANESE = "渡し船は夜明けに港を出て、船に乗った人々は誰も口をきかなかった。"
KOREAN = "나룻배는 새벽에 항구를 떠났고 배에 탄 사람들은 아무도 말을 하지 않았다."
GREEK = "Το καράβι έφυγε την αυγή και κανείς δεν μίλησε ως τον δεύτερο φάρο."
FRENCH = (
    "Le ferry est parti à l\u2019aube ; personne n\u2019a parlé jusqu\u2019au deuxième phare, où le cuisinier a ri."
)


def share(text: str) -> float:
    return float(signals(*buffers(pa.array([text], pa.large_string())))["garbled_share"][0])


@pytest.mark.parametrize(
    ("text", "codec", "read_as"),
    [
        *((text, "utf-8", "latin-1") for text in (RUSSIAN, CHINESE, JAPANESE, KOREAN, GREEK, FRENCH)),
        *((text, "utf-8", "cp1252") for text in (RUSSIAN, CHINESE, JAPANESE, KOREAN, GREEK, FRENCH)),
        (RUSSIAN, "utf-8", "cp1251"),
        (RUSSIAN, "cp1251", "cp1252"),
        (RUSSIAN, "koi8-r", "latin-1"),
        (CHINESE, "gbk", "cp1252"),
        (CHINESE, "gbk", "latin-1"),
        (CHINESE, "utf-8", "gb18030"),
        (CHINESE, "utf-8", "cp932"),
        (JAPANESE, "utf-8", "cp932"),
        (JAPANESE, "cp932", "cp1252"),
        (JAPANESE, "euc-jp", "latin-1"),
        (KOREAN, "cp949", "cp1252"),
        (GREEK, "cp1253", "cp1252"),
        (FRENCH, "utf-8", "cp932"),
        (FRENCH, "utf-8", "mac-roman"),
    ],
)  # fmt: skip
def test_what_was_read_by_the_wrong_code_page_is_garbled(text: str, codec: str, read_as: str) -> None:
    assert share(text.encode(codec).decode(read_as, "ignore")) > LIMIT


@pytest.mark.parametrize(
    "text", ["\ufffd" * 6, "锟斤拷锟斤拷", "嚙踝蕭嚙踝蕭", "占쏙옙占쏙옙", "\ue5d2\ue8b6", "Cﾃｩline"]
)
def test_what_was_replaced_twice_is_garbled(text: str) -> None:
    assert share("渡船在清晨离开港口，船上的人都不说话。" + text) > LIMIT


@pytest.mark.parametrize(
    "text",
    [
        RUSSIAN,
        CHINESE,
        JAPANESE,
        KOREAN,
        GREEK,
        FRENCH,
        "Það er góður siður að læra. ÞAÐ ER GÓÐUR SIÐUR, Ðæja, æðið, áður, þjóðin.",
        "Í morgin, tað gleðir, óðin, bløðini, SUÐUROY, VIÐ ÁNNA, øll børnini.",
        "MINHA IRMÃ” e «IRMÃ» e AMANHÃ… “NÃO”, SÃO PAULO, CORAÇÃO, MANHÃ\xa0– ÓRGÃO.",
        "Ðà Nẵng, Ðông Hà, ĐƯỜNG PHỐ, người Việt Nam ở Hà Nội uống cà phê sữa.",
        "« Été\xa0», «\xa0à côté\xa0», déjà…, l’élève ; œuvre, cœur, NOËL, « É\xa0».",
        "ÖĞRENCİ, üşüyüş, düşünüş, çöküş, ÜÇÜNCÜ, İĞNE",
        "jäääär, öötöö, ööülikool, õueõunapuu, kuuüür",
        "„Co děláš“, řekl. »Ptáš« těžší, příští úterý, ŽLUŤOUČKÝ KŮŇ",
        "Różdwo, Різдво, Січень, Рівне; «СССР» “СССР” СССР– РСФСР…",
        "СРЂАН и Срђан, рђа, ПОЉЕ, ЊЕГОШ",
        "12 Å², 3×½, ±2 °C, 20 m², λ=5 µm, √2, f/2.8, €5, Nescafé™, ©2024",
        "ﾃｽﾄ用ﾃﾞｰﾀ、ﾊﾝｶｸ文字、関ｹ原、ﾂｱｰ",
        "„‚Haus‘“, ÄÖÜ, Größe, süß, Öl",
    ],
)
def test_no_writing_is_garbled(text: str) -> None:
    assert share(text) == 0
