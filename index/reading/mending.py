"""Does a sentence that the layout broke off go on in another line?"""

from __future__ import annotations

from index.reading.labels import goes_on, joins_number
from index.reading.line_forms import ends_sentence
from index.reading.lines import Row, breaks_off
from index.text import fold, sentence_spans, tokens, word_across

__all__ = ["is_about", "is_torn", "mends_over", "word_at_tear"]

_WORDS_APART = 8  # characters on each side in which a word across a tear is looked for
_EMPTY_WORDS = frozenset(
    "的 了 是 在 和 与 一 个 到 从 有 不 就 也 把 被 为 上 下 中 里 这 那 什么 怎么 怎样 如何 为什么".split()
)


def is_torn(left: str, right: Row, *, indents: bool) -> bool:
    """Whether a line goes on with the sentence that the text before it breaks off in.

    Args:
        left: The text before.
        right: The line.
        indents: Whether the page marks new paragraphs by white space.
    """
    if right.alone or (ends_sentence(left) and not (right.wrapped and left[-1] in "；;：:")):
        return False
    if breaks_off(left, right, indents=indents):
        return False
    # Between two Latin letters or digits a space may be missing, and we add no character of our own.
    latin = left[-1].isascii() and left[-1].isalnum() and right.text[0].isascii() and right.text[0].isalnum()
    digits = left[-1].isdigit() and right.text[0].isdigit()
    return not latin or (digits and (right.wrapped or joins_number(left[-8:], right.text[:8])))


def mends_over(left: Row, head: str, right: Row, *, indents: bool) -> bool:
    """Whether a sentence goes on behind the section head that stands in it.

    It may as well be that a text is missing. So the tear must show it: a word across it, no mark at its left side,
    or a word at its right that begins no sentence; and the right side does not begin with what the head announces.
    """
    if left.alone or not is_torn(left.text, right, indents=indents):
        return False
    unmarked = left.text[-1] not in "，,、；;：:"
    announced = _shares_word(head, _first_sentence(right.text))
    return word_at_tear(left.text, right.text) or (not announced and (unmarked or goes_on(right.text)))


def is_about(head: str, before: str, follower: Row) -> bool:
    """Whether an article uses a word of a head elsewhere than in the sentence right below it."""
    rest = follower.text[len(_first_sentence(follower.text)) :]
    return _shares_word(head, before, 2) or _shares_word(head, rest, 2)


def _first_sentence(text: str) -> str:
    return text[: next((end for _, end in sentence_spans(text)), len(text))]


def _shares_word(head: str, text: str, length: int = 1) -> bool:
    """Whether a text holds a word of a head that has so many characters or more."""
    telling = (word for word in tokens(head) if len(word) >= length and word not in _EMPTY_WORDS)
    folded = fold(text)
    return any(word in folded for word in telling)


def word_at_tear(left: str, right: str) -> bool:
    """Whether a word begins at the end of one text and ends at the beginning of the other."""
    return word_across(left[-_WORDS_APART:], right[:_WORDS_APART])
