"""A tokenizer trained on the recipe's own documents: same in, same out, and it says what it is worth."""

import json

import pyarrow as pa
import pytest
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from smelt.errors import RecipeError, StageError
from smelt.recipe.clean import PLACEHOLDERS
from smelt.recipe.tokenizer import ROLES, TokenizerConfig, TrainTokenizer
from smelt.recipe.tokenlist import TokenList
from tasks.encoder import Encoder
from tasks.tokenizer import STAGE
from tasks.tokenizer.sample import targets
from tests.tasks import refinery
from tests.tasks.texts import CHINESE, CODE, ENGLISH, chinese, english

CONFIG = TokenizerConfig(
    train=TrainTokenizer(vocab_size=650, sample_bytes=200_000), add_tokens=TokenList(tokens=("<|email|>",))
)


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


def test_what_clean_puts_in_the_place_of_personal_data_is_one_token_whatever_else_is_added():
    placeholders = tuple(PLACEHOLDERS.values())
    assert TokenizerConfig().whole_tokens() == placeholders
    assert CONFIG.whole_tokens() == (*placeholders, "<|email|>")
    former = TokenizerConfig.model_validate({"keep_whole": ["<EMAIL>", "<X>"]})  # as recipes of earlier runs have it
    assert former.whole_tokens() == (*placeholders, "<X>")


def test_named_tokens_are_there_before_they_are_needed(lake, inputs):
    _, tokenizer, figures = trained(lake, inputs, CONFIG.model_copy(update={"reserved": 12}))
    names = [*ROLES, *(f"<|reserved_{number}|>" for number in range(4))]
    assert figures["reserved_tokens"] == {name: 2 + place for place, name in enumerate(names)}
    assert [tokenizer.token_to_id(name) for name in names] == [*range(2, 14)]
    loaded = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    assert loaded(f"a{names[1]}b").input_ids == [tokenizer.token_to_id("a"), 3, tokenizer.token_to_id("b")]
    ids, _ = Encoder(tokenizer.to_str().encode()).encode(pa.array([" ".join(names)]))  # in a document they are text
    assert not {*range(2, 14)} & {*ids.tolist()}


def test_added_tokens_are_never_cut_and_their_uses_are_counted(lake, tmp_path):
    (tmp_path / "terms.txt").write_text("渡船\nGPT-4o\n\nGPT-4\n")
    config = CONFIG.model_copy(update={"add_tokens": TokenList(path=str(tmp_path / "terms.txt"))}).with_digest()
    texts = [{"text": f"{english(seed)} GPT-4o, GPT-4; {CHINESE}"} for seed in range(30)]
    _, tokenizer, figures = trained(lake, refinery.decided(lake, [texts]), config)
    assert {"GPT-4o": 30, "GPT-4": 30, "渡船": 30}.items() <= figures["added_tokens"].items()
    assert figures["added_tokens"]["<EMAIL>"] == 0
    assert tokenizer.encode("GPT-4o的渡船").tokens.count("渡船") == 1
    assert not [token for token in tokenizer.get_vocab() if "GPT" in token and token not in ("GPT-4o", "GPT-4")]
    (tmp_path / "terms.txt").write_text("other")
    with pytest.raises(RecipeError, match=r"tokenizer.add_tokens: .*terms.txt: the file's digest is"):
        trained(lake, refinery.decided(lake, [texts]), config)


def test_tokens_that_can_not_be_added_are_one_line():
    with pytest.raises(RecipeError, match=r"tokenizer.add_tokens: <\|user\|> is a special token \(leave it out"):
        TokenizerConfig(add_tokens=TokenList(tokens=("<|user|>",))).with_digest()
    with pytest.raises(RecipeError, match=r"train.vocab_size: 1268 tokens are there .* the vocabulary has 400 \(raise"):
        TokenizerConfig(train=TrainTokenizer(vocab_size=400), reserved=1000).with_digest()


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
