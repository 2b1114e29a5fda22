"""Where the part of a shard lies that artifacts share, by what it is made of."""

from typing import Any

from smelt.lake.shared import SharedPart
from smelt.plan import REBUILD
from smelt.recipe.graph import STAGES
from smelt.stage import Context


def shared_part(context: Context, round_name: str, of: Any, *, as_it_is: bool = False) -> SharedPart:
    """The part that the artifact's stage makes of ``of`` in a round.

    Args:
        of: what the round's ``made_of`` says of the shard.
        as_it_is: as the round has it (``smelt.stage.Round``).
    """
    kind = context.artifact.stage
    made_of = {"round": round_name, "of": of}
    if not as_it_is:
        version = next(stage.version for stage in STAGES if stage.kind == kind)
        made_of |= {"version": version, "rebuild": context.external.get(REBUILD)}
    return SharedPart.made_of(kind, made_of)
