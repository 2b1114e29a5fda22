"""One corpus that holds every fate, in a lake in which it went through every stage up to the blocks of two phases."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

from smelt.engine.make import make_artifact, make_context, serially
from smelt.lake import Lake, Manifest
from smelt.recipe import parse_recipe
from smelt.run import Run
from tests.chain import make_through, plan_of
from tests.cli.running import run
from tests.tasks.texts import chinese, english

ITEM = "The harbour master at Kell keeps two clocks because the tide there turns twice as often as here"
REFRAIN = "And once more the ferry left at dawn, as it had left every day."
TEXTS = {
    "short": "短文。",
    "good": chinese(100),
    "copy": english(2).replace(" ", "\n "),
    "near": chinese(1) + chinese(3)[:8],
    "leak": english(5) + " " + ITEM + ". " + english(6),
    "original": english(2),
    "refrain": "\n\n".join([english(7, 25), REFRAIN, english(8, 12), REFRAIN, REFRAIN]),
    **{f"page{number}": chinese(number) for number in range(8)},
}


@dataclass(frozen=True)
class Told:
    """The lake, by name the artifacts up to the first phase's blocks, and the file of the benchmark.

    The run is called ``one``.
    """

    lake: Lake
    run: Run
    made: dict[str, Manifest]
    benchmark: Path

    def smelt(self, *arguments: str) -> CompletedProcess[str]:
        """What a command says about this lake."""
        environment = {**self.lake.settings.environment(), "SMELT_LAKE": self.lake.url}
        return run(*arguments, environment=environment)

    def __call__(self, *arguments: str) -> CompletedProcess[str]:
        """What ``smelt explain`` says."""
        return self.smelt("explain", *arguments)


def tell(lake: Lake, folder: Path) -> Told:
    """Make the lake; its raw files lie in ``folder``."""
    lines = [json.dumps({"text": text, "url": f"https://a/{name}"}) for name, text in TEXTS.items()] + ["{broken"]
    (folder / "web.jsonl").write_text("\n".join(lines) + "\n")
    benchmark = folder / "tides.jsonl"
    benchmark.write_text(json.dumps({"prompt": "What is this? " * 6}) + "\n" + json.dumps({"prompt": ITEM}) + "\n")
    raw = {
        "name": "small",
        "sources": [{"name": "web", "kind": "files", "paths": [f"{folder}/web.jsonl"]}],
        "select": {"groups": [{"rules": {"short": "num_chars < 20", "brief": "num_chars < 30 or num_words < 2"}}]},
        "dedup": {"spans": {"min_left": 0.2}},
        "decontaminate": {"benchmarks": [{"name": "tides", "path": str(benchmark)}]},
        "tokenizer": {"train": {"vocab_size": 400, "sample_bytes": 10_000}},
        "tokens": {"validation_share": 0.0},
        "mixture": {"max_epochs": 16},
        "block_tokens": 256,
        "model": {"preset": "tiny"},
        "phases": [
            {"name": name, "tokens": tokens, "sequence_length": 64, "global_batch_size": 2, "packing": packing}
            for name, tokens, packing in (("main", 3072, "concatenate"), ("anneal", 4096, "best_fit"))
        ],
    }
    recipe = parse_recipe(raw, where="small")
    plan = plan_of(recipe, lake)
    made = make_through(recipe, lake, "blocks-1")
    anneal = plan.planned("blocks-2")
    make_artifact(anneal, make_context(recipe, anneal, lake), serially)
    now = datetime.now(UTC).isoformat()
    first = Run(id="one", recipe_path="small", overrides={}, recipe=recipe, plan=plan, created=now)
    lake.put("runs/one/run.json", first.model_dump_json().encode())
    return Told(lake, first, made, benchmark)
