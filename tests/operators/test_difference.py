"""Differences are marked by what a reader takes for a word, in any script, and in bounded time."""

import random
import re
import time

import pytest

from operators.pages.difference import MAX_CHARS, side_by_side

PARAGRAPH = {
    "zh": "春天的河边有许多人在散步，孩子们追着风筝跑，老人坐在长椅上聊天。",
    "ja": "春の川辺では多くの人が散歩をしていて、子どもたちは凧を追いかけている。",
    "ru": "Весной у реки гуляет много людей, дети бегают за воздушными змеями, старики беседуют. ",
    "ar": "في الربيع يتنزّه كثيرٌ من الناس على ضفّة النهر، ويركض الأطفال خلف الطائرات الورقية. ",
    "hi": "वसंत में नदी के किनारे बहुत लोग टहलते हैं, बच्चे पतंगों के पीछे दौड़ते हैं। ",
    "th": "ในฤดูใบไม้ผลิมีคนมากมายเดินเล่นริมแม่น้ำ เด็กๆ วิ่งตามว่าว ",
}


@pytest.mark.parametrize("lang", PARAGRAPH)
def test_one_name_in_a_long_paragraph_is_all_that_is_marked(lang):
    text = PARAGRAPH[lang] * 60
    middle = len(PARAGRAPH[lang]) * 30
    before, after = (text[:middle] + name + " " + text[middle:] for name in ("someone", "<NAME>"))
    [(left, right)] = side_by_side(before, after)
    assert re.findall("<del>(.*?)</del>", left) == ["someone"]
    assert re.findall("<ins>(.*?)</ins>", right) == ["&lt;NAME&gt;"]


def test_marks_stay_with_their_letters():
    [(left, right)] = side_by_side("هذا نصٌّ قصير", "هذا نص قصير")
    assert "<del>نصٌّ</del>" in left and "<ins>نص</ins>" in right


def test_a_line_that_goes_leaves_those_behind_it_beside_their_own():
    before = "标题\n编辑：张三\n第一段说春天。\n第二段说夏天。"
    rows = side_by_side(before, "标题\n第一段说春天。\n第二段说秋天。")
    assert ("第一段说春天。", "第一段说春天。") in rows
    assert sum(len(re.sub("<.*?>", "", left)) for left, _ in rows if "<del>" in left) < len(before) - 8


def test_many_changed_lines_are_each_marked_by_their_words():
    lines = [f"{number} {PARAGRAPH['zh']}" for number in range(200)]
    rows = side_by_side("\n".join(lines), "\n".join(line.replace("风筝", "气球") for line in lines))
    assert len(rows) == 200
    assert all(re.findall("<del>(.*?)</del>", left) == ["风筝"] for left, _ in rows)


@pytest.mark.parametrize("letters", ["ab", "一二", "一二。", "一二\n", "ab \n"])
def test_time_is_bounded_on_hostile_texts(letters):
    draw = random.Random(3)
    before, after = ("".join(draw.choice(letters) for _ in range(MAX_CHARS)) for _ in range(2))
    began = time.process_time()
    rows = side_by_side(before, after)
    assert time.process_time() - began < 5
    unmarked = "".join(re.sub("<.*?>", "", left) for left, _ in rows)
    assert unmarked.replace("\n", "") == before.replace("\n", "")
