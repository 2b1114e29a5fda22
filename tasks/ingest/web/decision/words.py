"""What class names and short texts of web pages say of what stands there: families of words.

A string is looked for anywhere; a blank at its ends stands for the border of a word: any run of
signs that are no letters, and in class names a change from small letters to capitals.
"""

from tasks.ingest.web.decision.automaton import Automaton, automaton

CLASSES = {
    "article": "article|story|hentry|blogpost|newstext|artikel|artigo|articulo|noticia|nachricht|beitrag| post | entry"
    "| news | blog |xinwen|wenzhang",
    "body": "body|text|content|prose|richtext|wysiwyg|markdown| copy |paragraph|inhalt|contenido|conteudo|contenu"
    "|contenuto|corpo|cuerpo|texto|zhengwen|neirong| detail| cont ",
    "main": "main|primary|center|principal",
    "nav": " nav|navi|menu|navbar|tabs| links|sitemap",
    "breadcrumb": "crumb|position|location|weizhi",
    "pager": "pager|pagination|paging| prev| next|postnav|fanye",
    "toc": " toc |tableofcontents|outline|mulu",
    "header": "header|masthead|topbar| top | head |logo|banner",
    "footer": "footer| foot |bottom|colophon|footnav",
    "side": "sidebar| aside|sidecol| side | rail | right|secondary|complementary|sidenav|colright|rechts",
    "widget": "widget|module| box |block|panel",
    "comment": "comment|disqus|respond|kommentar|pinglun|discuss|opinion|livefyre|coral",
    "forum": "thread|forum|message|answer|question| topic|postbody|postmessage|usertext| reply|replies|bbs|tiezi",
    "share": "share|sharing|social|facebook|twitter|whatsapp|addthis|addtoany|follow|bookmark|fenxiang|weibo|weixin"
    "|wechat| sns|pinterest|telegram",
    "related": "relat|similar|recommend|suggest|readmore|also|morefrom|onward|upnext|tuijian|xiangguan|seealso"
    "|verwandt|weitere| more |inline link",
    "popular": "popular|trending| most|latest|recent| hot |topstories|ranking|mostread|headlines|paihang|meistgelesen",
    "teaser": "teaser| card|tile|promo|feed|preview|featured|feature|thumb|carousel|slider|swiper|grid",
    "list": "list|item",
    "author": "author|byline|writer|autor|auteur|autore|zuozhe|vcard|contributor",
    "date": "date| time |timestamp|published|publish|datum|fecha|riqi|shijian|updated",
    "meta": "meta| info |submitted|laiyuan| source|kicker|eyebrow",
    "tag": " tag|categor| cat |label|keyword|taxonomy|topics|biaoqian| terms|hashtag",
    "ad": " ad | ads |advert|sponsor| dfp|adsense|outbrain|taboola|werbung|publicidad|guanggao|adslot|adunit|gpt ",
    "form": "subscri|newsletter|signup|login|signin|register|paywall|regist|search|mailing|donat|contact|optin",
    "caption": "caption|figure|photo|image| img| pic|gallery|media|credit|bildunter",
    "notice": "cookie|consent|gdpr|modal|popup|overlay|dialog|notice|alert|lightbox|notification|disclaimer|copyright"
    "|legal|tooltip|toast|statement|shengming",
    "tool": "tool|button| btn|print|icon| action|control|rating|vote|like|font|share|bar ",
    "title": "title|headline|heading|titel|titulo|titre|biaoti|titolo",
    "lead": " lead| intro|summary|abstract|excerpt| dek |standfirst|description| deck|subtitle|subhead|teasertext"
    "|vorspann|bajada|entradilla|chapeau|zhaiyao",
    "hidden": "hidden| hide|sronly|sr only|visually|screenreader|screen reader|noprint| skip| invisible",
    "person": " bio |biograph|profile|avatar| user|signature| sig |about|poster|member",
    "code": "code|highlight|syntax|snippet|quote",
    "wiki": "editsection|reference|citation|footnote|navbox|infobox|hatnote|mw jump|catlinks|printfooter| edit"
    "|fussnote",
    "language": "language| lang|country|locale|translat",
    "shop": "price| cart|product|checkout|stock|basket|shop| sku|variant",
    "video": "video|player|audio|podcast| live |livestream|playlist|jwplayer",
    "event": "weather|ticker|market|lotter|poll|quiz|calendar|event|score|banner|countdown",
}
"""Words of class, id, role and itemprop by family; ``|`` sets them apart."""

