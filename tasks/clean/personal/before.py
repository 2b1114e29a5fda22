"""What stands before a number and says what it is: a phone, an order, a version ..., looked up backward in kernels."""

from functools import cache

from tasks.clean.kernels.tries import Array, build, listed
from tasks.clean.kernels.utf8 import is_alnum
from tasks.compiled import inner

CALLED, COUNTED, IDENTITY, ACCOUNT, ADDRESS, VERSION = 1, 2, 4, 8, 16, 32
_WORDS: dict[int, str] = {
    CALLED: """电话|手机|手机号|手机号码|电话号码|座机|热线|客服|致电|拨打|传真|固话|来电|联系方式|联系|短信|電話
        手機|傳真
        號碼|聯絡|tel|phone|mobile|cell|fax|telephone|call|dial|contact|hotline|whatsapp|phone number
        phone no|tel no|mob|text|telefon|号码是""",
    COUNTED: """单号|订单|编号|流水号|序列号|序号|发票号|发票号码|学号|工号|合同号|批号|货号|型号|条码|条形码|卷号
        文号|群号|群号码|案号|件号|票号|比分|金额|第|共计|合计|总计|价格|人口|售价|约|訂單|編號|單號|q群|qq群|qq|qq号
        备案号|许可证号|注册号|执照|统一社会信用代码|税号|id|uid|pmid|pmcid|doi|arxiv|isbn|issn|oclc|order
        order no|order number|tracking|tracking number|serial|serial number|sku|invoice|no|ticket|page|pages|pp|p
        ref|asin|ean|upc|gtin|imei|imsi|timestamp|seed|magic|hash|port|size|count|total|sum|const|max|min|len
        range|number of|case|issue|bug|part|part no|model|lot|batch|eq|equals|patent""",
    IDENTITY: """身份证|身份证号|身份证号码|证件号码|证件号|公民身份号码|身份證|身份證號|身份證號碼|身分證
        身份证件号|身份号码|idcard|id card|id_card|id number|identity card|identity number|national id|sfz
        resident id""",
    ACCOUNT: """cc|cc no|cc number|卡号|银行卡|银行卡号|账号|帐号|账户|帐户|信用卡|储蓄卡
        工资卡|借记卡|帳號|帳戶|卡號|card
        card number|card no|account|account number|account no|acct|credit card|debit card|bank account""",
    ADDRESS: """ip|ip地址|ipv4|dns|nameserver|ping|host|服务器|地址|来自|网友|主机|网关|登录|来源|address|addr
        server|gateway|client|ssh|remote|traceroute|resolver|hostname|from|peer|登錄|來自|源地址|外网|公网""",
    VERSION: """版本|版本号|版|升级到|升级至|更新到|更新至|升至|降级到|降至|固件|驱动|内核|第|节|条|章|表|图|补丁
        构建|版本號|更新|升级|version|versions|ver|v|release|releases|revision|rev|section|sections|sec|chapter
        clause|table|figure|fig|rule|article|part|appendix|build|kernel|firmware|driver|oid|update|upgrade|patch
        sdk|§|package|edition|upgrade from|upgraded from|updated from""",
}  # fmt: skip
_GOES_ON = 8
"""Marks and blanks that may stand between a word and its number."""


@cache
def trie() -> tuple[Array, Array]:
    """The words as a trie that is walked backward."""
    return build(((word, kind) for kind, words in _WORDS.items() for word in listed(words)), backward=True)


@inner
def said(data, start, at, lexicon):
    """What is said of the number at ``at``: the bits of the longest word before it; COUNTED for another name and =."""
    i, marks, assigned, tag = at, 0, False, False
    while i > start and marks < _GOES_ON:
        last = data[i - 1]
        if last in (32, 9, 34, 35, 39, 40, 45, 46, 58, 91):
            i -= 1
        elif last == 61:
            assigned = True
            i -= 1
        elif last == 62:
            tag = True
            i -= 1
        elif i - 3 >= start and _is_mark(data, i - 3):
            i -= 3
        else:
            break
        marks += 1
    node, k, found = 0, i, 0
    while k > start:
        node = lexicon.said[node, data[k - 1]]
        if node == 0:
            break
        k -= 1
        if lexicon.said_kinds[node] and _begins(data, start, k):
            found = lexicon.said_kinds[node]
    if tag:  # <Version>1.2.3.4, but not <PHONE>: a placeholder says nothing
        found &= VERSION | COUNTED
    return COUNTED if assigned and found == 0 else found


@inner
def _begins(data, start, at):
    """Whether a word may begin at ``at``: Chinese anywhere, Latin behind a mark or where the case changes."""
    if data[at] >= 0x80 or at == start or not is_alnum(data[at - 1]):
        return True
    return 65 <= data[at] <= 90 and 97 <= data[at - 1] <= 122


@inner
def _is_mark(data, at):
    """Whether the three bytes at ``at`` are ``：（“＝``, 为 or 是."""
    a, b, c = data[at], data[at + 1], data[at + 2]
    if a == 0xEF and b == 0xBC:
        return c == 0x9A or c == 0x88 or c == 0x9D
    return (
        (a == 0xE2 and b == 0x80 and c == 0x9C)
        or (a == 0xE4 and b == 0xB8 and c == 0xBA)
        or (a == 0xE6 and b == 0x98 and c == 0xAF)
    )
