"""Is the data better? The same raw pages and files, cleaned in several ways; small models judged on text none has seen.

Raw input are Debian's documentation in English and Chinese with all its chrome, manual pages, Python's standard
library and, from a folder (or `WEB_PAGES`), web pages that are no part of the project; duplicates as they occur; and
for every ten documents of prose one of planted harm, and a line of spam in one page of ten. Arms:

* ``raw``: all text of the pages, uncleaned;
* ``fineweb``, ``fineweb_2``: datatrove's chains, trafilatura and MinHash with them (``bench/peers/datatrove.py``);
* ``smelt``: our default recipe by its own stages, and ``without_…``: that with a part left out.

All are trained with the same tokenizer, which was trained on as much of each of these four, the same small model,
tokens, order and shares of languages (text is repeated where there is less), under three seeds; the first four once
more at equal raw input: one pass over what each makes of it. Judged are bits per byte of plain-text and source files of
other packages, but for pieces that training text holds a fifth of. ``ratios`` are theirs over ours at equal tokens,
over all (the mean of the languages) and by language, ``datatrove`` being the better of its chains; names in
``_equal_raw`` are at equal raw input. A claim stands where the interval (in ``figures``) is above 1. ``left_out``
holds, for each part, what is lost where it is left out, likewise. ``harm_removed`` are shares of what was planted.

    python -m bench.worth --json FILE [--web FOLDER] [--megabytes 20] [--tokens 600000]
"""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from bench.arms import heldout, intervals, raw, recipes
from bench.arms.heldout import Piece
from bench.arms.learning import losses
from bench.arms.raw import Harm, Raw
from bench.arms.recipes import OURS, Arm, Sizes
from bench.command import arguments_of, publish
from bench.peers.environment import ask
from bench.store import own_store
from smelt.lake import Lake
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.model import ModelConfig
from smelt.recipe.training.phases import Phase
from tasks.tokenizer.sample import of_texts
from tasks.tokenizer.train import train as train_tokenizer

SEEDS = (1, 2, 3)
HEAD_SIZE = 32
VOCAB_SIZE = 1024
RAW = "raw"
CHAINS = ("fineweb", "fineweb_2")
PEER = "datatrove"
EQUAL_RAW = "_equal_raw"
SAMPLE_BYTES = 400_000
"""Of each language of each arm that the tokenizer is trained on."""


@dataclass(frozen=True)
class Compared:
    """What came of the arms.

    Attributes:
        losses: nats of each piece by arm, [seeds, pieces]; at equal raw input under the arm's name and ``EQUAL_RAW``.
        figures: of each arm its documents, unique tokens, tokens at equal raw input and shares of harm removed.
    """

    pieces: list[Piece]
    losses: dict[str, np.ndarray]
    figures: dict[str, dict[str, Any]]


