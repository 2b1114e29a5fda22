"""Words that are looked up: those whose split no pattern gives, and those that are counted.

spaCy's English rules keep ``Mr.`` and ``:-)`` whole and take ``can't`` and ``cannot`` apart by a list of special
cases. Ours is made here from the same parts: pronouns and auxiliaries with their contractions, abbreviations, hours,
emoticons. Gopher's stop words and English function words stand in the same table,
so that a word is looked up once.
"""

from functools import cache
from itertools import product
from typing import Any

import numpy as np

from tasks.clean.kernels.blocks import hashes_of
from tasks.compiled import inner

STOP_WORD, FUNCTION, SPECIAL = 15, 16, 32
"""Bits of what a look-up gives; STOP_WORD masks those that say which of Gopher's stop words it is, one-based, and the
second and third byte where a special case is cut."""
_FIRST_CUT, _SECOND_CUT = 8, 16
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_FUNCTION_WORDS = (
    "a an the and or of to in is are was were it that this for on with as be by not at from have has but "
    "you we they he she can if which will when there their or its i"
)
_PRONOUNS = {
    "i": "m ma ll llve d dve ve",
    "you": "ll llve d dve ve re",
    "he": "ll llve d dve s",
    "she": "ll llve d dve s",
    "it": "ll llve d dve s",
    "we": "ll llve d dve ve re",
    "they": "ll llve d dve ve re",
    **dict.fromkeys(("who", "what", "when", "where", "why", "how", "there"), "s ll llve re ve d dve"),
    **dict.fromkeys(("that", "this"), "s ll llve d dve"),
    **dict.fromkeys(("these", "those"), "ll llve re ve d dve"),
    **dict.fromkeys(("could", "might", "must", "should", "would", "not"), "ve"),
}
_NEGATED = "ca could do does did had may might must need ought sha should wo would"
_NEGATED_ONLY = "ai are is was were have has dare"
_OTHER_WORDS = "ill its hell shell shed were well whore".split()
_CUT = "can|not gon|na got|ta let|'s c'm|on y|'all y|all how|'d|'y".split()
_WHOLE = """
'em 'll 'nuff 'S 's 're 'd 'bout ma'am o'clock 'cause 'cos 'coz 'cuz doin' goin' nothin' nuthin' ol' somethin'
lovin' havin' '' ' and/or w/o C++ a.m. p.m. e.g. i.e. E.g. I.e. E.G. I.E. vs. v.s. co. Co. Adm. Bros. Corp.
D.C. Dr. Gen. Gov. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. Mt. Ph.D. Prof. Rep. Rev. Sen. St. Ak.
Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan.
Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore.
Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis. ^_^ ^__^ -_- o_o O_O 0_0 o_O O_o >.< <.< >.> ._. o.o O.O v.v V.V 0.0
<3 <33 <333 </3 xD xDD XD XDD :() >:( >:o ): (: [: [= ]= (= (; )-: (-: (-; [-:"""
_EYES, _NOSES, _MOUTHS = ":;=8", ("", "-"), ") )) ))) ( (( ((( ] [ } D P p O o 0 3 / | * x X".split()


@cache
def cuts() -> dict[str, tuple[int, ...]]:
    """The special cases: where each is cut, in characters; none where it stays whole."""
    found: dict[str, tuple[int, ...]] = {}
    for word, endings in _PRONOUNS.items():
        for ending in endings.split():
            parts = [ending[:-2], "ve"] if ending in ("llve", "dve") else ["m", "a"] if ending == "ma" else [ending]
            _add(found, [word, *(f"'{part}" if part != "a" else part for part in parts)])
            _add(found, [word, *parts])
    for word in f"{_NEGATED} {_NEGATED_ONLY}".split():
        _add(found, [word, "n't"])
        _add(found, [word, "nt"])
        if word in _NEGATED.split():
            _add(found, [word, "n't", "'ve"])
            _add(found, [word, "nt", "ve"])
    for case in _CUT:
        _add(found, case.split("|"))
    for hour, half in product(range(1, 13), ("am", "pm", "a.m.", "p.m.")):
        found[f"{hour}{half}"] = (len(str(hour)),)
    for whole in _WHOLE.split():
        found[whole] = ()
        if len(whole) > 4 and "'" in whole:
            found[whole.capitalize() if whole[0] != "'" else "'" + whole[1:].capitalize()] = ()
    found |= {f"{chr(letter)}.": () for letter in range(ord("a"), ord("z") + 1)}
    found |= {"".join(parts): () for parts in product(_EYES, _NOSES, _MOUTHS)}
    for word in _OTHER_WORDS:
        found.pop(word, None)
        found.pop(word.capitalize(), None)
    found |= {case.replace("'", "’"): at for case, at in found.items() if "'" in case}
    return found


def _add(found: dict[str, tuple[int, ...]], parts: list[str]) -> None:
    at = tuple(np.cumsum([len(part) for part in parts])[:-1].tolist())
    word = "".join(parts)
    found[word] = found[word[0].upper() + word[1:]] = at


@cache
def special() -> np.ndarray[Any, Any]:
    """A hash table, uint64 of [8192, 2]: the hash of a word (0 is none), and what is known of it."""
    known: dict[str, int] = {}
    for word in _FUNCTION_WORDS.split():
        for letters in product(*((char, char.upper()) for char in word)):
            known["".join(letters)] = FUNCTION
    for place, word in enumerate(STOP_WORDS):
        known[word] = known.get(word, 0) | place + 1
    for word, at in cuts().items():
        places = [len(word[:place].encode()) for place in at] + [0, 0]
        known[word] = known.get(word, 0) | SPECIAL | places[0] << _FIRST_CUT | places[1] << _SECOND_CUT
    words = [word.encode() for word in known]
    offsets = np.cumsum([0, *map(len, words)])
    hashes = hashes_of(np.frombuffer(b"".join(words) + bytes(8), np.uint8), offsets)
    found = np.zeros((8192, 2), np.uint64)
    for value, meaning in zip(hashes.tolist(), known.values(), strict=True):
        slot = value & 8191
        while found[slot, 0]:
            slot = (slot + 1) & 8191
        found[slot] = value, meaning
    return found


@inner
def look_up(value, known):
    """What is known of the word with this hash; 0 for nothing."""
    slot = value & np.uint64(8191)
    while known[slot, 0] != 0:
        if known[slot, 0] == value:
            return np.int64(known[slot, 1])
        slot = (slot + np.uint64(1)) & np.uint64(8191)
    return 0
