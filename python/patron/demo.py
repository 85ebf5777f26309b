"""A simulated shop, with the truth kept beside it.

The log is what a shop would see; the ``truth_`` tables are what really held, so that a method can be judged
against the facts instead of against another method. The process is deliberately none of those that `patron` fits:

- A customer arrives through an acquisition channel, each channel with a quality of its own, and buys at a personal
  rhythm: renewal gaps that are Weibull with a personal shape above one, their scale from a mixture of three
  log-normals. Days are then quickened or slowed by season, promotions, campaigns and life events.
- Leaving is a daily hazard fed by memories that fade: late deliveries, returns, complaints that were never resolved,
  price rises, messages that annoyed, a competitor who opens half-way; divided by patience, easing with tenure. Some
  came for one purchase only. So neither the gaps are exponential nor are the lifetimes.
- Taste is a Dirichlet over categories which moves to a second one at a personal date; within a category a customer
  picks by popularity, by price level and by habit. Some items are planted complements (phone, then case).
- Around each order lies a session (login, search, view, cart); other sessions end without one. Delivery, review,
  return and service contacts follow, and what goes wrong there feeds the memories.
- Campaigns are randomised half and half, with four kinds of customers: persuadable, sure, indifferent, annoyed.

The simulation walks day by day over all customers at once and goes on for 90 days after the end of the log: these
days are the future in the truth. The expectations there are means over further continuations from the same state.

Language changes words only: the same seed gives the same customers, times and amounts in English and in Chinese.
Results are the same for a seed as long as numpy keeps its streams, which it does within a release.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import pathlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shop", "simulate"]

Column = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Table = dict[str, Column]

FUTURE_DAYS = 90
HORIZONS = (30, 60, 90)
SECOND = 1_000_000
DAY = 86_400 * SECOND
FIRST_DAY = np.datetime64("2024-01-01")  # a Monday; local
UTC_OFFSET = 8 * 3600 * SECOND  # Asia/Shanghai, which keeps no summer time
TIMEZONE = "Asia/Shanghai"
CAMPAIGN_DAYS = 10
# fmt: off
REASONS = (
    "drifted_away", "late_deliveries", "returns", "unresolved_complaint", "price_rise", "too_many_messages", "competitor",
    "one_off_need", "never_bought",
)
ONE_OFF, NEVER = 7, 8
LATE, RETURNED, COMPLAINT, PRICE, MESSAGES = range(5)  # rows of the memory, in the order of REASONS[1:6]
KINDS = (
    "login", "search", "view", "cart", "remove_cart", "purchase", "return", "review", "share", "refer", "contact", "impression",
)
ORDER_FIELDS = (
    "who", "day", "transit", "late", "returned", "return_lag", "complained", "resolved", "complaint_lag", "campaign",
)

# --- words: English and Chinese in parallel --------------------------------------------------------------------------

Pair = tuple[str, str]


def _pairs(text: str) -> list[Pair]:
    """Split 'english:chinese, english:chinese' into pairs."""
    pieces = (piece.strip().split(":") for piece in text.split(","))
    return [(piece[0], piece[1]) for piece in pieces]


def _sentences(text: str) -> list[Pair]:
    """Split lines of 'english | chinese' into pairs."""
    pieces = (line.strip().split(" | ") for line in text.strip().splitlines())
    return [(piece[0], piece[1]) for piece in pieces]


@dataclass(frozen=True)
class _Category:
    english: str
    chinese: str
    share: float  # of demand
    habit: float  # chance that a habitual customer buys the usual item again
    peak: int  # month of strongest demand
    swing: float  # how much stronger
    women: float  # log preference of women over men
    nouns: str  # english:chinese:price


_CATEGORIES = (
    _Category("Phones & tablets", "手机平板", 0.5, 0.0, 9, 0.3, -0.3,
              "smartphone:智能手机:2899, tablet:平板电脑:1999, e-reader:电子书阅读器:899, smart watch:智能手表:799,"
              "fitness band:运动手环:239, wireless earphones:无线耳机:329, mobile wifi:随身无线网卡:159"),
    _Category("Phone accessories", "手机配件", 1.0, 0.1, 9, 0.2, 0.0,
              "phone case:手机壳:39, screen protector:钢化膜:25, fast charger:快充充电器:79, power bank:充电宝:119,"
              "charging cable:数据线:29, phone stand:手机支架:35, stylus:触控笔:99, watch strap:表带:49"),
    _Category("Beauty", "美妆护肤", 1.5, 0.5, 11, 0.3, 1.2,
              "cleanser:洁面乳:79, toner:爽肤水:129, face cream:面霜:199, sunscreen:防晒霜:109, lipstick:口红:149,"
              "sheet mask:面膜:89, essence:精华液:289, eye cream:眼霜:239, make-up remover:卸妆水:69"),
    _Category("Women's clothing", "女装", 1.5, 0.0, 4, 0.4, 1.8,
              "dress:连衣裙:219, blouse:衬衫:129, knitted sweater:针织衫:159, down coat:羽绒服:599,"
              "wide-leg trousers:阔腿裤:139, skirt:半身裙:119, cardigan:开衫:149, trench coat:风衣:359"),
    _Category("Men's clothing", "男装", 0.9, 0.1, 10, 0.4, -1.5,
              "t-shirt:T恤:79, polo shirt:保罗衫:109, jeans:牛仔裤:169, jacket:夹克:259, hoodie:卫衣:149,"
              "chinos:休闲裤:139, leather belt:皮带:99, suit jacket:西装外套:459"),
    _Category("Sports & outdoors", "运动户外", 0.9, 0.1, 5, 0.4, -0.4,
              "running shoes:跑步鞋:359, sports socks:运动袜:29, yoga mat:瑜伽垫:89, resistance band:弹力带:39,"
              "tent:帐篷:329, sleeping bag:睡袋:189, badminton racket:羽毛球拍:169, shuttlecocks:羽毛球:59"),
    _Category("Kitchen", "厨房用品", 0.9, 0.1, 1, 0.2, 0.4,
              "frying pan:平底锅:139, spatula:硅胶铲:25, chef's knife:菜刀:119, chopping board:砧板:59,"
              "lunch box:饭盒:49, thermos flask:保温杯:99, soup pot:汤锅:169, storage jars:密封罐:45"),
    _Category("Small appliances", "小家电", 0.5, 0.0, 6, 0.4, 0.1,
              "coffee machine:咖啡机:899, rice cooker:电饭煲:299, hair dryer:吹风机:199, air fryer:空气炸锅:279,"
              "desk fan:台式风扇:129, humidifier:加湿器:149, electric toothbrush:电动牙刷:189, brush heads:牙刷头:49"),
    _Category("Snacks", "休闲零食", 1.8, 0.5, 1, 0.5, 0.3,
              "mixed nuts:混合坚果:69, dried mango:芒果干:25, beef jerky:牛肉干:49, seaweed crisps:海苔脆片:22,"
              "egg rolls:蛋卷:32, dark chocolate:黑巧克力:39, spicy strips:辣条:15, walnut cake:核桃糕:29"),
    _Category("Tea & coffee", "茶与咖啡", 1.0, 0.6, 3, 0.3, 0.0,
              "green tea:绿茶:99, oolong tea:乌龙茶:119, jasmine tea:茉莉花茶:69, pu'er tea:普洱茶:139,"
              "coffee beans:咖啡豆:79, drip coffee bags:挂耳咖啡:59, tea set:茶具套装:199, filter papers:咖啡滤纸:19"),
    _Category("Mother & baby", "母婴", 0.9, 0.7, 6, 0.1, 0.7,
              "diapers:纸尿裤:129, baby wipes:婴儿湿巾:39, infant formula:婴儿奶粉:288, feeding bottle:奶瓶:69,"
              "baby lotion:婴儿润肤露:59, picture book:绘本:35, building blocks:积木:99, baby carrier:婴儿背带:259"),
    _Category("Pets", "宠物用品", 0.8, 0.7, 11, 0.1, 0.2,
              "cat food:猫粮:109, cat litter:猫砂:49, dog food:狗粮:129, dog treats:狗零食:29,"
              "cat tree:猫爬架:199, pet bed:宠物窝:79, pet shampoo:宠物沐浴露:45, cat teaser:逗猫棒:15"),
    _Category("Household", "家居清洁", 1.4, 0.6, 12, 0.1, 0.5,
              "laundry liquid:洗衣液:49, paper towels:抽纸:39, dish soap:洗洁精:19, toilet rolls:卷纸:35,"
              "floor cleaner:地板清洁剂:29, bin bags:垃圾袋:18, mop:拖把:59, mop heads:拖把头:25"),
    _Category("Books & stationery", "图书文具", 0.7, 0.1, 9, 0.6, 0.2,
              "novel:小说:39, cookbook:菜谱:45, notebook:笔记本:22, gel pens:中性笔:19, wall calendar:挂历:29,"
              "fountain pen:钢笔:99, ink:墨水:25, desk lamp:台灯:119"),
)

_COMPLEMENTS = (  # antecedent, consequent, chance that the first brings the second into the basket
    ("smartphone", "phone case", 0.45), ("smartphone", "screen protector", 0.35), ("tablet", "stylus", 0.35),
    ("smart watch", "watch strap", 0.3), ("cleanser", "toner", 0.25), ("lipstick", "make-up remover", 0.25),
    ("running shoes", "sports socks", 0.4), ("yoga mat", "resistance band", 0.35), ("tent", "sleeping bag", 0.4),
    ("badminton racket", "shuttlecocks", 0.5), ("frying pan", "spatula", 0.3), ("coffee machine", "coffee beans", 0.5),
    ("drip coffee bags", "egg rolls", 0.25), ("electric toothbrush", "brush heads", 0.45), ("tea set", "green tea", 0.4),
    ("coffee beans", "filter papers", 0.3), ("diapers", "baby wipes", 0.4), ("cat food", "cat litter", 0.4),
    ("dog food", "dog treats", 0.35), ("mop", "mop heads", 0.4), ("notebook", "gel pens", 0.35),
    ("fountain pen", "ink", 0.5),
)

_STYLES = _pairs(
    "classic:经典款, compact:轻享款, premium:高端款, everyday:日常款, select:精选款, limited edition:限定款,"
    "new:新款, value:实惠款"
)
_BRANDS = _pairs(
    "Yunhe:云禾, Qingmu:青沐, Lanyu:岚屿, Songguo:松果集, Beichuan:北川里, Zhiwei:知微, Chenxi:晨汐, Muyang:牧洋,"
    "Hetang:荷塘月, Xingye:星野, Baita:白塔, Nuanshan:暖山, Jiuzhu:九竹, Feiyan:飞燕堂, Haitun:海屯, Manman:慢慢,"
    "Guyu:谷雨记, Linxi:林夕, Dayan:大雁, Tiantian:甜田, Yuanqi:源起, Shanlan:山岚, Luming:鹿鸣记, Qiuhe:秋禾,"
    "Weilan:蔚澜, Huajian:花涧, Mingde:茗德, Anran:安冉, Kongque:孔雀里, Zhuyun:竹韵"
)
_TRADERS = _pairs("Hongda trading:宏达商贸, Lucky home store:吉祥优品店, East lake mall:东湖商城, Overseas select:海外优选馆")
_CITIES = (  # english, chinese, share of customers, chance that a parcel is late
    ("Shanghai", "上海", 14, 0.05), ("Beijing", "北京", 12, 0.06), ("Guangzhou", "广州", 10, 0.05),
    ("Shenzhen", "深圳", 10, 0.05), ("Hangzhou", "杭州", 8, 0.04), ("Chengdu", "成都", 8, 0.09),
    ("Wuhan", "武汉", 6, 0.07), ("Nanjing", "南京", 5, 0.05), ("Chongqing", "重庆", 5, 0.10),
    ("Xi'an", "西安", 5, 0.10), ("Suzhou", "苏州", 4, 0.04), ("Changsha", "长沙", 4, 0.08),
    ("Qingdao", "青岛", 3, 0.08), ("Xiamen", "厦门", 3, 0.07), ("Kunming", "昆明", 2, 0.15),
    ("Harbin", "哈尔滨", 2, 0.18), ("Lanzhou", "兰州", 1, 0.20), ("Urumqi", "乌鲁木齐", 1, 0.30),
)
_CHANNELS = (  # english, chinese, share, factor on the rate, chance to come for one purchase only, factor on spend
    ("Organic search", "自然搜索", 26, 1.00, 0.20, 1.00, 12.0),
    ("Paid ads", "付费广告", 24, 0.80, 0.36, 0.95, 65.0),
    ("Livestream", "直播带货", 18, 0.90, 0.42, 0.80, 40.0),
    ("Referral", "老客推荐", 14, 1.30, 0.10, 1.15, 25.0),
    ("Marketplace", "电商平台", 12, 0.85, 0.30, 0.90, 30.0),
    ("Offline event", "线下活动", 6, 1.10, 0.16, 1.10, 80.0),
)  # the last figure: cost of one customer
_TOUCHPOINTS = _pairs("App:应用, Mini program:小程序, Web:网页")
_SERVICE = _pairs("Online chat:在线客服, Phone:电话, Email:邮件")
_MESSAGING = _pairs("SMS:短信, App push:应用推送, Email:邮件, WeChat:微信")
DESK = len(_TOUCHPOINTS)  # channel codes run through these three lists
_SURFACES = ("search", "home", "category", "recommend", "message")
_LEVELS = _pairs("Basic:普通会员, Silver:银卡会员, Gold:金卡会员, Platinum:白金会员")
_GENDERS = _pairs("female:女, male:男")
_UPLIFT = ("persuadable", "sure", "indifferent", "annoyed")
_QUERIES = _sentences("""
    {noun} | {noun}
    {brand} {noun} | {brand}{noun}
    {style} {noun} | {noun}{style}
    {noun} on sale | {noun}特价