def compare(
    arms: list[Arm],
    lake: Lake,
    folder: Path,
    pieces: list[Piece],
    harms: list[Harm],
    sizes: Sizes,
    *,
    seeds: Iterable[int] = SEEDS,
    whole: Iterable[str] = (),
    processes: int = 1,
) -> Compared:
    """Make every arm, train on it and judge.

    Args:
        whole: arms that are trained on one pass over all that they make, too; the tokenizer is trained on these, or
            on all where none is named.
    """
    texts = {arm.name: recipes.texts_of(lake, recipes.make(arm, lake, recipes.DECIDED, sizes)) for arm in arms}
    pieces = heldout.unseen(pieces, [text for own in texts.values() for of in own.values() for text in of])
    tokenizer = folder / "tokenizer.json"
    of = [texts[name] for name in whole] or list(texts.values())
    config = TokenizerConfig(train=TrainTokenizer(vocab_size=sizes.vocab_size))
    tokenizer.write_bytes(train_tokenizer(of_texts(_sample(of)), config).tokenizer_json)
    figures: dict[str, dict[str, Any]] = {}
    todo: dict[str, list[tuple[Arm, int]]] = {}
    for arm in arms:
        encoded = recipes.make(arm, lake, "tokens", sizes, tokenizer=tokenizer)["tokens"].stats["train"]
        figures[arm.name] = {
            "documents": encoded["documents"],
            "unique_tokens": encoded["tokens_by_lang"],
            "tokens_of_one_pass": encoded["tokens"],
            "harm_removed": harm_removed(texts[arm.name], harms),
        }
        todo[arm.name] = [(arm, sizes.tokens)]
        if arm.name in whole:
            natural = Arm(arm.name, arm.sources, {**arm.values, "mixture": {"weights": {}, "max_epochs": 1}})
            todo[arm.name + EQUAL_RAW] = [(natural, max(sizes.step_tokens, encoded["tokens"] - sizes.step_tokens))]
    jobs = [(name, *job, seed) for seed, (name, own) in product(seeds, todo.items()) for job in own]
    made = [
        (
            name,
            _config(sizes, tokens, seed),
            recipes.make(arm, lake, "blocks", sizes, tokens=tokens, seed=seed, tokenizer=tokenizer),
        )
        for name, arm, tokens, seed in jobs
    ]
    found: dict[str, list[np.ndarray]] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        tasks = [(name, pool.submit(losses, config, lake, of, pieces)) for name, config, of in made]
        for number, (name, task) in enumerate(tasks):
            found.setdefault(name, []).append(task.result())
            print(f"{number + 1} of {len(tasks)} trained: {name}", flush=True)
    return Compared(pieces, {name: np.array(own) for name, own in found.items()}, figures)


def harm_removed(texts: Mapping[str, list[str]], harms: list[Harm]) -> dict[str, float]:
    """The share of each kind that no text shows any more."""
    squeezed = [raw.squeezed(text) for own in texts.values() for text in own]
    left: dict[str, list[bool]] = {}
    for harm in harms:
        left.setdefault(harm.kind, []).append(any(map(harm.is_in, squeezed)))
    return {kind: 1 - sum(found) / len(found) for kind, found in sorted(left.items())}


def datatrove(folder: Path, files: list[Raw]) -> list[Arm]:
    """The arms of datatrove's chains; none where it can't be run."""
    rows = [{"id": raw.name, "lang": raw.lang, "html": raw.is_html, "content": raw.text} for raw in files]
    asked = folder / "asked.jsonl"
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    answer = ask(PEER, asked) or {}
    return [recipes.of_texts(folder, chain, answer[chain]) for chain in CHAINS if answer.get(chain)]


def result_of(compared: Compared) -> dict[str, Any]:
    """Ratios, intervals and figures, as a bench has them."""
    by_arm = {
        name: intervals.ratios(
            own, compared.losses[OURS + (EQUAL_RAW if name.endswith(EQUAL_RAW) else "")], compared.pieces
        )
        for name, own in compared.losses.items()
        if name.removesuffix(EQUAL_RAW) != OURS
    }
    shown: dict[str, Mapping[str, tuple[float, float, float]]] = {}
    for suffix in ("", EQUAL_RAW):
        if f"{RAW}{suffix}" in by_arm:
            shown[f"{RAW}{suffix}"] = by_arm[f"{RAW}{suffix}"]
        chains = [by_arm[f"{chain}{suffix}"] for chain in CHAINS if f"{chain}{suffix}" in by_arm]
        if chains:
            shown[f"{PEER}{suffix}"] = min(chains, key=lambda found: found[intervals.ALL][0])
    named = {
        name if lang == intervals.ALL else f"{name}_{lang}": of
        for name, own in shown.items()
        for lang, of in own.items()
    }
    parts = {name.removeprefix("without_"): own for name, own in by_arm.items() if name.startswith("without_")}
    return {
        "ratios": {name: ratio for name, (ratio, _, _) in named.items()},
        "figures": {
            "left_out": {part: own[intervals.ALL][0] for part, own in parts.items()},
            "intervals": by_arm,
            "claims": {name: low > 1 for name, (_, low, _) in named.items()},
            "bits_per_byte": {
                name: intervals.bits_per_byte(own, compared.pieces) for name, own in compared.losses.items()
            },
            "held_out": {
                lang: sum(piece.bytes for piece in compared.pieces if piece.lang == lang)
                for lang in sorted({piece.lang for piece in compared.pieces})
            },
            "arms": compared.figures,
        },
    }


