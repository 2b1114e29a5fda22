"""Elements by number, and what the HTML standard says of each: https://html.spec.whatwg.org/multipage/parsing.html.

A number is an index into the tables; text is 0, elements without an entry are ``OTHER``, and the root is ``ROOT``.
"""

import numpy as np

from tasks.compiled import inner

_NAMES = """
html head body title meta link base basefont bgsound style script noscript template frameset frame noframes noembed
address article aside footer header hgroup main nav section search h1 h2 h3 h4 h5 h6
blockquote center dd details dialog dir div dl dt fieldset figcaption figure form hr legend li listing menu ol p
plaintext pre summary ul xmp table caption colgroup col thead tbody tfoot tr td th
a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr output q rb rp rt rtc ruby s samp
small span strike strong sub sup time tt u var wbr br
img picture source audio video track canvas iframe embed object applet param map area marquee svg math
foreignobject desc input button select option optgroup textarea keygen meter progress datalist
mi mn mo ms mtext mrow mfrac msqrt mroot msup msub msubsup mover munder munderover mtable mtr mlabeledtr mtd mfenced
menclose mspace mstyle mpadded mphantom merror maction semantics annotation annotation-xml mmultiscripts mprescripts
none
""".split()

TEXT, OTHER, ROOT = 0, 1, 2
NAMES = ("#text", "#other", "#root", *_NAMES)
"""An element's name by its number."""
NUMBERS = {name: number for number, name in enumerate(NAMES)}
"""An element's number by its name."""


def of(names: str) -> np.ndarray:
    """A table, by number, of which elements are among these."""
    table = np.zeros(len(NAMES), np.bool_)
    table[[NUMBERS[name] for name in names.split()]] = True
    return table


(HTML, HEAD, BODY, TITLE, SCRIPT, STYLE, NOSCRIPT, TEMPLATE) = (
    NUMBERS[name] for name in "html head body title script style noscript template".split()
)
(P, BR, HR, PRE, LI, UL, OL, DL, DT, DD, BLOCKQUOTE, FIGURE, SUMMARY, DETAILS) = (
    NUMBERS[name] for name in "p br hr pre li ul ol dl dt dd blockquote figure summary details".split()
)
(TABLE, CAPTION, COLGROUP, COL, THEAD, TBODY, TFOOT, TR, TD, TH) = (
    NUMBERS[name] for name in "table caption colgroup col thead tbody tfoot tr td th".split()
)
(A, IMG, CODE, SUB, SUP, RUBY, RB, RP, RT, RTC, SPAN, DIV, Q) = (
    NUMBERS[name] for name in "a img code sub sup ruby rb rp rt rtc span div q".split()
)
(SVG, MATH, BUTTON, SELECT, OPTION, OPTGROUP, TEXTAREA, PLAINTEXT) = (
    NUMBERS[name] for name in "svg math button select option optgroup textarea plaintext".split()
)
H1, H6, ADDRESS = NUMBERS["h1"], NUMBERS["h6"], NUMBERS["address"]

BLOCK = of(
    """html head body frameset noframes address article aside footer header hgroup main nav section search
    h1 h2 h3 h4 h5 h6 blockquote center dd details dialog dir div dl dt fieldset figcaption figure form hr legend li
    listing menu ol p plaintext pre summary ul xmp table caption colgroup col thead tbody tfoot tr td th
    button option optgroup iframe audio video canvas object marquee"""
)
"""Elements that begin and end blocks."""
VOID = of(
    """meta link base basefont bgsound frame hr col wbr br img source track embed param area input keygen
    mprescripts none"""
)
"""Elements without content and end tag."""
RAW = of("title style script textarea xmp iframe noembed noframes")
"""Elements whose content is text up to their end tag."""
INVISIBLE = of(
    """head title style script template noembed noframes textarea select datalist iframe audio video canvas
    svg meter progress object applet rp annotation annotation-xml"""
)
"""Elements whose content no browser shows, or not as text."""
PREFORMATTED = of("pre listing xmp plaintext")
"""Elements whose white space stays."""
SPECIAL = of(
    """address applet area article aside base basefont bgsound blockquote body br button caption center col colgroup dd
    details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header
    hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes noscript object
    ol p param plaintext pre script search section select source style summary table tbody td template textarea tfoot
    th thead title tr track ul wbr xmp"""
)
"""Elements that an end tag of another can't close, unless its own rule says so."""
SCOPE = of("html applet caption table td th marquee object template foreignobject desc annotation-xml")
"""Elements that an end tag inside them doesn't reach beyond."""
FORMATTING = of("a b big code em font i nobr s small strike strong tt u")
"""Elements that may be closed in the wrong order."""
CLOSES_P = of(
    """address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header hgroup hr li listing main menu nav ol p plaintext pre search section summary table ul xmp dd dt"""
)
"""Elements that begin after the end of an open paragraph."""
IN_HEAD = of("base basefont bgsound link meta title style script noscript template")
"""Elements that don't end the head."""
BREAKS_OUT = of(
    """b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li menu meta nobr ol p
    pre ruby s small span strong strike sub sup table tt u ul var"""
)
"""Elements that end an open ``<svg>`` or ``<math>``."""
INTEGRATION = of("foreignobject desc annotation-xml mi mo mn ms mtext")
"""Elements inside ``<svg>`` and ``<math>`` that hold HTML."""

# An end tag's reach: what it may close on its way to its element.
_ANY, _INLINE, _LIST, _PARAGRAPH, _TABLE, _ALL = range(6)
REACH = np.where(SPECIAL | BLOCK, _ANY, _INLINE).astype(np.int8)
REACH[[LI]] = _LIST
REACH[[P]] = _PARAGRAPH
REACH[of("table caption colgroup thead tbody tfoot tr td th")] = _TABLE
REACH[of("svg math template")] = _ALL
_LISTS = of("ul ol menu dir")


def key_of(name: bytes) -> int:
    """The hash of a name in lower case that ``key_step`` makes."""
    key = 0
    for byte in name:
        key = (key * 0x100000001B3 + byte) & (1 << 64) - 1
    return key - (1 << 64) if key >> 63 else key


@inner
def key_step(key, byte):
    """The hash of a name with one more byte."""
    return key * np.int64(0x100000001B3) + np.int64(byte)


@inner
def is_barrier(reach, tag):
    """Whether an end tag with this reach can't close elements around ``tag``."""
    if reach == _INLINE:
        return SPECIAL[tag]
    if reach == _TABLE:
        return tag in (TABLE, TEMPLATE)
    if reach == _ALL:
        return False
    return SCOPE[tag] or (reach == _LIST and _LISTS[tag]) or (reach == _PARAGRAPH and tag == BUTTON)


_SLOTS = 1024
_keys = np.zeros(_SLOTS, np.int64)
_numbers = np.full(_SLOTS, OTHER, np.int16)
for _number, _name in enumerate(_NAMES, 3):
    _key = key_of(_name.encode())
    _slot = (_key ^ _key >> 17) & _SLOTS - 1
    while _keys[_slot]:
        _slot = (_slot + 1) & _SLOTS - 1
    _keys[_slot], _numbers[_slot] = _key, _number


@inner
def number_of(key):
    """The number of the element whose name has this hash."""
    slot = (key ^ key >> 17) & (_SLOTS - 1)
    while _keys[slot] != 0:
        if _keys[slot] == key:
            return _numbers[slot]
        slot = (slot + 1) & (_SLOTS - 1)
    return np.int16(OTHER)
