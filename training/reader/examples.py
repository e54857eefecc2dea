"""What does the reading model learn from? Groups: a question, the passage that answers, and passages that do not.

Passages are those of our own store, cut as the product cuts them. The hard ones are what our own two searches find for
the question in other articles, and the other passages of the same article. Half of those of other articles have a
headline, too, lest a headline tell the right passage. What might answer too, being another report
of the same event or holding the answer's words, is left out of the group.

Some groups are made again with one name or figure of the question replaced by another of its kind. The passage that
answered then contradicts the question, and the label says which words of both.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from index.schema import Passage
from index.store.opened import Store
from index.text import NameKind, fold, name_kinds
from rag.retrieval.crossencoder import Verdict
from rag.retrieval.judging import opening_of
from training.reader.groups import Group, Labelled, Ranges
from training.reader.questions import Asked
from training.reader.stores import document_of

__all__ = ["make_groups"]

_SEARCHED, _SEARCHED_HEADED = 10, 5  # passages of each search, in all articles and in those with a headline
_HARD, _NEAR = 7, 3  # kept of other articles, and of the same
_LIKE = 0.3  # share of a passage's four-character stretches in the right article, above which it reports the same
_SWAPPED = 0.6  # of the groups with a name or figure
_FOLLOWING = 0.07  # of the groups, asked behind another question over the same article
_MISTYPED = 0.08  # of the groups, with a character replaced by one that sounds alike
_HEADLINE, _CLAUSE = 0.5, 0.3  # of the passages, under the article's headline, or under its first clause as one
_LONGEST_CLAUSE = 24
_FIGURE = re.compile(r"\d+")


def make_groups(
    store: Store,
    questions: Sequence[Asked],
    headlines: Mapping[str, str],
    homophones: Mapping[str, str],
    seed: int = 0,
) -> Iterator[Group]:
    """Label the passages of a store for each question that they place.

    Args:
        store: A store that holds the documents under their names.
        questions: The questions.
        headlines: Document -> a headline for it, where one was written.
        homophones: Character -> others that sound alike.
        seed: Decides every draw.
    """
    maker = _Maker(store, questions, headlines, homophones, seed)
    for asked in questions:
        yield from maker.make(asked)


class _Maker:
    """Makes groups over one store; a seed decides every draw."""

    def __init__(
        self,
        store: Store,
        questions: Sequence[Asked],
        headlines: Mapping[str, str],
        homophones: Mapping[str, str],
        seed: int,
    ) -> None:
        self._store, self._headlines, self._homophones = store, headlines, homophones
        self._draw = random.Random(seed)  # noqa: S311  # not a secret
        self._own: dict[str, list[Passage]] = defaultdict(list)
        wanted = {asked.document for asked in questions}
        headed = []
        for row, passage in enumerate(store.passages.values()):
            document = document_of(store, passage)
            if document in headlines:
                headed.append(row)
            if document in wanted:
                self._own[document].append(passage)
        self._headed = np.array(headed, np.int64)
        self._vectors = store.dense.vectors(headed)
        self._pools = _pools(questions)
        self._texts: dict[str, list[str]] = defaultdict(list)
        for asked in questions:
            self._texts[asked.document].append(asked.text)

    def make(self, asked: Asked) -> Iterator[Group]:
        """The group of a question, and perhaps the same with a swapped name."""
        group = self._group(asked)
        if group is None:
            return
        others = [text for text in self._texts[asked.document] if text != asked.text]
        if others and self._draw.random() < _FOLLOWING:
            group = _behind(self._draw.choice(others), group)
        elif asked.verdict is Verdict.ANSWERS and self._draw.random() < _MISTYPED:
            group = self._mistyped(group)
        yield group
        if asked.verdict is Verdict.ANSWERS and self._draw.random() < _SWAPPED:
            whole = "".join(passage.text for passage in self._own[asked.document])
            if swapped := _swap(group, self._pools, whole, self._draw):
                yield swapped

    def _group(self, asked: Asked) -> Group | None:
        own = self._own.get(asked.document, [])
        place = _place(asked, own) if asked.anchor else None
        if not own or (asked.anchor and place is None):
            return None
        right = [self._labelled(asked, *place)] if place else []
        if right and asked.verdict is Verdict.DIFFERS and not (right[0].told or right[0].told_above):
            return None  # the model cannot see what differs
        near = [p for p in own if not (place and p is place[0]) and not _may_answer(p.text, asked.answers)]
        hard = self._hard(asked, own)
        self._draw.shuffle(near)
        rest = [self._plain(passage) for passage in [*near[:_NEAR], *hard[:_HARD]]]
        if not right and not rest:
            return None
        words = _all_of(asked.text, asked.asked) if asked.asked else ()
        return Group(asked.text, asked.kind, asked.document, (*right, *rest), words, asked.held, asked.answers)

    def _mistyped(self, group: Group) -> Group:
        """The group with one character of its question replaced, as people type by sound."""
        places = [place for place, char in enumerate(group.question) if char in self._homophones]
        if not places:
            return group
        at = self._draw.choice(places)
        other = self._draw.choice(self._homophones[group.question[at]])
        return replace(group, question=group.question[:at] + other + group.question[at + 1 :])

    def _hard(self, asked: Asked, own: Sequence[Passage]) -> list[Passage]:
        """Passages of other articles that the searches find, and that do not report the same."""
        grams = _grams("".join(passage.text for passage in own))
        mine = {passage.article_id for passage in own}
        found = [
            passage
            for passage in self._store.passages.at(self._found(asked.text))
            if passage.article_id not in mine
            and not _may_answer(passage.text, asked.answers)
            and _likeness(passage.text, grams) < _LIKE
        ]
        self._draw.shuffle(found)
        return found

    def _found(self, question: str) -> list[int]:
        vector = self._store.embedder.encode_query(question)
        found = [row for row, _ in self._store.lexical.search(question, _SEARCHED)]
        found += [row for row, _ in self._store.dense.search(vector, _SEARCHED)]
        if len(self._headed):
            allowed = np.zeros(len(self._store.passages), bool)
            allowed[self._headed] = True
            found += [row for row, _ in self._store.lexical.search(question, _SEARCHED_HEADED, allowed)]
            # Some thousand passages are compared faster one by one than by a filtered search among all.
            nearest = np.argsort(-(self._vectors @ vector), kind="stable")[:_SEARCHED_HEADED]
            found += self._headed[nearest].tolist()
        return list(dict.fromkeys(found))

    def _labelled(self, asked: Asked, passage: Passage, anchor: tuple[int, int]) -> Labelled:
        spans = tuple(dict.fromkeys(filter(None, (_nearest(passage.text, text, anchor) for text in asked.answers))))
        plain = replace(self._plain(passage), verdict=asked.verdict)
        if asked.verdict is not Verdict.DIFFERS:
            return replace(plain, spans=spans)
        above = tuple(span for text in asked.answers for span in _all_of(plain.head, text))
        return replace(plain, told=spans, told_above=above)

    def _plain(self, passage: Passage) -> Labelled:
        """A passage with what stands above it: as the product shows it, under a headline or none."""
        article = self._store.articles[passage.article_id]
        opening, chance = opening_of(article), self._draw.random()
        headline = self._headlines.get(document_of(self._store, passage), "") if chance < _HEADLINE else ""
        if not headline and chance < _HEADLINE + _CLAUSE:
            headline = re.split(r"[，。：！？,]", opening, maxsplit=1)[0][:_LONGEST_CLAUSE]
        above = [headline, "" if opening in passage.text else opening]
        return Labelled(" ".join(line for line in above if line), passage.text)


def _place(asked: Asked, own: Sequence[Passage]) -> tuple[Passage, tuple[int, int]] | None:
    pattern = _loose(asked.anchor)
    for passage in own:
        if match := pattern.search(passage.text):
            return passage, match.span()
    return None


def _nearest(text: str, words: str, anchor: tuple[int, int]) -> tuple[int, int] | None:
    """The place of some words inside the anchor, else the one nearest to it."""
    places = [match.span() for match in _loose(words).finditer(text)]
    inside = [place for place in places if anchor[0] <= place[0] and place[1] <= anchor[1]]
    return min(inside or places, key=lambda place: abs(place[0] - anchor[0]), default=None)


def _may_answer(text: str, answers: Sequence[str]) -> bool:
    return any(len(answer) > 1 and answer in text for answer in answers)


def _grams(text: str) -> set[str]:
    bare = "".join(text.split())
    return {bare[at : at + 4] for at in range(len(bare) - 3)}


def _likeness(text: str, grams: set[str]) -> float:
    mine = _grams(text)
    return len(mine & grams) / len(mine) if mine else 1.0


def _behind(earlier: str, group: Group) -> Group:
    """The group asked as a follow-up is searched: behind the question before it."""
    shift = len(earlier) + 1
    asked = tuple((start + shift, end + shift) for start, end in group.asked)
    return replace(group, question=f"{earlier} {group.question}", asked=asked, kind=f"{group.kind}, following")


def _pools(questions: Sequence[Asked]) -> dict[NameKind, list[str]]:
    pools: dict[NameKind, set[str]] = defaultdict(set)
    for asked in questions:
        for name, kind in name_kinds(asked.text):
            pools[kind].add(name)
    return {kind: sorted(names) for kind, names in pools.items()}


def _swap(group: Group, pools: Mapping[NameKind, list[str]], whole: str, draw: random.Random) -> Group | None:
    """The group with one name or figure of its question replaced by another that the article does not have."""
    right = group.passages[0]
    seen, folded = f"{right.head}\n{right.text}", fold(whole)
    answers = "".join(group.answers)
    names = [
        (name, kind)
        for name, kind in name_kinds(group.question)
        if name in group.question and name in seen and name not in answers
    ]
    if not names:
        return None
    name, kind = draw.choice(names)
    other = _other_figure(name, draw) if kind is NameKind.FIGURE else draw.choice(pools[kind])
    if not other or other in folded or other in group.question or name in other or other in name:
        return None
    at = group.question.index(name)
    question = group.question[:at] + other + group.question[at + len(name) :]
    told, above = _all_of(right.text, name), _all_of(right.head, name)
    contradicted = replace(right, verdict=Verdict.DIFFERS, spans=(), told=told, told_above=above)
    return replace(
        group,
        question=question,
        kind="differs, made",
        passages=(contradicted, *group.passages[1:]),
        asked=((at, at + len(other)),),
    )


def _other_figure(name: str, draw: random.Random) -> str:
    """Another figure of the same form; a year stays near."""
    match = _FIGURE.search(name)
    if not match:
        return ""
    value = int(match[0])
    if len(match[0]) == 4 and 1900 <= value <= 2100:
        other = str(value + draw.choice([-3, -2, -1, 1, 2]))
    else:
        other = str(max(1, value + draw.choice([-3, -2, -1, 1, 2, 3, 5, 10])))
    return name[: match.start()] + other + name[match.end() :]


def _all_of(text: str, words: str) -> Ranges:
    return tuple(match.span() for match in re.finditer(re.escape(words), text))


def _loose(words: str) -> re.Pattern[str]:
    """Some words with whatever white space the layout put between them."""
    return re.compile(r"\s*".join(re.escape(char) for char in words if not char.isspace()))
