"""Do two words sound alike? Who types by sound takes the wrong character of several: 连家 for 链家."""

from __future__ import annotations

from index.text import fold, is_chinese

__all__ = ["sounds_alike"]


def sounds_alike(one: str, other: str) -> bool:
    """Whether two Chinese words differ, but not in their sound, tones aside.

    Example:
        >>> sounds_alike("连家", "链家"), sounds_alike("链家", "链家"), sounds_alike("海淀", "丰台")
        (True, False, False)
    """
    one, other = fold(one), fold(other)
    if one == other or len(one) != len(other) or not (is_chinese(one) and is_chinese(other)):
        return False
    from pypinyin import lazy_pinyin

    return bool(lazy_pinyin(one) == lazy_pinyin(other))
