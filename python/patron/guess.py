"""Guessing which column plays which role, how times are written, and what names of events mean.

Names are compared as they stand first, then without case, blanks and punctuation, in the order of the lists below; a column
plays one role. Nothing is guessed from values but two things that would otherwise stop an honest file: whole numbers as
times (19970101, seconds since 1970), and the usual words for a purchase. Every guess is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["ID_ROLES", "KINDS", "NUMBER_ROLES", "ROLES", "columns", "key", "kind_names", "time_style"]

# Role: usual names, the most telling first.
ROLES: dict[str, Sequence[str]] = {
    "user": (
        "user customer_unique_id customer_id user_id uid customer member_id client_id buyer_id cust_id visitor_id visitorid "
        "account_id userid 用户 用户id 用户编号 客户 客户id 客户编号 客户编码 会员 会员id "
        "会员编号 会员号 会员卡号 买家 买家id 顾客 顾客id"
    ).split(),
    "time": (
        "time timestamp event_time date datetime order_purchase_timestamp purchase_time purchase_date order_time order_date "
        "invoice_date transaction_date transaction_time created_at created ts event_timestamp day 时间 时间戳 日期 事件时间 "
        "下单时间 下单日期 购买时间 购买日期 成交时间 交易时间 交易日期 订单时间 订单日期 支付时间 付款时间 付款日期 行为时间"
    ).split(),
    "item": (
        "item sku item_id product_id product goods_id stock_code itemid productid asin 商品 商品id 商品编号 "
        "商品编码 产品 产品id 产品编号 产品编码 货号 款号 商品名称 产品名称"
    ).split(),
    "order": (
        "order order_id invoice invoice_no invoice_id basket_id transaction_id receipt_id orderid 订单 订单号 订单id 订单编号"
    ).split(),
    "amount": (
        "amount spend line_total total_amount dollars revenue sales payment_value price total value 金额 消费金额 实付金额 "
        "实付款 支付金额 销售额 成交金额 交易金额 订单金额 付款金额 总价 价格"
    ).split(),
    "event": (
        "event event_type behavior behaviour behavior_type event_name action action_type 事件 事件类型 行为 行为类型 操作"
    ).split(),
    "quantity": "quantity qty cds units count num 数量 件数 购买数量".split(),
    "discount": "discount discount_amount coupon_amount 优惠 优惠金额 折扣金额".split(),
    "category": (
        "category category_id category_code category_name product_category product_category_name 品类 类目 类别 商品类目 分类"
    ).split(),
    "brand": "brand brand_id brand_name 品牌".split(),
    "seller": "seller seller_id shop_id store_id merchant_id 卖家 商家 店铺 店铺id".split(),
    "channel": "channel source traffic_source 渠道 来源".split(),
    "campaign": "campaign campaign_id 营销活动 活动".split(),
    "surface": "surface placement 展示位置 页面".split(),
    "query": "query search_query search_term keyword keywords 搜索词 关键词".split(),
    "rating": "rating stars review_score 评分 星级".split(),
    "text": "text review_text comment 评论 评价内容 评论内容".split(),
    "currency": "currency currency_code 币种 货币".split(),
    "seq": ("seq",),
    "event_id": ("event_id",),
}

# Roles whose values are ids: text, or integers when every one is plain.
ID_ROLES = ("user", "item", "order", "category", "brand", "seller", "channel", "campaign", "surface", "event_id")
# Roles whose values are text whatever they look like.
TEXT_ROLES = ("event", "query", "text", "currency")
# Roles whose values are numbers.
NUMBER_ROLES = ("amount", "quantity", "discount", "rating")

# Usual names of events that are not the log's own.
KINDS = {
    "buy": "purchase",
    "bought": "purchase",
    "order": "purchase",
    "pay": "purchase",
    "payment": "purchase",
    "sale": "purchase",
    "transaction": "purchase",
    "checkout": "purchase",
    "购买": "purchase",
    "下单": "purchase",
    "支付": "purchase",
    "成交": "purchase",
    "pv": "view",
    "pageview": "view",
    "page_view": "view",
    "product_view": "view",
    "detail": "view",
    "browse": "view",
    "浏览": "view",
    "add_to_cart": "cart",
    "addtocart": "cart",
    "加购": "cart",
    "加购物车": "cart",
    "加入购物车": "cart",
    "remove_from_cart": "remove_cart",
    "移出购物车": "remove_cart",
    "fav": "favorite",
    "favourite": "favorite",
    "collect": "favorite",
    "收藏": "favorite",
    "refund": "return",
    "退货": "return",
    "退款": "return",
    "点击": "click",
    "曝光": "impression",
    "搜索": "search",
    "评价": "review",
    "分享": "share",
    "登录": "login",
    "注册": "signup",
    "投诉": "complaint",
    "取消": "cancel",
}


def _bare(name: str) -> str:
    """A name without case, blanks, punctuation and a unit of money in brackets."""
    return re.sub(r"[\W_]+", "", re.sub(r"[(（](元|rmb|cny)[)）]\s*$", "", name, flags=re.IGNORECASE)).lower()


def columns(names: Sequence[str], given: dict[str, str | None]) -> dict[str, str]:
    """The column of each role that has one.

    Parameters
    ----------
    names : sequence of str
        Columns of the data.
    given : dict of role to column
        What the caller said: a name, None for a role to be guessed, ``"-"`` for a role to be left out.

    Returns
    -------
    dict of role to column

    Raises
    ------
    ValueError
        No such column, or user or time cannot be guessed.
    """
    found: dict[str, str] = {}
    for role, column in given.items():
        if column is None or column == "-":
            continue
        if column not in names:
            raise ValueError(f"No column {column!r} for {role}; the columns are {', '.join(names)}")
        found[role] = column
    open_roles = [role for role in ROLES if given.get(role) is None]
    for bare in (False, True):
        for role in open_roles:
            if role in found:
                continue
            taken = set(found.values())
            match = _first([name for name in names if name not in taken], ROLES[role], bare)
            if match is not None:
                found[role] = match
    for role in ("user", "time"):
        if role not in found:
            raise ValueError(f"Cannot guess which column is the {role}; pass --{role} with one of {', '.join(names)}")
    return {role: found[role] for role in ROLES if role in found}


def _first(names: Sequence[str], usual: Iterable[str], bare: bool) -> str | None:
    if not bare:
        return next((name for name in usual if name in names), None)
    known = {_bare(name): name for name in reversed(names)}
    return next((known[_bare(name)] for name in usual if _bare(name) in known), None)


def key(names: Sequence[str], role: str, column: str | None) -> str | None:
    """The id column of a table of users or items: the events' own name for it, else a usual one."""
    if column is not None and column in names:
        return column
    return _first(names, ROLES[role], False) or _first(names, ROLES[role], True)


