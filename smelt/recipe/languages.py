"""The languages that documents can have: what ``score`` finds out, and what sources say."""

from collections.abc import Sequence

from smelt.recipe.select import nearest
from smelt.recipe.sources import ListedSource, Source

UNDETERMINED = "und"
CODE = "code"
FOUND_OUT = frozenset(
    """af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de
    diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo io
    is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms mt
    mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn sco sd
    sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war xal xmf yi yo
    zh""".split()
)
"""Codes that fastText's lid.176 tells apart, as ``score`` writes them: every Chinese is ``zh``."""


def possible(sources: Sequence[Source]) -> frozenset[str] | None:
    """The languages that documents of these sources can have; None where rows of theirs may say any."""
    hints = frozenset(source.lang for source in sources if source.lang)
    unsaid = [source for source in sources if not source.lang]
    if any(isinstance(source, ListedSource) and source.row_layout.lang for source in unsaid):
        return None
    return hints | FOUND_OUT | {UNDETERMINED, CODE} if unsaid else hints


def known(sources: Sequence[Source]) -> frozenset[str] | None:
    """Those, and all that other sources' documents could have."""
    return None if (found := possible(sources)) is None else found | FOUND_OUT | {UNDETERMINED, CODE}


def mend(word: str, choices: frozenset[str]) -> str:
    """What to write for a language that there is none of."""
    return nearest(word, sorted(choices)) if len(choices) < len(FOUND_OUT) else "write its code, such as zh or en"
