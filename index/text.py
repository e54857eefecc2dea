"""How is Chinese text folded, tokenised and cut into sentences? One way, for building and for asking alike.

A leaf: the index and the question must be folded and tokenised by the same code, or they cannot meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

__all__ = [
    "CLOSERS",
    "TERMINALS",
    "NameKind",
    "char_pairs",
    "clause_spans",
    "fold",
    "is_chinese",
    "latin_share",
    "name_kinds",
    "names",
    "sentence_spans",
    "tagged",
    "tokens",
    "word_across",
]

TERMINALS = "。！？!?…"
CLOSERS = "”’」』）)》】〉"
_OPENERS = "“‘「『"
_BREAK = re.compile(rf"[{TERMINALS}]+[{re.escape(CLOSERS)}]*|(?<=[A-Za-z])\.(?=\s|$)|\n+|[{_OPENERS}]")
_CLAUSE = re.compile(rf"[；;](?![{re.escape(CLOSERS)}])")
_WORD = re.compile(r"\w")
_NUMBER_OR_LATIN = re.compile("[0-9a-z]")


class NameKind(StrEnum):
    """What a name is a name of."""

    PERSON = "person"
    PLACE = "place"
    BODY = "body"  # an institution or a firm
    OTHER = "other"
    FIGURE = "figure"  # a number, or a word in Latin letters


_NAME_TAGS = {
    "nr": NameKind.PERSON,
    "nrt": NameKind.PERSON,
    "nrfg": NameKind.PERSON,
    "ns": NameKind.PLACE,
    "nt": NameKind.BODY,
    "nz": NameKind.OTHER,
}


def fold(text: str) -> str:
    """Text as search compares it: NFKC (one width), lower case, traditional script turned into simplified.

    The result may differ in length; it is never shown or cited.

    Example:
        >>> fold("豐台ＡＩ　２０２５")
        '丰台ai 2025'
    """
    return str(_to_simplified().convert(unicodedata.normalize("NFKC", text).lower()))


def tokens(text: str) -> list[str]:
    """Folded words of a text, long words also by their parts, in text order; punctuation is dropped.

    Example:
        >>> tokens("“首席”领航")
        ['首席', '领航']
    """
    import rjieba

    # Nearly all words are letters throughout, which is known faster than by the pattern.
    return [word for word in rjieba.cut_for_search(fold(text)) if word.isalnum() or _WORD.search(word)]


def names(text: str) -> list[str]:
    """Folded names of people, places and bodies, numbers and Latin words of a text, each once, in text order.

    Names are what the tagger takes for one, which errs in both directions.

    Example:
        >>> names("王小明2023年到北京")
        ['王小明', '2023', '北京']
    """
    return [name for name, _ in name_kinds(text)]


def name_kinds(text: str) -> list[tuple[str, NameKind]]:
    """The same names with what each is a name of.

    Example:
        >>> [str(kind) for _, kind in name_kinds("王小明2023年到北京")]
        ['person', 'figure', 'place']
    """
    import rjieba

    found: dict[str, NameKind] = {}
    for word, tag in rjieba.tag(fold(text)):
        kind = NameKind.FIGURE if _NUMBER_OR_LATIN.search(word) else _NAME_TAGS.get(tag)
        if kind and len(word) > 1:
            found.setdefault(word, kind)
    return list(found.items())


def tagged(text: str) -> list[tuple[str, str]]:
    """The words of a text as they stand there, each with the tagger's part of speech; put together they are the text.

    Example:
        >>> tagged("馆长来了")
        [('馆长', 'n'), ('来', 'v'), ('了', 'ul')]
    """
    import rjieba

    return [(str(word), str(tag)) for word, tag in rjieba.tag(text)]


def char_pairs(texts: Iterable[str]) -> frozenset[str]:
    """Pairs of neighbouring characters within each text: what a wrong character leaves of a word.

    Example:
        >>> sorted(char_pairs(["图书馆", "桥"]))
        ['书馆', '图书']
    """
    return frozenset(text[i : i + 2] for text in texts for i in range(len(text) - 1))


def is_chinese(text: str) -> bool:
    """Whether a text is written in Chinese characters, be it in part.

    Example:
        >>> is_chinese("AI进校园"), is_chinese("Who came?")
        (True, False)
    """
    return any("\u3400" <= char <= "\u9fff" for char in text)


def latin_share(text: str) -> float:
    """Share of a text's letters that are of the Latin alphabet, without accents; 0 for a text without letters.

    Example:
        >>> latin_share("AI 大桥")
        0.5
    """
    letters = [char for char in text if char.isalpha()]
    return sum(char.isascii() for char in letters) / (len(letters) or 1)


def word_across(left: str, right: str) -> bool:
    """Whether a word of the dictionary begins in one text and ends in the other: the layout tore it.

    Args:
        left: The last characters before the tear; a few are enough.
        right: The first characters after it.

    Example:
        >>> word_across("村里的图书", "馆开馆了"), word_across("果园丰收", "今年收了")
        (True, False)
    """
    import rjieba

    if not left or not right or not (left[-1].isalpha() and right[0].isalpha()):
        return False
    start = 0
    for word in rjieba.cut(left + right, hmm=False):
        if start < len(left) < start + len(word):
            return True
        start += len(word)
    return False


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the sentences of a text, in order, without the white space around them.

    A sentence ends at 。！？… (with the closing quotes and brackets after them), at a full stop behind a Latin
    letter, and at a line break. A quotation that opens its sentence stays with the words that say who spoke:
    “……。”他说。 is one sentence.

    Example:
        >>> [text[a:b] for text in ["来了。他说：“好。”走！"] for a, b in sentence_spans(text)]
        ['来了。', '他说：“好。”', '走！']
    """
    return [span for start, end in _raw_sentences(text) if (span := _strip(text, start, end))]


def clause_spans(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the parts of one sentence that ；separates; the mark stays with the part before it.

    Example:
        >>> clause_spans("甲；乙。")
        [(0, 2), (2, 4)]
    """
    ends = [match.end() for match in _CLAUSE.finditer(text)] + [len(text)]
    starts = [0, *ends[:-1]]
    return [span for start, end in zip(starts, ends, strict=True) if (span := _strip(text, start, end))]


def _raw_sentences(text: str) -> Iterator[tuple[int, int]]:
    start, speech_leads = 0, False
    for match in _BREAK.finditer(text):
        mark = match.group()
        if mark in _OPENERS:
            # Only a quotation at the very start can be followed by its speaker.
            speech_leads = speech_leads or not text[start : match.start()].strip()
            continue
        closes_quote = mark[-1] in "”’」』"
        if closes_quote and speech_leads and _goes_on(text, match.end()):
            continue
        yield start, match.end()
        start = match.end()
        speech_leads = speech_leads and not closes_quote and mark[0] != "\n"
    if start < len(text):
        yield start, len(text)


def _goes_on(text: str, position: int) -> bool:
    return position < len(text) and not text[position].isspace() and text[position] not in _OPENERS


def _strip(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    left = start + len(part) - len(part.lstrip())
    right = start + len(part.rstrip())
    return (left, right) if left < right else None


@cache
def _to_simplified() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