def time_style(column: Any) -> dict[str, str]:
    """How whole numbers in a time column are to be read.

    Parameters
    ----------
    column : pyarrow.ChunkedArray

    Returns
    -------
    dict
        ``{"time_format": "%Y%m%d"}``, ``{"time_unit": "s"}`` (ms, us, ns), or nothing: not integers, or unclear.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(column.type) or column.null_count == len(column):
        return {}
    bounds = pc.min_max(column).as_py()
    low, high = int(bounds["min"]), int(bounds["max"])
    if low >= 1970_01_01 and high <= 2199_12_31:
        day, month = pc.subtract(column, pc.multiply(pc.divide(column, 100), 100)), pc.divide(column, 100)
        month = pc.subtract(month, pc.multiply(pc.divide(month, 100), 100))
        days, months = pc.min_max(day).as_py(), pc.min_max(month).as_py()
        if days["min"] >= 1 and days["max"] <= 31 and months["min"] >= 1 and months["max"] <= 12:
            return {"time_format": "%Y%m%d"}
    # From 1990 to 2100: the ranges of the units lie far apart.
    for unit, scale in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        if low >= 631_152_000 * scale and high < 4_102_444_800 * scale:
            return {"time_unit": unit}
    return {}


def kind_names(column: Any, given: dict[str, str]) -> dict[str, str]:
    """The names in an event column that stand for a known kind, among those not given by the caller."""
    import pyarrow as pa

    present = column.unique()
    if not pa.types.is_string(present.type) and not pa.types.is_large_string(present.type):
        present = present.cast(pa.string())
    found = {}
    for name in sorted(name for name in present.to_pylist() if name is not None):
        kind = KINDS.get(name.strip().lower())
        if kind is not None and name not in given:
            found[name] = kind
    return found
