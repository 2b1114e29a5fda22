"""What is asked of the tokenizer, and the page of its card."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from smelt.gates.checks import Gate, at_least, at_most, equal, percent
from smelt.gates.figures import common, share
from smelt.gates.index import POLICY
from smelt.lake import Lake, Manifest, held
from smelt.recipe.gates import TokenizerGate

LARGE_VOCABULARY = 64_000
"""Tokens from which on Chinese has to be cut as far as is usual; smaller ones have no room for its words."""
SHOWN = 100
"""Tokens of a list that the page shows; the card has them all."""
_HERE = Path(__file__).parent


def tokenizer(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: TokenizerGate) -> Gate:
    """Text comes back unchanged, and in fewer tokens than it has characters."""
    known = manifest.stats["tokenizer"]
    tried = known["round_trip"]["documents"]
    by_lang = known["by_lang"].values()
    figures = common(manifest) | {
        "vocab_size": known["vocab_size"],
        "padded_vocab_size": known["padded_vocab_size"],
        "measured_documents": tried,
        "round_trip_share": share(tried - known["round_trip"]["failed"], tried),
        "characters_per_token": share(sum(i["characters"] for i in by_lang), sum(i["tokens"] for i in by_lang)),
        "special_tokens_missing": sum(known[role]["id"] is None for role in ("end_of_document", "padding")),
    }
    checks = [
        at_least("padded_vocab_size", known["vocab_size"], "The padded vocabulary holds every token"),
        equal("special_tokens_missing", 0, "The special tokens are in the vocabulary"),
        at_least("measured_documents", 1, "It was measured on documents"),
        at_least("round_trip_share", config.min_round_trip_share, "Documents come back unchanged", percent),
        at_least("characters_per_token", config.min_characters_per_token, "A token stands for enough characters"),
    ]
    if (chinese := known["by_lang"].get("zh")) is not None:
        figures["chinese_characters_per_token"] = chinese["characters_per_token"]
        if known["vocab_size"] >= LARGE_VOCABULARY:
            limit, words = config.min_chinese_characters_per_token, "A token stands for enough characters of Chinese"
            checks.append(at_least("chinese_characters_per_token", limit, words))
    if (manifest.config or {}).get("train") is not None:
        figures["dirty_share"] = share(known["num_dirty_tokens"], known["vocab_size"])
        checks.append(at_most("dirty_share", config.max_dirty_share, "Few tokens are dirty", percent))
    return Gate(figures, checks, pages={"card": card_page(lake, manifest)})


def card_page(lake: Lake, manifest: Manifest) -> str:
    """The card as one file that runs no script and asks nothing of the network."""
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "count": "{:,}".format, "ratio": "{:.2f}".format}
    return environment.get_template("card.html.j2").render(
        card=held.read_json(lake, manifest, "tokenizer", "/card.json"),
        artifact=f"{manifest.stage}/{manifest.fingerprint}",
        policy=POLICY,
        style=(_HERE / "pages.css").read_text(),
        shown=SHOWN,
    )