""")
_GOOD = _sentences("""
    Very happy with the {noun}, will buy again. | {noun}很好用，下次还会再来买。
    Exactly as described, and it came fast. | 和描述一致，物流也很快。
    The whole family likes the {noun}. | 全家人都喜欢这款{noun}。
    Good quality for the price. | 性价比很高，质量不错。
    Carefully packed, no complaints. | 包装很仔细，没有什么可挑剔的。
    Third time I order the {noun} from {brand}, never disappointed. | 第三次买{brand}的{noun}了，一直没让人失望。
""")
_FAIR = _sentences("""
    It is all right, nothing special. | 还可以吧，没什么特别的。
    Got the {noun} I asked for, but smaller than I expected. | {noun}还行，就是比想象中小一点。
    Colour differs a little from the pictures. | 颜色和图片有一点色差。
    Usable. The price could be lower. | 能用，价格再低一点就好了。
""")
_BAD = _sentences("""
    The {noun} did not last a week, poor quality. | 质量太差，{noun}用了一周就坏了。
    Not what the page promised. | 与页面描述不符，很失望。
    Strange smell, I do not dare to use it. | 味道很大，不敢用。
    I will not buy {brand} again. | 以后不会再买{brand}了。
""")
_SLOW = _sentences("""
    Waited far too long for the parcel. | 快递太慢了，等了很久才到。
    Arrived days late and nobody told me why. | 晚了好几天才到，也没人说明原因。
""")
_RETURN_REASONS = _sentences("""
    Damaged on arrival | 收到时已破损
    Not as described | 与描述不符
    Wrong size | 尺码不合适
    Changed my mind | 不想要了
    Quality problem | 质量问题
""")
_LATE_CONTACT = _sentences("""
    Where is my parcel? It should be here by now. | 我的快递到哪里了？早就该到了。
    The delivery is late again. | 怎么又延迟发货了？
""")
_RETURN_CONTACT = _sentences("""
    I sent the goods back. When do I get my money? | 东西已经寄回了，什么时候退款？
    There is a fault with the {noun}, I want a refund. | {noun}有质量问题，我要退款。
""")
_AGAIN_CONTACT = _sentences("""
    Still no answer to my complaint! | 我的投诉怎么还没有人处理？
    I am asking for the second time. | 这是我第二次来问了。
""")
_QUESTION_CONTACT = _sentences("""
    Can I have an invoice for the {noun}? | {noun}可以开发票吗？
    Is there a discount soon on the {noun}? | {noun}最近有优惠活动吗？
    Can you change the delivery address? | 可以修改收货地址吗？
""")
# fmt: on


# --- the result ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    """A simulated shop: what it saw, and what was true.

    Every table is a dict of numpy arrays of equal length. Strings are object arrays with None for missing, numbers are
    float64 with NaN for missing, times are datetime64[us] in UTC without a zone mark. An `EventLog` takes unmarked times
    for local ones, so give it ``shop.table("events")``, where they are marked, with ``tz=shop.timezone``.

    Attributes
    ----------
    events : dict
        The log, ordered by time: user, time, event, item, amount (line total after discount; negative for a return),
        quantity (likewise), discount (money taken off the line), order, category, brand, seller, channel, campaign,
        surface, query, rating, text, currency.
    users, items : dict
        Attributes, keyed by ``user`` and ``item``. ``member_level`` is that of the last day: it knows the future of
        every earlier day, as such columns do in real shops. ``price`` is the list price of the first day.
    campaigns : dict
        One row for every customer and campaign: who was drawn for treatment and who was held out.
    truth_users : dict
        One row a customer, in the order of `users`: traits, tastes, leaving (``quit_time``, ``quit_reason``,
        ``is_alive`` at the end of the log; whoever left never buys again, but may look in for another 120 days), and the
        days after the end, both as they came (``purchases_next_60d``, ``spend_next_60d``, ``quits_within_60d``) and in
        expectation (``expected_purchases_60d``, ``p_no_purchase_60d``, ``p_quit_60d``); likewise for 30 and 90 days.
    truth_items : dict
        One row an item: quality, popularity.
    truth_events : dict
        One row for every row of `events`: ``dirt`` (None, or what was done to the row), ``true_user``,
        ``true_amount``, and ``session``, the visit it belongs to (-1: none).
    truth_orders : dict
        Delivery, return and complaint of each order in the log.
    truth_campaigns : dict
        For each row of `campaigns`, the chance to buy within its ten days, with and without treatment, given the state
        on its first day and leaving aside that the customer may leave meanwhile.
    truth_channels, truth_pairs, truth_days : dict
        What acquisition channels do; the planted complements (item, consequent, chance); what each day brought to all:
        the factor on orders, the typical discount, congestion of deliveries, strength of the competitor.
    dirt : dict of str to int
        How many rows of `events` were spoilt, by kind: ``duplicate``, ``missing_user``, ``missing_amount``.
    start, end : numpy.datetime64
        The log covers ``[start, end)``, in UTC; both are local midnights.
    timezone : str
        Zone of the shop.
    """

    events: Table
    users: Table
    items: Table
    campaigns: Table
    truth_users: Table
    truth_items: Table
    truth_events: Table
    truth_orders: Table
    truth_campaigns: Table
    truth_channels: Table
    truth_pairs: Table
    truth_days: Table
    dirt: dict[str, int]
    start: np.datetime64
    end: np.datetime64
    timezone: str

    def table(self, name: str) -> Any:
        """One table as a `pyarrow.Table`, with nulls, and with times marked as UTC.

        Parameters
        ----------
        name : str
            Name of a table attribute, such as ``"events"``.

        Raises
        ------
        ValueError
            No such table.
        ImportError
            pyarrow is not installed.
        """
        if name not in _table_names():
            raise ValueError(f"No table {name!r} in a simulated shop; expected one of {', '.join(_table_names())}")
        return _to_arrow(_pyarrow(), getattr(self, name))

    def write(self, folder: str | pathlib.Path, format: Literal["parquet", "csv"] = "parquet") -> dict[str, pathlib.Path]:
        """Write every table to a file of its own.

        Parameters
        ----------
        folder : path
            Made when it does not exist; files of the same names are replaced.
        format : {"parquet", "csv"}

        Returns
        -------
        dict
            Name of the table to the path of its file, ``events`` first.

        Raises
        ------
        ImportError
            pyarrow is not installed.
        OSError
            The folder cannot be made or written to.
        """
        if format not in ("parquet", "csv"):
            raise ValueError(f"Unknown format {format!r}; expected 'parquet' or 'csv'")
        arrow = _pyarrow()
        root = pathlib.Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        paths = {}
        for name in _table_names():
            paths[name] = root / f"{name}.{format}"
            table = _to_arrow(arrow, getattr(self, name))
            if format == "parquet":
                import pyarrow.parquet

                pyarrow.parquet.write_table(table, paths[name])
            else:
                import pyarrow.csv

                pyarrow.csv.write_csv(table, paths[name])
        return paths


def _table_names() -> list[str]:
    return [field.name for field in dataclasses.fields(Shop) if field.type == "Table"]


def _pyarrow() -> ModuleType:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("Writing a simulated shop needs pyarrow, which is not installed; pip install pyarrow") from error
    return pyarrow  # type: ignore[no-any-return,unused-ignore]


def _to_arrow(arrow: ModuleType, table: Table) -> Any:
    columns = {}
    for name, values in table.items():
        if values.dtype.kind == "M":
            columns[name] = arrow.array(values.astype("datetime64[us]"), type=arrow.timestamp("us", tz="UTC"))
        elif values.dtype.kind == "O":
            columns[name] = arrow.array(values, type=arrow.string())
        else:
            columns[name] = arrow.array(values, from_pandas=True)
    return arrow.table(columns)


# --- the world: catalogue, calendar, people --------------------------------------------------------------------------


def _stream(seed: int, room: int) -> np.random.Generator:
    """Give one part of the simulation its own random numbers, so that a change in it leaves the others alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, room])))


