"""How is a run shown to people? As report.html, one file that needs no network, and report.md, its short form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from rag.evaluation.plots import latency, reliability_diagram, risk_coverage_curve, type_bars
from rag.evaluation.questions import EvalQuestion, load_questions
from rag.evaluation.rows import Row
from rag.evaluation.run_folder import RunFolder, write_text
from rag.evaluation.summary import METRICS, Estimate, Summary

__all__ = ["write_reports"]

_LONGEST_ANSWER, _LONGEST_QUOTE = 140, 500  # characters; rows.jsonl has it all
_MOST_CITATIONS, _MOST_UNITS = 5, 8  # per question
_MOST_ALTERNATIVES = 3  # spellings of one gold answer
_MOST_FAILURES, _MOST_IN_SHORT = 60, 20  # listed per kind, in report.html and report.md

_GROUPS = {
    "all": "全部",
    "factoid": "事实",
    "list": "列举",
    "description": "描述",
    "paraphrase": "换说法",
    "english": "英文提问",
    "traditional": "繁体提问",
    "followup": "追问",
    "unanswerable": "无答案",
    "false_premise": "前提有误",
    "multi": "多处证据",
    "other": "未分类",
}
_METRICS = {
    "recall@1": "第 1 名就找到的证据",
    "recall@5": "前 5 名里找到的证据",
    "recall@10": "前 10 名里找到的证据",
    "mrr@10": "首个证据名次的倒数",
    "ndcg@10": "前 10 名的排序质量",
    "contains_gold": "回答里有标准答案（拒答算 0）",
    "direct_right": "直接回答里有标准答案（拒答算 0）",
    "exact_match": "直接回答与标准答案完全相同",
    "char_f1": "直接回答的逐字重合度（CMRC 2018 算法）",
    "right": "答对，或没有答案时拒答",
    "wrong_refusal": "有答案却拒答（越低越好）",
    "right_refusal": "没有答案时拒答",
    "verbatim": "引文与版面逐字一致",
    "citation_precision": "引文中指向标准证据的",
    "citation_recall": "标准证据中被引到的",
    "auroc": "把握能分开对与错",
    "auroc_answerable": "把握能分开有答案与没有答案",
    "ece": "把握与实际的差距（越低越好）",
    "p50_ms": "耗时中位数",
    "p95_ms": "第 95 百分位耗时",
}
_CHIEF = ("recall@5", "contains_gold", "right_refusal", "citation_precision", "verbatim", "p50_ms")
_SETTINGS = {
    "questions.file": "题目",
    "questions.count": "题数",
    "questions.sha256": "题目指纹",
    "collection.pages": "版面",
    "collection.passages": "段落",
    "collection.sources": "来源指纹",
    "collection.fingerprint": "库指纹",
    "collection.model": "向量模型",
    "collection.model_fingerprint": "模型指纹",
    "config.legs": "检索方式",
    "config.since": "起始日期",
    "config.until": "截止日期",
    "config.passages_read": "阅读段数",
    "config.nearest_shown": "拒答时列出",
    "config.min_confidence": "最低把握",
    "provenance.started_at": "开始",
    "provenance.commit": "代码版本",
    "provenance.python": "Python",
    "provenance.machine": "机器",
    "provenance.libraries": "依赖版本",
}
_PLOTS = {
    "bars": ("各类题目", "检索到证据的比例（recall@5）与答对的比例（contains_gold；没有标准答案的一类用 right），"
             "细线是 95 % 区间。"),
    "risk": ("风险与覆盖", "只答最有把握的题：横轴是作答的比例，纵轴是其中答错的比例。圆点是这次评测所在的位置。"),
    "reliability": ("把握与实际", "按把握分 10 组，柱高是答对的比例。落在虚线上最好；虚线上方是谦虚，下方是自负。"),
    "latency": ("耗时", "左：每题总耗时的分布。右：各步骤的中位数（深）与第 95 百分位（浅）。"),
}  # fmt: skip
_STATES = {
    "right": ("答对", "hit"),
    "right_refusal": ("拒答正确", "hit refused"),
    "wrong": ("答错", "miss"),
    "not_refused": ("该拒未拒", "miss"),
    "wrong_refusal": ("误拒", "miss refused"),
    "error": ("出错", "miss error"),
    "unjudged": ("未判", "unjudged"),
}
_FAILURES = ("error", "wrong", "wrong_refusal", "not_refused")
_FILTERS = {"": "全部", "hit": "答对", "miss": "未对", "refused": "拒答", "error": "出错"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~#])")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row as it is shown."""

    number: int
    row: Row
    state: str
    ranks: tuple[tuple[str, int | None], ...]
    evidence: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        return _STATES[self.state][0]

    @property
    def tags(self) -> str:
        return _STATES[self.state][1]

    @property
    def rank(self) -> int | None:
        return min((rank for _, rank in self.ranks if rank), default=None)

    @property
    def marked_answer(self) -> list[tuple[str, bool]]:
        return _marked(_excerpt(self.row.answer, self.row.answers), self.row.answers)


