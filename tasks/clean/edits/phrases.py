"""Phrases that give a line away, as a trie over bytes that kernels walk without regard to case.

A line is *navigation* when nothing stands in it but navigation words and separators. Other phrases open a line or
stand anywhere in it, and most of them are words of prose too, so that more must speak for it: that the line ends soon,
or a word by which it turns to a visitor. ``boilerplate`` says how they are weighed.
"""

from functools import cache

from tasks.clean.kernels.tries import Array, beginnings, build, listed

NAVIGATION, CUE, NOTICE, SURE, CREDIT, LABEL, CALL, PROSE = (1 << k for k in range(8))
"""A word of navigation; a word that speaks for or against; a phrase anywhere; phrases that open a line: sure ones,
those before a name, headings, calls to the reader; a phrase that is longer than one of these and is prose."""
TELLING, HOME, AGAINST, ENDING = (1 << k for k in range(8, 12))
"""Of navigation: never a heading; where a path begins. Of a cue: the line is about software. Of a phrase: enough at a
line's end."""
FOLLOW, COOKIES, RIGHTS, NETWORKS = (1 << k for k in range(12, 16))
"""What a cue speaks for; a phrase that needs one has its bit NEEDS places further up."""
NEEDS = 8

_NAVIGATION = """prev|previous|next|up|modules|menu|search|login|register|share|tweet|print|contents|edit|help
目录|返回|登录|注册|分享|点赞|收藏|评论|转发|打印|更多|搜索|帮助"""
_HOME = "home|index|top|首页|主页|起始页"
_TELLING = """previous topic|next topic|this page|show source|skip to content|skip to main content|skip navigation|skip to navigation
back to top|return to top|log in|sign in|sign up|share this|share on facebook|share on twitter|read more|click here|subscribe|follow us
product site|documentation site|product sitedocumentation site|[edit]|edit on github|report a bug|contents of this page
上一篇|下一篇|上一页|下一页|上一章|下一章|上一节|下一节|尾页|末页|起始页|返回顶部|回到顶部|返回目录|返回首页|返回列表|收藏本站|加入收藏
设为首页|打印本页|关闭窗口|阅读全文|查看更多|展开全文|网站地图|联系我们|关于我们"""  # noqa: E501
_SURE = """上一篇:|上一篇：|下一篇:|下一篇：|责任编辑:|责任编辑：|（责任编辑|(责任编辑|［责任编辑|[责任编辑|【责任编辑|责编:|责编：|本文转自|本文转载自
文章转载自|本文来源:|本文来源：|本文来源网络|本文来源于网络|文章来源:|文章来源：|原标题:|原标题：|分享到:|分享到：
by continuing to use this site|by using this site, you agree|sign up for our newsletter|subscribe to our newsletter
like this: like loading|like this:like loading|leave a reply cancel reply"""  # noqa: E501
_CREDIT = """转载自|来源:|来源：|filed under:|posted in:|tagged with:|skip to main content"""
_LABEL = """热门推荐|猜你喜欢|推荐阅读|相关阅读|延伸阅读|原文链接|原文地址|本文链接|关注我们|cookie settings|cookie policy|accept cookies|accept all cookies
you may also like|related posts|related articles|leave a comment|leave a reply|like this:|share this:"""  # noqa: E501
_BANNER = "|".join(
    f"{who} cookies to {what}"
    for who in ("we use", "this site uses", "this website uses")
    for what in ("keep you signed in", "keep you logged in", "remember you", "remember your choices")
)
_CALL = (
    ("扫码关注|扫一扫|扫描二维码|更多精彩|点击上方|长按识别|长按二维码|欢迎关注|打开app|关注我们|分享至", FOLLOW),
    ("版权声明|免责声明|声明:本文|声明：本文", RIGHTS),
    ("we use cookies|this site uses cookies|this website uses cookies|" + _BANNER, COOKIES),
    ("share this:|follow us on", NETWORKS),
)
_NOTICE = (
    ("扫码关注|扫描下方二维码|扫描上方二维码|长按识别二维码|微信扫一扫|点击关注|关注公众号", FOLLOW, ENDING),
    ("转载请注明|未经授权不得转载|未经许可不得转载|版权所有|all rights reserved", RIGHTS, ENDING),
    ("cookie policy|uses cookies to|use cookies to", COOKIES, 0),
)
_PROSE = """转载自动|转载自己|转载自然|转载自由|转载自身|转载自主|来源：指|来源：是|来源：即|来源：从|来源：由|来源:指|来源:是|来源:即
声明：本文件|声明：本文档|声明：本文本|声明:本文件|声明:本文档|版权所有者|版权所有人|版权所有权|版权声明文件|本文链接器"""  # noqa: E501
_CUES = (
    ("公众号|蓝字|我们|本站|客户端|小程序|下载|领取|福利|加群|加入群|不迷路|第一时间|阅读全文|查看全文|全文|订阅|咨询|客服|报名|好友|精彩|朋友圈", FOLLOW),  # noqa: E501
    ("本站|本网|本文|本号|本公司|转载|出处|来源|原创|链接|侵权|侵删|必究|不得|禁止|未经|归原作者|归作者|©|copyright|(c)|icp|保留", RIGHTS),  # noqa: E501
    ("experience|consent|agree|analytics|personalize|personalise|advertising|ads|traffic|visit|browsing|privacy|our site|our website"  # noqa: E501
     "|this site|this website|preferences|accept", COOKIES),
    ("facebook|twitter|instagram|linkedin|youtube|pinterest|whatsapp|telegram|reddit|email|e-mail|tumblr|weibo", NETWORKS),  # noqa: E501
    ("用户|按钮|系统|接口|函数|服务器|代码|事件|程序|开发者|功能的|菜单|算法|文件夹|session|framework|frameworks|browser|browsers|server"
     "|http|api|header|headers|django|flask|php", AGAINST),
)  # fmt: skip


@cache
def words() -> tuple[tuple[str, int], ...]:
    """Every phrase, and what it gives a line away as."""
    groups = [
        (_NAVIGATION, NAVIGATION),
        (_HOME, NAVIGATION | HOME),
        (_TELLING, NAVIGATION | TELLING),
        (_SURE, SURE),
        (_CREDIT, CREDIT),
        (_LABEL, LABEL),
        (_PROSE, PROSE),
        *((phrases, CALL | ENDING | need << NEEDS) for phrases, need in _CALL),
        *((phrases, NOTICE | ending | need << NEEDS) for phrases, need, ending in _NOTICE),
        *((phrases, CUE | kind) for phrases, kind in _CUES),
    ]  # fmt: skip
    return tuple((phrase, kind) for phrases, kind in groups for phrase in listed(phrases))


@cache
def tables() -> tuple[Array, Array, Array]:
    """The phrases by their first two bytes, and as a trie; see ``tries``."""
    return (beginnings((word, kind & 0xFF) for word, kind in words()), *build(words()))