def _draw(rng: np.random.Generator, weights: Floats) -> Ints:
    """One index a row, with chances in proportion to the row of `weights`, shape (rows, choices)."""
    steps = np.cumsum(weights, axis=1)
    chosen = (rng.random(len(weights))[:, None] * steps[:, -1:] >= steps).sum(axis=1)
    out: Ints = np.minimum(chosen, weights.shape[1] - 1)
    return out


def _pick(rng: np.random.Generator, count: int, weights: Any) -> Ints:
    """`count` independent indices with chances in proportion to the vector `weights`."""
    steps = np.cumsum(np.asarray(weights, dtype=np.float64))
    out: Ints = np.minimum(np.searchsorted(steps, rng.random(count) * steps[-1], side="right"), len(steps) - 1)
    return out


def _words(values: Any) -> Column:
    """Make an object array with None behind the last value, so that code -1 reads as missing."""
    out = np.empty(len(values) + 1, dtype=object)
    out[:-1] = values
    out[-1] = None
    return out


@dataclass
class _Catalogue:
    """Items, grouped by category: items of category c are rows first[c] to first[c + 1]."""

    first: Ints
    category: Ints
    noun: Ints
    style: Ints
    brand: Ints
    seller: Ints
    price: Floats
    cost: Floats
    popularity: Floats
    quality: Floats  # about 0, spread 1
    level: Floats  # price against the category, in its own deviations
    launch: Ints  # day
    price_index: Floats  # (categories, days)
    nouns: list[Pair]
    pairs: list[tuple[int, int, float]]


def _catalogue(seed: int, days: int) -> _Catalogue:
    rng = _stream(seed, 1)
    nouns: list[Pair] = []
    category, noun, style, brand, price = [], [], [], [], []
    first = [0]
    for c, spec in enumerate(_CATEGORIES):
        house = rng.permutation(len(_BRANDS))[:6]
        standing = np.exp(0.35 * rng.standard_normal(6))
        for piece in spec.nouns.split(","):
            english, chinese, base = piece.strip().split(":")
            for one in rng.permutation(len(_STYLES))[: 2 + int(rng.random() * 5)]:
                b = int(_pick(rng, 1, 1 / np.arange(1.0, 7.0))[0])
                category.append(c)
                noun.append(len(nouns))
                style.append(int(one))
                brand.append(int(house[b]))
                price.append(float(base) * standing[b] * math.exp(0.4 * rng.standard_normal()))
            nouns.append((english, chinese))
        first.append(len(category))
    n, bounds, cat, raw = len(category), np.array(first), np.array(category), np.array(price)
    money = np.maximum(np.where(raw > 60, np.round(raw) - 0.1, np.round(raw, 1)), 4.9).round(2)
    level, popularity = np.empty(n), np.empty(n)
    for lo, hi in itertools.pairwise(bounds):
        logs = np.log(money[lo:hi])
        level[lo:hi] = (logs - logs.mean()) / max(float(logs.std()), 0.1)
        popularity[lo:hi] = 1 / (1 + rng.permutation(hi - lo)) ** 0.8
    quality = rng.standard_normal(n)
    late = rng.random(n) < 0.15
    launch = np.where(late, (rng.random(n) * days).astype(np.int64), 0)
    launch[bounds[:-1]] = 0  # no shelf is ever empty
    # A seller is the flagship store of the brand, or one of the traders who sell any brand.
    seller = np.where(rng.random(n) < 0.65, np.array(brand), len(_BRANDS) + _pick(rng, n, (4, 3, 2, 1)))
    index = np.ones((len(_CATEGORIES), days + FUTURE_DAYS))
    for c in range(len(_CATEGORIES)):
        for _ in range(int(rng.random() * 3)):
            index[c, int((0.15 + 0.8 * rng.random()) * days) :] *= 1.05 + 0.13 * rng.random()
    english_nouns = [pair[0] for pair in nouns]
    pairs = []
    for antecedent, consequent, chance in _COMPLEMENTS:
        left = np.flatnonzero(np.array(noun) == english_nouns.index(antecedent))
        right = np.flatnonzero((np.array(noun) == english_nouns.index(consequent)) & (launch == 0))
        if len(right) == 0:
            right = np.flatnonzero(np.array(noun) == english_nouns.index(consequent))
            launch[right[0]] = 0
        best = right[np.argmax(popularity[right])]
        pairs += [(int(item), int(best), chance) for item in left[np.argsort(-popularity[left], kind="stable")][:3]]
    cost = (money * (0.45 + 0.3 * rng.random(n))).round(2)
    codes = np.array(noun), np.array(style), np.array(brand), seller
    return _Catalogue(bounds, cat, *codes, money, cost, popularity, quality, level, launch, index, nouns, pairs)


@dataclass
class _Calendar:
    """What each local day brings to everybody; all of shape (days,)."""

    month: Ints  # 0..11
    weekend: Bools
    season: Floats  # factor on the rate of orders
    promotion: Floats  # typical share taken off the price
    congestion: Floats  # 0..1, parcels are late
    competitor: Floats  # 0..1, strength of the competitor
    campaign: Ints  # campaign that starts on this day, else -1


_MONTHS = (0.95, 0.8, 1.0, 0.95, 1.0, 1.05, 0.9, 0.95, 1.05, 1.0, 1.2, 1.1)
_NEW_YEARS = ("2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03")


def _calendar(seed: int, days: int) -> _Calendar:
    rng = _stream(seed, 2)
    total = days + FUTURE_DAYS
    dates = FIRST_DAY + np.arange(total)
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12
    day = (dates - months).astype(np.int64) + 1
    weekend = np.arange(total) % 7 >= 5
    season = np.array(_MONTHS)[month] * np.where(weekend, 1.2, 0.92) * np.exp(0.08 * rng.standard_normal(total))
    promotion, congestion = np.zeros(total), np.zeros(total)
    eleven, june = (month == 10) & (day == 11), (month == 5) & (day == 18)
    for peak, factor, cut in ((eleven, 13.0, 0.28), (june, 6.0, 0.2)):
        for at in np.flatnonzero(peak).tolist():
            season[max(at - 9, 0) : max(at - 1, 0)] *= 0.8  # customers wait
            season[at] *= factor
            promotion[at] = cut
            for near in (at - 1, at + 1):
                if 0 <= near < total:
                    season[near] *= 0.25 * factor
                    promotion[near] = 0.7 * cut
            season[at + 2 : at + 12] *= 0.85
            congestion[at : at + 8] = factor / 13
    for text in _NEW_YEARS:
        at = int((np.datetime64(text) - FIRST_DAY).astype(np.int64))
        if at - 14 < total:
            season[at - 14 : at - 4] *= 1.25
            season[at - 1 : at + 7] *= 0.45
            congestion[at - 3 : at + 7] = 0.8
    opened = int(days * (0.5 + 0.2 * rng.random()))
    competitor = np.clip((np.arange(total) - opened) / 30, 0, 1)
    campaign = np.full(total, -1, dtype=np.int64)
    starts = np.arange(40, total, 45)
    campaign[starts] = np.arange(len(starts))
    return _Calendar(month, weekend, season, promotion, congestion, competitor, campaign)