def write_reports(
    folder: RunFolder, rows: Sequence[Row], values: Mapping[str, Mapping[str, float]], summary: Summary
) -> None:
    """Write report.html and report.md into the folder of a run, each whole or not at all.

    Args:
        folder: A folder whose run was begun.
        rows: All rows, in the order of the questions.
        values: question id -> metric -> value, as from :func:`rag.evaluation.summary.per_question`.
        summary: All metrics, as from :func:`rag.evaluation.summary.summarise`.

    Raises:
        EvaluationError: The folder holds no settings, or its questions are damaged.
    """
    settings = list(_flat(folder.settings()))
    asked = _asked(rows, values, _questions(folder))
    write_text(folder.path / "report.html", _html(folder.path.name, settings, rows, asked, summary))
    write_text(folder.path / "report.md", _markdown(folder.path.name, settings, asked, summary))


def _html(
    name: str, settings: list[tuple[str, str]], rows: Sequence[Row], asked: list[_Asked], summary: Summary
) -> str:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    drawn = {
        "bars": type_bars(summary),
        "latency": latency(rows),
        "risk": risk_coverage_curve(rows),
        "reliability": reliability_diagram(rows),
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"clip": _clip, "gold": _gold, "marked": _marked}
    template = environment.from_string(files("rag.evaluation").joinpath("report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        name=name,
        settings=settings,
        tiles=[(metric, _METRICS[metric], *_cell(metric, summary["all"][metric])) for metric in _CHIEF
               if metric in summary.get("all", {})],
        groups=_groups(asked, summary),
        metrics=_table(summary),
        plots=[(*_PLOTS[plot], Markup(svg)) for plot, svg in drawn.items() if svg],  # noqa: S704  # ours, escaped there
        failures=_failures(asked, _MOST_FAILURES),
        filters=_filters(asked),
        types=[(group, _GROUPS.get(group, group)) for group in summary if group != "all"],
        labels=_GROUPS,
        asked=asked,
        most_citations=_MOST_CITATIONS,
        most_units=_MOST_UNITS,
    )  # fmt: skip


def _markdown(name: str, settings: list[tuple[str, str]], asked: list[_Asked], summary: Summary) -> str:
    groups = _groups(asked, summary)
    lines = [f"# 评测报告：{_plain(name)}", ""]
    lines += [f"- {_plain(label)}：{_plain(value)}" for label, value in settings]
    lines += ["", "## 指标", "", "括号里是 95 % 区间。", ""]
    lines += ["| 指标 | " + " | ".join(f"{_plain(label)} ({count})" for _, label, count in groups) + " |"]
    lines += ["|---|" + "---:|" * len(groups)]
    for metric, gloss, cells in _table(summary):
        told = (f"{cell[0]} ({cell[1]})" if cell else "–" for cell in cells)
        lines += [f"| {metric} {gloss} | " + " | ".join(told) + " |"]
    lines += ["", "## 未通过", ""]
    failures = _failures(asked, _MOST_IN_SHORT)
    for label, count, shown in failures:
        lines += [f"### {label}：{count} 题", ""]
        lines += [f"- {_plain(a.row.id)} {_plain(a.row.question)}{_said(a)}" for a in shown]
        lines += [f"- 另有 {count - len(shown)} 题，见 report.html", ""] if count > len(shown) else [""]
    return "\n".join(lines if failures else [*lines, "没有。", ""])


def _said(asked: _Asked) -> str:
    if asked.row.error:
        return f" → {_plain(_clip(asked.row.error, 120))}"
    gold = f"；标准答案：{_plain(_gold(asked.row.answers, asked.row.match))}" if asked.row.answers else ""
    given = _plain(_clip(asked.row.answer, 80)) if asked.row.answer else "拒答"
    return f" → {given}{gold}"


def _questions(folder: RunFolder) -> dict[str, EvalQuestion]:
    file = folder.path / "questions.jsonl"
    return {question.id: question for question in load_questions(file).questions} if file.is_file() else {}


def _asked(
    rows: Sequence[Row], values: Mapping[str, Mapping[str, float]], questions: Mapping[str, EvalQuestion]
) -> list[_Asked]:
    found = []
    for number, row in enumerate(rows, start=1):
        places = {unit: rank for rank, unit in enumerate(row.ranked, start=1)}
        question = questions.get(row.id)
        evidence = tuple((item.file, item.quote) for item in question.evidence) if question else ()
        ranks = tuple((unit, places.get(unit)) for unit in row.relevant)
        found.append(_Asked(number, row, _state(row, values.get(row.id, {})), ranks, evidence))
    return found


def _state(row: Row, values: Mapping[str, float]) -> str:
    if row.error:
        return "error"
    if row.abstained:
        return "wrong_refusal" if row.answerable else "right_refusal"
    if "right" not in values:
        return "unjudged"
    if values["right"]:
        return "right"
    return "wrong" if row.answerable else "not_refused"


def _groups(asked: Sequence[_Asked], summary: Summary) -> list[tuple[str, str, int]]:
    """Key, Chinese name and number of questions of each group."""
    sizes = {group: sum(group in ("all", a.row.type) for a in asked) for group in summary}
    return [(group, _GROUPS.get(group, group), sizes[group]) for group in summary]


def _table(summary: Summary) -> list[tuple[str, str, list[tuple[str, str] | None]]]:
    """Metric, gloss, and a cell per group; without metrics that no group has."""
    return [
        (metric, gloss, [_cell(metric, found[metric]) if metric in found else None for found in summary.values()])
        for metric, gloss in ((name, _METRICS.get(name, english)) for name, english in METRICS.items())
        if any(metric in found for found in summary.values())
    ]


def _cell(metric: str, estimate: Estimate) -> tuple[str, str]:
    """Value and interval as text."""
    if metric.endswith("_ms"):
        return f"{estimate.value:.0f} ms", f"{estimate.low:.0f}–{estimate.high:.0f}"
    return f"{estimate.value:.3f}", f"{estimate.low:.2f}–{estimate.high:.2f}"


def _failures(asked: Sequence[_Asked], most: int) -> list[tuple[str, int, list[_Asked]]]:
    """Label, number, and the first few of each kind of failure there is."""
    kinds = [(_STATES[state][0], [a for a in asked if a.state == state]) for state in _FAILURES]
    return [(label, len(found), found[:most]) for label, found in kinds if found]


def _filters(asked: Sequence[_Asked]) -> list[tuple[str, str, int]]:
    """Tag, label and number of questions of each filter."""
    counts = {tag: sum(not tag or tag in a.tags.split() for a in asked) for tag in _FILTERS}
    return [(tag, label, counts[tag]) for tag, label in _FILTERS.items()]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Label and value of each setting; what is nested gets a dotted name."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name in _SETTINGS:
            yield _SETTINGS[name], ", ".join(f"{part} {told}" for part, told in value.items())
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif value not in (None, "", []):
            told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield _SETTINGS.get(name, name), _clip(told, _LONGEST_QUOTE)


def _gold(answers: Sequence[str], match: str) -> str:
    """Gold answers on one line; of alternatives only the first few."""
    if match == "all":
        return _clip("；".join(answers))
    more = f" 等 {len(answers)} 种写法" if len(answers) > _MOST_ALTERNATIVES else ""
    return _clip(" / ".join(answers[:_MOST_ALTERNATIVES])) + more


def _clip(text: str, most: int = _LONGEST_QUOTE) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _excerpt(text: str, wanted: Sequence[str]) -> str:
    """A long text around the first place of what is wanted, or its beginning."""
    first = min((place for word in wanted if (place := text.find(word)) >= 0), default=0)
    start = max(0, first - _LONGEST_ANSWER // 3) if first > _LONGEST_ANSWER // 2 else 0
    return ("…" if start else "") + _clip(text[start:], _LONGEST_ANSWER)


def _marked(text: str, wanted: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces; those that are wanted are flagged.

    Only literal places are: what is equal but for script or width is found by the metrics, not shown here.
    """
    words = sorted(filter(None, wanted), key=len, reverse=True)
    if not words:
        return [(text, False)]
    pieces = re.split("(" + "|".join(map(re.escape, words)) + ")", text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", line)