PHRASES = {
    "share": " share | share this| tweet | facebook | whatsapp | pinterest | linkedin | telegram | e mail this"
    "| compartir "
    "| partager | teilen | condividi | compartilhar | udostępnij | paylaş | поделиться | bagikan |分享到|分享|转发|转播"
    "|微信|微博|收藏|点赞|朋友圈|シェア|ツイート|공유",
    "subscribe": " subscribe| newsletter| sign up| follow us| abonn| suscr| iscriviti| assine| inscreva| suivez"
    "| síguenos| prenumer| odebírat|подпис|订阅|关注|公众号|購読|登録|구독",
    "copyright": " copyright |©| all rights reserved| rights reserved| tous droits| alle rechte| derechos reservados"
    "| direitos reservados| diritti riservati| wszelkie prawa| všechna práva|все права|版权所有|版權所有|备案| icp "
    "|公网安备|无断转载|無断転載|许可证|出品",
    "rights": "未经授权|不得转载|转载|免责声明|禁止转载|请注明| reproduc| reprint| permission| disclaimer|不代表"
    "|views expressed|opinions expressed| without permission| syndicat| licensed under|违法|举报|侵权|版权归",
    "comment": " comment | comments | reply | replies | leave a | kommentar| comentario| comentário| commentaire"
    "| commenti |коммент|评论|留言|回复|跟帖|网友|コメント|댓글| komentar| komentář| reacties| yorum",
    "related": " related | read more| read also| also read| see also| more from| more on| more stories| you may also"
    "| you might| recommended| lire aussi| à lire| lea también| lea más| leia também| leia mais| veja também"
    "| leggi anche"
    "| lesen sie auch| mehr zum| auch interessant| lees ook| lue myös| les også| läs också| læs også| czytaj też"
    "| czytaj także| čtěte také| baca juga| читайте также|читать также|相关阅读|相关新闻|相关|推荐阅读|推荐"
    "|延伸阅读|阅读更多"
    "|更多|猜你喜欢|精彩|関連記事|おすすめ|관련기사| διαβάστε | ilgili haber| don t miss| watch | trending "
    "| most popular"
    "| most read| latest | top stories| mira también| te puede interesar| ver más| en savoir plus|热门|排行|最新",
    "login": " login | log in | sign in | register | password| username| anmelden | connexion | iniciar sesión| accedi "
    "| entrar | logg inn|войти|登录|登陆|注册|密码|ログイン|로그인| my account| create an account",
    "ad": " advertisement| sponsored| advertising | anzeige | werbung | publicidad | publicité | pubblicità "
    "| publicidade"
    "| reklam|реклама|广告|广告服务| promo | discount | coupon ",
    "cookie": " cookie| javascript | browser| privacy | terms of | gdpr | datenschutz| impressum | aviso legal"
    "| mentions légales| confidentialité| privacidad| privacidade|浏览器|隐私|条款|意见反馈|无障碍",
    "tag": " tags | tagged | filed under| categories | category | posted in| topics | keywords | etiquetas | schlagw"
    "| mots clés| temas | categoria|теги|标签|关键词|分类|责任编辑|责编|タグ|カテゴリ",
    "byline": " by | author | written by| published | updated | posted | posted by| last modified| von | por | par "
    "| di "
    "| redaktion| redacción| redação| editor |автор|опубликовано|作者|记者|编辑|来源|发布|时间|日期|通讯员|出处|原标题",
    "date": " january | february | march | april | may | june | july | august | september | october | november "
    "| december "
    "| jan | feb | mar | apr | jun | jul | aug | sep | sept | oct | nov | dec | monday | tuesday | wednesday "
    "| thursday "
    "| friday | saturday | sunday | ago | yesterday | today | enero | febrero | marzo | abril | mayo | junio | julio "
    "| agosto | septiembre | octubre | noviembre | diciembre | janvier | février | mars | avril | juin | juillet "
    "| août "
    "| septembre | octobre | décembre | januar | februar | märz | mai | juni | juli | oktober | dezember | gennaio "
    "| giugno | luglio | settembre | ottobre | janeiro | fevereiro | março | maio | junho | julho | setembro | outubro "
    "| dezembro |января|февраля|марта|апреля|июня|июля|августа|сентября|октября|ноября|декабря|小时前|分钟前|天前"
    "|昨天| uhr | pm | am | est | gmt ",
    "photo": " photo | photos | image | images | getty | reuters | afp | credit | courtesy | picture | foto | bild "
    "| fotos "
    "| crédit | imagen | screenshot | pictured | ap photo| shutterstock | caption |фото|图片|图为|资料图|摄|图源"
    "|来源：视觉"
    "| video | gallery | slideshow | galería | galerie ",
    "nav": " home | menu | search | next | previous | prev | back to | skip to| jump to| contact us| about us| contact "
    "| about | sitemap | faq | help | start | inicio | accueil | startseite | kontakt | contacto | suche | buscar "
    "| rechercher | cerca | anterior | siguiente | precedente | suivant | weiter | zurück |首页|上一页|下一页|返回|搜索"
    "|上一篇|下一篇|顶部|网站地图|联系我们|关于我们|设为首页|加入收藏|ホーム|検索|次へ|前へ|главная|поиск"
    "|当前位置|您的位置|位置：",
    "app": " print | download | app store| google play| mobile app| android | iphone | ios | rss | podcast|客户端"
    "|扫一扫"
    "|二维码|下载|打印|字体|字号|小程序| imprimir | drucken | imprimer | stampa |アプリ|手机",
    "contact": " tel | phone | fax | email | e mail| address | telefon| teléfono| adresse |电话|地址|邮箱|热线|邮编"
    "| www "
    "| http | https |客服",
    "edit": " edit | report an| report a | bug | correction| improve this| suggest an| view source| history |纠错"
    "|错误报告"
    "|编辑本|反馈| modifier | bearbeiten |нашли ошибку|本页",
    "shop": " cart | price | buy | shipping | add to| checkout | sale | order | stock | preis | precio | prix "
    "| warenkorb"
    "|购物车|价格|购买|元起|カート|в корзину",
    "count": " views | view | votes | likes | shares | members | points | score | reads | min read| minutes | followers"
    "|阅读|浏览|点击|次|人气|粉丝|播放|参与|回答|views：",
    "support": " donate | donation | support us| support our| become a member| membership| contribute | spenden"
    "|赞助|打赏",
    "forum": " thread| posts | joined | quote | reply | signature | member | moderator | forum |楼主|发表于|只看|主题"
    "|帖子|积分| wrote | location ",
    "person": " is a | has been| writer | reporter | journalist | editor | columnist | freelance| he is| she is"
    "| about the",
    "question": " what do you| let us know| tell us| click here| click | here | tap | contact the| got a tip| our "
    "| us ",
}
"""Short texts of a page's furniture by family, in small letters; ``|`` sets them apart."""

