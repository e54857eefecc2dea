"""What does a person in a terminal see? Answers, passages, articles and manifests as coloured text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from index.build import Progress as Report
from index.schema import Article, Layout, Leftover, Page, Role
from index.store.opened import Manifest, Store
from rag.schema import Answer, Citation, Hit, Outcome

if TYPE_CHECKING:
    from rag.bundle import Bundle

__all__ = [
    "build_progress",
    "confidence_words",
    "place",
    "show_answer",
    "show_answers",
    "show_article_lines",
    "show_article_table",
    "show_manifest",
    "show_passages",
    "show_report",
    "show_verified",
]

_STEPS = {
    "read": "读取版面",
    "embed": "计算向量",
    "passages": "写入段落",
    "articles": "写入文章",
    "words": "写入词表",
    "finish": "建立索引",
    "ask": "提问",
    "judge": "评判",
}
_ROLES = {
    Role.COLUMN: "栏目",
    Role.KICKER: "引题",
    Role.HEADLINE: "标题",
    Role.SUBHEAD: "副题",
    Role.BYLINE: "署名",
    Role.SECTION: "小标题",
    Role.BODY: "正文",
    Role.TABLE: "表格",
    Role.CREDIT: "出处",
    Role.CONTINUED: "转接",
}
_KINDS = {
    "news": "消息",
    "brief": "简讯",
    "caption": "图片",
    "opinion": "言论",
    "continuation": "接续",
    "headline": "仅存标题",
    "editor's note": "编者按",
    "advertisement": "广告",
}
_DATES = {"given": "指定", "masthead": "报头", "file name": "文件名", "text": "文内", "unknown": ""}
_PIPE_WIDTH = 200
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: 0x2421}
_PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_UNTITLED = "（无标题）"


@contextmanager
def build_progress(*, quiet: bool) -> Iterator[Report]:
    """A progress bar on stderr per step of a build or an evaluation; nothing when quiet."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=Console(stderr=True, quiet=quiet), transient=True)
    tasks: dict[str, TaskID] = {}

    def report(step: str, done: int, total: int) -> None:
        if step not in tasks:
            bars.start()  # not before there is something to show: a build that fails at once prints its reason alone
            tasks[step] = bars.add_task(_STEPS[step])
        bars.update(tasks[step], completed=done, total=total)

    try:
        yield report
    finally:
        if tasks:
            bars.stop()


def confidence_words(confidence: float) -> str:
    """A confidence as a person would say it.

    Example:
        >>> confidence_words(0.9), confidence_words(0.3)
        ('较有把握', '把握不大')
    """
    return "较有把握" if confidence >= 0.6 else "有一定把握" if confidence >= 0.4 else "把握不大"


def place(file: str, first_line: int, last_line: int) -> str:
    """Where something stands.

    Example:
        >>> place("a.txt", 3, 3), place("a.txt", 3, 5)
        ('a.txt 第 3 行', 'a.txt 第 3–5 行')
    """
    lines = str(first_line) if first_line == last_line else f"{first_line}–{last_line}"
    return f"{file} 第 {lines} 行"


def show_answer(answer: Answer, *, with_trace: bool) -> None:
    """An answer, then what to know besides, then its citations, or the nearest passages of a refusal."""
    show_answers([answer], with_trace=with_trace)


