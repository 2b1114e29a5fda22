"""Characters of Chinese names: what surnames are, what given names have, and what speaks against a name.

A word of the dictionary can be spelled like a name (石油, 高速, 文化), so a surname alone says little. Surnames that
many words begin with want a given name that is nothing else; the others are content with characters that given names
have. What still reads as a word is listed.
"""

from functools import cache

import numpy as np

from tasks.clean.kernels.tries import Array, build, listed

SURNAME, WORDY, GIVEN, NAMELY, NEVER_SECOND, NEVER_THIRD, NEVER_MIDDLE = (1 << bit for bit in range(7))
COMPOUND, FOLLOWS, IS_WORD, TITLE = 1, 2, 4, 8

_SURNAMES = (
    "丁乔于亓仇仉仝何余佟侯俞倪傅冉冯冼刁刘勾匡卓卜卞卢史叶吕吴周唐喻奚姚姜姬娄孔孙孟宋宓寇封尉尹屈屠岑岳崔巢"
    "巩庄庞廖张彭徐戈戚戴房晁晏曹朱李杜束杨林柏柯柳柴栾桂桓梁樊段殷毛汤汪沃沈湛滕潘熊狄王甄田盖瞿祖祝禹秦穆窦"
    "粟罗翟耿聂肖胡臧舒艾芦苏苑苟范荀莫萧葛董蒋蔚蔡蔺薛虞袁裔裘裴褚褟覃訾詹许谢谭费贺贾赖赵逯邓邝邢邬邰邱邵邸"
    "邹郎郑郜郝郭钟钮钱闫闵闻阎阚阮陆陈陶雷霍靳鞠韦韩顾颜骆魏鲁鲍麦黎龚"
)
_WORDY_SURNAMES = (  # many words begin with them
    "苗祁童宗仲甘符蒲敖饶盛荣翁项滕席伊涂吉昌桑万严云付任伍储元党关冀农冷凌凤包华单卫古司向夏季宁安宣容尚尤左常平年应康廉强戎成支文方施时明易景曲曾权杭"
    "武毕江洪温游焦牛申白石程章简管纪花薄解路辛连郁金马高黄齐龙"
)
_GIVEN = (
    "品翰屏锁柱一七三东之九二五仁从仕仙令以仲任伊伍传伦伯伶佐余作佟佩俐俞信俪修倍倾偲傲儒元兆先光克全八六兴其冠冰凌凤凹"
    "利力劭劲勃勉勤匀千卉华南卫卿厚友双可台叶吉向君吟启和咏哥唐唯善喜嗣四园国地垚城堂堃增壮夏夕多大天奇奎奕如"
    "妙妹姝威娘娣娥娴婵子孔孝孟学宁守安宗定宜宝实宣宪宵家宸宽宾寅富寒导寿小少尔尚居山屹岩岭岳峥峻崇嵘巍川州巧"
    "巾市常帼平年幼广应庭康庸延建开弘弟强彧彩彪彰影征徐得德心志忠念忻怀思怿恩恬恭悠情惜愉意愿慈成房扬承拓拥振"
    "政敬文新方旋日时旺昂昌明易春昭昱昶显晋晏晔晗普景晴智暄曙曜曹曾月有朋朗望朝木本朵杉来松林果枫柏柔柯柳标栋"
    "树栩根格桂桃桓梁棋楚楷榆欢欧歌正步武殊殿民水永汉江池沈沐沙沧河治泉泓法泰泳泽洋洛津洪洲流济浙浠浦浪海涌涟"
    "润淇淳淹清渝渤港游湖湘湛源溪滨漠漪漫潜澄澎濛灵灿炎炫炯烁烨焰然煌熠爱爽牛牧特献玄玥玫环珏珠珩班珺理琢琪琬"
    "琰瑚瑛瑢璋璞甘甜生甫田甲申男畅畴百皎盈益盛相盼眉真睿知石砚破碧礼祖祥祯禄福禹秉秋科秦程稳稷稼穗立竞竣童端"
    "竹笑笙笛筱粉粤精素紫纬纯纲纹纾绍经绣继绪绮维缘罗罡美群羽翊翎翠老耘联聿肇肖胜胡胤能腾臣自致臻舒航良艺节芊"
    "芙芮芯芹苏苑苒苗若茂茗茵草荷莘莺菀菱葆葳葵蒙蒲蓝蓬蔚蕊蕴薏薪虎虞蛟蝶行衍裕裴西见觅言誉训讯诗诚诣诺谊谕谦"
    "谨谷豆豫豹贝贞贡贵贺赛赞赫越跃路轲轶辛辰辽达迅迎进远连述逊通逸遂道遥邈邵郁郡酉采里重量金钟钢钦钰铁铃铎铠"
    "铮银锴镇镕镜长门闯闻阁阔陵陶隆隐雁雍雨霆震霏露青非音韵韶顶顺颂颉颐风飒飘飚飞香馥驰驹骄骅骐骞骥高魁鲁鸣鹃"
    "鹭鹰麦黎黛鼎齐龙"
)
_NAMELY = (  # in given names and little else
    "丹丽云亮仪伟佑佳依俊倩健兰军凡凯刚剑勇勋卓博哲嘉圣坚坤培妍妮姗娅娇娜娟婉婧婷媛嫣宇宏尧岚峰帅帆庆廷彤彦彬"
    "徽怡恒恺悦惠慧懿捷敏斌斐旭昆昊昕晓晖晟晨晶曦曼杰桐桦梅梓森楠榕欣毅沁沛波洁浩涓涛涵淑淼渊滢潇澜炜炳焕焱煜"
    "熙燕玉玟玲珂珊珍琛琦琨琳琴琼瑄瑜瑞瑶瑾璇璐璟皓磊祺秀筠红翔翰耀聪艳芝芬芳芷芸英茜荣莉莎莲莹菁菊菡菲萌萍萱"
    "蓉蓓蕾薇虹衡豪贤赟超轩辉迪邦鑫钊钧铭锋锐锦阳隽雄雅雪雯霄霖霞靖静韬颖馨骁骏鸿鹏鹤麒麟"
)
_NEVER_SECOND = (  # of two
    "一三二五倍元利南国地城子学家州年得日时有朝木本来格池法理行西路进通里量镇门"
)
_NEVER_THIRD = (  # of three
    "业人倍元区厂县器图地坊型城塔学家寺尔州年店式得性方日时本机村格桥楼氏水油法洲港湖烯王理省科线者菊菜街表西"
    "路车酸里量镇门院馆"
)
_NEVER_MIDDLE = "克尔拉斯格"
_COMPOUND = """欧阳|司马|诸葛|上官|司徒|夏侯|皇甫|尉迟|公孙|慕容|令狐|端木|东方|独孤|南宫|长孙|宇文|司空
    轩辕|呼延|申屠|钟离|闻人|澹台|公冶|濮阳|淳于|单于|太叔|拓跋|百里|东郭|西门|南门|第五|鲜于
    赫连|完颜|纳兰|叶赫|爱新|歐陽|司馬|諸葛|東方|尉遲|公孫|淳於"""