@dataclass
class _People:
    """What is fixed about each customer; the last axis of every array is the customer."""

    arrival: Ints  # day
    first_day: Ints  # day of the first order; beyond every day for those who never buy
    leaves_after: Ints  # days from the first order to leaving, for those who came for one purchase; else huge
    rhythm: Ints  # which of the three log-normals
    scale: Floats  # of the Weibull gaps, in days
    shape: Floats
    patience: Floats
    price_sensitivity: Floats
    browse: Floats  # sessions a day without an order
    basket: Floats
    spend: Floats  # price level sought, in deviations within a category
    habit: Floats
    fussiness: Floats
    exposed: Floats  # to the competitor
    late: Floats  # chance that a parcel is late
    respond: Floats  # factor on the rate under a campaign
    kind: Ints  # of responder
    channel: Ints
    city: Ints
    woman: Bools
    birth: Ints
    touchpoint: Ints
    turn: Ints  # day on which taste is half-way
    taste: Floats  # (2, categories, customers): before and after


def _people(seed: int, n: int, days: int, calendar: _Calendar) -> _People:
    rng = _stream(seed, 3)
    u = rng.random

    def normal() -> Floats:
        return rng.standard_normal(n)

    growth = (0.6 + 0.8 * np.arange(days) / days) * np.sqrt(calendar.season[:days])
    growth[: min(21, days)] *= 3  # the opening
    arrival = np.sort(_pick(rng, n, growth))
    channel = _pick(rng, n, [row[2] for row in _CHANNELS])
    city = _pick(rng, n, [row[2] for row in _CITIES])
    woman = u(n) < 0.56
    rhythm = _pick(rng, n, (0.24, 0.46, 0.30))
    centre = np.log(np.array([17.0, 48.0, 120.0]))[rhythm]
    scale = np.exp(centre + 0.4 * normal()) / np.array([row[3] for row in _CHANNELS])[channel]
    wait = np.where(u(n) < 0.62, 0, 1 + (-9 * np.log1p(-u(n))).astype(np.int64))
    never = u(n) < 0.07
    once = u(n) < np.array([row[4] for row in _CHANNELS])[channel]
    sensitivity = np.clip(rng.beta(2.0, 2.5, n), 0.01, 0.99)
    kind = np.where(u(n) < 0.1, 3, np.where(u(n) < 0.15 + 0.35 * sensitivity, 0, np.where(u(n) < 0.65, 1, 2)))
    respond = np.array([2.5, 1.05, 1.0, 0.6])[kind] * np.exp(0.1 * normal())
    share = np.array([spec.share for spec in _CATEGORIES])
    lean = np.array([spec.women for spec in _CATEGORIES])
    base = 6.0 * share / share.sum() * np.exp(np.where(woman[:, None], 0.5, -0.5) * lean)
    before = rng.standard_gamma(np.maximum(base * 0.6, 0.02)) + 1e-9
    after = rng.standard_gamma(np.maximum(base * 0.6, 0.02)) + 1e-9
    before /= before.sum(axis=1, keepdims=True)
    after /= after.sum(axis=1, keepdims=True)
    drift = np.where(u(n) < 0.25, 0.95, 0.2 * u(n))[:, None]  # a quarter changes for good, the others a little
    after = (1 - drift) * before + drift * after
    hostile = u(len(_CITIES)) < 0.35  # cities in which the competitor opens
    return _People(
        arrival=arrival,
        first_day=np.where(never, days + 10 * FUTURE_DAYS, arrival + wait),
        leaves_after=np.where(once, 1 + (25 * u(n)).astype(np.int64), 1 << 40),
        rhythm=rhythm,
        scale=scale,
        shape=1.15 + np.exp(-0.1 + 0.5 * normal()),
        patience=np.exp(0.7 * normal()),
        price_sensitivity=sensitivity,
        browse=np.clip(0.9 / scale, 0.004, 0.12) * np.exp(0.5 * normal()),
        basket=np.clip(rng.beta(1.6, 5.0, n), 0.01, 0.9),
        spend=normal() + 1.5 * np.log(np.array([row[5] for row in _CHANNELS]))[channel],
        habit=rng.beta(1.5, 1.5, n),
        fussiness=np.exp(0.6 * normal()),
        exposed=np.where(hostile[city], 0.9, 0.05) * (0.5 + 0.5 * u(n)),
        late=np.array([row[3] for row in _CITIES])[city],
        respond=respond,
        kind=kind,
        channel=channel,
        city=city,
        woman=woman,
        birth=np.clip(np.round(1991 + 10 * normal()), 1945, 2007).astype(np.int64),
        touchpoint=_pick(rng, n, (5, 4, 1.5)),
        turn=arrival + (60 + 500 * u(n)).astype(np.int64),
        taste=np.stack([before.T, after.T]),
    )


Rows = TypeVar("Rows", "_People", "_State")


def _take(rows: Rows, index: Ints) -> Rows:
    """Take the same structure for some customers, in the order of `index`, repeats allowed."""
    fields = dataclasses.fields(rows)
    return type(rows)(**{field.name: getattr(rows, field.name)[..., index] for field in fields})


# --- the run: day by day ---------------------------------------------------------------------------------------------

RING = 40  # days ahead that a grievance may lie
APATHY = 0.25  # how much a grievance slows orders


@dataclass
class _State:
    """What changes about each customer; the last axis of every array is the customer."""

    last: Ints  # day of the last order
    bought: Bools
    quit_day: Ints  # -1 while alive
    reason: Ints
    memory: Floats  # (5, n)
    pending: Floats  # (3, RING, n): late deliveries, returns, complaints still to be felt
    life: Floats  # factor of the present life event
    life_until: Ints
    life_events: Ints
    push: Floats  # factor of the present campaign
    push_until: Ints
    push_campaign: Ints  # -1: none, or held out


def _state(n: int) -> _State:
    zero, one, never = np.zeros(n, dtype=np.int64), np.ones(n), np.full(n, -1, dtype=np.int64)
    start = _State(zero, zero > 0, never, never, np.zeros((5, n)), np.zeros((3, RING, n)), one, never, zero, one, never, never)
    return _take(start, np.arange(n))  # no array is shared


@dataclass
class _Record:
    """What happened, one small array a day for each of its fields."""

    orders: list[Ints] = dataclasses.field(default_factory=list)  # (len(ORDER_FIELDS), m)
    visits: list[Ints] = dataclasses.field(default_factory=list)  # (2, m): who, day
    campaigns: list[Floats] = dataclasses.field(default_factory=list)  # (6, m): who, campaign, day, treated, p1, p0


def _taste(people: _People, who: Ints, day: Any) -> Floats:
    """Taste of some customers on some day, shape (customers, categories)."""
    weight = (1 / (1 + np.exp(-(day - people.turn[who]) / 20.0)))[:, None]
    before, after = people.taste[0].T[who], people.taste[1].T[who]
    out: Floats = (1 - weight) * before + weight * after
    return out


def _appetite(people: _People, state: _State, calendar: _Calendar, day: int, age: Any) -> Floats:
    """Integrated hazard of an order on one day, `age` days after the last one, campaigns left aside."""
    hazard = ((age / people.scale) ** people.shape) - ((age - 1) / people.scale) ** people.shape
    lure = calendar.season[day] * (1 + 3 * calendar.promotion[day] * people.price_sensitivity)
    rival = 1 - 0.5 * people.exposed * calendar.competitor[day]
    out: Floats = hazard * state.life * lure * rival * np.exp(-APATHY * state.memory.sum(axis=0))
    return out