def show_answers(answers: Iterable[Answer], *, with_trace: bool) -> Answer:
    """An answer as it grows, each part as soon as it is there, then all the rest; returns the whole one.

    Args:
        answers: One or more; the text of each begins with that of the one before.
        with_trace: Whether to tell how it came about.

    Raises:
        ValueError: There is none.
    """
    console = _console()
    answer: Answer | None = None
    shown = ""
    for answer in answers:
        style = "bold" if not answer.abstained else "yellow"
        fresh = answer.text.removeprefix(shown)
        console.print(Text(fresh, style=style), end="")
        shown = answer.text
    if answer is None:
        raise ValueError("there is no answer to show")
    console.print("\n")
    if answer.outcome is Outcome.PARTLY:
        console.print("[yellow]只回答了问题的一部分。[/yellow]")
    for remark in answer.remarks:
        console.print(f"[yellow]注意：{escape(remark.text)}[/yellow]")
    if answer.remarks or answer.partly:
        console.print()
    for citation in answer.citations or answer.nearest:
        _show_citation(console, citation)
    if not answer.abstained:
        written = "，由语言模型写成、逐句与引文核对" if answer.generated else ""
        console.print(f"[dim]{confidence_words(answer.confidence)}（{answer.confidence:.2f}）{written}[/dim]")
    if with_trace:
        trace = answer.trace
        console.print(f"[dim]题型：{trace.kind}{'，因“' + escape(trace.taken) + '”' if trace.taken else ''}[/dim]")
        console.print(f"[dim]检索：{escape(trace.query)}[/dim]")
        console.print(f"[dim]依据：{escape(trace.reason)}[/dim]")
        console.print("[dim]用时：" + "，".join(f"{k} {v:.1f} ms" for k, v in trace.timings.items()) + "[/dim]")
        for hit in trace.hits:
            told = "  ".join(f"{name} {value:.2f}" for name, value in trace.features.get(hit.passage_id, {}).items())
            console.print(f"[dim]{hit.rank:>2}. {hit.score:.3f} {escape(hit.passage_id)}  {told}[/dim]")
    return answer


def show_verified(bundle: Bundle, checked: Path, unchecked: Sequence[str], key: Path | None) -> None:
    """That a bundle holds, against what, and what of it could not be checked."""
    quotes = len(bundle.citations) + len(bundle.nearest)
    console = _console()
    console.print(f"核对无误：{quotes} 条引文，{len(bundle.files)} 个版面文件（对照 {escape(str(checked))}）。")
    console.print(f"[dim]版面证明不了、没有核对的：{escape('、'.join(unchecked))}。[/dim]")
    if bundle.signature:
        whose = f"是 {escape(str(key))} 的" if key else "是谁的没有核对，可用 --key 指定"
        console.print(f"签名有效，密钥 {bundle.signature.public_key[:16]}… {whose}。")


def show_passages(hits: Sequence[Hit], store: Store) -> None:
    """Passages with their scores, best first."""
    console = _console()
    for hit in hits:
        passage = store.passages[hit.passage_id]
        article = store.articles[passage.article_id]
        where = place(article.file, *article.line_range(passage.start, passage.end))
        title = escape(article.title or _UNTITLED)
        console.print(f"[bold]{hit.rank}. {title}[/bold]  [dim]{escape(where)}  {hit.score:.3f}[/dim]")
        console.print(Padding(Text(passage.text), (0, 0, 1, 3)))
    if not hits:
        console.print("没有相关的段落。")


