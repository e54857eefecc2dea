"""What do the passages that were found say to a question? The reading model over them, and what a confidence weighs.

References:
    Kamath, Jia, Liang: Selective Question Answering under Domain Shift (2020).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from index.reading.views import focus, view
from index.schema import Article, Passage, Role
from index.store.opened import Store, headings_above
from index.text import Legible, legible, sentence_spans
from rag.query.question import content_words
from rag.retrieval.crossencoder import CrossEncoder, Judgement

__all__ = ["DATELINE", "evidence", "head_of", "judge_passages", "opening_of"]

_LONGEST_OPENING = 60  # characters
DATELINE = re.compile(
    r"\s*(?:原标题[:：]\s*)?(?:(?:本报|本刊|本网|新华社|中新社|[\w·]{2,8}[社网])[^，。；（(]{0,14}[讯电]\s*)"
    r"(?:[（(][^）)]{0,40}[）)])?\s*|\s*原标题[:：]\s*"
)
"""How a report begins before it tells anything."""

_FIRST, _SURE = 3, 0.9  # passages that are read first; when one of them surely answers, the others are not read


def judge_passages(
    model: CrossEncoder, question: str, passages: Sequence[Passage], store: Store, *, all_of_them: bool = False
) -> list[Judgement]:
    """What each passage says to a question, best candidates first.

    Args:
        model: What reads.
        question: The question as it is searched.
        passages: Candidates, the likeliest first.
        store: Holds their articles.
        all_of_them: Read on although one of the first surely answers.

    Returns:
        One judgement per passage from the first on; fewer where the first ones answer surely.
    """
    words = content_words(question)

    def read(some: Sequence[Passage]) -> list[Judgement]:
        articles = [store.articles[passage.article_id] for passage in some]
        views = [focus(view(*pair), words).read for pair in zip(some, articles, strict=True)]
        heads = map(head_of, some, articles)
        told = model.read(question, [(head, seen.text) for head, seen in zip(heads, views, strict=True)])
        return [_in_passage(judgement, seen) for judgement, seen in zip(told, views, strict=True)]

    judged = read(passages[:_FIRST])
    if len(passages) > _FIRST and (all_of_them or all(judgement.support < _SURE for judgement in judged)):
        judged += read(passages[_FIRST:])
    return judged


def _in_passage(judgement: Judgement, seen: Legible) -> Judgement:
    """What the model says of the text that it read, said of the passage's own."""
    if isinstance(seen.places, range):
        return judgement
    spans, told = (tuple(seen.original(*span) for span in spans) for spans in (judgement.spans, judgement.told))
    return replace(judgement, span=seen.original(*judgement.span), spans=spans, told=told)


def head_of(passage: Passage, article: Article) -> str:
    """What the model reads above a passage: its headings, and how the article begins where it does not hold that.

    The opening names whom 该区 and 他 in later passages mean.
    """
    opening = opening_of(article)
    above = [*headings_above(passage, article), *([opening] if opening not in legible(passage.text) else [])]
    return " ".join(line for line in above if line)


def opening_of(article: Article) -> str:
    """The beginning of an article's first sentence, without its dateline; at most 60 characters."""
    body = (s for line, s in zip(article.lines, article.segments, strict=True) if line.role is Role.BODY)
    first = next(body, None)
    if first is None:
        return ""
    text = legible(article.text[first.start : first.start + min(first.length, 4 * _LONGEST_OPENING)])
    text = text[: 2 * _LONGEST_OPENING]
    dateline = DATELINE.match(text)
    text = text[dateline.end() :] if dateline else text
    sentences = sentence_spans(text)
    return text[: min(_LONGEST_OPENING, sentences[0][1])].strip() if sentences else ""


def evidence(judged: Sequence[Judgement]) -> dict[str, float]:
    """What the confidence weighs: name -> value.

    Args:
        judged: What the passages say, one or more.
    """
    best = max(judged, key=lambda judgement: judgement.support)
    others = [judgement.holds for judgement in judged if judgement is not best]
    return {
        "holds": _logit(best.holds),
        "relevance": _logit(best.relevance),
        "sure": _logit(best.sure),
        "differs": _logit(best.differs),
        "differs_elsewhere": _logit(max(judgement.conflict for judgement in judged)),
        "second": _logit(max(others, default=0.0)),
    }


def _logit(share: float) -> float:
    bounded = min(max(share, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))
