"""A tokenizer trained on the recipe's own documents: same in, same out, and it says what it is worth."""

import json
import re

import pyarrow as pa
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from smelt.errors import RecipeError, StageError
from smelt.gates.tokenizer import tokenizer as tokenizer_gate
from smelt.lake import held
from smelt.recipe import Recipe
from smelt.recipe.clean import PLACEHOLDERS
from smelt.recipe.gates import TokenizerGate
from smelt.recipe.tokenizer import ROLES, DirtyTokens, OtherTokenizer, TokenizerConfig, TrainTokenizer
from smelt.recipe.tokenlist import TokenList
from tasks.encoder import Encoder
from tasks.tokenizer import STAGE, counting, judge, sample
from tasks.tokenizer.sample import of_texts, targets
from tasks.tokenizer.train import train
from tests.tasks import refinery
from tests.tasks.texts import CHINESE, CODE, ENGLISH, chinese, english

CONFIG = TokenizerConfig(
    train=TrainTokenizer(vocab_size=650, sample_bytes=200_000), add_tokens=TokenList(tokens=("<|email|>",))
)

RECIPE = {
    "name": "small",
    "sources": [{"name": "notes", "kind": "files", "paths": ["notes/*.txt"]}],
    "model": {"preset": "tiny"},
    "phases": [{"name": "main", "tokens": 10_000, "sequence_length": 32, "global_batch_size": 8}],
}


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
        json.loads(lake.get(manifest.key("tokenizer", "/card.json"))),
    )


def test_training_twice_gives_the_same_bytes(lake, inputs):
    assert trained(lake, inputs)[0].digest == trained(lake, inputs)[0].digest


def row_group_by_row_group(*arguments, drawn=sample.drawn):
    """Documents drawn as from a part whose row groups hold one document each."""
    for train_on, measure_on, rows in drawn(*arguments):
        yield train_on.slice(0, 0), measure_on, rows[:0]
        yield from ((train_on.slice(row, 1), measure_on.slice(0, 0), rows[row : row + 1]) for row in range(len(rows)))


@pytest.mark.parametrize(("held_words", "range_bytes"), [(50, 10**9), (10**9, 3000), (50, 3000)])
def test_words_that_many_workers_count_teach_what_those_of_one_do(lake, monkeypatch, held_words, range_bytes):
    """In runs, in ranges of hashes, or both: the same artifact to the byte, examples and where they are from too."""
    leftovers = [
        {"text": f"{english(seed)} {LEFTOVERS} {seed} <EMAIL>", "url": f"https://h{seed % 7}/"} for seed in range(40)
    ]
    code = [{"text": CODE.replace("total", f"sum_{seed}"), "lang": "code"} for seed in range(20)]
    inputs = refinery.decided(lake, [leftovers[:20], code, [*leftovers[20:], {"text": chinese(3), "lang": "zh"}]])
    whole, _, card = trained(lake, inputs)
    assert card["removed_tokens"]["link"] > 0 and card["added_tokens"]["<EMAIL>"] > 30
    context = refinery.context(lake, "tokenizer", CONFIG, inputs)
    plan = sample.plan(context, CONFIG.train)
    drawn = pa.concat_tables([table for part in plan.parts for table, _, _ in sample.drawn(context, plan, part)])
    at_once = train(drawn, CONFIG)
    assert at_once.tokenizer_json == lake.get(whole.key("tokenizer", "/tokenizer.json"))
    assert at_once.removed == card["removed_tokens"]
    assert at_once.examples == card["removed_examples"]

    monkeypatch.setattr(counting, "MAX_WORDS", held_words)
    monkeypatch.setattr(counting, "RANGE_BYTES", range_bytes)
    monkeypatch.setattr(sample, "drawn", row_group_by_row_group)
    assert refinery.run(STAGE, context).digest == whole.digest
    ranges = counting.num_ranges(context)
    assert len(context.records("ranges")) == ranges and (ranges > 3) == (range_bytes < 10**9)
    files = [held.open_parquet(lake, context.artifact, record) for record in context.records("words").values()]
    assert sum(file.num_row_groups for file in files) > (30 if held_words < 10**9 else 3 * (ranges - 1))


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
    uses = figures["added_tokens"]
    assert 20 < uses["GPT-4o"] == uses["GPT-4"] == uses["渡船"] <= 30
    assert uses["<EMAIL>"] == 0
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


LEFTOVERS = "see https://www.example.com/ &nbsp; ======== 版权所有转载请注明出处 天天彩票 casino"


