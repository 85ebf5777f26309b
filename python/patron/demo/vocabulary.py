"""What the shop deals in and how it speaks, English and Chinese in parallel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from patron.demo.draws import Column

__all__ = [
    "AGAIN_CONTACT", "BAD", "BRANDS", "CATEGORIES", "CHANNELS", "CITIES", "COMPLEMENTS", "DESK", "FAIR", "GENDERS",
    "GOOD", "LATE_CONTACT", "LEVELS", "MEETINGS", "MESSAGING", "OUTBOX", "QUERIES", "QUESTION_CONTACT",
    "RETURN_CONTACT", "RETURN_REASONS", "SLOW", "STYLES", "SURFACES", "TOUCHPOINT_SHARES",
    "TRADERS", "UPLIFT", "Pair", "column", "labels", "words",
]  # fmt: skip

Pair = tuple[str, str]


class Category(NamedTuple):
    """A shelf of the shop."""

    english: str
    chinese: str
    share: float  # of demand
    habit: float  # chance that a habitual customer buys the usual item again
    peak: int  # month of strongest demand
    swing: float  # how much stronger
    women: float  # log preference of women over men
    nouns: str  # english:chinese:price


class City(NamedTuple):
    """A city that the shop delivers to."""

    english: str
    chinese: str
    share: float  # of customers
    late: float  # chance that a parcel is late


class Channel(NamedTuple):
    """A way by which customers come."""

    english: str
    chinese: str
    share: float  # of customers
    rate: float  # factor on the rate of orders
    once: float  # chance to come for one purchase only
    spend: float  # factor on spend
    cost: float  # of one customer


def column(rows: Sequence[Any], field: str) -> Column:
    """Collect one field of categories, cities or channels."""
    return np.array([getattr(row, field) for row in rows])


def words(values: Sequence[str]) -> Column:
    """Make an object array with None behind the last value, so that code -1 reads as missing."""
    out = np.empty(len(values) + 1, dtype=object)
    out[:-1] = values
    out[-1] = None
    return out


def labels(rows: Sequence[Any], word: int) -> Column:
    """Names of pairs, categories, cities or channels in one language, as `words`."""
    return words([row[word] for row in rows])


def _split(pieces: Sequence[str], mark: str) -> list[Pair]:
    pairs = (piece.strip().split(mark) for piece in pieces)
    return [(english, chinese) for english, chinese in pairs]


def _pairs(text: str) -> list[Pair]:
    """Split 'english:chinese, english:chinese' into pairs."""
    return _split(text.split(","), ":")


def _sentences(text: str) -> list[Pair]:
    """Split lines of 'english | chinese' into pairs."""
    return _split(text.strip().splitlines(), " | ")


# fmt: off
CATEGORIES = (
    Category("Phones & tablets", "手机平板", 0.5, 0.0, 9, 0.3, -0.3,
             "smartphone:智能手机:2899, tablet:平板电脑:1999, e-reader:电子书阅读器:899, smart watch:智能手表:799,"
             "fitness band:运动手环:239, wireless earphones:无线耳机:329, mobile wifi:随身无线网卡:159"),
    Category("Phone accessories", "手机配件", 1.0, 0.1, 9, 0.2, 0.0,
             "phone case:手机壳:39, screen protector:钢化膜:25, fast charger:快充充电器:79, power bank:充电宝:119,"
             "charging cable:数据线:29, phone stand:手机支架:35, stylus:触控笔:99, watch strap:表带:49"),
    Category("Beauty", "美妆护肤", 1.5, 0.5, 11, 0.3, 1.2,
             "cleanser:洁面乳:79, toner:爽肤水:129, face cream:面霜:199, sunscreen:防晒霜:109, lipstick:口红:149,"
             "sheet mask:面膜:89, essence:精华液:289, eye cream:眼霜:239, make-up remover:卸妆水:69"),
    Category("Women's clothing", "女装", 1.5, 0.0, 4, 0.4, 1.8,
             "dress:连衣裙:219, blouse:衬衫:129, knitted sweater:针织衫:159, down coat:羽绒服:599,"
             "wide-leg trousers:阔腿裤:139, skirt:半身裙:119, cardigan:开衫:149, trench coat:风衣:359"),
    Category("Men's clothing", "男装", 0.9, 0.1, 10, 0.4, -1.5,
             "t-shirt:T恤:79, polo shirt:保罗衫:109, jeans:牛仔裤:169, jacket:夹克:259, hoodie:卫衣:149,"
             "chinos:休闲裤:139, leather belt:皮带:99, suit jacket:西装外套:459"),
    Category("Sports & outdoors", "运动户外", 0.9, 0.1, 5, 0.4, -0.4,
             "running shoes:跑步鞋:359, sports socks:运动袜:29, yoga mat:瑜伽垫:89, resistance band:弹力带:39,"
             "tent:帐篷:329, sleeping bag:睡袋:189, badminton racket:羽毛球拍:169, shuttlecocks:羽毛球:59"),
    Category("Kitchen", "厨房用品", 0.9, 0.1, 1, 0.2, 0.4,
             "frying pan:平底锅:139, spatula:硅胶铲:25, chef's knife:菜刀:119, chopping board:砧板:59,"
             "lunch box:饭盒:49, thermos flask:保温杯:99, soup pot:汤锅:169, storage jars:密封罐:45"),
    Category("Small appliances", "小家电", 0.5, 0.0, 6, 0.4, 0.1,
             "coffee machine:咖啡机:899, rice cooker:电饭煲:299, hair dryer:吹风机:199, air fryer:空气炸锅:279,"
             "desk fan:台式风扇:129, humidifier:加湿器:149, electric toothbrush:电动牙刷:189, brush heads:牙刷头:49"),
    Category("Snacks", "休闲零食", 1.8, 0.5, 1, 0.5, 0.3,
             "mixed nuts:混合坚果:69, dried mango:芒果干:25, beef jerky:牛肉干:49, seaweed crisps:海苔脆片:22,"
             "egg rolls:蛋卷:32, dark chocolate:黑巧克力:39, spicy strips:辣条:15, walnut cake:核桃糕:29"),
    Category("Tea & coffee", "茶与咖啡", 1.0, 0.6, 3, 0.3, 0.0,
             "green tea:绿茶:99, oolong tea:乌龙茶:119, jasmine tea:茉莉花茶:69, pu'er tea:普洱茶:139,"
             "coffee beans:咖啡豆:79, drip coffee bags:挂耳咖啡:59, tea set:茶具套装:199, filter papers:咖啡滤纸:19"),
    Category("Mother & baby", "母婴", 0.9, 0.7, 6, 0.1, 0.7,
             "diapers:纸尿裤:129, baby wipes:婴儿湿巾:39, infant formula:婴儿奶粉:288, feeding bottle:奶瓶:69,"
             "baby lotion:婴儿润肤露:59, picture book:绘本:35, building blocks:积木:99, baby carrier:婴儿背带:259"),
    Category("Pets", "宠物用品", 0.8, 0.7, 11, 0.1, 0.2,
             "cat food:猫粮:109, cat litter:猫砂:49, dog food:狗粮:129, dog treats:狗零食:29,"
             "cat tree:猫爬架:199, pet bed:宠物窝:79, pet shampoo:宠物沐浴露:45, cat teaser:逗猫棒:15"),
    Category("Household", "家居清洁", 1.4, 0.6, 12, 0.1, 0.5,
             "laundry liquid:洗衣液:49, paper towels:抽纸:39, dish soap:洗洁精:19, toilet rolls:卷纸:35,"
             "floor cleaner:地板清洁剂:29, bin bags:垃圾袋:18, mop:拖把:59, mop heads:拖把头:25"),
    Category("Books & stationery", "图书文具", 0.7, 0.1, 9, 0.6, 0.2,
             "novel:小说:39, cookbook:菜谱:45, notebook:笔记本:22, gel pens:中性笔:19, wall calendar:挂历:29,"
             "fountain pen:钢笔:99, ink:墨水:25, desk lamp:台灯:119"),
)

COMPLEMENTS = (  # antecedent, consequent, chance that the first brings the second into the basket
    ("smartphone", "phone case", 0.45), ("smartphone", "screen protector", 0.35), ("tablet", "stylus", 0.35),
    ("smart watch", "watch strap", 0.3), ("cleanser", "toner", 0.25), ("lipstick", "make-up remover", 0.25),
    ("running shoes", "sports socks", 0.4), ("yoga mat", "resistance band", 0.35), ("tent", "sleeping bag", 0.4),
    ("badminton racket", "shuttlecocks", 0.5), ("frying pan", "spatula", 0.3), ("coffee machine", "coffee beans", 0.5),
    ("drip coffee bags", "egg rolls", 0.25), ("electric toothbrush", "brush heads", 0.45), ("tea set", "green tea", 0.4),
    ("coffee beans", "filter papers", 0.3), ("diapers", "baby wipes", 0.4), ("cat food", "cat litter", 0.4),
    ("dog food", "dog treats", 0.35), ("mop", "mop heads", 0.4), ("notebook", "gel pens", 0.35),
    ("fountain pen", "ink", 0.5),
)

STYLES = _pairs(
    "classic:经典款, compact:轻享款, premium:高端款, everyday:日常款, select:精选款, limited edition:限定款,"
    "new:新款, value:实惠款"
)
BRANDS = _pairs(
    "Yunhe:云禾, Qingmu:青沐, Lanyu:岚屿, Songguo:松果集, Beichuan:北川里, Zhiwei:知微, Chenxi:晨汐, Muyang:牧洋,"
    "Hetang:荷塘月, Xingye:星野, Baita:白塔, Nuanshan:暖山, Jiuzhu:九竹, Feiyan:飞燕堂, Haitun:海屯, Manman:慢慢,"
    "Guyu:谷雨记, Linxi:林夕, Dayan:大雁, Tiantian:甜田, Yuanqi:源起, Shanlan:山岚, Luming:鹿鸣记, Qiuhe:秋禾,"
    "Weilan:蔚澜, Huajian:花涧, Mingde:茗德, Anran:安冉, Kongque:孔雀里, Zhuyun:竹韵"
)
TRADERS = _pairs("Hongda trading:宏达商贸, Lucky home store:吉祥优品店, East lake mall:东湖商城, Overseas select:海外优选馆")
CITIES = (
    City("Shanghai", "上海", 14, 0.05), City("Beijing", "北京", 12, 0.06), City("Guangzhou", "广州", 10, 0.05),
    City("Shenzhen", "深圳", 10, 0.05), City("Hangzhou", "杭州", 8, 0.04), City("Chengdu", "成都", 8, 0.09),
    City("Wuhan", "武汉", 6, 0.07), City("Nanjing", "南京", 5, 0.05), City("Chongqing", "重庆", 5, 0.10),
    City("Xi'an", "西安", 5, 0.10), City("Suzhou", "苏州", 4, 0.04), City("Changsha", "长沙", 4, 0.08),
    City("Qingdao", "青岛", 3, 0.08), City("Xiamen", "厦门", 3, 0.07), City("Kunming", "昆明", 2, 0.15),
    City("Harbin", "哈尔滨", 2, 0.18), City("Lanzhou", "兰州", 1, 0.20), City("Urumqi", "乌鲁木齐", 1, 0.30),
)
CHANNELS = (
    Channel("Organic search", "自然搜索", 26, 1.00, 0.20, 1.00, 12.0),
    Channel("Paid ads", "付费广告", 24, 0.80, 0.36, 0.95, 65.0),
    Channel("Livestream", "直播带货", 18, 0.90, 0.42, 0.80, 40.0),
    Channel("Referral", "老客推荐", 14, 1.30, 0.10, 1.15, 25.0),
    Channel("Marketplace", "电商平台", 12, 0.85, 0.30, 0.90, 30.0),
    Channel("Offline event", "线下活动", 6, 1.10, 0.16, 1.10, 80.0),
)
TOUCHPOINTS, TOUCHPOINT_SHARES = _pairs("App:应用, Mini program:小程序, Web:网页"), (5, 4, 1.5)
SERVICE = _pairs("Online chat:在线客服, Phone:电话, Email:邮件")
MESSAGING = _pairs("SMS:短信, App push:应用推送, Email:邮件, WeChat:微信")
MEETINGS = TOUCHPOINTS + SERVICE + MESSAGING  # channel codes run through these, from 0, DESK and OUTBOX
DESK, OUTBOX = len(TOUCHPOINTS), len(TOUCHPOINTS + SERVICE)
SURFACES = ("search", "home", "category", "recommend", "message")
LEVELS = _pairs("Basic:普通会员, Silver:银卡会员, Gold:金卡会员, Platinum:白金会员")
GENDERS = _pairs("female:女, male:男")
UPLIFT = ("persuadable", "sure", "indifferent", "annoyed")
QUERIES = _sentences("""
    {noun} | {noun}
    {brand} {noun} | {brand}{noun}
    {style} {noun} | {noun}{style}
    {noun} on sale | {noun}特价
