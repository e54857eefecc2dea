"""Which articles hold something, and how many? Those that have the words, or that ranking and reader take for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.schema import Article, Passage, Role
from index.text import fold, tokens
from rag.answerers.base import Extract
from rag.answerers.broad.survey import Desk, Part, Survey, name_of
from rag.query.listing import Inquiry
from rag.query.question import content_words
from rag.query.words import match_words
from rag.retrieval.cache import sentences_of, vectors_of
from rag.schema import NO_ARTICLES, Count, QuestionKind, Remark, Warns

__all__ = ["FoundArticle", "articles_about", "list_articles"]

_DEPTH = 60  # passages that are looked at for a topic
_MOST = 300  # passages with the words of a mention that are looked at
_SHOWN = 50  # articles that are shown
_SURE, _DOUBTFUL = 0.6, 0.35  # score of the ranking from which an article is listed, or the reader asked
_HELD, _HELD_LITTLE = 0.7, 0.5  # share of the words of the topic that an article must have, over that of the best one
_NOTHING = 0.3  # share that the best article must have: else the archive does not know the topic
_SIGNATURE = r"(?:记者|通讯员|作者|撰文|采写|摄影|编辑|实习生|见习|文[/／|｜:：]|图[/／|｜:：])[^。，；\n]{{0,24}}{0}|{0}\s?(?:摄|/文|/摄|供图|报道)"  # noqa: E501
_RELEVANT = 0.3  # probability of the reader from which a doubtful article is listed


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """An article and the passage that speaks for it."""

    article: Article
    passage: Passage


def list_articles(inquiry: Inquiry, desk: Desk) -> Survey:
    """The articles that a question asks for, each with its key sentence; empty where there is none.

    Args:
        inquiry: What they must hold.
        desk: What to search and read with.
    """
    found, cut = _mentioning(inquiry, desk) if inquiry.terms else ([], False)
    way = "the words stand there"
    if inquiry.writer:
        found = [one for one in found if _signed(inquiry.writer, one.article)]
        way = "the name stands in a byline or credit"
    elif not found:
        found, cut = articles_about(inquiry.topic, desk)
        way = "ranked and read"
    shown = found[:_SHOWN]
    parts = tuple(
        Part(_key_sentence(one, inquiry, desk), head=f"{number}. {name_of(one.article)}")
        for number, one in enumerate(shown, start=1)
    )
    count = Count(len(found), at_least=cut)
    remarks = (
        (Remark(Warns.RESOLVED, f"共找到 {len(found)} 篇，这里列出前 {_SHOWN} 篇。"),) if len(found) > _SHOWN else ()
    )
    direct = f"{'至少 ' if cut else ''}{len(found)} 篇" if found else _nothing(inquiry)
    kind = QuestionKind.COUNT if inquiry.counts else QuestionKind.LIST
    reason = f"{len(found)} articles for {inquiry.topic!r}: {way}"
    return Survey(kind, parts, direct, 0.7, reason, remarks=remarks, count=count, searched=(inquiry.topic,))


def _nothing(inquiry: Inquiry) -> str:
    of = f"署名“{inquiry.writer}”" if inquiry.writer else f"关于“{inquiry.topic}”"
    return NO_ARTICLES.format(of)


def _signed(name: str, article: Article) -> bool:
    """Whether a person is named as who wrote or photographed an article, in a line of its own or in its text."""
    if name in article.byline:
        return True
    credits_ = (
        article.text[segment.start : segment.start + segment.length]
        for line, segment in zip(article.lines, article.segments, strict=True)
        if line.role in {Role.BYLINE, Role.CREDIT}
    )
    return any(name in line for line in credits_) or bool(re.search(_SIGNATURE.format(re.escape(name)), article.text))


def _mentioning(inquiry: Inquiry, desk: Desk) -> tuple[list[FoundArticle], bool]:
    """The articles that have one of the words as they stand, in the order of the search."""
    found: dict[str, FoundArticle] = {}
    cut = False
    allowed = desk.store.catalog.select(desk.filter)
    for term in inquiry.terms:
        rows = [row for row, _ in desk.store.lexical.search(term, _MOST, allowed)]
        cut |= len(rows) == _MOST
        for passage in desk.store.passages.at(rows):
            article = desk.article(passage)
            if passage.article_id in found:
                continue
            if fold(term) in fold(passage.text) or fold(term) in _bare(article):
                found[passage.article_id] = FoundArticle(article, passage)
    return list(found.values()), cut and len(found) >= _SHOWN


def _bare(article: Article) -> str:
    return fold(" ".join([*article.kicker, article.title, *article.subhead, article.text]).replace("\n", ""))


def articles_about(topic: str, desk: Desk) -> tuple[list[FoundArticle], bool]:
    """The articles about a topic, the likeliest first, and whether there may be more.

    Args:
        topic: A query.
        desk: What to search and read with.
    """
    scores: dict[str, float] = {}
    found: list[FoundArticle] = []
    for hit in desk.find(topic, _DEPTH):
        passage = desk.store.passages[hit.passage_id]
        if passage.article_id not in scores:
            scores[passage.article_id] = hit.score
            found.append(FoundArticle(desk.article(passage), passage))
    held = _held(topic, [one.article for one in found], desk)
    best = max(held, default=0.0)
    if best < _NOTHING:
        return [], False
    sure, doubtful = [], []
    for one, share in zip(found, held, strict=True):
        score = scores[one.article.article_id]
        if score >= _SURE and share >= _HELD * best:
            sure.append(one)
        elif score >= _DOUBTFUL and share >= _HELD_LITTLE * best:
            doubtful.append(one)
    judged = desk.judge(topic, [one.passage for one in doubtful])
    read = [one for one, judgement in zip(doubtful, judged, strict=True) if judgement.relevance >= _RELEVANT]
    listed = sorted([*sure, *read], key=lambda one: -scores[one.article.article_id])
    return listed, len(listed) == len(found) and len(found) > _SHOWN


def _held(topic: str, articles: Sequence[Article], desk: Desk) -> list[float]:
    """The share of the words of a topic, by what they tell, that each article has."""
    weights = {word: desk.store.lexical.idf(word) for word in content_words(topic)}
    matches = match_words(weights, [frozenset(tokens(_bare(article))) for article in articles], desk.store.embedder)
    return [float(share) for share in matches.share]


def _key_sentence(one: FoundArticle, inquiry: Inquiry, desk: Desk) -> Extract:
    """The sentence of the passage that has the words, else the one that is nearest to the topic."""
    text, base = one.passage.text, one.passage.start
    spans = sentences_of(text) or ((0, len(text)),)
    for start, end in spans:
        if any(fold(term) in fold(text[start:end]) for term in inquiry.terms):
            return Extract(one.passage.passage_id, base + start, base + end)
    cosines = vectors_of([text[a:b] for a, b in spans], desk.store.embedder) @ desk.store.embedder.encode_query(
        inquiry.topic
    )
    start, end = spans[int(cosines.argmax())]
    return Extract(one.passage.passage_id, base + start, base + end)
