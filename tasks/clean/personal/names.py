"""Words that announce something personal, and keys with a known form, as one trie for the PII kernel."""

from functools import cache

import numpy as np

from tasks.clean.kernels.tries import Array, beginnings, build, listed
from tasks.clean.personal import tokens

(
    ROLE,
    ROLE_LOOSE,
    ROLE_SHORT,
    SIGNED,
    AUTHOR_EN,
    BY,
    QQ,
    WECHAT,
    WEIBO,
    PASSPORT_NO,
    IDENTITY_NO,
    ASSIGNED,
    BEARER,
    KEY_BLOCK,
    WEB_TOKEN,
    BRACKET,
    SPELLED_AT,
    WXID,
    PLATE_MARK,
    OPTION,
) = range(1, 21)
KEY = 64
"""A key of row k of ``tokens.table`` is KEY + k."""

_WORDS: dict[int, str] = {
    ROLE: """作者|责任编辑|责编|撰文|撰稿|主编|译者|通讯员|审校|采写|编审|核稿|美编|编译|编者|执笔|采访|联系人
        特约撰稿|特约撰稿人|撰稿人|责任校对|初审|复审|终审|供图|制图|统筹|副主编|执行主编|记录|整理|摄影师|文案
        校订|編輯|責任編輯|責編|譯者|攝影|圖文""",
    ROLE_LOOSE: "记者|本报记者|实习生|实习记者|见习记者|特约记者|评论员|特约评论员|本刊记者|本网记者|記者",
    ROLE_SHORT: "文|译|图|图文|文图|文字|图片|摄影|编辑|翻译|校对|审核|供稿|监制|策划|排版|圖",
    SIGNED: "摄|/摄|/文|/图|／摄|／文|／图|摄影报道|/攝|攝",
    AUTHOR_EN: """author:|authors:|reporter:|photographer:|translator:|written by|story by|text by|words by
        reporting by|additional reporting by|report by|edited by|editing by|photo by|photos by|photograph by
        photographs by|photography by|image by|images by|video by|illustration by|illustrations by|graphics by
        graphic by|translated by|compiled by|reviewed by""",
    BY: "by",
    QQ: """qq|qq群|q群|企鹅|企鹅号|企鹅群|扣扣|扣扣群|q号|加q|+q|+qq|加qq|加q群|加扣|qq交流群|qq讨论群|交流群
        群号|扣扣号|qq/微信|叩叩|秋秋|球球|联系qq|客服qq""",
    WECHAT: """微信|wechat|weixin|vx|wx|薇信|威信|v信|微信公众号|公众号|加v|加vx|加wx|加薇|+v|+vx|+wx|+微信
        微信/qq|微信qq|wechat id|微信id|抖音号|快手号|小红书号|加微信|添加微信|加我微信|加微|微信客服|个人微信
        weixin id|v❤|抖音|小红书|薇|薇号|微号|line id|telegram id""",
    WEIBO: "微博|新浪微博|weibo|腾讯微博",
    PASSPORT_NO: "护照|护照号|护照号码|passport|passport no|passport number|passport id|護照|護照號碼|护照编号",
    IDENTITY_NO: "身份证|身份證|身分證|hkid|香港身份证|香港身份證|identity card",
    ASSIGNED: """password|passwd|pwd|passphrase|secret|secret_key|secretkey|api_key|apikey|api-key|access_key
        accesskey|access_token|accesstoken|auth_token|authtoken|client_secret|clientsecret|private_key|privatekey
        secret_access_key|secretaccesskey|account_key|accountkey|encryption_key|encryptionkey|signing_key
        signingkey|access_key_secret|accesskeysecret|app_secret|appsecret|app_key|appkey|api_secret|apisecret
        api_token|apitoken|refresh_token|refreshtoken|secret_token|bot_token|bottoken|bearer_token|db_password
        dbpassword|userpassword|user_password|sharedaccesskey|sharedaccesskeyname|shared_secret|sharedsecret
        webhook_secret|secretid|client-secret|access-token|secret-key|auth-token|auth_key|authkey|consumer_secret
        consumersecret|jwt_secret|token_secret|id_token|master_key|masterkey|session_secret|private-token
        x-api-key|secret-id|credential|_authtoken|_password|_auth|密码|口令|密钥|秘钥|密碼|私钥""",
    BEARER: "bearer",
    KEY_BLOCK: "-----begin",
    WEB_TOKEN: "eyj",
    BRACKET: "（",
    SPELLED_AT: "at",
    WXID: "wxid_",
    OPTION: "-u|--user|-p",
}  # fmt: skip

PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


@cache
def words() -> tuple[tuple[str, int], ...]:
    """Every word, and what it announces."""
    plain = ((word, kind) for kind, words in _WORDS.items() for word in dict.fromkeys(listed(words)))
    plates = ((plate, PLATE_MARK) for plate in PLATES)
    return (*plain, *plates, *((prefix, KEY + row) for row, (prefix, *_) in enumerate(tokens.keys())))


@cache
def trie() -> tuple[Array, Array]:
    """The words as a trie; see ``tries``."""
    return build(words())


@cache
def first_bytes() -> Array:
    """Not 0 where a word can begin with these two bytes, at ``first << 8 | second``."""
    return beginnings((word, 1) for word, _ in words())


def packed(words: str) -> Array:
    """The first seven bytes of each word as a number, in which kernels compare them."""
    return np.array([int.from_bytes(word.encode()[:7], "big") for word in words.split()])
