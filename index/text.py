"""How is Chinese text folded, tokenised and cut into sentences? One way, for building and for asking alike.

A leaf: the index and the question must be folded and tokenised by the same code, or they cannot meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

__all__ = [
    "CLOSERS",
    "LONGEST_SENTENCE",
    "TERMINALS",
    "Legible",
    "NameKind",
    "asks",
    "char_pairs",
    "clause_spans",
    "fold",
    "is_chinese",
    "latin_share",
    "legible",
    "name_kinds",
    "names",
    "pieces",
    "read_legibly",
    "sentence_spans",
    "tagged",
    "tokens",
    "without_radicals",
    "word_across",
]

TERMINALS = "。！？!?…"
CLOSERS = "”’」』）)》】〉"
_OPENERS = "“‘「『"
_BREAK = re.compile(rf"[{TERMINALS}]+[{re.escape(CLOSERS)}]*|(?<=[A-Za-z])\.(?=\s|$)|\n+|[{_OPENERS}]")
_CLAUSE = re.compile(rf"[；;](?![{re.escape(CLOSERS)}])")
_WORD = re.compile(r"\w")
_NUMBER_OR_LATIN = re.compile("[0-9a-z]")

_HAN = "\u2e80-\u2fd5\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IGNORABLE = (  # Default_Ignorable_Code_Point of Unicode: they show nothing
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORABLES = re.compile(f"[{_IGNORABLE}]+")
_RADICALS = re.compile("[\u2e80-\u2fd5]")
# What a CJK radical stands for (Equivalent_Unified_Ideograph of Unicode); NFKC knows the Kangxi radicals only.
_RADICAL_PAIRS = (
    "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺇𠘨⺈刀⺉刂⺊卜⺋㔾⺌小⺍小⺎兀⺏尣⺐尢⺑𡯂⺒巳⺓幺⺔彑⺕彐⺖忄⺗心⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺟母⺠民"
    "⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪𤴔⺫目⺬示⺭礻⺮𥫗⺯糹⺰纟⺱罓⺲罒⺳㓁⺴冗⺵𦉫⺶羊⺷𦍌⺸𦍋⺹耂⺺肀⺻聿⺼肉⺽𦥑⺾艹"
    "⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇𧢲⻈讠⻉贝⻊𧾷⻋车⻌辶⻍辶⻎辶⻏邑⻐钅⻑長⻒镸⻓长⻔门⻕𨸏⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞"
    "⻝食⻞𩙿⻟飠⻠饣⻡𩠐⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)
_OF_RADICAL = dict(zip(_RADICAL_PAIRS[::2], _RADICAL_PAIRS[1::2], strict=True))
_WIDE_MARKS = tuple((mark, unicodedata.normalize("NFKC", mark)) for mark in "，：；（）！？％\u3000")
_GAP = "[ \u00a0\u3000]"
_LATIN = "0-9A-Za-z０-９Ａ-Ｚａ-ｚ"
_SPACED = re.compile(rf"{_GAP}(?<=[{_HAN}].)(?=[{_HAN}](?![{_HAN}{_LATIN}]))(?<![{_HAN}{_LATIN}][{_HAN}].)")
_PIECE = re.compile(
    rf"(?P<han>[{_HAN}])(?![{_HAN}{_LATIN}])|(?P<latin>[{_LATIN}]+)(?![{_HAN}])|(?P<words>[{_HAN}{_LATIN}]+)|(?P<gap>\s+)|."
)

_LONGEST_QUESTION = 200  # characters
_ASKS = re.compile(
    r"(?:[问問]|[Qq])\s*\d{0,3}\s*[:：、.．]|[【\[(（]\s*[问問]\s*[】\])）]|[\w·]{1,10}\s*[:：].*[？?][”』」]?$"
)

LONGEST_SENTENCE = 400
"""Characters; what goes on for longer without a stop is cut, so that no passage and no quote is longer."""

_LONGEST_PIECE = 120  # characters of the parts of such a sentence
_PAUSES = ("；;", "，,", "、 \u3000\t")  # where it is cut, the best first


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
    """Text as search compares it: legible, NFKC (one width), lower case, traditional script turned into simplified.

    The result may differ in length; it is never shown or cited.

    Example:
        >>> fold("豐台ＡＩ　２０２５")
        '丰台ai 2025'
    """
    text = legible(text)
    for wide, narrow in _WIDE_MARKS:  # which Chinese text is full of; without them, most of it is in normal form
        text = text.replace(wide, narrow)
    return str(_to_simplified().convert(unicodedata.normalize("NFKC", text).lower()))


@dataclass(frozen=True, slots=True)
class Legible:
    """A text as it is meant to be read, and where its characters stand in the text that it was made from.

    Attributes:
        text: The text for reading.
        places: Per character of ``text`` its offset in the other one; -1 where it was put in.
    """

    text: str
    places: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the other text that ``text[start:end]`` was made from.

        Of a stretch that was put in throughout, it is the next one that was not.
        """
        stands = [place for place in self.places[start:end] if place >= 0]
        if not stands:
            left = next((at for at in range(end, len(self.places)) if self.places[at] >= 0), len(self.places))
            right = next((at for at in range(left, len(self.places)) if self.places[at] < 0), len(self.places))
            stands = list(self.places[left:right])
        return (stands[0], stands[-1] + 1) if stands else (0, 0)