def _live(
    people: _People, state: _State, catalogue: _Catalogue, calendar: _Calendar, days: range, rng: np.random.Generator
) -> _Record:
    """Run the customers through some days; changes `state`."""
    record = _Record()
    n = len(people.arrival)
    everyone = np.arange(n)
    fade = 0.5 ** (1 / 35)
    for day in days:
        u = rng.random((5, n))
        slot = day % RING
        state.memory *= fade
        state.memory[:3] += state.pending[:, slot]
        state.pending[:, slot] = 0
        here = (people.arrival <= day) & (state.quit_day < 0)
        jump = catalogue.price_index[:, day] / catalogue.price_index[:, max(day - 1, 0)] - 1
        if jump.any():
            felt = _taste(people, everyone, day) @ jump
            state.memory[PRICE] += 40 * felt * people.price_sensitivity * state.bought

        # Life events slow or stir, for weeks or months.
        state.life[state.life_until == day] = 1.0
        struck = np.flatnonzero((u[0] < 1 / 500) & here & (state.life_until < day))
        if len(struck):
            state.life[struck] = np.where(rng.random(len(struck)) < 0.65, 0.25, 1.9)
            state.life_until[struck] = day + 1 + np.exp(3.9 + 0.6 * rng.standard_normal(len(struck))).astype(np.int64)
            state.life_events[struck] += 1

        # Leaving: the reasons compete.
        tenure = day - people.first_day
        bound = here & state.bought
        hurt = state.memory / (240 * people.patience)
        drift = (0.4 + 2.2 * np.exp(-np.maximum(tenure, 0) / 70.0)) / (1300 * people.patience)
        rivalry = 0.006 * people.exposed * calendar.competitor[day] * (0.3 + people.price_sensitivity) / people.patience
        hazard = drift + hurt.sum(axis=0) + rivalry
        done = bound & (tenure >= people.leaves_after)
        leaving = np.flatnonzero((bound & (u[1] < -np.expm1(-hazard))) | done)
        if len(leaving):
            parts = np.vstack([drift[leaving], hurt[:, leaving], rivalry[leaving]]).T
            state.reason[leaving] = np.where(done[leaving], ONE_OFF, _draw(rng, parts))
            state.quit_day[leaving] = day
            here[leaving] = False

        # A campaign is drawn half and half among those who bought within a year, gone or not: the shop cannot know.
        campaign = int(calendar.campaign[day])
        if campaign >= 0:
            drawn = np.flatnonzero(state.bought & (day - state.last < 365) & (rng.random(n) < 0.8))
            treated = rng.random(len(drawn)) < 0.5
            some = _take(people, drawn)
            then = _take(state, drawn)
            total = np.zeros(len(drawn))
            for ahead in range(min(CAMPAIGN_DAYS, len(calendar.season) - day)):
                total += _appetite(some, then, calendar, day + ahead, day + ahead - then.last)
            total[then.quit_day >= 0] = 0.0
            irritation = np.where(some.kind == 3, 1.2, 0.05)
            chances = -np.expm1(-total * some.respond * np.exp(-APATHY * irritation)), -np.expm1(-total)
            same = np.ones(len(drawn))
            record.campaigns.append(np.stack([drawn, campaign * same, day * same, treated, *chances]))
            reached = drawn[treated]
            state.push[reached] = people.respond[reached]
            state.push_until[reached] = day + CAMPAIGN_DAYS
            state.push_campaign[reached] = campaign
            state.memory[MESSAGES, reached] += irritation[treated]
        over = state.push_until == day
        state.push[over] = 1.0
        state.push_campaign[over] = -1

        # Orders.
        age = np.maximum(day - state.last, 1)
        hazard = _appetite(people, state, calendar, day, age) * state.push
        buys = here & np.where(state.bought, u[2] < -np.expm1(-hazard), people.first_day == day)
        who = np.flatnonzero(buys)
        if len(who):
            state.last[who] = day
            state.bought[who] = True
            m = len(who)
            v = rng.random((8, m))
            late = v[0] < np.minimum(people.late[who] * (1 + 3 * calendar.congestion[day]), 0.8)
            transit = 1 + (3 * v[1]).astype(np.int64) + late * (4 + (7 * v[2]).astype(np.int64))
            returned = v[3] < np.minimum(0.07 * people.fussiness[who] * np.where(late, 1.8, 1.0), 0.5)
            return_lag = transit + 1 + (8 * v[4]).astype(np.int64)
            complained = v[5] < np.where(late, 0.35, 0.0) + np.where(returned, 0.22, 0.0) + 0.004
            complaint_lag = transit + (3 * v[6]).astype(np.int64)
            resolved = complained & (v[7] < 0.65)
            state.pending[LATE, (day + transit) % RING, who] += late
            state.pending[RETURNED, (day + return_lag) % RING, who] += 0.6 * returned
            # An answer takes the sting out; silence is felt five days later.
            state.pending[COMPLAINT, (day + complaint_lag + 5) % RING, who] += 2.5 * (complained & ~resolved)
            columns = (who, who * 0 + day, transit, late, returned, return_lag, complained, resolved, complaint_lag)
            record.orders.append(np.stack([*columns, state.push_campaign[who]]).astype(np.int64))

        # Sessions without an order; those who left still look in now and then.
        mood = np.exp(-0.3 * state.memory.sum(axis=0)) * np.sqrt(state.life * calendar.season[day])
        present = (people.arrival <= day) & ((state.quit_day < 0) | (day - state.quit_day < 120))
        looks = present & (u[3] < people.browse * np.where(state.quit_day < 0, 1.0, 0.12) * mood) & ~buys
        if looks.any():
            seen = np.flatnonzero(looks)
            record.visits.append(np.stack([seen, np.full(len(seen), day)]))
    return record


def _joined(parts: list[Any], rows: int) -> Any:
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), dtype=np.int64)


def _expectations(
    seed: int, people: _People, state: _State, catalogue: _Catalogue, calendar: _Calendar, days: int
) -> dict[int, tuple[Floats, Floats, Floats]]:
    """For each horizon: expected orders, chance of none, chance to leave; by running the living on, many times."""
    n = len(people.arrival)
    bound = people.first_day < days + FUTURE_DAYS
    living = np.flatnonzero((state.quit_day < 0) & bound)
    sums = {h: (np.zeros(n), np.zeros(n), np.zeros(n)) for h in HORIZONS}
    block = max(1, 16384 // max(len(living), 1))
    runs = 0
    rng = _stream(seed, 5)
    while len(living) and runs < 40:
        index = np.tile(living, block)
        state_now = _take(state, index)
        orders = _joined(
            _live(_take(people, index), state_now, catalogue, calendar, range(days, days + FUTURE_DAYS), rng).orders,
            len(ORDER_FIELDS),
        )
        for h, (count, none, gone) in sums.items():
            made = np.bincount(orders[0][orders[1] < days + h], minlength=len(index))
            left = (state_now.quit_day >= 0) & (state_now.quit_day < days + h)
            np.add.at(count, index, made)
            np.add.at(none, index, made == 0)
            np.add.at(gone, index, left)
        runs += block
    for count, none, gone in sums.values():
        for total in (count, none, gone):
            total /= max(runs, 1)
        none[np.setdiff1d(np.arange(n), living)] = 1.0
    return sums


# --- the log: what the shop sees of it -------------------------------------------------------------------------------

_HOURS = (
    0.9, 0.45, 0.25, 0.15, 0.12, 0.15, 0.35, 0.8, 1.3, 1.7, 1.9, 1.8,
    2.2, 2.1, 1.8, 1.7, 1.7, 1.6, 1.7, 2.2, 3.0, 3.4, 3.0, 1.9,
)  # fmt: skip
_WEEKEND_HOURS = (
    1.3, 0.8, 0.4, 0.2, 0.15, 0.15, 0.2, 0.4, 0.8, 1.5, 2.2, 2.3,
    2.2, 2.2, 2.4, 2.4, 2.3, 2.1, 1.8, 2.0, 2.6, 2.9, 2.7, 2.0,
)  # fmt: skip


def _clock(rng: np.random.Generator, day: Ints, weekend: Bools) -> Ints:
    """Draw an instant of each local day, in microseconds UTC."""
    hour = np.where(weekend, _pick(rng, len(day), _WEEKEND_HOURS), _pick(rng, len(day), _HOURS))
    within = (rng.random(len(day)) * 3600 * SECOND).astype(np.int64)
    out: Ints = _midnight(day) + hour * 3600 * SECOND + within
    return out


def _midnight(day: Any) -> Any:
    return (int(FIRST_DAY.astype(np.int64)) + day) * DAY - UTC_OFFSET


@dataclass
class _Story:
    """Everything the run left behind, on its way to the tables."""

    seed: int
    days: int
    word: int  # 0 English, 1 Chinese
    people: _People
    catalogue: _Catalogue
    calendar: _Calendar
    start: int
    end: int
    orders: dict[str, Ints]  # by instant
    instant: Ints
    line_order: Ints = dataclasses.field(init=False)
    line_item: Ints = dataclasses.field(init=False)
    line_driver: Ints = dataclasses.field(init=False)  # 0 taste, 1 habit, 2 complement
    quantity: Floats = dataclasses.field(init=False)
    paid: Floats = dataclasses.field(init=False)
    off: Floats = dataclasses.field(init=False)


def _fixed_noise(who: Ints, item: Ints) -> Floats:
    """Give a number in (0, 1) that hangs on customer and item alone (by the constants of splitmix64)."""
    mixed = who.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + item.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Floats = ((mixed >> np.uint64(33)).astype(np.float64) + 0.5) / 2.0**31
    return out


def _choose(rng: np.random.Generator, story: _Story, who: Ints, day: Ints, category: Any = None) -> tuple[Ints, Bools]:
    """Choose an item for each (customer, day), in a given category or one to taste; also say whether out of habit."""
    people, catalogue, m = story.people, story.catalogue, len(who)
    item, usual = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=bool)
    peak = np.array([spec.peak - 1 for spec in _CATEGORIES])
    swing = np.array([spec.swing for spec in _CATEGORIES])
    stickiness = np.array([spec.habit for spec in _CATEGORIES])
    wave = 1 + swing * np.cos(2 * np.pi * (np.arange(12)[:, None] - peak) / 12)
    if category is None:
        category = np.zeros(m, dtype=np.int64)
        for lo in range(0, m, 65536):  # bounded memory
            some = slice(lo, lo + 65536)
            category[some] = _draw(rng, _taste(people, who[some], day[some]) * wave[story.calendar.month[day[some]]])
    u = rng.random((2, m))
    for c in range(len(_CATEGORIES)):
        rows = np.flatnonzero(category == c)
        shelf = np.arange(catalogue.first[c], catalogue.first[c + 1])
        for lo in range(0, len(rows), 65536):
            part = rows[lo : lo + 65536]
            gap = catalogue.level[shelf] - people.spend[who[part]][:, None]
            weights = catalogue.popularity[shelf] * np.exp(-0.4 * gap**2) * (catalogue.launch[shelf] <= day[part][:, None])
            item[part] = shelf[_draw(rng, weights + 1e-12 * (catalogue.launch[shelf] == 0))]
            # The usual item hangs on the customer alone: the best match under noise that never changes.
            sticks = u[0, part] < stickiness[c] * people.habit[who[part]]
            own = part[sticks]
            gumbel = -np.log(-np.log(_fixed_noise(who[own][:, None], shelf)))
            score = np.log(catalogue.popularity[shelf]) - 0.4 * gap[sticks] ** 2 + 2 * gumbel
            score[:, catalogue.launch[shelf] > 0] = -np.inf
            item[own] = shelf[np.argmax(score, axis=1)]
            usual[own] = True
    return item, usual


