"""What does a Chinese word say in English? Glosses made short and clean, and what follows from them.

CC-CEDICT's glosses carry notes for readers (measure words, variants, pronunciations) that are no meaning; they are
taken out here. A sentence's words put into English one by one are a rough translation; a name without a gloss is
spelt in pinyin.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from training.folding import fold
from training.sources import Entry

__all__ = ["clean_glosses", "gloss_book", "rough_english", "short_gloss", "spellings"]

_NOTE = re.compile(
    r"^(CL:|variant of|old variant|archaic variant|erhua variant|Japanese variant|also written|surname |see |also pr\."
    r"|Taiwan pr\.|used in |abbr\. (of|for) |same as |also called |equivalent of )",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"[^\s/;,()\[]*[\u3400-\u9fff|·]+[^\s;,()\[]*(\[[^\]]*\])?|\[[^\]]*\]")
_POINTER = re.compile(
    r"^(?:see|same as|.*variant of|abbr\. (?:of|for)|also written|also called) (?:\S+\|)?([\u3400-\u9fff]+)"
)
_BRACKETS = re.compile(r"\([^()]*\)")
_SPACES = re.compile(r"\s+")


def clean_glosses(glosses: Iterable[str]) -> list[str]:
    """Glosses without notes, brackets and Chinese references, in order, empty ones dropped.

    Example:
        >>> clean_glosses(["(coll.) mother", "CL:個|个[ge4]", "surname Ma", "to add up (numbers)"])
        ['mother', 'to add up']
    """
    cleaned = []
    for gloss in glosses:
        if _NOTE.match(gloss):
            continue
        plain = _SPACES.sub(" ", _REFERENCE.sub(" ", _BRACKETS.sub(" ", _BRACKETS.sub(" ", gloss)))).strip(" ;,.:")
        if any(c.isalpha() for c in plain):
            cleaned.append(plain)
    return cleaned


def gloss_book(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Head word -> its clean glosses, common readings before names, each gloss once.

    An entry that only points to another word ("see", "abbr. for") takes over that word's glosses, and a name
    without a gloss of its own is glossed by its spelling.
    """
    ordered = sorted(entries, key=lambda entry: entry.is_name)
    own: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in ordered:
        own[entry.word].update(dict.fromkeys(clean_glosses(entry.glosses)))
    book = {word: list(glosses) for word, glosses in own.items() if glosses}
    for entry in ordered:
        if entry.word not in book and (borrowed := _borrowed(entry, own)):
            book[entry.word] = borrowed
    return book


def short_gloss(glosses: Sequence[str]) -> str:
    """The head of the first gloss: what stands before its first comma or semicolon, without a leading "to ".

    Example:
        >>> short_gloss(["to announce; to proclaim", "notice"])
        'announce'
    """
    head = re.split(r"[;,:]", glosses[0])[0].strip() if glosses else ""
    return " ".join(head.removeprefix("to ").removeprefix("a ").removeprefix("the ").split()[:4])


def spellings(entries: Iterable[Entry]) -> dict[str, str]:
    """Single character -> its syllable, the first reading that is no name."""
    table: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: entry.is_name):
        if len(entry.word) == 1 and len(entry.syllables) == 1:
            table.setdefault(entry.word, entry.syllables[0])
    return table


def rough_english(words: Iterable[str], book: Mapping[str, Sequence[str]], syllables: Mapping[str, str]) -> str:
    """Words put into English one by one; an unknown one is spelt, anything else stays as it is.

    Example:
        >>> rough_english(["丰台", "宣布", "2025"], {"宣布": ["to declare"]}, {"丰": "feng", "台": "tai"})
        'fengtai declare 2025'
    """
    return " ".join(filter(None, (_in_english(word, book, syllables) for word in words)))


def _borrowed(entry: Entry, own: Mapping[str, Iterable[str]]) -> list[str]:
    spelt = ["".join(entry.syllables).capitalize()] if entry.is_name and entry.syllables else []
    targets = (fold(match.group(1)) for gloss in entry.glosses if (match := _POINTER.match(gloss)))
    return spelt + [gloss for target in targets for gloss in own.get(target, ())]


def _in_english(word: str, book: Mapping[str, Sequence[str]], syllables: Mapping[str, str]) -> str:
    if word in book:
        return short_gloss(book[word])
    if word.isascii():
        return word.strip()
    return "".join(syllables.get(char, "") for char in word)
