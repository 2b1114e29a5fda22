"""Texts of the user's own: what is read, and what is refused in one line."""

from pathlib import Path

import pytest

from smelt.errors import RecipeError
from smelt.recipe.evaluate import EvaluateConfig, with_digests
from smelt.recipe.texts import TextSet


def test_documents_come_from_files_of_every_kind_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    (tmp_path / "b.csv").write_text("text,other\nthree,x\n")
    (tmp_path / "c.txt").write_text("four\nlines\n")
    (tmp_path / "d.md").write_text("not read")
    assert TextSet(path=str(tmp_path)).documents("own") == ["one", "two", "three", "four\nlines\n"]
    assert TextSet(path=str(tmp_path / "c.txt")).documents("own") == ["four\nlines\n"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", '{"content": "one"}', "a.jsonl:1: has no `text`"),
        ("a.jsonl", "{", "not JSON"),
        ("a.txt", " \n", "holds no text"),
        ("", "", "no file to read"),
    ],
)
def test_texts_that_cannot_be_read_are_one_line_before_anything_starts(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    if name:
        (tmp_path / name).write_text(content)
    with pytest.raises(RecipeError) as raised:
        with_digests(EvaluateConfig(texts={"own": TextSet(path=str(tmp_path / name))}))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_changed_texts_are_another_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    before = with_digests(EvaluateConfig(texts={"own": TextSet(path=str(path))}))
    path.write_text("two")
    assert with_digests(EvaluateConfig(texts={"own": TextSet(path=str(path))})) != before
    with pytest.raises(RecipeError, match="digest"):
        before.texts["own"].documents("own")