class _Log:
    """Rows of the log as codes, chunk by chunk; a code of -1 is a missing value."""

    CODES = ("who", "time", "item", "order", "channel", "campaign", "surface", "query", "text", "session")
    NUMBERS = ("amount", "quantity", "discount", "rating")

    def __init__(self) -> None:
        self.chunks: list[dict[str, Column]] = []
        self.texts: list[str] = []

    def add(self, kind: str, who: Ints, time: Ints, where: Bools | None = None, **columns: Any) -> None:
        """Add a row for each customer in `who`, or for those of them where `where` holds."""
        chunk: dict[str, Column] = {"kind": np.full(len(who), KINDS.index(kind)), "who": who, "time": time}
        for name in self.CODES[2:]:
            chunk[name] = np.broadcast_to(np.asarray(columns.pop(name, -1), dtype=np.int64), who.shape)
        for name in self.NUMBERS:
            chunk[name] = np.broadcast_to(np.asarray(columns.pop(name, np.nan), dtype=np.float64), who.shape)
        assert not columns, f"Unknown columns {sorted(columns)}"
        self.chunks.append(chunk if where is None else {name: values[where] for name, values in chunk.items()})

    def text(self, lines: list[str]) -> Ints:
        """Codes for new texts."""
        first = len(self.texts)
        self.texts += lines
        return np.arange(first, first + len(lines))

    def columns(self, start: int, end: int) -> dict[str, Column]:
        """Join the rows of [start, end)."""
        inside = [(chunk["time"] >= start) & (chunk["time"] < end) for chunk in self.chunks]
        names = ("kind", *self.CODES, *self.NUMBERS)
        parts = {name: [chunk[name][keep] for chunk, keep in zip(self.chunks, inside, strict=True)] for name in names}
        return {name: np.concatenate(values) for name, values in parts.items()}


def _fill_baskets(rng: np.random.Generator, story: _Story) -> None:
    """Fill all orders: order, item and driver of each line; an item comes once in an order."""
    catalogue, who, day = story.catalogue, story.orders["who"], story.orders["day"]
    fill = np.minimum(story.people.basket[who] * (1 + 2 * story.calendar.promotion[day]), 0.95)
    count = 1 + (rng.random((4, len(who))) < fill).sum(axis=0)
    order = np.repeat(np.arange(len(who)), count)
    item, usual = _choose(rng, story, who[order], day[order])
    lines = [(order, item, usual.astype(np.int64))]
    for antecedent, consequent, chance in catalogue.pairs:
        with_it = order[item == antecedent]
        with_it = with_it[rng.random(len(with_it)) < chance]
        lines.append((with_it, np.full(len(with_it), consequent), np.full(len(with_it), 2)))
    order, item, driver = (np.concatenate(part) for part in zip(*lines, strict=True))
    _, keep = np.unique(order * len(catalogue.category) + item, return_index=True)
    keep = keep[np.lexsort((keep, order[keep]))]
    story.line_order, story.line_item, story.line_driver = order[keep], item[keep], driver[keep]


def _pay(rng: np.random.Generator, story: _Story) -> None:
    """Quantity, amount and discount of each line, to the cent."""
    catalogue, item = story.catalogue, story.line_item
    day = story.orders["day"][story.line_order]
    category = catalogue.category[item]
    often = np.array([spec.habit for spec in _CATEGORIES])[category] >= 0.5
    story.quantity = 1.0 + (rng.random((3, len(item))) < np.where(often, 0.25, 0.02)).sum(axis=0)
    rate = np.where(rng.random(len(item)) < 0.2, 0.05 + 0.1 * rng.random(len(item)), 0.0)
    rate = np.maximum(rate, story.calendar.promotion[day] * (0.7 + 0.6 * rng.random(len(item))))
    rate += 0.08 * (story.orders["campaign"][story.line_order] >= 0)  # the coupon
    full = np.round(catalogue.price[item] * catalogue.price_index[category, day], 2) * story.quantity
    story.paid = np.round(full * (1 - rate), 2)
    story.off = np.round(full - story.paid, 2)


def _sessions(story: _Story, visits: Ints, log: _Log) -> None:
    """Visits: those that end in an order (session number = order number), then the others."""
    rng = _stream(story.seed, 7)
    people, catalogue, orders = story.people, story.catalogue, story.orders
    n_orders = len(story.instant)
    queries = _query_codes(story, log)

    def minutes(m: int) -> Ints:
        length: Ints = (np.clip(np.exp(6.1 + 0.6 * rng.standard_normal(m)), 60, 1500) * SECOND).astype(np.int64)
        return length

    def touch(who: Ints) -> Ints:
        return np.where(rng.random(len(who)) < 0.8, people.touchpoint[who], _pick(rng, len(who), (5, 4, 1.5)))

    def part(length: Ints, low: float, high: float) -> Ints:
        return (length * (low + (high - low) * rng.random(len(length)))).astype(np.int64)

    # Before an order: search, view, cart, in this order for each line; views of rivals between them.
    who, length = orders["who"], minutes(n_orders)
    channel = touch(who)
    line, item = story.line_order, story.line_item
    searched = (rng.random(len(line)) < 0.5) & (story.line_driver == 0)
    surface = np.where(searched, 0, np.where(story.line_driver == 2, 3, 1 + _pick(rng, len(line), (4, 3, 3))))
    cart = part(length[line], 0.02, 0.3)
    view = cart + part(length[line], 0.05, 0.4)
    search = view + part(length[line], 0.01, 0.1)
    at = story.instant[line]
    own: dict[str, Any] = {"surface": surface, "channel": channel[line], "session": line}
    log.add("search", who[line], at - search, searched, query=queries(rng, item), **own)
    log.add("view", who[line], at - view, rng.random(len(line)) < np.where(story.line_driver == 2, 0.6, 0.95), item=item, **own)
    log.add("cart", who[line], at - cart, rng.random(len(line)) < 0.93, item=item, **own)
    own |= {"campaign": orders["campaign"][line], "amount": story.paid, "quantity": story.quantity, "discount": story.off}
    log.add("purchase", who[line], at, item=item, order=line, **own)
    first = np.searchsorted(line, np.arange(n_orders))
    rivals = np.repeat(np.arange(n_orders), (rng.random((5, n_orders)) < 0.35).sum(axis=0))
    like = catalogue.category[item[first[rivals]]]
    other, _ = _choose(rng, story, who[rivals], orders["day"][rivals], like)
    when = story.instant[rivals] - part(length[rivals], 0.2, 0.8)
    log.add("view", who[rivals], when, item=other, surface=2, channel=channel[rivals], session=rivals)
    own = {"channel": channel, "session": np.arange(n_orders)}
    log.add("login", who, story.instant - length, rng.random(n_orders) < 0.45, **own)

    # Visits without an order: half of those in the week before one look at what will be bought.
    who, day = visits
    m = len(who)
    begin = _clock(rng, day, story.calendar.weekend[day])
    length, channel = minutes(m), touch(visits[0])
    wide = np.int64(story.days + 10 * FUTURE_DAYS)
    by_customer = np.argsort(orders["who"] * wide + orders["day"], kind="stable")
    keys = (orders["who"] * wide + orders["day"])[by_customer]
    coming = np.searchsorted(keys, who * wide + day)
    soon = np.flatnonzero((coming < n_orders) & (rng.random(m) < 0.5))
    nearest = by_customer[coming[soon]]
    near = (orders["who"][nearest] == who[soon]) & (orders["day"][nearest] - day[soon] <= 7)
    near &= catalogue.launch[item[first[nearest]]] <= day[soon]
    soon, nearest = soon[near], nearest[near]
    visit = np.repeat(np.arange(m), 1 + (rng.random((6, m)) < 0.45).sum(axis=0))
    item, _ = _choose(rng, story, who[visit], day[visit])
    opening = np.searchsorted(visit, np.arange(m))
    item[opening[soon]] = story.line_item[first[nearest]]
    at = begin[visit] + part(length[visit], 0.1, 0.9)
    hit = (rng.random(m) < 0.5)[visit]
    surface = np.where(hit, 0, 1 + _pick(rng, len(visit), (4, 3, 3)))
    own = {"surface": surface, "channel": channel[visit], "session": n_orders + visit}
    asked = hit & (rng.random(len(visit)) < 0.55)
    carted = rng.random(len(visit)) < 0.09
    dropped = carted & (rng.random(len(visit)) < 0.3)
    log.add("search", who[visit], at - 4 * SECOND, asked, query=queries(rng, item), **own)
    log.add("view", who[visit], at, item=item, **own)
    log.add("cart", who[visit], at + 15 * SECOND, carted, item=item, **own)
    log.add("remove_cart", who[visit], at + 75 * SECOND, dropped, item=item, **own)
    log.add("share", who[visit], at + 9 * SECOND, rng.random(len(visit)) < 0.012, item=item, **own)
    log.add("login", who, begin, rng.random(m) < 0.45, channel=channel, session=n_orders + np.arange(m))
    rows = np.flatnonzero(rng.random(m) < 0.015)
    about = item[opening[rows]]
    own = {"item": about, "channel": DESK + _pick(rng, len(rows), (6, 3, 1)), "session": n_orders + rows}
    lines = _fill(rng, story, _QUESTION_CONTACT, about)
    log.add("contact", who[rows], begin[rows] + length[rows], text=log.text(lines), **own)


def _query_codes(story: _Story, log: _Log) -> Any:
    """Make a function that gives a query for each item; queries repeat, so each spelling is stored once."""
    catalogue = story.catalogue
    known: list[Ints] = []
    for patterns in _QUERIES:
        known.append(log.text([_named(story, patterns[story.word], i) for i in range(len(catalogue.category))]))

    def draw(rng: np.random.Generator, item: Ints) -> Ints:
        return np.stack(known)[_pick(rng, len(item), (10, 4, 3, 2)), item]

    return draw


def _named(story: _Story, pattern: str, item: int) -> str:
    catalogue, word = story.catalogue, story.word
    return pattern.format(
        noun=catalogue.nouns[catalogue.noun[item]][word],
        brand=_BRANDS[catalogue.brand[item]][word],
        style=_STYLES[catalogue.style[item]][word],
    )


def _fill(rng: np.random.Generator, story: _Story, patterns: list[Pair], items: Ints) -> list[str]:
    chosen = _pick(rng, len(items), np.ones(len(patterns)))
    return [_named(story, patterns[c][story.word], int(i)) for c, i in zip(chosen, items, strict=True)]


