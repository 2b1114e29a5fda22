"""The gates between text and report."""

import json

from smelt.gates import model
from smelt.lake import Lake
from smelt.recipe.gates import BlocksGate, EvaluateGate, TrainGate
from tests.evaluation.artifacts import TOKENS_PER_STEP, whole_run


def test_a_later_phase_is_held_to_the_loss_with_which_training_began(lake: Lake):
    made, _ = whole_run(lake)
    first, second = (model.train(lake, made[f"train-{place}"], {}, TrainGate()).figures for place in (1, 2))
    assert (first["steps"], second["steps"]) == (180, 60)
    assert second["first_loss"] == first["first_loss"]
    assert second["last_loss"] < first["last_loss"]


def test_the_tokens_of_a_phase_s_blocks_are_those_of_that_phase(lake: Lake):
    made, _ = whole_run(lake)
    gate = model.blocks(lake, made["blocks-2"], {}, BlocksGate())
    [tokens] = [check for check in gate.checks if check.sentence == "No token is missing"]
    assert gate.figures["tokens"] == 60 * TOKENS_PER_STEP and tokens.expected == f"{60 * TOKENS_PER_STEP:,}"
    assert [name for name in gate.figures if name.startswith("mixture_error")] == ["mixture_error_anneal"]


def test_a_mixture_that_was_missed_names_its_groups(lake: Lake):
    made, _ = whole_run(lake)
    stats = json.loads(json.dumps(made["blocks-1"].stats))
    mixture = next(iter(stats["mixture"].values()))
    mixture["got"] = {"zh": 100, "en": 800, "code": 100}
    gate = model.blocks(lake, made["blocks-1"].model_copy(update={"stats": stats}), {}, BlocksGate())
    [check] = [check for check in gate.checks if "share of phase" in check.sentence]
    assert check.sentence.endswith("; en has 80 % of 40 %, zh has 10 % of 40 %"), "code is within the tolerance"
    held = model.blocks(lake, made["blocks-1"], {}, BlocksGate())
    assert not any("has" in check.sentence.partition("(largest difference)")[2] for check in held.checks)


def test_what_packing_costs_and_saves_stands_beside_the_needless_cuts_that_there_must_not_be(lake: Lake):
    made, _ = whole_run(lake)
    stats = json.loads(json.dumps(made["blocks-2"].stats))
    stats["tokens_by_phase"] = {"anneal": 2000}
    otherwise = {"cut": 30, "needless": 22}
    for needless, holds in ((0, True), (1, False)):
        packing = {"documents": 100, "padding": 100, "cut": 8, "needless": needless, "concatenate": otherwise}
        stats["packing"] = {"anneal": packing}
        gate = model.blocks(lake, made["blocks-2"].model_copy(update={"stats": stats}), {}, BlocksGate())
        [check] = [check for check in gate.checks if "is cut" in check.sentence]
        assert check.sentence == (
            "No document that fits a sequence of phase anneal is cut; 5 % of its tokens are padding; of 100 documents "
            "8 are longer and are cut; laid end to end 30 would be, 22 needlessly"
        )
        assert (gate.figures["needless_cuts_anneal"] == float(check.expected)) == holds
        assert gate.figures["padding_anneal"] == 0.05 and gate.figures["cut_if_concatenated_anneal"] == 0.3


def test_a_loss_on_ones_own_texts_and_preferences_are_asked_of_the_last_checkpoint(lake: Lake):
    made, _ = whole_run(lake)
    gate = model.evaluate(lake, made["evaluate"], {}, EvaluateGate(min_preferred=0.5))
    asked = {check.sentence: check for check in gate.checks}
    loss = asked["The loss on the texts general is low enough"]
    assert (gate.figures["loss of general"], loss.expected) == (2.3727, "≤ 2")
    assert gate.figures["preferences of documents"] == 0.0, "the only one has turned"
    free = made["evaluate"].model_copy(update={"config": {"texts": {"general": {"max_loss": None}}}})
    assert not [check for check in model.evaluate(lake, free, {}, EvaluateGate()).checks if "texts" in check.sentence]
