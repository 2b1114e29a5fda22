"""A tokenizer trained on the recipe's own documents: same in, same out, and it says what it is worth."""

import json

import pytest
from tokenizers import Tokenizer

from smelt.errors import StageError
from smelt.recipe.clean import PLACEHOLDERS
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from tasks.tokenizer import STAGE
from tasks.tokenizer.sample import targets
from tests.tasks import refinery
from tests.tasks.texts import CODE, ENGLISH, chinese, english

CONFIG = TokenizerConfig(train=TrainTokenizer(vocab_size=650, sample_bytes=200_000), keep_whole=("<|email|>",))


@pytest.fixture
def inputs(lake):
    parts = [
        [{"text": english(seed) + " Write to <|email|> in 2026.", "lang": "en"} for seed in range(150)],
        [{"text": chinese(seed), "lang": "zh"} for seed in range(150)]
        + [{"text": CODE.replace("total", f"sum_{seed}"), "lang": "code"} for seed in range(60)],
    ]
    return refinery.decided(lake, parts)


def trained(lake, inputs, config=CONFIG):
    manifest = refinery.run(STAGE, refinery.context(lake, "tokenizer", config, inputs))
    content = lake.get(manifest.key("tokenizer", "/tokenizer.json"))
    return (
        manifest,
        Tokenizer.from_str(content.decode()),
        json.loads(lake.get(manifest.key("tokenizer", "/figures.json"))),
    )


def test_training_twice_gives_the_same_bytes(lake, inputs):
    assert trained(lake, inputs)[0].digest == trained(lake, inputs)[0].digest


def test_what_a_model_needs_to_know_of_it(lake, inputs):
    _, tokenizer, figures = trained(lake, inputs)
    assert figures["vocab_size"] == tokenizer.get_vocab_size() == 650
    assert figures["padded_vocab_size"] == 768
    assert figures["end_of_document"] == {"token": "<|endoftext|>", "id": 0}
    assert figures["padding"] == {"token": "<|padding|>", "id": 1}


def test_the_models_vocabulary_follows_the_recipe_though_the_text_has_fewer_tokens(lake):
    inputs = refinery.decided(lake, [[{"text": ENGLISH}] * 20])
    figures = trained(lake, inputs, TokenizerConfig(train=TrainTokenizer(vocab_size=4096)))[2]
    assert figures["vocab_size"] < 1000
    assert figures["padded_vocab_size"] == 4096


def test_a_handful_of_documents_is_enough_to_be_measured_on(lake):
    inputs = refinery.decided(lake, [[{"id": f"{number:016x}", "text": english(number)} for number in range(3)]])
    figures = trained(lake, inputs, TokenizerConfig(train=TrainTokenizer(vocab_size=300)))[2]
    assert figures["round_trip"]["documents"] > 0 == figures["round_trip"]["failed"]


def test_it_reads_every_text_and_gives_it_back(lake, inputs):
    _, tokenizer, figures = trained(lake, inputs)
    odd = "naïve 🎉\x00 汉字 한국어\r\n\t  العربية 1234 ﷽"
    assert tokenizer.decode(tokenizer.encode(odd).ids) == odd
    assert figures["round_trip"]["failed"] == 0 < figures["round_trip"]["documents"]


def test_digits_stand_alone_and_placeholders_stay_whole(lake, inputs):
    _, tokenizer, _ = trained(lake, inputs)
    tokens = tokenizer.encode("in 2026 <|email|>").tokens
    assert [token for token in tokens if token.isdigit()] == ["2", "0", "2", "6"]
    assert "<|email|>" in tokens
    assert tokenizer.decode(tokenizer.encode("to <|email|>").ids) == "to <|email|>"


def test_what_clean_puts_in_the_place_of_personal_data_is_kept_whole():
    assert TokenizerConfig().keep_whole == tuple(PLACEHOLDERS.values())


def test_figures_by_language(lake, inputs):
    _, _, figures = trained(lake, inputs)
    assert set(figures["by_lang"]) == {"en", "zh", "code"}
    assert figures["by_lang"]["en"]["bytes_per_token"] > 2
    assert figures["by_lang"]["zh"]["characters_per_token"] > 1
    assert 0 <= figures["unused_tokens"]["share"] < 1


def test_the_sample_follows_the_weights(lake, inputs):
    config = TokenizerConfig(train=TrainTokenizer(vocab_size=400, sample_bytes=40_000, weights={"zh": 3, "en": 1}))
    sampled = trained(lake, inputs, config)[2]["sample"]["bytes"]
    assert set(sampled) == {"zh", "en"}
    assert sum(sampled.values()) == pytest.approx(40_000, rel=0.3)
    assert sampled["zh"] / sampled["en"] == pytest.approx(3, rel=0.4)


def test_what_one_language_lacks_the_others_give():
    config = TrainTokenizer(sample_bytes=1000, weights={"zh": 1, "en": 1})
    assert targets({"zh": 100, "en": 5000, "code": 10}, config) == {"zh": 100, "en": 900}
    assert targets({"zh": 100, "en": 300}, config) == {"zh": 100, "en": 300}
    with pytest.raises(StageError, match=r"none of zh, en is left .*there are \(code\)"):
        targets({"code": 10}, config)


def test_web_leftovers_in_the_vocabulary_are_listed(lake):
    parts = [
        [{"text": f"{ENGLISH} see https://www.example.com/{seed} ======== 版权所有转载请注明"} for seed in range(60)]
    ]
    _, _, figures = trained(lake, refinery.decided(lake, parts))
    assert {"link", "run", "phrase"} <= {token["rule"] for token in figures["dirty_tokens"]}


def test_a_tokenizer_from_a_file(lake, inputs, tmp_path):
    _, tokenizer, _ = trained(lake, inputs)
    file = tmp_path / "tokenizer.json"
    tokenizer.save(str(file))
    config = TokenizerConfig(path=str(file)).with_digest()
    _, taken, figures = trained(lake, inputs, config)
    assert taken.get_vocab() == tokenizer.get_vocab()
    assert figures["by_lang"]["zh"]["tokens"] > 0
    with pytest.raises(StageError, match=r"tokenizer.end_of_document: there is no token '</s>'"):
        trained(lake, inputs, config.model_copy(update={"end_of_document": "</s>"}))
