"""The words of data cleaning in English and Chinese: rules and actions of the audit, checks of the state of the data.

The keys are the core's own (csrc/data): a rule, action or check that is not here is shown as it stands.
"""

from __future__ import annotations

__all__ = ["ACTIONS", "CHECKS", "RULES"]

# A rule as a name, and as the beginning of a sentence.
RULES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "rows read": (("Rows read", "{rows} in the data"), ("读入行数", "数据共{rows}")),
    "missing user": (("No customer", "{rows} without a customer id"), ("缺少客户", "{rows}没有客户编号")),
    "missing time": (("No time", "{rows} without a time"), ("缺少时间", "{rows}没有时间")),
    "unreadable time": (
        ("Unreadable time", "{rows} with a time that cannot be read"),
        ("时间无法识别", "{rows}的时间无法识别"),
    ),
    "time outside the range": (
        ("Time outside the range", "{rows} with a time outside the range"),
        ("时间超出范围", "{rows}的时间超出范围"),
    ),
    "doubtful local time": (
        ("Doubtful local time", "{rows} at a local time that clocks skip or repeat"),
        ("时间有歧义", "{rows}的当地时间因夏令时被跳过或重复"),
    ),
    "exact duplicate": (("Exact duplicate", "{rows} equal to another in every column"), ("完全重复", "{rows}与另一行完全相同")),
    "repeated event_id": (
        ("Repeated event id", "{rows} with an event id seen before"),
        ("事件编号重复", "{rows}的事件编号已出现过"),
    ),
    "missing event": (("No kind of event", "{rows} without a kind of event"), ("缺少事件类型", "{rows}没有事件类型")),
    "unknown event": (
        ("Kind not known", "{rows} of a kind that patron does not know"),
        ("未知事件类型", "{rows}的事件类型不在已知之列"),
    ),
    "missing currency": (
        ("No currency", "{rows} with an amount but no currency"),
        ("缺少币种", "{rows}有金额但没有币种"),
    ),
    "negative amount": (("Negative amount", "{rows} with a negative amount"), ("金额为负", "{rows}的金额为负")),
    "negative quantity": (("Negative quantity", "{rows} with a negative quantity"), ("数量为负", "{rows}的数量为负")),
    "outlying amount": (("Unusual amount", "{rows} with an unusually large amount"), ("金额异常", "{rows}的金额异常大")),
    "not a finite number": (
        ("Not a finite number", "{rows} with a number that is not finite"),
        ("数值无效", "{rows}的数值不是有限数"),
    ),
    "beyond 9.2e12": (("Number too large", "{rows} with a number too large to count"), ("数值过大", "{rows}的数值过大")),
    "more than six decimals": (
        ("More than six decimals", "{rows} with more than six decimals"),
        ("超过六位小数", "{rows}的数值超过六位小数"),
    ),
    "white space around id": (
        ("Blanks around an id", "{rows} with blanks around an id"),
        ("编号含空格", "{rows}的编号首尾有空格"),
    ),
    "attributes without a user": (
        ("Attributes of unknown customers", "{n} customers with attributes but no event"),
        ("无事件的客户属性", "{n}位有属性的客户没有事件"),
    ),
    "attributes without an item": (
        ("Attributes of unknown items", "{n} items with attributes but no event"),
        ("无事件的商品属性", "{n}种有属性的商品没有事件"),
    ),
    "users without attributes": (
        ("Customers without attributes", "{n} users without attributes"),
        ("无属性的客户", "{n}位用户没有属性"),
    ),
    "items without attributes": (
        ("Items without attributes", "{n} items without attributes"),
        ("无属性的商品", "{n}种商品没有属性"),
    ),
    "attribute row without a key": (
        ("Attributes without an id", "{rows} of attributes without an id"),
        ("属性缺少编号", "{rows}属性没有编号"),
    ),
    "repeated attribute row": (("Repeated attributes", "{rows} of attributes given twice"), ("属性重复", "{rows}属性重复")),
    "several rows for one key": (
        ("Several attributes of one id", "{rows} of attributes for an id that has others"),
        ("同一编号多行属性", "{rows}属性的编号另有属性"),
    ),
    "white space around attribute key": (
        ("Blanks around an id", "{rows} of attributes with blanks around the id"),
        ("编号含空格", "{rows}属性的编号首尾有空格"),
    ),
    "missing valid_from": (
        ("No beginning of validity", "{rows} of attributes without a beginning"),
        ("缺少生效时间", "{rows}属性没有生效时间"),
    ),
    "unreadable valid_from": (
        ("Unreadable beginning of validity", "{rows} of attributes with an unreadable beginning"),
        ("生效时间无法识别", "{rows}属性的生效时间无法识别"),
    ),
    "valid_from outside all times": (
        ("Beginning outside all times", "{rows} of attributes that begin outside all times"),
        ("生效时间超出范围", "{rows}属性的生效时间超出范围"),
    ),
    "doubtful valid_from": (
        ("Doubtful beginning of validity", "{rows} of attributes that begin at a time that clocks skip or repeat"),
        ("生效时间有歧义", "{rows}属性的生效时间因夏令时被跳过或重复"),
    ),
    "outside the interval": (
        ("Outside the interval", "{rows} outside the interval asked for"),
        ("不在所选区间", "{rows}不在所选区间内"),
    ),
}
# Actions in Chinese; the English ones are the core's. A value at the end of an action stays.
ACTIONS: dict[str, str] = {
    "read": "已读入",
    "dropped": "已删除",
    "counted, kept": "计数并保留",
    "kept": "保留",
    "trimmed": "已去除空格",
    "left out": "未计入",
    "taken as a return": "按退货处理",
    "set to missing": "设为缺失",
    "rounded to millionths": "四舍五入到百万分之一",
    "a skipped time moved on, a repeated one taken as the first": "跳过的时刻顺延，重复的取第一次",
    "held to be always valid": "视为一直有效",
    "kept, the last in order of content holds": "保留，以内容排序的最后一行为准",
    "kept as 'unknown'": "保留为 unknown",
    "capped at": "截断至",
    "flagged, kept: above": "标记并保留，高于",
    "kept as": "保留为",
}

# What a check looks at.
CHECKS: dict[str, tuple[str, str]] = {
    "span": ("Days covered", "覆盖天数"),
    "freshness": ("Days newer than the load before", "比上次新增的天数"),
    "gap": ("Longest stretch of days without events", "最长无事件天数"),
    "volume": ("Events a day", "日均事件数"),
    "volume_day": ("Events on the oddest day", "最异常一天的事件数"),
    "users": ("Users a day", "日均用户数"),
    "new_users_share": ("Share of users not seen before", "新用户占比"),
    "return_share": ("Share of returns", "退货占比"),
    "missing_share": ("Share of missing values", "缺失占比"),
    "distinct_values": ("Different values", "不同取值数"),
    "kind_share": ("Share of this kind of event", "该类事件占比"),
    "kind_went": ("No such events any more", "该类事件不再出现"),
    "kind_came": ("A new kind of event", "新出现的事件类型"),
    "column_came": ("A new column", "新出现的列"),
    "column_went": ("A column that is gone", "消失的列"),
    "column_type": ("A column that changed its type", "类型改变的列"),
    "dropped_share": ("Share of rows dropped", "删除行占比"),
    "duplicates_share": ("Share of repeated rows", "重复行占比"),
    "outliers_share": ("Share of unusual amounts", "异常金额占比"),
}
