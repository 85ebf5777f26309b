"""The words of the report and the command in English and Chinese, and how each language writes numbers and dates.

One catalogue, one line a phrase: ``key: (English, Chinese)``. A phrase is filled with `str.format`; what fills it is already
text. A key that is missing in one language cannot exist, since both stand on the same line.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from patron.words_cleaning import ACTIONS, CHECKS, RULES

__all__ = ["LANGUAGES", "SEGMENTS", "Language"]

LANGUAGES = ("en", "zh")

SEGMENTS = (
    "champions",
    "loyal",
    "potential loyalists",
    "new customers",
    "promising",
    "need attention",
    "about to sleep",
    "at risk",
    "cannot lose",
    "hibernating",
    "lost",
    "none",
)

_SYMBOLS = {
    "CNY": "¥",
    "RMB": "¥",
    "JPY": "JP¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "BRL": "R$",
    "INR": "₹",
    "KRW": "₩",
    "HKD": "HK$",
    "TWD": "NT$",
    "AUD": "A$",
    "CAD": "C$",
    "SGD": "S$",
}

_MONTHS = ("January February March April May June July August September October November December").split()

_KINDS = {
    "impression": ("impression", "曝光"),
    "view": ("view", "浏览"),
    "search": ("search", "搜索"),
    "cart": ("add to cart", "加购"),
    "remove_cart": ("remove from cart", "移出购物车"),
    "purchase": ("purchase", "购买"),
    "return": ("return", "退货"),
    "review": ("review", "评价"),
    "share": ("share", "分享"),
    "login": ("log-in", "登录"),
    "refer": ("referral", "推荐好友"),
    "contact": ("service contact", "客服联系"),
    "click": ("click", "点击"),
    "favorite": ("favourite", "收藏"),
    "signup": ("sign-up", "注册"),
    "delivery": ("delivery", "配送"),
    "complaint": ("complaint", "投诉"),
    "cancel": ("cancellation", "取消"),
}

_ROLES = {
    "user": ("customer", "客户"),
    "time": ("time", "时间"),
    "event": ("kind of event", "事件类型"),
    "item": ("item", "商品"),
    "order": ("order", "订单"),
    "amount": ("amount", "金额"),
    "amount_raw": ("amount as given", "原始金额"),
    "quantity": ("quantity", "数量"),
    "discount": ("discount", "优惠"),
    "category": ("category", "品类"),
    "brand": ("brand", "品牌"),
    "seller": ("seller", "卖家"),
    "channel": ("channel", "渠道"),
    "campaign": ("campaign", "活动"),
    "surface": ("place shown", "展示位置"),
    "query": ("search query", "搜索词"),
    "rating": ("rating", "评分"),
    "text": ("text", "文本"),
    "currency": ("currency", "币种"),
    "seq": ("sequence", "顺序号"),
    "event_id": ("event id", "事件编号"),
}

# For each segment: its name, who they are, what to do.
_SEGMENTS: dict[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "champions": (
        (
            "Champions",
            "Bought just now, and order and spend more than most.",
            "Thank them, show them what is new first, ask for reviews and referrals; they need no discount.",
        ),
        ("核心客户", "最近刚买过，下单和消费都高于多数客户。", "致谢并给予新品优先权，邀请评价和推荐好友；不必打折。"),
    ),
    "loyal": (
        (
            "Loyal",
            "Order or spend more than most, and were here not long ago.",
            "Offer membership and matching items; keep service quick.",
        ),
        ("忠诚客户", "下单或消费高于多数客户，不久前来过。", "提供会员权益与搭配商品，保证服务及时。"),
    ),
    "potential loyalists": (
        (
            "Potential loyalists",
            "Bought recently, with orders and spending about the middle.",
            "Recommend what goes with their purchases; a small reward for the next order.",
        ),
        ("潜力忠诚客户", "近期购买，下单和消费居中。", "推荐与已购商品相配的商品，下一单给一点奖励。"),
    ),
    "new customers": (
        (
            "New customers",
            "Bought just now, with few orders and little money so far.",
            "Welcome them, help with the first item, invite to a second order within weeks.",
        ),
        ("新客户", "刚刚买过，目前次数少、金额小。", "欢迎并帮助用好首单商品，几周内引导第二单。"),
    ),
    "promising": (
        (
            "Promising",
            "Bought recently, with few orders and little money so far.",
            "Show the range; a low threshold for the next order.",
        ),
        ("有望客户", "最近买过，但次数少、金额小。", "展示更多品类，降低下一单门槛。"),
    ),
    "need attention": (
        (
            "Need attention",
            "Orders and spending about the middle, now half-way to leaving.",
            "Remind them with items they would like; a limited offer.",
        ),
        ("需关注客户", "下单和消费居中，正在变得疏远。", "用感兴趣的商品提醒，给限时优惠。"),
    ),
    "about to sleep": (
        (
            "About to sleep",
            "Few orders and little money, and not for some time.",
            "A reminder with popular items; stop if there is no reply.",
        ),
        ("即将沉睡客户", "买得不多，已有一段时间没来。", "用热门商品唤醒一次，没有回应便停止。"),
    ),
    "at risk": (
        (
            "At risk",
            "Orders and spending about the middle or better, but away for long.",
            "Ask what went wrong, then win back with a personal offer.",
        ),
        ("流失风险客户", "下单和消费居中或更好，但已久未购买。", "先问清原因，再用个性化优惠赢回。"),
    ),
    "cannot lose": (
        (
            "Cannot lose",
            "Were among the very best, and have been away for long.",
            "Call them personally; solve open complaints; the strongest offer belongs here.",
        ),
        ("重点挽留客户", "曾是最好的客户，如今久未出现。", "专人联系，解决遗留投诉，最有力的优惠用在这里。"),
    ),
    "hibernating": (
        (
            "Hibernating",
            "Bought little, and long ago.",
            "Seasonal reminders only; spend no more than they may bring.",
        ),
        ("沉睡客户", "买得少，且时间久远。", "只在大促时提醒，投入不超过可能的收益。"),
    ),
    "lost": (
        (
            "Lost",
            "Bought little, and the longest ago.",
            "Leave them out of paid campaigns; learn from why they left.",
        ),
        ("流失客户", "离开最久，购买最少。", "不再投放付费活动，从流失原因中改进。"),
    ),
    "none": (
        (
            "No purchase yet",
            "Known from visits, never bought.",
            "Help them to a first order with what they looked at.",
        ),
        ("尚未购买", "有访问记录，从未购买。", "用浏览过的商品促成首单。"),
    ),
}

_WORDS: dict[str, tuple[str, str]] = {
    # The page
    "title": ("Customer report", "客户报告"),
    "subtitle": ("{start} to {end}", "{start} 至 {end}"),
    "contents": ("Contents", "目录"),
    "made_by": ("Made by patron {version}", "由 patron {version} 生成"),
    "not_included": ("Left out", "未包含的章节"),
    # Headline figures
    "customers": ("Customers", "客户"),
    "customers_note": ("who bought at least once", "至少购买一次"),
    "revenue": ("Revenue", "销售额"),
    "revenue_note": ("before returns", "未扣退货"),
    "orders": ("Orders", "订单"),
    "orders_note": ("{per} per customer", "人均 {per} 单"),
    "average_order": ("Average order", "客单价"),
    "average_order_note": ("revenue per order", "每单销售额"),
    "repeat": ("Bought again", "复购率"),
    "repeat_note": ("of customers ordered twice or more", "下过两单及以上的客户占比"),
    "recent": ("Bought lately", "近期活跃"),
    "recent_note": ("of customers within {days} days", "最近 {days} 天买过的客户占比"),
    "top_share": ("Top 20%", "前20%客户"),
    # In short
    "short_period": (
        "From {start} to {end}, {customers} customers placed {orders} orders worth {revenue}.",
        "{start}至{end}，{customers}位客户下了{orders}单，销售额{revenue}。",
    ),
    "short_period_no_money": (
        "From {start} to {end}, {customers} customers placed {orders} orders.",
        "{start}至{end}，{customers}位客户下了{orders}单。",
    ),
    "short_top": (
        "The best fifth of them bring {share} of revenue.",
        "其中最好的五分之一带来{share}的销售额。",
    ),
    "short_once": (
        "{share} have bought once only.",
        "{share}的客户只买过一次。",
    ),
    "short_risk": (
        "{customers} customers worth keeping have not been back for long; they brought {share} of revenue so far.",
        "有{customers}位值得挽留的客户久未回来，他们至今贡献了{share}的销售额。",
    ),
    "short_returns": (
        "Goods worth {returned} came back, {share} of revenue.",
        "退货金额{returned}，占销售额的{share}。",
    ),
    # Data
    "data": ("What the data is", "数据概况"),
    "data_period": (
        "The log holds {events} events of {users} users, from {start} to {end}, in local time ({zone}).",
        "日志共有{events}条事件、{users}位用户，时间为{start}至{end}（当地时间，{zone}）。",
    ),
    "data_items": ("They concern {items} items.", "涉及{items}种商品。"),
    "data_visitors": (
        "{visitors} of the users never bought; they appear under “No purchase yet”.",
        "其中{visitors}位用户从未购买，归入“尚未购买”。",
    ),
    "kind": ("Event", "事件"),
    "events": ("Events", "事件数"),
    "share": ("Share", "占比"),
    "users": ("Users", "用户数"),
    "column": ("Column", "列"),
    "missing": ("Missing", "缺失"),
    "missing_purchases": ("Missing in purchases", "购买行缺失"),
    "missing_all": ("Missing in all events", "全部事件缺失"),
    "missing_title": ("How complete the columns are", "各列完整程度"),
    "missing_note": (
        "A column is rightly empty where it does not apply: a visit has no amount.",
        "不适用之处为空属正常：浏览没有金额。",
    ),
    "quality_title": ("Worth a look", "值得留意"),
    "check": ("Check", "检查项"),
    "now": ("Now", "现在"),
    "before": ("Before, or expected", "此前或预期"),
    "quality_note": (
        "The last seven days compared with the time before.",
        "最近七天与此前比较。",
    ),
    # Cleaning
    "cleaning": ("What cleaning did", "数据清洗"),
    "cleaning_none": (
        "Nothing had to be changed: all {rows} rows were taken as they stand.",
        "无需任何改动：全部{rows}行都按原样读入。",
    ),
    "cleaning_intro": (
        "Of {rows} rows read, {kept} stand in the log. Nothing vanishes or changes without a line here.",
        "读入{rows}行，其中{kept}行进入日志。任何删除或改动都记录在此。",
    ),
    "more_kinds": ("{count} more names", "其余{count}种"),
    "more_lines": ("{count} more lines stand in the table {table}.", "其余{count}条见数据表 {table}。"),
    "more_checks": ("{count} more checks found something.", "另有{count}项检查有发现。"),
    "rule": ("Rule", "规则"),
    "rows": ("Rows", "行数"),
    "action": ("What was done", "处理"),
    "example": ("Example", "示例"),
    # Over time
    "time": ("Customers and revenue over time", "客户与销售额走势"),
    "by_year": ("per year", "按年"),
    "by_month": ("per month", "按月"),
    "by_week": ("per week", "按周"),
    "by_day": ("per day", "按日"),
    "year": ("year", "年"),
    "month": ("month", "月"),
    "week": ("week", "周"),
    "day": ("day", "日"),
    "customers_over_time": ("Buying customers {period}", "购买客户数（{period}）"),
    "new": ("first purchase", "首次购买"),
    "returning": ("bought before", "老客回购"),
    "revenue_over_time": ("Revenue {period}", "销售额（{period}）"),
    "returned": ("returned", "退货"),
    "time_best": (
        "The best {period} was {when} with {revenue}.",
        "销售额最高的{period}是{when}，为{revenue}。",
    ),
    "time_change": (
        "The last whole {period} ({when}) brought {change} than the one before.",
        "最近一个完整{period}（{when}）较前一{period}{change}。",
    ),
    "more": ("{share} more revenue", "增长{share}"),
    "less": ("{share} less revenue", "下降{share}"),
    "time_new": (
        "In the last whole {period}, {share} of buying customers bought for the first time.",
        "最近一个完整{period}里，{share}的购买客户是首次购买。",
    ),
    "partial_note": (
        "Lighter bars: {when} is covered in part only.",
        "浅色柱：{when}只有部分数据。",
    ),
    "partial_note_two": (
        "Lighter bars: {when} are covered in part only.",
        "浅色柱：{when}只有部分数据。",
    ),
    "and": (" and ", "、"),
    # Concentration
    "concentration": ("Where revenue comes from", "销售额来自谁"),
    "concentration_text": (
        "The top {top} of customers bring {share} of revenue; half of all revenue comes from {half} of them.",
        "前{top}的客户带来{share}的销售额；一半的销售额来自{half}的客户。",
    ),
    "concentration_x": ("customers, best first", "客户，从高到低"),
    "concentration_y": ("Share of revenue", "销售额占比"),
    "concentration_alt": (
        "Cumulative share of revenue against share of customers, best customers first.",
        "累计销售额占比与累计客户占比，从消费最高的客户开始。",
    ),
    # Second order
    "second": ("From the first order to the second", "从首单到第二单"),
    "second_text": (
        "Of those who have been customers for at least that long, {list}.",
        "在已满相应天数的客户中，{list}。",
    ),
    "second_item": ("{share} ordered again within {days} days", "{days}天内再次下单的占{share}"),
    "second_median": (
        "Those who came back did so after {days} days in the middle case.",
        "再次下单者的中位间隔为{days}天。",
    ),
    "second_x": ("days since the first order", "距首单天数"),
    "second_y": ("Share with a second order", "已下第二单的占比"),
    "second_alt": (
        "Share of customers with a second order by days since the first.",
        "按距首单天数，已下第二单的客户占比。",
    ),
    # RFM
    "rfm": ("The RFM map", "RFM 地图"),
    "rfm_text": (
        "Every customer gets a score from 1 to {bins} for recency (R: how lately they bought), frequency (F: how many orders) "
        "and money (M: how much revenue); {bins} is best. Each tile shows how many customers share a pair of scores, the "
        "segment most of them belong to, and their part of revenue; the stronger the colour, the more revenue.",
        "每位客户在三方面得1至{bins}分：最近购买（R，越近越高）、购买次数（F）、消费金额（M）；{bins}分最好。"
        "每一格显示该组合的客户数、其中多数人所属的分群及其销售额占比；颜色越深，销售额越高。",
    ),
    "rfm_x": ("recency: bought long ago → lately", "最近购买 R：久远 → 最近"),
    "rfm_y": ("frequency: few orders → many", "购买次数 F：少 → 多"),
    "rfm_alt": (
        "Number of customers and share of revenue for each pair of recency and frequency scores.",
        "各最近购买分与购买次数分组合的客户数与销售额占比。",
    ),
    "rfm_ties": (
        "So many customers are alike in {which} that fewer than {bins} scores are in use there.",
        "许多客户的{which}相同，因此该项实际使用的分数少于{bins}档。",
    ),
    "recency": ("recency", "最近购买"),
    "frequency": ("frequency", "购买次数"),
    "monetary": ("money", "消费金额"),
    "thresholds": ("Where the scores change", "分数的分界"),
    "thresholds_note": (
        "A customer gets a score when the value lies between the bounds of its column.",
        "客户的数值落在某列范围内，便得该列的分数。",
    ),
    "score": ("Score", "分数"),
    "r_row": ("R: days away", "R：未购天数"),
    "f_row": ("F: orders", "F：订单数"),
    "m_row": ("M: revenue", "M：销售额"),
    "over": ("over {low}", "超过{low}"),
    "at_least": ("{low} or more", "{low}及以上"),
    "up_to": ("up to {high}", "至{high}"),
    "between": ("{low} – {high}", "{low}～{high}"),
    # Segments
    "segments": ("Segments", "客户分群"),
    "segments_text": (
        "The scores make groups that call for different action. The largest is {largest} with {share} of customers; most "
        "revenue comes from {richest} ({value}).",
        "由分数得到需要不同对待的客户群。人数最多的是“{largest}”，占{share}；销售额最高的是“{richest}”，占{value}。",
    ),
    "segment": ("Segment", "分群"),
    "share_customers": ("of customers", "客户占比"),
    "share_revenue": ("of revenue", "销售额占比"),
    "per_customer": ("per customer", "人均"),
    "mean_orders": ("orders each", "人均订单"),
    "median_recency": ("days away", "未购天数"),
    "segments_alt": (
        "Share of customers and share of revenue of each segment.",
        "各分群的客户占比与销售额占比。",
    ),
    "segments_who": ("Who they are, and what to do", "他们是谁，该做什么"),
    # How it was made
    "method": ("How it was made", "编制说明"),
    "method_text": (
        "Everything is computed from the cleaned log, seen as of {as_of}: later events do not count. The same data gives the "
        "same report.",
        "全部数字由清洗后的日志计算，截至{as_of}，此后的事件不计。相同的数据得到相同的报告。",
    ),
    "term": ("Term", "术语"),
    "customer_def": (
        "A user with at least one purchase up to {as_of}.",
        "截至{as_of}至少购买过一次的用户。",
    ),
    "order_def": (
        "The purchases of one customer that share an order number.",
        "同一客户、同一订单号的全部购买。",
    ),
    "order_def_instant": (
        "The purchases of one customer at one instant, since the data has no order number.",
        "同一客户在同一时刻的全部购买（数据中没有订单号）。",
    ),
    "revenue_def": (
        "The sum of the amounts of purchases, before returns{currency}.",
        "购买金额之和，未扣退货{currency}。",
    ),
    "currency_suffix": (", in {currency}", "，币种{currency}"),
    "return_def": (
        "A row marked as a return, or a purchase with a negative amount or quantity.",
        "标记为退货的行，或金额、数量为负的购买。",
    ),
    "repeat_def": (
        "Customers with two orders or more, divided by all customers.",
        "下过两单及以上的客户数除以全部客户数。",
    ),
    "recent_def": (
        "Customers with a purchase in the {days} days up to {as_of}, divided by all customers.",
        "截至{as_of}的{days}天内买过的客户数除以全部客户数。",
    ),
    "recency_def": (
        "Days from the last purchase to {as_of}.",
        "从最近一次购买到{as_of}的天数。",
    ),
    "new_def": (
        "A customer counts as new in the {period} of the first purchase in the log; whoever bought before the log begins "
        "counts as new at first.",
        "客户在日志中首次购买的那个{period}计为新客户；日志开始前就买过的人起初也计为新客户。",
    ),
    "second_def": (
        "For each number of days d: customers whose second order came within d days of the first, divided by customers whose "
        "first order lies at least d days before {as_of}.",
        "对每个天数 d：首单后 d 天内下第二单的客户数，除以首单距{as_of}已满 d 天的客户数。",
    ),
    "top_def": (
        "Customers sorted by revenue; the share of revenue of the first 20% of them, rounded up to whole customers.",
        "客户按销售额从高到低排列，前20%（向上取整）的销售额占比。",
    ),
    "rfm_def": (
        "Cut points are quantiles over all customers, so that each score holds about equally many; equal values always get "
        "equal scores.",
        "分界为全部客户的分位数，使各分数的人数大致相等；相同的数值总得相同的分数。",
    ),
    "term_recent": ("Bought lately", "近期活跃"),
    "term_new": ("New customer", "新客户"),
    "term_return": ("Return", "退货"),
    "term_order": ("Order", "订单"),
    "term_customer": ("Customer", "客户"),
    "term_second": ("Ordered again", "再次下单"),
    "term_recency": ("Days away", "未购天数"),
    "term_scores": ("RFM scores", "RFM 分数"),
    "parameters": ("Parameters", "参数"),
    "p_version": ("Version", "版本"),
    "p_as_of": ("As of", "截至"),
    "p_zone": ("Time zone", "时区"),
    "p_bins": ("RFM scores", "RFM 档数"),
    "p_windows": ("Windows", "时间窗"),
    "p_events": ("Events", "事件"),
    "p_users": ("Users", "用户"),
    "p_currency": ("Currency", "币种"),
    # What the command says at the end
    "said_log": ("{events} events of {users} users, {period}", "{events}条事件，{users}位用户，{period}"),
    "said_tables": ("Tables", "数据表"),
    "said_report": ("Report", "报告"),
    # Chapters and why one is missing
    "chapter_value": ("Customer value", "客户价值"),
    "chapter_churn": ("Churn", "流失预警"),
    "chapter_recommend": ("Recommendations", "商品推荐"),
    "no_purchases": ("the log has no purchases", "日志中没有购买"),
    "no_amounts": ("the log has no amounts", "日志中没有金额"),
    "no_revenue": ("all amounts are zero", "金额全部为零"),
    "few_customers": ("fewer than {least} customers bought", "购买客户不足{least}位"),
    "no_second": ("no customer has been known for a week", "没有客户已满一周"),
    "not_in_version": ("not part of patron {version}", "patron {version} 尚不包含"),
    "left_out_line": ("{chapter}: {reason}", "{chapter}：{reason}"),
}


class Language:
    """Words, numbers and dates of one language.

    Parameters
    ----------
    name : {"en", "zh"}
    currency : str, optional
        Code or symbol put to amounts of money, e.g. ``"CNY"``.

    Examples
    --------
    >>> Language("zh").short(1_234_567)
    '123万'
    >>> Language("en", currency="USD").money(1_234_567)
    '$1.23 M'
    """

    def __init__(self, name: str = "en", currency: str | None = None) -> None:
        if name not in LANGUAGES:
            raise ValueError(f"Unknown language {name!r}; expected one of {', '.join(LANGUAGES)}")
        self.name = name
        self.currency = currency
        self._place = LANGUAGES.index(name)

    def __call__(self, key: str, **values: Any) -> str:
        """The phrase of that key, filled."""
        return _WORDS[key][self._place].format(**values)

    @property
    def tag(self) -> str:
        """The language as an HTML ``lang`` attribute."""
        return ("en", "zh-CN")[self._place]

    def kind(self, name: str) -> str:
        """A kind of event; unknown ones stay as they are."""
        return _KINDS[name][self._place] if name in _KINDS else name

    def role(self, name: str) -> str:
        """A role of a column; properties keep their names."""
        return _ROLES[name][self._place] if name in _ROLES else name

    def segment(self, name: str) -> str:
        """The name of an RFM segment."""
        return _SEGMENTS[name][self._place][0] if name in _SEGMENTS else name

    def segment_text(self, name: str) -> tuple[str, str]:
        """Who the customers of a segment are, and what to do; empty for one this catalogue does not know."""
        if name not in _SEGMENTS:
            return "", ""
        _, who, action = _SEGMENTS[name][self._place]
        return who, action

    def rule(self, name: str) -> str:
        """A rule of the audit by name."""
        return RULES[name][self._place][0] if name in RULES else name[:1].upper() + name[1:]

    def action(self, text: str) -> str:
        """An action of the audit; a value at its end stays."""
        if self.name == "en":
            return text
        known = max((known for known in ACTIONS if text.startswith(known)), key=len, default="")
        return ACTIONS[known] + text[len(known) :] if known else text

    def audit(self, rule: str, rows: int, action: str) -> str:
        """A row of the audit as a sentence."""
        counted = f"{self.number(rows)} row{'s' * (rows != 1)}" if self.name == "en" else f"{self.number(rows)}行"
        said = RULES[rule][self._place][1].format(rows=counted, n=self.number(rows)) if rule in RULES else f"{counted}: {rule}"
        return f"{said}: {action}." if self.name == "en" else f"{said}：{self.action(action)}。"

    def check(self, name: str) -> str:
        """A check of the state of the data."""
        return CHECKS[name][self._place] if name in CHECKS else name

    def sentences(self, parts: list[str]) -> str:
        """Sentences one after the other: Chinese ones need no space between them."""
        return (" ", "")[self._place].join(part for part in parts if part)

    def listing(self, parts: list[str]) -> str:
        """A list within a sentence."""
        if len(parts) < 2:
            return "".join(parts)
        return (", ", "，")[self._place].join(parts[:-1]) + (" and ", "，")[self._place] + parts[-1]

    # ---- numbers -----------------------------------------------------------------------------------------------------

    def number(self, value: float, digits: int = 0) -> str:
        """In full, with thousands marked."""
        if not math.isfinite(value):
            return "–"
        text = f"{value:,.{digits}f}"
        return text.replace("-", "−") if float(text.replace(",", "")) != 0 else text.lstrip("-")

    def short(self, value: float, digits: int = 3) -> str:
        """To three significant figures, with k, M, bn or 万, 亿."""
        if not math.isfinite(value):
            return "–"
        units = ((1e9, " bn"), (1e6, " M"), (1e4, " k")) if self.name == "en" else ((1e8, "亿"), (1e4, "万"))
        for least, unit in units:
            base = 1e3 if unit == " k" else least
            if abs(value) >= least * (1 - 0.5 * 10.0**-digits):
                return self._significant(value / base, digits) + unit
        return self._significant(value, digits) if abs(value) < 100 else self.number(value)

    def _significant(self, value: float, digits: int) -> str:
        size = math.floor(math.log10(abs(value))) if value else 0
        text = self.number(value, max(0, digits - 1 - size))
        return text.rstrip("0").rstrip(".") if "." in text else text

    def money(self, value: float, exact: bool = False) -> str:
        """An amount of money, short unless `exact`, with the currency when there is one."""
        if not math.isfinite(value):
            return "–"
        text = self.number(abs(value), 2) if exact else self.short(abs(value))
        sign = "−" if value < 0 else ""
        if not self.currency:
            return sign + text
        code = self.currency.upper()
        if code in _SYMBOLS:
            return f"{sign}{_SYMBOLS[code]}{text}"
        return f"{sign}{self.currency}{text}" if len(self.currency) == 1 else f"{sign}{text} {self.currency}"

    def share(self, value: float) -> str:
        """A share of one as a percentage."""
        if not math.isfinite(value):
            return "–"
        percent = 100 * value
        if 0 < percent < 0.1:
            return "<0.1%"
        if 99.9 < percent < 100:
            return ">99.9%"
        if abs(percent) >= 10 and not (99 < percent < 100):
            return f"{percent:.0f}%".replace("-", "−")
        return (f"{percent:.1f}".rstrip("0").rstrip(".") + "%").replace("-", "−")

    # ---- dates -------------------------------------------------------------------------------------------------------

    def date(self, day: np.datetime64) -> str:
        """A day, e.g. 30 June 1998 or 1998年6月30日."""
        year, month, number = _parts(day)
        return f"{number} {_MONTHS[month - 1]} {year}" if self.name == "en" else f"{year}年{month}月{number}日"

    def period(self, start: np.datetime64, unit: str) -> str:
        """A year, month, week or day by its first day."""
        year, month, _ = _parts(start)
        if unit == "year":
            return str(year) if self.name == "en" else f"{year}年"
        if unit == "month":
            return f"{_MONTHS[month - 1]} {year}" if self.name == "en" else f"{year}年{month}月"
        if unit == "week":
            return f"the week of {self.date(start)}" if self.name == "en" else f"{self.date(start)}那一周"
        return self.date(start)

    def tick(self, start: np.datetime64, unit: str) -> str:
        """A short label of a period for an axis; the year stands below."""
        year, month, number = _parts(start)
        if unit == "year":
            return str(year)
        if unit == "month":
            return _MONTHS[month - 1][:3] if self.name == "en" else f"{month}月"
        return f"{number} {_MONTHS[month - 1][:3]}" if self.name == "en" else f"{month}/{number}"


def _parts(day: np.datetime64) -> tuple[int, int, int]:
    year, month, number = str(day.astype("datetime64[D]")).split("-")
    return int(year), int(month), int(number)
