"""Who wrote an article, who took its picture, whose report is it, and of which day? Read from its credits alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from index.schema import Article, Role
from rag.answerers.base import Extract
from rag.answerers.broad.listing import FoundArticle, articles_about
from rag.answerers.broad.survey import Desk, Part, Survey, name_of
from rag.query.whole import Detail, Whole
from rag.retrieval.cache import sentences_of
from rag.schema import QuestionKind

__all__ = ["tell_metadata"]

_CREDIT = re.compile(
    r"[（(][^（()）\n]{0,12}(?:记者|通讯员|实习生|作者|来源|图|文|摄)[^（()）\n]{0,40}[）)]"
    r"|(?:^|(?<=[\n。]))\s*(?:来源|作者|撰文|文|图|摄影|供图|记者|通讯员|转自|原标题下署名)[:：/／|丨][^\n。]{1,40}"
    r"|(?:作者|撰文)\s+[\u4e00-\u9fff·]{2,4}(?=\s|$)"
    r"|(?:本报|本刊|本社)?(?:记者|通讯员)\s?[\u4e00-\u9fff·]{2,4}(?:[\s、][\u4e00-\u9fff·]{2,4})*\s?(?:摄影报道|报道|文并摄|文/摄|摄)"
    r"|[\u4e00-\u9fff·]{2,6}[/／\s]?摄(?![影像制])"
)
_AGENCY = re.compile(
    r"(?:据|转自|来源[:：]?)\s?《?(?P<named>[\u4e00-\u9fff]{2,10}?(?:日报|晚报|时报|早报|都市报|报|社|网|电视台|周刊))》?"
    r"|(?P<wire>新华社|中新社|中新网|人民网|央视网|本报)[\u4e00-\u9fff]{0,6}(?:\d{1,2}月)?(?:\d{1,2}日)?(?:专)?[讯电]"
)
_NO_NAME = re.compile(
    r"^(?:本报|本刊|本社|见习|实习|首席|特约|全媒体)*(?:记者|通讯员|实习生|作者|来源|撰文|文字|摄影|图片|图|文|供图|转自|编辑|责编)[:：/／|丨]?|(?:摄影报道|文并摄|报道|供图|[/／]?摄|[/／][文图])$"
)
_PHOTO = re.compile("摄|图|影")
_WROTE, _PICTURED = re.compile("[/／]文$|报道$|文字$"), re.compile("供图$|摄$|[/／]图$|摄影$")
_ONLY_PHOTO = re.compile("^(?!.*(?:[/／]文|文[/／字并]|报道)).*(?:供图|摄)")
_FROM_ELSEWHERE = re.compile("转自|来源")
_SAYS = {
    Detail.WRITER: "没有署作者",
    Detail.PHOTOGRAPHER: "没有署摄影者",
    Detail.SOURCE: "没有注明来源",
    Detail.DAY: "没有见报日期",
}

Range = tuple[int, int]


def tell_metadata(whole: Whole, desk: Desk) -> Survey | None:
    """What an article's credits and dates tell; None where no article is about the topic.

    Args:
        whole: The question.
        desk: What to search and read with.
    """
    found, _ = articles_about(whole.topic, desk)
    if not found:
        return None
    one = found[0]
    told, parts = [], []
    for detail in whole.details:
        names, part = _tell(detail, one)
        told.append(names or f"这篇{_SAYS[detail]}")
        parts.append(part)
    unique = [replace(part, head="") for part in {part.extract: part for part in parts}.values()]
    unique[0] = replace(unique[0], head=name_of(one.article))
    reason = f"credits of {one.article.article_id}, found for {whole.topic!r}"
    direct = "；".join(dict.fromkeys(told))
    return Survey(QuestionKind.METADATA, tuple(unique), direct, 0.6, reason, searched=(whole.topic,))


def _tell(detail: Detail, one: FoundArticle) -> tuple[str, Part]:
    """The answer, empty where the article does not tell it, and what to quote: the credit, else the headline."""
    article = one.article
    if detail is Detail.DAY:
        return article.date or "", Part(_opening(one))
    for start, end in _credits(detail, article):
        names = list(_names(article.text, start, end, detail))
        if names:
            said = "、".join(dict.fromkeys(article.text[a:b] for a, b in names))
            return said, Part(Extract(one.passage.passage_id, start, end, tuple(names)))
    return "", Part(_opening(one))


def _opening(one: FoundArticle) -> Extract:
    """The headline, else the first sentence."""
    pairs = zip(one.article.lines, one.article.segments, strict=True)
    line = next((s for line, s in pairs if line.role is Role.HEADLINE and s.length), None)
    start, end = (line.start, line.start + line.length) if line else sentences_of(one.article.text)[0]
    return Extract(one.passage.passage_id, start, end)


def _credits(detail: Detail, article: Article) -> Iterator[Range]:
    """The credits that can tell a detail: lines of their own first, then those inside the text."""
    if detail is Detail.SOURCE:
        yield from (match.span(match.lastgroup or 0) for match in _AGENCY.finditer(article.text))
        return
    ranges = [
        (s.start, s.start + s.length)
        for line, s in zip(article.lines, article.segments, strict=True)
        if line.role in {Role.BYLINE, Role.CREDIT}
    ]
    ranges += [match.span() for match in _CREDIT.finditer(article.text)]
    for start, end in ranges:
        text = article.text[start:end]
        if detail is Detail.PHOTOGRAPHER and not _PHOTO.search(text):
            continue
        if detail is Detail.WRITER and (_ONLY_PHOTO.search(text) or _FROM_ELSEWHERE.search(text)):
            continue
        yield start, end


def _names(text: str, start: int, end: int, detail: Detail) -> Iterator[Range]:
    """The names in a credit, without what says what they did, and without those that did something else."""
    other = {Detail.WRITER: _PICTURED, Detail.PHOTOGRAPHER: _WROTE}.get(detail)
    for word in re.finditer(r"[^\s、，,：:（()）。|丨《》□■◎●▲△◆◇]+", text[start:end]):
        if other and other.search(word[0]) and not (_WROTE.search(word[0]) and _PICTURED.search(word[0])):
            continue
        a, b = word.span()
        while match := _NO_NAME.search(text[start + a : start + b]):
            if match.start() == 0 and match.end():
                a += match.end()
            elif match.end() > match.start():
                b -= match.end() - match.start()
            else:
                break
        if b - a >= 2:
            yield start + a, start + b
