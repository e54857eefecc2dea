"""Which words get a vector, and how is a text cut into them? A unigram tokenizer put together from counts.

Training a unigram model on unsegmented Chinese takes long and finds no better words than a segmenter and a
dictionary do, so the vocabulary is chosen: words the segmenter finds in the news, head words of the dictionary,
English words of glosses and sentence pairs, numbers, and every character.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Tokenizer

from training.folding import charsmap

__all__ = ["build_tokenizer", "choose_words", "count_words", "prune"]

_PAD, _UNK = "[PAD]", "[UNK]"
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LONGEST = 4  # characters of a word from the news; longer ones are better taken apart
_LONGEST_KNOWN = 6  # of a word in the dictionary
_FLOOR_KNOWN, _FLOOR_LATIN, _FLOOR_NUMBER, _FLOOR_OTHER = 30, 20, 20, 1


def count_words(folded_texts: Iterable[str]) -> Counter[str]:
    """How often the segmenter finds each word in folded texts."""
    import rjieba

    counts: Counter[str] = Counter()
    for text in folded_texts:
        counts.update(word for word in rjieba.cut(text) if not word.isspace())
    return counts


def choose_words(
    counts: Mapping[str, int],
    known: Iterable[str],
    latin: Mapping[str, int],
    syllables: Iterable[str],
    chars: Iterable[str],
    size: int,
) -> dict[str, int]:
    """Words of the vocabulary with the counts that decide how a text is cut.

    Args:
        counts: Word -> how often it stands in the Chinese texts.
        known: Words of the dictionary; they are preferred to unknown ones that are ten times as frequent.
        latin: English word -> how often it stands in the English texts.
        syllables: Pinyin syllables, so that a spelt name falls into them.
        chars: Characters of the Chinese texts; one that never stands there gets no vector.
        size: How many words at most. Characters, numbers and English words come first; Chinese words fill the rest.

    Returns:
        Word -> count, at least 1, most frequent first within each kind.
    """
    known_words = {word for word in known if _HAN.fullmatch(word)}
    chosen: dict[str, int] = {}
    for char in sorted(set(chars)):
        if char.isalnum():
            chosen[char] = max(counts.get(char, 0), _FLOOR_OTHER)
    for number in [str(n) for n in range(1000)] + [w for w, n in counts.items() if w.isdecimal() and n >= 50]:
        chosen[number] = max(counts.get(number, 0), _FLOOR_NUMBER)
    for word in [*"abcdefghijklmnopqrstuvwxyz", *syllables]:
        chosen[word] = max(counts.get(word, 0), _FLOOR_OTHER)
    for word, count in latin.items():
        chosen[word] = max(count, counts.get(word, 0), _FLOOR_LATIN)
    for word in _ranked_chinese(counts, known_words)[: max(0, size - len(chosen))]:
        chosen[word] = max(counts.get(word, 0), _FLOOR_KNOWN if word in known_words else _FLOOR_OTHER)
    return chosen


def build_tokenizer(words: Mapping[str, int]) -> Tokenizer:
    """A tokenizer that folds, then cuts each run of letters and digits into its likeliest words."""
    total = sum(words.values())
    vocabulary = [[_PAD, 0.0], [_UNK, 0.0]]
    vocabulary += [[word, math.log(count / total)] for word, count in words.items()]
    return Tokenizer.from_str(
        json.dumps(
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": [],
                "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap()},
                "pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": " "},
                "post_processor": None,
                "decoder": None,
                "model": {"type": "Unigram", "unk_id": 1, "vocab": vocabulary},
            },
            ensure_ascii=False,
        )
    )


def prune(words: Mapping[str, int], tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, int]:
    """The words that come out when texts are cut; single characters stay in any case."""
    seen = {index for encoding in tokenizer.encode_batch_fast(texts) for index in encoding.ids}
    return {word: count for word, count in words.items() if len(word) == 1 or tokenizer.token_to_id(word) in seen}


def _ranked_chinese(counts: Mapping[str, int], known: set[str]) -> list[str]:
    def worth(word: str) -> int:
        return counts.get(word, 0) * (10 if word in known else 1)

    words = {word for word in counts if _HAN.fullmatch(word)} | known
    fitting = (w for w in words if 2 <= len(w) <= (_LONGEST_KNOWN if w in known else _LONGEST))
    return sorted((w for w in fitting if worth(w) > 0), key=lambda word: (-worth(word), word))
