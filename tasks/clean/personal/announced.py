"""What a word announces: a name in a byline, a WeChat or QQ id, a passport, a key; and licence plates, in kernels."""

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.clean.personal.assigned import assigned
from tasks.clean.personal.bylines import english_names
from tasks.clean.personal.commands import long_option_password, option_password
from tasks.clean.personal.dialled import bracketed_phone
from tasks.clean.personal.emails import spelled_email
from tasks.clean.personal.kinds import BYLINE, EMAIL, ID_NUMBER, NOTHING, PASSPORT, PHONE, PLATE, SECRET, SOCIAL
from tasks.clean.personal.names import (
    ASSIGNED,
    AUTHOR_EN,
    BEARER,
    BRACKET,
    BY,
    IDENTITY_NO,
    KEY,
    KEY_BLOCK,
    OPTION,
    PASSPORT_NO,
    PLATE_MARK,
    QQ,
    ROLE_SHORT,
    SIGNED,
    SPELLED_AT,
    WEB_TOKEN,
    WECHAT,
    WEIBO,
    WXID,
)
from tasks.clean.personal.people import chinese_name, signed_name
from tasks.clean.personal.secrets import bearer, key, key_block, web_token
from tasks.clean.personal.social import identity_card, passport, qq, wechat, weibo, wxid
from tasks.compiled import inner


@inner
def announced(data, start, floor, at, end, is_code, lexicon):
    """What a word at ``at`` announces: its kind (NOTHING for nothing), where it begins and where it ends.

    Args:
        start: where the document begins; floor: where what was replaced last ends. A name that is signed (王小明 摄)
            begins before ``at``, though not before the floor.
    """
    node, stop, word = 0, at, 0
    i = at
    while i < end:
        node = lexicon.words[node, data[i]]
        if node == 0:
            break
        i += 1
        if lexicon.word_kinds[node]:
            stop, word = i, lexicon.word_kinds[node]
    if word == 0:
        return NOTHING, at, at
    if data[at] < 0x80 and at > start and (is_alnum(data[at - 1]) or (data[at - 1] == 95 and word != ASSIGNED)):
        return NOTHING, at, at
    kind, begin, finish = SECRET, at, at
    if word >= KEY:
        finish = key(data, start, at, stop, end, word - KEY, lexicon)
    elif word == WEB_TOKEN:
        finish = web_token(data, start, at, end)
    elif word == KEY_BLOCK:
        finish = key_block(data, at, stop, end)
    elif word == BEARER:
        begin, finish = bearer(data, stop, end)
    elif word == ASSIGNED:
        begin, finish = long_option_password(data, start, at, stop, end)
        if finish == begin:
            begin, finish = assigned(data, at, stop, end)
    elif word == OPTION:
        begin, finish = option_password(data, start, at, stop, end)
    elif word == AUTHOR_EN or word == BY:  # noqa: SIM109
        kind = BYLINE
        begin, finish = english_names(data, start, at, stop, end, word == BY)
    elif word == SIGNED:
        kind = BYLINE
        begin, finish = signed_name(data, floor, at, stop, end, lexicon)
        if finish == begin and data[at] >= 0xE5:  # 摄：王小明
            begin, finish = chinese_name(data, start, at, stop, end, ROLE_SHORT, lexicon)
    elif word < SIGNED:
        kind = BYLINE
        begin, finish = chinese_name(data, start, at, stop, end, word, lexicon)
    elif word == QQ:
        kind = SOCIAL
        begin, finish = qq(data, at, stop, end, is_code)
    elif word == WECHAT:
        kind = SOCIAL
        begin, finish = wechat(data, at, stop, end, is_code)
    elif word == WXID:
        kind = SOCIAL
        begin, finish = wxid(data, at, stop, end)
    elif word == WEIBO:
        kind = SOCIAL
        begin, finish = weibo(data, at, stop, end)
    elif word == PASSPORT_NO:
        kind = PASSPORT
        begin, finish = passport(data, at, stop, end, is_code)
    elif word == IDENTITY_NO:
        kind = ID_NUMBER
        begin, finish = identity_card(data, at, stop, end)
    elif word == PLATE_MARK:
        kind = PLATE
        finish = _plate(data, at, end)
    elif word == BRACKET:
        kind = PHONE
        finish = bracketed_phone(data, at, end)
    elif word == SPELLED_AT:
        kind = EMAIL
        begin, finish = spelled_email(data, floor, at, stop, end, lexicon)
    return (kind, begin, finish) if finish > begin else (NOTHING, at, at)


@inner
def _plate(data, at, end):
    """Where the licence plate that begins at ``at`` ends; ``at`` for none."""
    if at + 8 > end or not 65 <= data[at + 3] & 0xDF <= 90 or data[at + 3] < 65:
        return at
    small = data[at + 3] >= 97
    i = at + 4
    if i + 1 < end and data[i] == 0xC2 and data[i + 1] == 0xB7:
        i += 2
    elif i + 2 < end and data[i] >= 0xE2 and decode(data, i) in (0x2022, 0x2027, 0x30FB):
        i += 3
    elif i < end and (data[i] == 32 or data[i] == 46):
        i += 1
    first, digits = i, 0
    while i < end and i - first < 8 and (is_digit(data[i]) or 65 <= data[i] <= 90):
        digits += is_digit(data[i])
        i += 1
    length = i - first
    if length == 4 and i + 3 <= end and data[i] >= 0xE5:  # 学警港澳挂领使試
        special = decode(data, i) in (0x5B66, 0x8B66, 0x6E2F, 0x6FB3, 0x6302, 0x9886, 0x4F7F)
        return i + 3 if special and digits >= 2 else at
    if small and (length != 5 or digits < 4):
        return at
    return i if 5 <= length <= 6 and digits >= 2 and not (i < end and is_alnum(data[i])) else at