def model_of(width: int, layers: int) -> dict[str, int]:
    """A model's shape, as a recipe has it."""
    heads = width // HEAD_SIZE
    return {"num_layers": layers, "hidden_size": width, "num_heads": heads, "num_query_groups": heads}


def measure(sizes: Sizes, web: Path | None, megabytes: float, kilobytes: float, processes: int) -> dict[str, Any]:
    """All arms on real raw input."""
    with own_store() as settings, tempfile.TemporaryDirectory() as home:
        lake, folder = Lake(settings, url="s3://smelt/worth"), Path(home)
        files, harms = raw.plant(raw.gather(megabytes, web))
        texts = {file.name: file.plain for file in files}
        arms = [*recipes.ours(folder, files), recipes.of_texts(folder, RAW, texts), *datatrove(folder, files)]
        whole = [arm.name for arm in arms if arm.name in (OURS, RAW, *CHAINS)]
        found = compare(arms, lake, folder, heldout.gather(kilobytes), harms, sizes, whole=whole, processes=processes)
    result = result_of(found)
    result["figures"]["raw"] = {
        "files": len(files),
        "megabytes": sum(len(file.text.encode()) for file in files) / 1e6,
        "planted": {kind: sum(harm.kind == kind for harm in harms) for kind in sorted({harm.kind for harm in harms})},
        "web_pages": web is not None,
    }
    parameters = ModelConfig(**sizes.model).num_parameters(sizes.vocab_size)
    result["figures"]["model"] = {"parameters": parameters, "tokens": sizes.tokens, "seeds": len(SEEDS)}
    return result


def table(figures: dict[str, Any]) -> list[str]:
    """A line for each arm: bits per byte, the ratio with its interval, what it has and what harm it took out."""
    lines = []
    for name, own in figures["bits_per_byte"].items():
        against = figures["intervals"].get(name, {}).get(intervals.ALL)
        ratio = "" if against is None else "  {:.4f} ({:.4f} to {:.4f})".format(*against)
        lines.append(f"{name:32}" + "  ".join(f"{lang} {bits:.4f}" for lang, bits in own.items()) + ratio)
    for name, of in figures["arms"].items():
        harm = "  ".join(f"{kind} {share:.0%}" for kind, share in of["harm_removed"].items())
        lines.append(f"{name:32}{of['documents']:6} documents, {of['tokens_of_one_pass']:9,} tokens; removed: {harm}")
    return lines


def _sample(arms: list[dict[str, list[str]]]) -> Iterable[str]:
    """The same bytes of each language of each arm, as far as there are so many."""
    for own in arms:
        for texts in own.values():
            left = SAMPLE_BYTES
            for text in texts:
                yield text
                left -= len(text.encode())
                if left <= 0:
                    break


def _config(sizes: Sizes, tokens: int, seed: int) -> TrainConfig:
    return TrainConfig(model=ModelConfig(**sizes.model), phases=(Phase(**sizes.phase(tokens)),), seed=seed)


def main() -> None:
    """Measure, print and write."""
    parser = arguments_of(__doc__)
    parser.add_argument("--web", type=Path, default=os.environ.get("WEB_PAGES"), help="folder of web pages")
    parser.add_argument("--megabytes", type=float, default=20.0, help="raw input")
    parser.add_argument("--tokens", type=int, default=600_000, help="to train each model on")
    parser.add_argument("--width", type=int, default=96, help="of the model, in multiples of 32")
    parser.add_argument("--layers", type=int, default=2, help="of the model")
    parser.add_argument("--kilobytes", type=float, default=150.0, help="held-out text of each language")
    parser.add_argument("--processes", type=int, default=2, help="models that are trained at a time")
    given = parser.parse_args()
    web = Path(given.web) if given.web else None
    sizes = Sizes(given.tokens, model_of(given.width, given.layers), VOCAB_SIZE)
    result = measure(sizes, web, given.megabytes, given.kilobytes, given.processes)
    for line in table(result["figures"]):
        print(line)
    publish(result, given)


if __name__ == "__main__":
    main()
