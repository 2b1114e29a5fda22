"""Words that announce something personal, and keys with a known form, as one trie for the PII kernel."""

from functools import cache

import numpy as np

from tasks.clean.kernels.tries import Array, beginnings, build, listed

AUTHOR, AUTHOR_LOOSE, AUTHOR_EN, BY, QQ, WECHAT, PASSPORT_NO, KEY, ASSIGNED, SIGNED = range(1, 11)

_WORDS: dict[int, str] = {
    AUTHOR: """作者:|作者：|记者:|记者：|编辑:|编辑：|责任编辑:|责任编辑：|责编:|责编：|撰文:|撰文：|撰稿:|撰稿：|摄影:|摄影：|供稿:|供稿：|校对:|校对：
        文/|文／|图/|图／|摄/|摄／|文:|文：|图:|图：|通讯员:|通讯员：|审核:|审核：|主编:|主编：|译者:|译者：|翻译:|翻译：|文丨""",  # noqa: E501
    SIGNED: "摄|/摄|/文|/图|／摄|／文|／图",
    AUTHOR_LOOSE: "记者|通讯员|本报记者|实习生",
    AUTHOR_EN: """author:|authors:|reporter:|photographer:|translator:|written by|story by|text by|words by|reporting by|additional reporting by
        report by|edited by|editing by|photo by|photos by|photograph by|photographs by|photography by|image by|images by|video by
        illustration by|illustrations by|graphics by|graphic by|translated by|compiled by|reviewed by""",  # noqa: E501
    BY: "by",
    QQ: "qq|qq号|qq群|q群|qq号码|企鹅号",
    WECHAT: "微信|微信号|wechat|weixin|微信id|vx|wechat id",
    PASSPORT_NO: "护照|护照号|护照号码|passport|passport no|passport number",
    KEY: """akia|asia|ghp_|gho_|ghs_|ghu_|ghr_|github_pat_|sk-|sk_live_|rk_live_|sk_test_|xoxb-|xoxp-|xoxa-|xoxr-|aiza
        glpat-|npm_|hf_|eyj|-----begin""",
    ASSIGNED: """password|passwd|pwd|secret|secret_key|secretkey|api_key|apikey|api-key|access_key|access_token
        auth_token|authtoken|client_secret|private_key|secret_access_key|account_key|encryption_key|signing_key""",
}  # fmt: skip

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫"
    "段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪季欧阳司马诸葛上官"
)
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


@cache
def words() -> tuple[tuple[str, int], ...]:
    """Every word, and what it announces."""
    return tuple((word, kind) for kind, words in _WORDS.items() for word in listed(words))


@cache
def trie() -> tuple[Array, Array]:
    """The words as a trie; see ``tries``."""
    return build(words())


@cache
def first_bytes() -> Array:
    """Not 0 where a word or a licence plate can begin with these two bytes, at ``first << 8 | second``."""
    return beginnings((*words(), *((plate, 1) for plate in PLATES)))


@cache
def code_points(chars: str) -> Array:
    """The sorted code points of ``chars``, for binary search."""
    return np.unique(np.array([ord(char) for char in chars], np.int64))