def legible(text: str) -> str:
    """A text without characters that show nothing, letter-spacing closed up, radicals as the characters they stand for.

    Letter-spacing is a single space between Chinese characters that each stand alone: 夜 校 招 生. A wider gap, and one
    beside a word, is left as it is.

    Example:
        >>> legible("每 周 二 、 周 四 开\u200b 课"), legible("记者 王小明"), legible("⺠众")
        ('每周二、周四开课', '记者 王小明', '民众')
    """
    if _IGNORABLES.search(text):
        text = _IGNORABLES.sub("", text)
    if _RADICALS.search(text):
        text = without_radicals(text)
    if not _SPACED.search(text):
        return text
    closed = set(_letter_spaces(text))
    return "".join(char for place, char in enumerate(text) if place not in closed)


def without_radicals(text: str) -> str:
    """A text with an ordinary character for each radical; equal offsets.

    Example:
        >>> without_radicals("⼯⾸⽇⻓")
        '工首日长'
    """
    return _RADICALS.sub(_plain_character, text)


def read_legibly(text: str) -> Legible:
    """The same, with the place of each character.

    Example:
        >>> read = read_legibly("周 二\u200b，开课")
        >>> read.text, read.original(0, 2), read.original(2, 3)
        ('周二，开课', (0, 3), (4, 5))
    """
    seen = legible(text)
    if len(seen) == len(text):
        return Legible(seen, range(len(text)))
    kept = [place for place, char in enumerate(text) if not _IGNORABLES.match(char)]
    closed = set(_letter_spaces("".join(map(text.__getitem__, kept))))
    return Legible(seen, [place for at, place in enumerate(kept) if at not in closed])


def _plain_character(match: re.Match[str]) -> str:
    return _OF_RADICAL.get(match[0]) or unicodedata.normalize("NFKC", match[0])


def _letter_spaces(text: str) -> Iterator[int]:
    """Offsets of the spaces that letter-spacing put into a text.

    A run is made of single Chinese characters, figures, Latin words and marks, with single spaces between them; any
    other word ends it. Its spaces are closed up where two of its Chinese characters have one between them.
    """
    run: list[int] = []  # offsets of the single spaces of the run
    spaced = False
    kinds = "", ""  # of the last two pieces
    before = ""  # the last piece that is no space
    for match in _PIECE.finditer(text):
        kind, piece = match.lastgroup or "", match[0]
        if kind == "words" or (kind == "gap" and not re.fullmatch(_GAP, piece)):
            yield from (run[:-1] if kind == "words" and kinds[1] == "gap" else run) if spaced else ()
            run, spaced, kinds, before = [], False, ("", kind if kind == "words" else ""), ""
            continue
        if kind == "gap":
            run += [match.start()] if kinds[1] != "words" else []
        elif kinds[1] == "gap":
            if kinds[0] == kind == "latin" and max(len(before), len(piece)) > 1:
                run.pop()  # of two figures, or two Latin words
            spaced = spaced or (kinds[0] == kind == "han")
        before = before if kind == "gap" else piece
        kinds = kinds[1], kind
    if spaced:
        yield from run[:-1] if kinds[1] == "gap" else run


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


def asks(line: str) -> bool:
    """Whether a text begins with a question that has a label: 问：, Q:, or who asks it, 记者：…？

    Example:
        >>> asks("问：夜校何时开课？"), asks("记者：夜校何时开课？"), asks("问题不大。")
        (True, True, False)
    """
    line = line.split("\n", 1)[0]
    return len(line) <= _LONGEST_QUESTION and bool(_ASKS.match(legible(line)))


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
    “……。”他说。 is one sentence. One of more than ``LONGEST_SENTENCE`` characters is cut into readable parts at its
    pauses, or by count.

    Example:
        >>> [text[a:b] for text in ["来了。他说：“好。”走！"] for a, b in sentence_spans(text)]
        ['来了。', '他说：“好。”', '走！']
    """
    read = read_legibly(text)
    whole = [span for start, end in _raw_sentences(read.text) if (span := _strip(read.text, start, end))]
    long = [span[1] - span[0] > LONGEST_SENTENCE for span in whole]
    if any(long):
        parts = (pieces(read.text, *span) if is_long else [span] for span, is_long in zip(whole, long, strict=True))
        whole = [part for found in parts for part in found]
    return whole if isinstance(read.places, range) else [read.original(*span) for span in whole]


def pieces(text: str, start: int, end: int, longest: int = _LONGEST_PIECE) -> list[tuple[int, int]]:
    """A stretch of text in parts of at most ``longest`` characters, cut at ；, else ，, else 、 or space, or by count.

    Example:
        >>> pieces("甲在东边，乙在西边 丙在南边", 0, 14, 6)
        [(0, 5), (5, 9), (10, 14)]
    """
    found: list[tuple[int, int]] = []
    while end - start > longest:
        at = _pause(text, start, start + longest)
        if span := _strip(text, start, at):
            found.append(span)
        start = at
    if span := _strip(text, start, end):
        found.append(span)
    return found


def _pause(text: str, start: int, end: int) -> int:
    """Where to cut at the latest: behind the last of the best marks that is not too near to the start."""
    least = start + (end - start) // 2
    for marks in _PAUSES:
        if (at := max(text.rfind(mark, least, end) for mark in marks)) >= 0:
            return at + 1
    return end


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
    start, speech_leads, opened = 0, False, False
    for match in _BREAK.finditer(text):
        mark = match.group()
        if mark in _OPENERS:
            # Only a quotation at the very start can be followed by its speaker.
            speech_leads = speech_leads or (not opened and not text[start : match.start()].strip())
            opened = True
            continue
        closes_quote = mark[-1] in "”’」』"
        if closes_quote and speech_leads and _goes_on(text, match.end()):
            continue
        yield start, match.end()
        start, opened = match.end(), False
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