def _aftermath(story: _Story, log: _Log) -> Ints:
    """Log what follows orders: return, complaint, review; give the line that was returned of each, or -1."""
    rng = _stream(story.seed, 8)
    people, catalogue, orders = story.people, story.catalogue, story.orders
    who, line, item = orders["who"], story.line_order, story.line_item
    first = np.searchsorted(line, np.arange(len(who)))
    day_start = _midnight(orders["day"])

    def later(rows: Ints, days: Ints) -> Ints:
        """Draw an instant some local days after the order, in waking hours."""
        out: Ints = day_start[rows] + days * DAY + ((8 + 14 * rng.random(len(rows))) * 3600 * SECOND).astype(np.int64)
        return out

    # Of an order that is partly returned, the worse lines come back.
    order_lines = np.lexsort((catalogue.quality[item] + 0.8 * rng.standard_normal(len(item)), line))
    back = np.where(orders["returned"] > 0, order_lines[first], -1)
    rows = np.flatnonzero(back >= 0)
    gone = back[rows]
    own: dict[str, Any] = {"item": item[gone], "order": rows, "channel": people.touchpoint[who[rows]]}
    own |= {"amount": -story.paid[gone], "quantity": -story.quantity[gone]}
    lines = _fill(rng, story, _RETURN_REASONS, item[gone])
    log.add("return", who[rows], later(rows, orders["return_lag"][rows]), text=log.text(lines), **own)

    rows = np.flatnonzero(orders["complained"] > 0)
    about = item[np.where(back[rows] >= 0, back[rows], first[rows])]
    when = later(rows, orders["complaint_lag"][rows])
    own = {"item": about, "order": rows, "channel": DESK + _pick(rng, len(rows), (5, 4, 1))}
    slow = orders["late"][rows] > 0
    log.add("contact", who[rows], when, slow, text=log.text(_fill(rng, story, _LATE_CONTACT, about)), **own)
    log.add("contact", who[rows], when, ~slow, text=log.text(_fill(rng, story, _RETURN_CONTACT, about)), **own)
    unheard = orders["resolved"][rows] == 0
    log.add("contact", who[rows], when + 2 * DAY, unheard, text=log.text(_fill(rng, story, _AGAIN_CONTACT, about)), **own)

    reviewed = np.flatnonzero(rng.random(len(line)) < 0.22)
    of, about = line[reviewed], item[reviewed]
    score = 4.3 + 0.6 * catalogue.quality[about] - 1.4 * orders["late"][of] - 1.5 * (back[of] == reviewed)
    score += 0.8 * rng.standard_normal(len(reviewed)) - 0.3 * np.log(people.fussiness[who[of]])
    stars = np.clip(np.round(score), 1, 5)
    tales = [_fill(rng, story, patterns, about) for patterns in (_GOOD, _FAIR, _BAD, _SLOW)]
    which = np.where(stars >= 4, 0, np.where(stars >= 3, 1, np.where(orders["late"][of] > 0, 3, 2)))
    when = later(of, orders["transit"][of] + 1 + (5 * rng.random(len(of))).astype(np.int64))
    own = {"item": about, "order": of, "channel": people.touchpoint[who[of]], "rating": stars}
    log.add("review", who[of], when, text=log.text([tales[w][i] for i, w in enumerate(which)]), **own)
    return back


def _referrals(story: _Story, signup: Ints, log: _Log) -> Ints:
    """Who brought each customer of the referral channel, -1 for nobody: someone with an order shortly before."""
    rng = _stream(story.seed, 9)
    people = story.people
    by = np.full(len(signup), -1, dtype=np.int64)
    new = np.flatnonzero(people.channel == 3)
    before = np.searchsorted(story.instant, signup[new])
    back = 1 + (rng.random(len(new)) * np.minimum(before, 150)).astype(np.int64)
    new, source = new[before > 0], (before - back)[before > 0]
    by[new] = story.orders["who"][source]
    since = story.instant[source]
    time = since + (rng.random(len(new)) * np.minimum(signup[new] - since, 3 * DAY)).astype(np.int64)
    log.add("refer", by[new], time, channel=people.touchpoint[by[new]])
    return by


