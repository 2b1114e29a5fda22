"""Phrases that give a line away, as a trie over bytes that kernels walk without regard to case.

A line is *navigation* when nothing stands in it but navigation words and separators, and either one of
the words is never a heading or there are two of them. Some phrases give a short line away by opening
it, some by standing anywhere in it.
"""

from functools import cache

from tasks.clean.kernels.tries import Array, beginnings, build, listed

NAVIGATION, OPENING, ANYWHERE, TELLING = 1, 2, 4, 8

_NAVIGATION = """prev|previous|next|up|home|index|modules|top|menu|search|login|register|share|tweet|print|contents|edit|help
目录|返回|登录|注册|分享|点赞|收藏|评论|转发|打印|更多|首页|搜索|帮助"""  # noqa: E501

_TELLING = """previous topic|next topic|this page|show source|skip to content|skip to main content|skip navigation|skip to navigation
back to top|return to top|log in|sign in|sign up|share this|share on facebook|share on twitter|read more|click here|subscribe|follow us
product site|documentation site|product sitedocumentation site|[edit]|edit on github|report a bug|contents of this page
上一篇|下一篇|上一页|下一页|上一章|下一章|上一节|下一节|尾页|末页|起始页|返回顶部|回到顶部|返回目录|返回首页|返回列表|收藏本站|加入收藏
设为首页|打印本页|关闭窗口|阅读全文|查看更多|展开全文|网站地图|联系我们|关于我们"""  # noqa: E501

_OPENING = """上一篇:|上一篇：|下一篇:|下一篇：|责任编辑:|责任编辑：|（责任编辑|(责任编辑|［责任编辑|[责任编辑|【责任编辑|责编:|责编：|转载自|本文转自|本文转载自
文章转载自|本文来源|文章来源:|文章来源：|来源:|来源：|原文链接|原文地址|原标题:|原标题：|版权声明|免责声明|声明:本文|声明：本文|扫码关注|扫一扫|扫描二维码
关注我们|更多精彩|点击上方|长按识别|长按二维码|欢迎关注|分享到:|分享到：|分享至|相关阅读:|相关阅读：|推荐阅读|热门推荐|猜你喜欢|延伸阅读:|延伸阅读：|本文链接|打开app
we use cookies|this site uses cookies|this website uses cookies|by continuing to use this site|by using this site, you agree
accept cookies|accept all cookies|cookie settings|share this:|like this:|follow us on|sign up for our newsletter
subscribe to our newsletter|filed under:|posted in:|tagged with:|you may also like|related posts|related articles|leave a comment|leave a reply"""  # noqa: E501

_ANYWHERE = """扫码关注|扫描下方二维码|扫描上方二维码|长按识别二维码|转载请注明|未经授权不得转载|未经许可不得转载|版权所有|微信扫一扫|点击关注|关注公众号
all rights reserved|cookie policy|uses cookies to|use cookies to|accept all cookies|skip to main content"""  # noqa: E501

_GROUPS = (
    (_NAVIGATION, NAVIGATION),
    (_TELLING, NAVIGATION | TELLING),
    (_OPENING, OPENING),
    (_ANYWHERE, ANYWHERE),
)


@cache
def words() -> tuple[tuple[str, int], ...]:
    """Every phrase, and what it gives a line away as."""
    return tuple((phrase, kind) for phrases, kind in _GROUPS for phrase in listed(phrases))


@cache
def tables() -> tuple[Array, Array, Array]:
    """The phrases by their first two bytes, and as a trie; see ``tries``."""
    return (beginnings(words()), *build(words()))
