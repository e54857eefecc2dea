"""How are several questions at once answered? Each part is searched and read by itself, and what is missing is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from index.store.opened import Store
from index.text import is_chinese
from rag.answerers.base import Extract, Reader, Reading
from rag.query.question import Question
from rag.schema import Hit, Remark, Warns

__all__ = ["read_question"]

Find = Callable[[Question], Sequence[Hit]]


def read_question(question: Question, find: Find, reader: Reader, store: Store) -> tuple[list[Hit], Reading]:
    """Search and read a question, part by part where it has parts.

    Args:
        question: The question.
        find: Searches passages for a question, best first.
        reader: Who reads them.
        store: The store that holds them.

    Returns:
        The passages that were read, best first, each once, and what was made of them. Where no part is answered, the
        question is read as a whole.
    """
    read = [(part, hits, reader.read(part, hits, store)) for part in question.parts for hits in [find(part)]]
    if not any(reading.extracts for _, _, reading in read):
        hits = find(question)
        return list(hits), reader.read(question, hits, store)
    return _interleaved([hits for _, hits, _ in read]), _joined(
        [(part, reading) for part, _, reading in read], question
    )


def _joined(readings: Sequence[tuple[Question, Reading]], question: Question) -> Reading:
    answered = [reading for _, reading in readings if reading.extracts]
    missing = [part for part, reading in readings if not reading.extracts]
    form = "没有找到这一问的答案：{}" if is_chinese(question.asked) else "Not found: {}"
    remarks = [remark for reading in answered for remark in reading.remarks]
    remarks += [Remark(Warns.MISSING, form.format(part.asked)) for part in missing]
    return Reading(
        extracts=tuple(_distinct([extract for reading in answered for extract in reading.extracts])),
        confidence=min(reading.confidence for reading in answered),  # the answer is right only if each of them is
        reason="; ".join(f"{part.asked}: {reading.reason}" for part, reading in readings),
        partly=bool(missing),
        remarks=tuple(dict.fromkeys(remarks)),
        direct=("；" if is_chinese(question.asked) else "; ").join(
            reading.direct for reading in answered if reading.direct
        ),
    )


def _distinct(extracts: Sequence[Extract]) -> list[Extract]:
    """Each place once, with the marks of all that point to it."""
    marks: dict[tuple[str, int, int], set[tuple[int, int]]] = {}
    for extract in extracts:
        marks.setdefault((extract.passage_id, extract.start, extract.end), set()).update(extract.marks)
    return [Extract(*place, tuple(sorted(found))) for place, found in marks.items()]


def _interleaved(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The best of each list, then the second of each, …; each passage once, ranked anew."""
    longest = max(map(len, lists), default=0)
    turns = [hits[turn] for turn in range(longest) for hits in lists if turn < len(hits)]
    best = {hit.passage_id: hit for hit in reversed(turns)}
    order = dict.fromkeys(hit.passage_id for hit in turns)
    return [Hit(name, best[name].score, rank) for rank, name in enumerate(order, start=1)]