def test_web_leftovers_are_not_let_into_a_vocabulary_and_listed_in_a_given_one(lake, tmp_path):
    parts = [[{"text": f"{english(seed)} {LEFTOVERS} {seed}"} for seed in range(60)]]
    inputs = refinery.decided(lake, parts)
    manifest, tokenizer, figures = trained(lake, inputs)
    removed = {"link", "markup", "run", "phrase", "spam"}
    assert removed <= figures["removed_tokens"].keys()
    assert figures["dirty_tokens"] == [] and manifest.stats["tokenizer"]["num_dirty_tokens"] == 0
    example = next(item for item in figures["removed_examples"] if item["token"] == " casino")
    assert (example["rule"], example["origin"]) == ("spam", "test") and " casino" in example["text"]
    assert len(tokenizer.encode(" casino").tokens) > 1
    everything = CONFIG.model_copy(update={"train": CONFIG.train.model_copy(update={"dirty": DirtyTokens(rules=())})})
    (tmp_path / "dirty.json").write_bytes(
        train(refinery.sample([item["text"] for item in parts[0]]), everything).tokenizer_json
    )
    found = trained(lake, inputs, TokenizerConfig(path=str(tmp_path / "dirty.json")))[2]["dirty_tokens"]
    assert removed <= {token["rule"] for token in found}


def vocabulary(texts, *, lang="en", sources=("test",), **options):
    """What a tokenizer that is trained on texts has learned, as texts, in order; and how it was trained."""
    options = {"vocab_size": 1000} | options
    made = train(refinery.sample(texts, lang=lang, sources=sources), TokenizerConfig(train=TrainTokenizer(**options)))
    tokenizer = Tokenizer.from_str(made.tokenizer_json.decode())
    names = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    given = len(TokenizerConfig().special_tokens) + len(PLACEHOLDERS) + 256
    return [decoders.ByteLevel().decode([name]) for name in names[given:]], made


def test_the_merges_are_those_of_tokenizers_where_nothing_is_dirty():
    texts = [english(seed) for seed in range(40)] + [CODE]
    rules = DirtyTokens(rules=())
    _, made = vocabulary(texts, lang="code", vocab_size=700, dirty=rules)
    theirs = Tokenizer(models.BPE())
    ours = Tokenizer.from_str(made.tokenizer_json.decode())
    theirs.pre_tokenizer = ours.pre_tokenizer
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = [token.content for _, token in sorted(ours.get_added_tokens_decoder().items())]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=alphabet, min_frequency=2, show_progress=False
    )
    theirs.train_from_iterator(texts, trainer)
    assert ours.get_vocab() == theirs.get_vocab()
    assert json.loads(ours.to_str())["model"]["merges"] == json.loads(theirs.to_str())["model"]["merges"]


def test_no_token_has_broken_bytes_or_glues_scripts_or_lines():
    texts = [f"使用Python编程{chinese(seed)}\n{english(seed)}.\n\n葡萄ab葡萄\n" for seed in range(60)]
    learned, made = vocabulary(texts, vocab_size=2000)
    assert {"bytes", "glued", "line"} <= made.removed.keys()
    assert "葡萄" in learned and "Python" in learned and "\n\n" in learned
    assert not [text for text in learned if "\ufffd" in text.rstrip("\ufffd")]
    assert not [text for text in learned if re.search(r"[\u4e00-\u9fff].*[A-Za-z]|[A-Za-z].*[\u4e00-\u9fff]", text)]
    assert not [text for text in learned if re.search(r"\S\n", text)]
    learned, made = vocabulary([CODE + f"x = {seed}\n" for seed in range(40)], lang="code")
    assert ":\n" in learned and not [text for text in learned if re.search(r"\n *\S", text)]
    encoded = Tokenizer.from_str(made.tokenizer_json.decode()).encode("for x in y:\n        total += x").tokens
    assert "ĠĠĠĠĠĠĠ" in encoded  # seven of the eight spaces; the last is the next word's


@pytest.mark.parametrize(("digits", "cut"), [(1, "1 2 3 4 5 6 7"), (2, "1 23 45 67"), (3, "1 234 567")])
def test_digits_stand_in_groups_from_the_right(digits, cut):
    texts = [f"{number} {10**6 + number}" for number in range(1000, 1999)] + ["1234567"] * 100
    made = vocabulary(texts, vocab_size=2000, digits=digits)[1]
    assert Tokenizer.from_str(made.tokenizer_json.decode()).encode("1234567").tokens == cut.split()


def test_what_one_source_alone_says_is_no_token_and_listed_strings_are_none():
    texts = [f"{english(seed)} {'Brandname' if seed % 8 == 0 else ''} lighthouses" for seed in range(160)]
    sources = [f"site-{number}" for number in range(8)]
    learned, made = vocabulary(texts, sources=sources, dirty=DirtyTokens(listed=TokenList(tokens=("ferry",))))
    assert " lighthouses" in learned and not [text for text in learned if "Brandname" in text or "ferry" in text]
    brand = [item for item in made.examples if "rand" in item["token"]]
    assert {(item["rule"], item["origin"]) for item in brand} == {("origin", "site-0")}
    assert all("Brandname" in item["text"] for item in brand)
    assert made.removed["listed"] > 0
    learned, _ = vocabulary(texts, sources=sources[:2])  # of two, that one alone says a word tells nothing
    assert " Brandname" in learned


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