""")
GOOD = _sentences("""
    Very happy with the {noun}, will buy again. | {noun}很好用，下次还会再来买。
    Exactly as described, and it came fast. | 和描述一致，物流也很快。
    The whole family likes the {noun}. | 全家人都喜欢这款{noun}。
    Good quality for the price. | 性价比很高，质量不错。
    Carefully packed, no complaints. | 包装很仔细，没有什么可挑剔的。
    Third time I order the {noun} from {brand}, never disappointed. | 第三次买{brand}的{noun}了，一直没让人失望。
""")
FAIR = _sentences("""
    It is all right, nothing special. | 还可以吧，没什么特别的。
    Got the {noun} I asked for, but smaller than I expected. | {noun}还行，就是比想象中小一点。
    Colour differs a little from the pictures. | 颜色和图片有一点色差。
    Usable. The price could be lower. | 能用，价格再低一点就好了。
""")
BAD = _sentences("""
    The {noun} did not last a week, poor quality. | 质量太差，{noun}用了一周就坏了。
    Not what the page promised. | 与页面描述不符，很失望。
    Strange smell, I do not dare to use it. | 味道很大，不敢用。
    I will not buy {brand} again. | 以后不会再买{brand}了。
""")
SLOW = _sentences("""
    Waited far too long for the parcel. | 快递太慢了，等了很久才到。
    Arrived days late and nobody told me why. | 晚了好几天才到，也没人说明原因。
""")
RETURN_REASONS = _sentences("""
    Damaged on arrival | 收到时已破损
    Not as described | 与描述不符
    Wrong size | 尺码不合适
    Changed my mind | 不想要了
    Quality problem | 质量问题
""")
LATE_CONTACT = _sentences("""
    Where is my parcel? It should be here by now. | 我的快递到哪里了？早就该到了。
    The delivery is late again. | 怎么又延迟发货了？
""")
RETURN_CONTACT = _sentences("""
    I sent the goods back. When do I get my money? | 东西已经寄回了，什么时候退款？
    There is a fault with the {noun}, I want a refund. | {noun}有质量问题，我要退款。
""")
AGAIN_CONTACT = _sentences("""
    Still no answer to my complaint! | 我的投诉怎么还没有人处理？
    I am asking for the second time. | 这是我第二次来问了。
""")
QUESTION_CONTACT = _sentences("""
    Can I have an invoice for the {noun}? | {noun}可以开发票吗？
    Is there a discount soon on the {noun}? | {noun}最近有优惠活动吗？
    Can you change the delivery address? | 可以修改收货地址吗？
""")
# fmt: on