FUNCTION_WORDS = """
the of and to in is that for it was on are as with be this have from or had not but what all were when there can an
which their if has will each about how up out them then she many some so these would into more two no could my than
been who its now did get de la que el en y los se del las un con para una su al lo como más pero sus le ha o este sí
porque esta son entre cuando muy sin sobre ser también me hasta hay donde quien desde todo nos durante et les des est
dans qui pas sur au par plus ne une ce il elle avec sont cette ont mais ou été aux der die und den von zu das mit sich
des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am noch wie
einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde di che è il per non sono della
dei nel alla più anche da gli come ma si ed al ha delle ao não uma os um dos mas foi das tem à seu sua ou quando muito
nas já eu também só pelo pela até isso ela entre era depois sem mesmo aos het van een dat niet zijn op te aan met voor
er maar om hem dan zou wat mijn i w z na się nie do jest że jak po co tym od za och att som på är av för den till det
har de inte om ett men var jag og på til av ikke med han var fra seg vi ble kan ja ei oli hän mutta että ovat se niin
a az és hogy nem egy is meg ez volt už jsem ale tak jsou být jeho by v bir ve bu da için ile olarak çok daha gibi olan
yang dan di itu dengan untuk dari ini pada adalah tidak dalam akan în și să nu cu pe care din mai la este fost của và
là có được trong cho không những các một với này να και το είναι του που δεν η με για από στην οι στο
и в не на что с по как это но он к из за от так для же то был бы у все или мы его она
i je u na se da za su od koji kao što nije
""".split()
_FUNCTION_SIGNS = "的了是在和我有他这们就也为与说对到而于被將のはをにがでたしまするとも은는을를의에이다고"

FUNCTION = 1 << 63
"""The mark of a function word: more of them than of anything else make a text a sentence."""


def _marks(families: dict[str, str]) -> dict[str, int]:
    marks: dict[str, int] = {}
    for place, strings in enumerate(families.values()):
        for string in strings.split("|"):
            if string.strip():
                marks[string] = marks.get(string, 0) | 1 << place
    return marks


def class_words() -> Automaton:
    """Finds words of class names; bit n is the n-th family of `CLASSES`."""
    return automaton(_marks(CLASSES))


def phrases() -> Automaton:
    """Finds words of furniture and function words; bit n is the n-th family of `PHRASES`, the last is `FUNCTION`."""
    marks = _marks(PHRASES)
    for word in FUNCTION_WORDS:
        marks[f" {word} "] = marks.get(f" {word} ", 0) | FUNCTION
    for sign in _FUNCTION_SIGNS:
        marks[sign] = marks.get(sign, 0) | FUNCTION
    return automaton(marks)