def test_a_taken_tokenizer_is_extended_after_its_own_ids(lake, inputs, tmp_path):
    _, old, _ = trained(lake, inputs)
    old.save(str(tmp_path / "old.json"))
    config = TokenizerConfig(
        path=str(tmp_path / "old.json"), extend=True, reserved=18, add_tokens=TokenList(tokens=("灯塔", "ferry"))
    )
    manifest, new, figures = trained(lake, inputs, config.with_digest())
    names = ["<|reserved_8|>", "<|reserved_9|>", "灯塔", "ferry"]
    assert [new.token_to_id(name) for name in names] == [650, 651, 652, 653]
    assert all(new.token_to_id(token) == number for token, number in old.get_vocab().items())
    assert (figures["vocab_size"], figures["padded_vocab_size"]) == (654, 768)
    pieces = json.loads(lake.get(manifest.key("tokenizer", "/figures.json")))["pieces"]
    assert pieces["652"] == old.encode("灯塔").ids and [*pieces] == ["650", "651", "652", "653"]
    assert new.encode("bread, letters").ids == old.encode("bread, letters").ids
    assert new.encode("灯塔").ids == [652] and figures["added_tokens"]["ferry"] > 0
    assert Recipe.model_validate(RECIPE | {"tokenizer": config}).vocab_size == 654
    with pytest.raises(ValueError, match="extend: there is no tokenizer to extend"):
        TokenizerConfig(extend=True)


def test_a_vocabulary_is_read_as_often_however_large_it_is(monkeypatch):
    """Once a token would be hours for a large one."""
    reads = []

    class Counted:
        @staticmethod
        def from_str(content):
            reads.append(content)
            return Tokenizer.from_str(content)

    monkeypatch.setattr(judge, "Tokenizer", Counted)
    texts = [english(seed) for seed in range(20)]
    for size in (400, 600):
        _, made = vocabulary(texts, vocab_size=size)
        card = judge.judge(made, of_texts(texts), whole=(), dirty=DirtyTokens())
        assert card["round_trip"]["failed"] == 0
    assert len(reads) == 2, "one of each"


def test_the_card_says_what_a_vocabulary_is_like_beside_others(lake, inputs, tmp_path):
    _, tokenizer, _ = trained(lake, inputs)
    tokenizer.save(str(tmp_path / "other.json"))
    config = CONFIG.model_copy(update={"compare": {"other": OtherTokenizer(path=str(tmp_path / "other.json"))}})
    manifest, _, card = trained(lake, inputs, config.with_digest())
    assert card["beside"]["other"]["by_lang"] == card["by_lang"]
    for sizes in (*card["by_lang"].values(), *card["by_domain"].values()):
        assert sizes["fertility"] == pytest.approx(sizes["tokens"] / sizes["words"], abs=1e-3)
    assert card["by_lang"]["zh"]["words"] > 0.8 * card["by_lang"]["zh"]["characters"] * 0.8
    assert {name: sizes["characters"] for name, sizes in card["coverage"].items()} == {
        "gb2312_level_1": 3755,
        "gb2312_level_2": 3008,
        "gb18030_two_bytes": 21_001,
    }
    assert 20 < card["coverage"]["gb2312_level_1"]["single_tokens"] < 200
    assert card["digits"] == {"number": "1234567", "tokens": 7, "longest": 1}
    assert card["white_space"]["across_lines"] == 0 and card["white_space"]["tokens_of_indentation"]["8"] <= 4
    assert "dead_tokens" not in manifest.stats["tokenizer"] and len(card["dead_tokens"]) > 0
    page = tokenizer_gate(lake, manifest, {}, TokenizerGate()).pages["card"]
    assert "other" in page and "3,755" in page and "<script" not in page


def test_chinese_is_asked_of_large_vocabularies_and_dirt_of_trained_ones(lake, inputs):
    manifest, _, card = trained(lake, inputs)
    gate = tokenizer_gate(lake, manifest, {}, TokenizerGate())
    asked = {check.sentence: check.expected for check in gate.checks}
    assert gate.figures["chinese_characters_per_token"] == card["by_lang"]["zh"]["characters_per_token"]
    assert gate.figures["dirty_share"] == 0 and asked["Few tokens are dirty"] == "≤ 0.5 %"
    assert not [sentence for sentence in asked if "Chinese" in sentence]
    stats = {"tokenizer": manifest.stats["tokenizer"] | {"vocab_size": 64_000}}
    large = manifest.model_copy(update={"stats": stats, "config": manifest.config | {"train": None}})
    asked = {check.sentence: check.expected for check in tokenizer_gate(lake, large, {}, TokenizerGate()).checks}
    assert asked["A token stands for enough characters of Chinese"] == "≥ 1.4" and "Few tokens are dirty" not in asked