def simulate(n_customers: int = 3000, days: int = 730, seed: int = 0, language: Literal["en", "zh"] = "en") -> Shop:
    """Simulate a shop.

    Parameters
    ----------
    n_customers : int
        Customers who sign up within the log; about 7 % of them never buy. About 65 events come with each in two years.
    days : int
        Length of the log in local days, from 2024-01-01 on.
    seed : int
        Not negative. The same seed gives the same shop.
    language : {"en", "zh"}
        Of all words: titles, categories, brands, cities, queries, texts. Nothing else depends on it.

    Returns
    -------
    Shop

    Raises
    ------
    ValueError
        An argument is out of range.

    Examples
    --------
    >>> shop = simulate(n_customers=100, days=90, seed=1)
    >>> len(shop.users["user"])
    100
    """
    for name, value, least in (("n_customers", n_customers, 1), ("days", days, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} is {value!r}; expected a whole number of at least {least}")
    if language not in ("en", "zh"):
        raise ValueError(f"language is {language!r}; expected 'en' or 'zh'")

    catalogue = _catalogue(seed, days)
    calendar = _calendar(seed, days)
    people = _people(seed, n_customers, days, calendar)
    state = _state(n_customers)
    rng = _stream(seed, 4)
    record = _live(people, state, catalogue, calendar, range(days), rng)
    at_end = _take(state, np.arange(n_customers))
    expected = _expectations(seed, people, at_end, catalogue, calendar, days)
    future = _live(people, state, catalogue, calendar, range(days, days + FUTURE_DAYS), rng)

    # Orders after the end of the log are made like the others, because the truth needs their money, and cut later.
    rng = _stream(seed, 6)
    orders = dict(zip(ORDER_FIELDS, _joined(record.orders + future.orders, len(ORDER_FIELDS)), strict=True))
    instant = _clock(rng, orders["day"], calendar.weekend[orders["day"]])
    by_time = np.lexsort((orders["who"], instant))
    orders = {name: values[by_time] for name, values in orders.items()}
    story = _Story(
        seed, days, int(language == "zh"), people, catalogue, calendar, int(_midnight(0)), int(_midnight(days)),
        orders, instant[by_time],
    )  # fmt: skip
    _fill_baskets(rng, story)
    _pay(rng, story)
    log = _Log()
    _sessions(story, _joined(record.visits, 2), log)
    returned = _aftermath(story, log)
    campaigns = _campaign_impressions(story, _joined(record.campaigns, 6), log)

    rows = log.columns(story.start, story.end)
    signup = _clock(_stream(seed, 10), people.arrival, calendar.weekend[people.arrival])
    earliest = np.full(n_customers, story.end)
    np.minimum.at(earliest, rows["who"], rows["time"])
    signup = np.maximum(np.minimum(signup, earliest - 60 * SECOND), story.start)
    referred = _referrals(story, signup, log)
    events, truth_events, dirt = _events_table(story, log)
    return Shop(
        events=events,
        users=_users_table(story, signup, referred),
        items=_items_table(story),
        campaigns=campaigns[0],
        truth_users=_truth_users(story, at_end, state, expected, signup),
        truth_items=_truth_items(story),
        truth_events=truth_events,
        truth_orders=_truth_orders(story, returned),
        truth_campaigns=campaigns[1],
        truth_channels=_truth_channels(story.word),
        truth_pairs=_truth_pairs(story),
        truth_days=_truth_days(story),
        dirt=dirt,
        start=_stamp(story.start),
        end=_stamp(story.end),
        timezone=TIMEZONE,
    )


# --- tables ----------------------------------------------------------------------------------------------------------


def _stamp(value: Any) -> Any:
    return np.asarray(value, dtype=np.int64).astype("datetime64[us]")[()]


def _names(prefix: str, count: int, width: int) -> Column:
    return _words([f"{prefix}{i:0{width}d}" for i in range(count)])


def _sellers(word: int) -> Column:
    store = (" flagship store", "旗舰店")[word]
    return _words([pair[word] + store for pair in _BRANDS] + [pair[word] for pair in _TRADERS])


def _campaign_impressions(story: _Story, drawn: Any, log: _Log) -> tuple[Table, Table]:
    rng = _stream(story.seed, 11)
    who, campaign, day = drawn[0].astype(np.int64), drawn[1].astype(np.int64), drawn[2].astype(np.int64)
    treated = drawn[3] > 0
    means = campaign % len(_MESSAGING)
    # Sent at ten in the morning, within twenty minutes.
    time = _midnight(day) + 10 * 3600 * SECOND + (rng.random(len(who)) * 1200 * SECOND).astype(np.int64)
    log.add("impression", who, time, treated, campaign=campaign, channel=DESK + len(_SERVICE) + means, surface=4)
    names = _names("C", len(story.people.arrival), 6)
    titles = _names("CP", len(story.calendar.campaign), 3)
    both: Table = {"user": names[who], "campaign": titles[campaign], "treated": treated}
    seen = both | {"time": _stamp(time), "channel": _words([pair[story.word] for pair in _MESSAGING])[means]}
    chances = drawn[4].astype(np.float64), drawn[5].astype(np.float64)
    truth = both | {"p_buy_treated": chances[0], "p_buy_control": chances[1], "uplift": chances[0] - chances[1]}
    return seen, truth


def _events_table(story: _Story, log: _Log) -> tuple[Table, Table, dict[str, int]]:
    """Codes to words, then the dirt: few rows, no row spoilt twice."""
    rng = _stream(story.seed, 12)
    rows = log.columns(story.start, story.end)
    catalogue, word = story.catalogue, story.word
    n = len(rows["time"])
    order = rng.permutation(n)
    copied, stray, blank = order[: n // 800], order[n // 800 : n // 800 + n // 1500], order[n // 800 + n // 1500 :]
    blank = blank[rows["kind"][blank] == KINDS.index("purchase")]
    blank = blank[: len(blank) // 300]
    index = np.concatenate([np.arange(n), copied])
    index = index[np.lexsort((index, rows["time"][index]))]
    rows = {name: values[index] for name, values in rows.items()}
    stain = np.full(n, -1, dtype=np.int64)
    stain[stray], stain[blank] = 1, 2
    stain = stain[index]
    stain[1:][index[1:] == index[:-1]] = 0
    names = _names("C", len(story.people.arrival), 6)
    titles = _names("CP", len(story.calendar.campaign), 3)
    goods = rows["item"]
    spoken = _words(log.texts)
    money = (rows["kind"] == KINDS.index("purchase")) | (rows["kind"] == KINDS.index("return"))
    user = names[np.where(stain == 1, -1, rows["who"])]
    # An extra last entry of -1 sends a missing item to the missing category, brand and seller.
    through = {name: np.append(getattr(catalogue, name), -1)[goods] for name in ("category", "brand", "seller")}
    events: Table = {
        "user": user,
        "time": _stamp(rows["time"]),
        "event": _words(KINDS)[rows["kind"]],
        "item": _names("P", len(catalogue.category), 5)[goods],
        "amount": np.where(stain == 2, np.nan, rows["amount"]),
        "quantity": rows["quantity"],
        "discount": rows["discount"],
        "order": _names("O", len(story.instant), 7)[rows["order"]],
        "category": _words([(spec.english, spec.chinese)[word] for spec in _CATEGORIES])[through["category"]],
        "brand": _words([pair[word] for pair in _BRANDS])[through["brand"]],
        "seller": _sellers(word)[through["seller"]],
        "channel": _words([pair[word] for pair in _TOUCHPOINTS + _SERVICE + _MESSAGING])[rows["channel"]],
        "campaign": titles[rows["campaign"]],
        "surface": _words(_SURFACES)[rows["surface"]],
        "query": spoken[rows["query"]],
        "rating": rows["rating"],
        "text": spoken[rows["text"]],
        "currency": _words(["CNY"])[np.where(money, 0, -1)],
    }
    kinds = ("duplicate", "missing_user", "missing_amount")
    truth: Table = {
        "dirt": _words(kinds)[stain],
        "true_user": names[rows["who"]],
        "true_amount": rows["amount"],
        "session": rows["session"],
    }
    return events, truth, {kind: int((stain == i).sum()) for i, kind in enumerate(kinds)}


def _holes(rng: np.random.Generator, values: Column, share: float) -> Column:
    out = values.copy()
    out[rng.random(len(values)) < share] = None if values.dtype == object else np.nan
    return out


def _users_table(story: _Story, signup: Ints, referred: Ints) -> Table:
    rng = _stream(story.seed, 13)
    people, word, n = story.people, story.word, len(story.people.arrival)
    names = _names("C", n, 6)
    line_time = story.instant[story.line_order]
    recent = (line_time < story.end) & (line_time >= story.end - 365 * DAY)
    spent = np.bincount(story.orders["who"][story.line_order[recent]], story.paid[recent], minlength=n)
    level = np.searchsorted([600.0, 2000.0, 6000.0], spent, side="right")
    return {
        "user": names[:-1],
        "gender": _holes(rng, _words([pair[word] for pair in _GENDERS])[np.where(people.woman, 0, 1)], 0.08),
        "birth_year": _holes(rng, people.birth.astype(np.float64), 0.12),
        "city": _holes(rng, _words([row[word] for row in _CITIES])[people.city], 0.04),
        "member_level": _words([pair[word] for pair in _LEVELS])[level],
        "signup": _stamp(signup),
        "acquisition_channel": _words([row[word] for row in _CHANNELS])[people.channel],
        "referred_by": names[referred],
    }


def _items_table(story: _Story) -> Table:
    rng = _stream(story.seed, 14)
    catalogue, word = story.catalogue, story.word
    n = len(catalogue.category)
    pattern = ("{brand} {noun}, {style}", "{brand}{noun} {style}")[word]
    return {
        "item": _names("P", n, 5)[:-1],
        "title": _words([_named(story, pattern, i) for i in range(n)])[:-1],
        "category": _words([(spec.english, spec.chinese)[word] for spec in _CATEGORIES])[catalogue.category],
        "brand": _words([pair[word] for pair in _BRANDS])[catalogue.brand],
        "price": catalogue.price,
        "cost": _holes(rng, catalogue.cost, 0.02),
        "seller": _sellers(word)[catalogue.seller],
        "launched": _stamp(_midnight(catalogue.launch)),
    }


def _truth_users(
    story: _Story, at_end: _State, later: _State, expected: dict[int, tuple[Floats, Floats, Floats]], signup: Ints
) -> Table:
    rng = _stream(story.seed, 15)
    people, n = story.people, len(story.people.arrival)
    who = np.arange(n)
    names = _names("C", n, 6)
    buyer = people.first_day < story.days + FUTURE_DAYS
    left = at_end.quit_day >= 0
    # A quit falls on a day without an order, after all orders; its instant is any of that day.
    quit_time = _midnight(np.maximum(at_end.quit_day, 0)) + (rng.random(n) * DAY).astype(np.int64)
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, story.orders["who"], story.instant)
    stamps = _stamp(quit_time)
    stamps[~left] = np.datetime64("NaT")
    lifetime = np.where(left, quit_time, story.end) - first
    reason = np.where(buyer, at_end.reason, NEVER)
    mean_gap = people.scale * np.array([math.gamma(1 + 1 / k) for k in people.shape])
    before = _taste(people, who, people.arrival)
    after = _taste(people, who, np.full(n, story.days))
    slugs = _words([spec.english for spec in _CATEGORIES])
    table: Table = {
        "user": names[:-1],
        "rate": 1 / mean_gap,
        "gap_scale_days": people.scale,
        "gap_shape": people.shape,
        "rhythm": _words(["frequent", "regular", "rare"])[people.rhythm],
        "patience": people.patience,
        "price_sensitivity": people.price_sensitivity,
        "spend_level": people.spend,
        "habit": people.habit,
        "fussiness": people.fussiness,
        "competitor_exposure": people.exposed,
        "p_late": people.late,
        "channel_rate_factor": np.array([row[3] for row in _CHANNELS])[people.channel],
        "campaign_response": _words(_UPLIFT)[people.kind],
        "campaign_factor": people.respond,
        "one_purchase_only": people.leaves_after < 1 << 40,
        "ever_buys": buyer,
        "life_events": at_end.life_events,
        "signup": _stamp(signup),
        "quit_time": stamps,
        "quit_reason": _words(REASONS)[reason],
        "is_alive": buyer & ~left,
        "lifetime_days": np.where(buyer & (first < story.end), lifetime / DAY, np.nan),
        "main_category_first": slugs[before.argmax(axis=1)],
        "main_category_last": slugs[after.argmax(axis=1)],
    }
    for c, spec in enumerate(_CATEGORIES):
        table["taste_" + spec.english.lower().replace("'", "").replace(" & ", "_").replace(" ", "_")] = after[:, c]
    line_who = story.orders["who"][story.line_order]
    line_time = story.instant[story.line_order]
    for h in HORIZONS:
        until = story.end + h * DAY
        ahead = (story.instant >= story.end) & (story.instant < until)
        paid = (line_time >= story.end) & (line_time < until)
        table[f"purchases_next_{h}d"] = np.bincount(story.orders["who"][ahead], minlength=n)
        table[f"spend_next_{h}d"] = np.bincount(line_who[paid], story.paid[paid], minlength=n).round(2)
        table[f"quits_within_{h}d"] = (later.quit_day >= story.days) & (later.quit_day < story.days + h)
        table[f"expected_purchases_{h}d"], table[f"p_no_purchase_{h}d"], table[f"p_quit_{h}d"] = expected[h]
    return table


def _truth_items(story: _Story) -> Table:
    catalogue = story.catalogue
    n = len(catalogue.category)
    return {
        "item": _names("P", n, 5)[:-1],
        "quality": catalogue.quality,
        "popularity": catalogue.popularity,
        "price_level": catalogue.level,
        "price_rise": catalogue.price_index[catalogue.category, story.days - 1] - 1,
    }


def _truth_orders(story: _Story, returned: Ints) -> Table:
    orders, inside = story.orders, story.instant < story.end
    goods = np.where(returned >= 0, story.line_item[np.maximum(returned, 0)], -1) if len(returned) else returned
    delivered = _midnight(orders["day"] + orders["transit"]) + 12 * 3600 * SECOND
    truth: Table = {
        "order": _names("O", len(story.instant), 7)[:-1],
        "user": _names("C", len(story.people.arrival), 6)[orders["who"]],
        "time": _stamp(story.instant),
        "delivered": _stamp(delivered),
        "late": orders["late"] > 0,
        "returned_item": _names("P", len(story.catalogue.category), 5)[goods],
        "complained": orders["complained"] > 0,
        "resolved": orders["resolved"] > 0,
    }
    return {name: values[inside] for name, values in truth.items()}


def _truth_channels(word: int) -> Table:
    return {
        "channel": _words([row[word] for row in _CHANNELS])[:-1],
        "rate_factor": np.array([row[3] for row in _CHANNELS]),
        "p_one_purchase_only": np.array([row[4] for row in _CHANNELS]),
        "spend_factor": np.array([row[5] for row in _CHANNELS]),
        "cost": np.array([row[6] for row in _CHANNELS]),
    }


def _truth_pairs(story: _Story) -> Table:
    names = _names("P", len(story.catalogue.category), 5)
    left, right, chance = zip(*story.catalogue.pairs, strict=True)
    return {"item": names[np.array(left)], "consequent": names[np.array(right)], "probability": np.array(chance)}


def _truth_days(story: _Story) -> Table:
    table: Table = {"day": _stamp(_midnight(np.arange(story.days)))}
    for name in ("season", "promotion", "congestion", "competitor"):
        table[name] = getattr(story.calendar, name)[: story.days]
    return table
