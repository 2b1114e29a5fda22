"""A target of tokens shared out: what dedup must leave of each language, or language and domain, that is trained on."""

from smelt.recipe.dedup import DedupConfig, DedupGroup
from smelt.recipe.mixture import BlocksConfig


def shared_out(dedup: DedupConfig, data: BlocksConfig) -> DedupConfig:
    """Dedup with a group and a target for each name that the phases weigh: its share of all they read.

    Where dedup has groups of its own, these say what is sized by itself; and where a phase has no weights, or weighs a
    group by an expression, which dedup's groups can't say, the target is of all documents.
    """
    if dedup.target_tokens is None or dedup.groups or data.groups or not all(phase.weights for phase in data.phases):
        return dedup
    trained = sum(phase.tokens for phase in data.phases)
    shares: dict[str, float] = {}
    for phase in data.phases:
        for name, weight in phase.weights.items():
            shares[name] = shares.get(name, 0) + phase.tokens * weight / sum(phase.weights.values())
    groups = [
        DedupGroup(
            lang=(lang,),
            domain=(domain,) if domain else (),
            target_tokens=max(1, round(dedup.target_tokens * shares[name] / trained)),
        )
        # as a mixture has it: a language and a domain before the language
        for name in sorted(shares, key=lambda name: "/" not in name)
        for lang, _, domain in [name.partition("/")]
    ]
    return dedup.model_copy(update={"target_tokens": None, "groups": tuple(groups)})
