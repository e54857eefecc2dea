"""What do the cells of a table's row stand under? Cells by their offsets, and the heads of the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text import legible

__all__ = ["Cells", "cell_spans", "column_heads"]

Cells = list[tuple[int, int]]
"""Half-open ranges of the cells in a row's text, without the blanks around them; an empty one for an empty cell."""

_BETWEEN = re.compile(r"\t| {2,}|[ \u00a0]*\u3000+[ \u3000]*")
_LONGEST_HEAD = 20  # characters
_PERIOD = re.compile(r"\d{4}(?:年度?)?$|\d{1,2}月(?:份|\d{1,2}日)?$|(?:第?[一二三四]季度|[上下]半年)$")
_VALUE = re.compile(
    r"[约近超达]?[-+−]?(?:\d[\d,.:]*|[〇零一二三四五六七八九十百千万亿两]+)\s*[^\d\s]{0,4}(?:\d[\d,.:]*[^\d\s]{0,2})?$"
)
_NAMES_COLUMN = re.compile(
    r"(?:姓名|名称|单位|部门|地区|区域|乡镇|街道|村名|村庄|时间|日期|时刻|地点|地址|项目|类别|类型|品种|序号|编号|数量|单价|价格|金额|"
    r"总数|合计|电话|联系人|备注|站名|站点|车次|班次|线路|路线|起点|终点|首班|末班|职务|职称|性别|年龄|星期|课程|科目|主讲|主办|等级|"
    r"名次|标准|内容|产量|面积|人数|户数|同比|增长|增幅|占比|单位[:(].*)(?:[(\[].*[)\]])?$"
)
_ONE_WIDTH = {ord("（"): "(", ord("）"): ")", ord("："): ":", ord("，"): ",", ord("．"): ".", ord("％"): "%"} | {
    0xFF10 + digit: str(digit) for digit in range(10)
}


def cell_spans(row: str) -> Cells:
    """Where the cells of a row stand: between bars, else tabs, else wide gaps. One cell where there is none of these.

    A bar at the beginning and one at the end are the table's frame; at the beginning alone, the first cell is empty.

    Example:
        >>> row = "西岭乡　　９５０　　９００"
        >>> [row[a:b] for a, b in cell_spans(row)]
        ['西岭乡', '９５０', '９００']
        >>> cell_spans("| 2024年 | 2025年"), cell_spans("| 甲 | 乙 |")
        ([(0, 0), (2, 7), (10, 15)], [(2, 3), (6, 7)])
    """
    start, end = 0, len(row)
    if "|" in row:
        if (bare := row.strip()).startswith("|") and bare.endswith("|") and len(bare) > 1:
            start, end = row.index("|") + 1, row.rindex("|")
        marks = [match.span() for match in re.finditer(r"\|", row[:end]) if match.start() >= start]
    else:
        marks = [match.span() for match in _BETWEEN.finditer(row) if row[: match.start()].strip()]
    edges = [start, *(place for mark in marks for place in mark), end]
    return [_bare(row, *edges[at : at + 2]) for at in range(0, len(edges), 2)]


def column_heads(rows: Sequence[str]) -> list[str]:
    """The heads of a table's columns, when its first row is made of such; else nothing.

    It is when no cell of it is a figure (2024年 is a head), and it names what columns are usually for, or stands above
    a column of figures. Lists of names in columns have no heads.

    Args:
        rows: The first rows of the table, as they are meant to be read.

    Example:
        >>> column_heads(["乡镇 | 2024年 | 2025年", "东河乡 | 1100 | 1200"])
        ['乡镇', '2024年', '2025年']
        >>> column_heads(["王小明 | 李大海 | 张远", "陈一 | 刘二 | 何三"])
        []
    """
    if len(rows) < 2:
        return []
    heads, *table = [[row[a:b] for a, b in cell_spans(row)] for row in rows if any(map(str.isalnum, row))]
    width = max(map(len, table), default=0)
    if len(heads) == width - 1 and width > 2:
        heads = ["", *heads]  # the corner was left out
    plain = [legible(head).translate(_ONE_WIDTH) for head in heads]
    if len(heads) < 2 or any(_is_figure(head) or len(head) > _LONGEST_HEAD for head in plain):
        return []
    named = sum(bool(_NAMES_COLUMN.search(head) or _PERIOD.match(head)) for head in plain)
    below = [[cell.translate(_ONE_WIDTH) for cell in row] for row in table if len(row) == len(heads)]
    figures = any(
        all(_VALUE.match(row[column]) for row in below) and not _VALUE.match(plain[column])
        for column in range(1, len(heads) if below else 1)
    )
    return heads if figures or 2 * named >= len(heads) else []


def _is_figure(head: str) -> bool:
    return bool(_VALUE.match(head)) and not _PERIOD.match(head)


def _bare(row: str, start: int, end: int) -> tuple[int, int]:
    cell = row[start:end]
    left = start + len(cell) - len(cell.lstrip())
    return (left, start + len(cell.rstrip())) if cell.strip() else (start, start)