_FOLLOWS = """报道|摄影|摄|文|图|电|供图|采写|整理|撰写|撰文|编译|通讯员|记者|实习生|供稿|绘|著|译|编
    編|報道|攝|综合报道|发自|讯|从|在"""
_TITLES = "女士|先生|小姐|老师|经理|主任|医生|教授|律师|校长|院长|部长|书记|老師|經理|主管|总"
_WORDS = """曾经|宣传|卫生|冷静|花生|郑重|凌晨|庄重|苏格兰|宁波|花卉|平凡|闻讯|毕生|简洁|安庆|花粉
    文峰|花草|廉洁|平阳|周济|顾念|谢意|薄荷|单晶|路军|包涵|陆相|方军|文静|辛格|高阳|黎阳|高洁
    温婉|莫非|明亮|周六|周易|何时|何如|何以|何等|徐徐|费心|舒心|屈从|游泳|周日|罗湖|巢湖|周末
    从容|许可|余震|史书|石玲珑|明丽|花瓶|王牌军|许多|余下|许久|余地|于是|于今|许诺|余晖|余波
    余光|祖国|舒适|舒畅|麦浪|毛豆|黎明时|雷锋式|骆驼峰|卓有成|顾问|顾客|罗列|严明|向阳|强健
    强悍|金星|高明|高超|高贤|时光|时髦|冷清|成心|常青|常青藤|文豪|文雅|方圆|季军|万佳|安宁
    安康|安静|康健|康乐|平静|石英|明星|明媚|东方红|东方明珠|西门子|百里香|第五代|文化|方正"""


@cache
def characters() -> Array:
    """The bits of every character below U+10000 (uint8)."""
    found = np.zeros(0x10000, np.uint8)
    for chars, bits in (
        (_SURNAMES, SURNAME),
        (_WORDY_SURNAMES, SURNAME | WORDY),
        (_GIVEN, GIVEN),
        (_NAMELY, GIVEN | NAMELY),
        (_NEVER_SECOND, NEVER_SECOND),
        (_NEVER_THIRD, NEVER_THIRD),
        (_NEVER_MIDDLE, NEVER_MIDDLE),
    ):
        for char in chars:
            found[ord(char)] |= bits
    return found


@cache
def trie() -> tuple[Array, Array]:
    """Compound surnames, what follows a name, titles, and words that no name is, as one trie."""
    kinds = ((_COMPOUND, COMPOUND), (_FOLLOWS, FOLLOWS), (_WORDS, IS_WORD), (_TITLES, TITLE))
    return build((word, kind) for words, kind in kinds for word in listed(words))