def show_article_table(articles: Sequence[Article]) -> None:
    """One row per article."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("文件", "行", "类别", "标题", "署名", "字数"):
        table.add_column(column, justify="right" if column == "字数" else "left", overflow="fold")
    for article in articles:
        lines = f"{article.lines[0].number}–{article.lines[-1].number}"
        kind = _KINDS[article.kind]
        title, byline = escape(article.title or _UNTITLED), escape(article.byline)
        table.add_row(escape(article.file), lines, kind, title, byline, str(len(article.text)))
    _console().print(table)


def show_article_lines(page: Page, articles: Sequence[Article], leftovers: Sequence[Leftover] = ()) -> None:
    """A page as it was read: every line with what it does; ↳ marks a torn sentence that goes on, … one that ends."""
    console = _console()
    console.print(f"[bold]{escape(page.file)}[/bold]  [dim]{page.encoding}, {len(articles)} 篇[/dim]")
    for article in articles:
        console.print(f"\n[bold]{escape(article.title or _UNTITLED)}[/bold]  [dim]{_KINDS[article.kind]}[/dim]")
        table = Table(box=None, show_header=False, pad_edge=False)
        for _ in range(3):
            table.add_column(overflow="fold")  # the default would cut a long line short
        for line in article.lines:
            text = page.text[line.span.start : line.span.end]
            mark, end = "↳ " if line.joined else "", " [yellow]⋯[/yellow]" if line.broken else ""
            table.add_row(f"[dim]{line.number}[/dim]", f"[dim]{_ROLES[line.role]}[/dim]", mark + escape(text) + end)
        console.print(table)
    for leftover in leftovers:
        text = escape(page.text[leftover.span.start : leftover.span.end])
        console.print(f"\n[dim]{leftover.number}  不属于任何一篇（{leftover.why}）[/dim]  {text}")


def show_report(page: Page, layout: Layout) -> None:
    """A page as it was read, then what was joined, what was left over, and what a person may want to check."""
    show_article_lines(page, layout.articles, layout.leftovers)
    console = _console()
    lines = sum(len(article.lines) for article in layout.articles)
    console.print(
        f"\n[bold]阅读报告[/bold]  [dim]编码：{page.encoding}（{escape(page.encoding_why or '未记录')}）[/dim]"
    )
    console.print(f"{lines} 行归入 {len(layout.articles)} 篇，{len(layout.leftovers)} 行不属于任何一篇。")
    for article in layout.articles:
        if article.date:
            evidence = f"：{article.date_evidence}" if article.date_evidence else ""
            source = escape(f"{_DATES[article.date_source]}{evidence}")
            console.print(f"[dim]第 {article.lines[0].number} 行起的一篇[/dim]  {article.date}（{source}）")
    for note in layout.notes:
        mark = "[yellow]存疑[/yellow]" if note.doubtful else "    "
        where = f"第 {note.number} 行" if note.number else "全页"
        console.print(f"{mark}  [dim]{where}[/dim]  {escape(note.what)}")


def show_manifest(path: Path | str, manifest: Manifest, read: Sequence[tuple[str, str]] = ()) -> None:
    """What a store holds, and where it was built just now, how its pages were read: label and words."""
    size = f"{manifest.size / 1e6:.1f} MB" if manifest.files else "在 Milvus 中"
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in (
        ("库", f"{path}（第 {manifest.format} 版格式，{size}）"),
        ("版面", str(manifest.pages)),
        ("文章", str(manifest.articles)),
        ("段落", str(manifest.passages)),
        ("模型", f"{manifest.settings.model}（{manifest.dim} 维，{manifest.model_fingerprint}）"),
        *((("未读", f"{len(manifest.skipped)} 个文件：{'、'.join(manifest.skipped)}"),) if manifest.skipped else ()),
        *((("日期", f"{manifest.first_day} 至 {manifest.last_day}"),) if manifest.first_day else ()),
        *((("注意", f"{manifest.undated} 篇文章日期不明"),) if manifest.undated else ()),
        *read,
        ("建于", f"{manifest.built_at}，用时 {manifest.seconds} 秒，沿用 {manifest.reused} 段的向量"),
        ("代次", manifest.generation),
    ):
        table.add_row(f"[dim]{name}[/dim]", escape(value))
    _console().print(table)


def _show_citation(console: Console, citation: Citation) -> None:
    where = place(citation.file, citation.first_line, citation.last_line)
    console.print(rf"\[{citation.number}] {escape(citation.headline or _UNTITLED)}  [dim]{escape(where)}[/dim]")
    quote = Text(citation.quote, style="italic")
    for start, end in citation.marks:
        quote.stylize("bold", start, end)
    console.print(Padding(quote, (0, 0, 1, 4)))


class _PlainConsole(Console):
    """A console that shows a page's control characters as pictures: a terminal would obey them."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            inert = segment if segment.control else segment._replace(text=segment.text.translate(_PICTURES))
            yield inert


def _console() -> Console:
    # A pipe has no width; the usual guess of 80 would break every quote.
    return _PlainConsole(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
