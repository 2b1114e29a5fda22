"""Personal data is looked for in time by the length of the text, whatever is repeated in it."""

import time

import pytest

from tests.tasks.clean.cleaning import one

SHAPES = (
    "password=",
    'password: "',
    "password    ",
    "secret='a1B2",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "eyJ-",
    "eyJaaaaaaaaaa.",
    "sk-",
    "sk-proj-a1",
    "ghp_",
    "a@",
    "a.b@c.",
    "{a,",
    "{a,b}@",
    "x at y dot ",
    "a [at] ",
    "https://u:",
    "://u:p@",
    "1 ",
    "13812345678 ",
    "1-",
    "1.1.1.1 ",
    "+1 ",
    "+86-",
    "(010)",
    "（010）",
    "2001:",
    "2001:1:",
    "QQ：",
    "微信号",
    "vx-",
    "微博：@",
    "护照",
    "作者：",
    "王小明、",
    "约翰·",
    "记者",
    " 摄",
    "By ",
    "By Jane Smith, ",
    "(Photo by ",
    "京A",
    "123456789:AA",
    "#",
    "Bearer ",
)
SIZE, TIMES = 60_000, 4


def seconds(shape: str, size: int) -> float:
    """The shortest of three times to clean a text of ``size`` bytes that repeats the shape."""
    text = shape * (size // len(shape.encode()))
    taken = []
    for _ in range(3):
        begun = time.process_time()
        one(text)
        taken.append(time.process_time() - begun)
    return min(taken)


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_length(shape: str) -> None:
    one(shape)
    assert seconds(shape, SIZE * TIMES) < 3 * TIMES * max(seconds(shape, SIZE), 0.002)
