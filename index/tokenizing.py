"""Which tokens of a static model does a text have? The one door to tokenizers, and a faster way for Chinese text.

Hugging Face's tokenizers reads every model. Of the kind that the built-in one is (Unigram, text folded by a table of
characters and split at spaces), sentencepiece finds the same tokens in a fifth of the time. It counts in single
precision where the other counts in double, and folds by other rules what is put together of several characters. So a
text with characters that are rare in Chinese news, or with a longer Latin word or figure, of which two cuts may be
nearly as good, is left to the first. Where two cuts are equally good, the same tokens may come in another order: 哈
哈哈, 哈哈 哈.

References:
    Kudo: Subword Regularization (2018), section 3.2 (the Unigram model).
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["StaticTokenizer", "Tokens"]

_FEW = 8  # texts up to which the faster way does not pay for what it takes to load
_UNSURE = re.compile(
    "[^\t\n -~\u00a0×℃·‘’“”…—\u3000-\u3029\u3400-\u9fff\uff01-\uff5e]"
    "|[0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]{5}"
)
_NORMAL, _UNKNOWN, _OWN = 1, 2, 4  # types of piece, by the numbers of sentencepiece_model.proto


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of some texts, one text after the other.

    Attributes:
        ids: (tokens,) int32.
        lengths: (texts,) int64, how many each has.
    """

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]


class StaticTokenizer:
    """The tokenizer of a model folder, which neither pads nor truncates nor adds tokens.

    Args:
        file: Its ``tokenizer.json``.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._any = Tokenizer.from_file(str(file))
        self._any.no_padding()
        self._any.no_truncation()
        self._fast: Any = None
        self._looked = False

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """The tokens of some texts, in their order."""
        found = self._ids(texts)
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int32, int(lengths.sum()))
        return self._without_spaces(ids, lengths)

    def _ids(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        fast = self._load_fast() if len(texts) > _FEW else None
        if fast is None:
            return self._slow(texts)
        sure = [text if not _UNSURE.search(text) else "" for text in texts]
        found: list[list[int]] = fast.encode(sure, num_threads=1)
        left = [place for place, text in enumerate(sure) if not text]
        for place, ids in zip(left, self._slow([texts[place] for place in left]), strict=True):
            found[place] = ids
        return found

    def _slow(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._any.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _without_spaces(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> Tokens:
        """Without the token that the faster way has for a space, which is behind all others."""
        kept = ids < self._any.get_vocab_size()
        if kept.all():
            return Tokens(ids, lengths)
        ends = np.concatenate([[0], np.cumsum(kept)])[np.concatenate([[0], np.cumsum(lengths)])]
        return Tokens(ids[kept], np.diff(ends))

    def _load_fast(self) -> Any:
        """The faster way, where the tokenizer is of its kind; else None; loaded when first needed."""
        if not self._looked:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            self._fast = _sentencepiece(told) if _is_of_its_kind(told) else None
            self._looked = True
        return self._fast


def _is_of_its_kind(told: dict[str, Any]) -> bool:
    """Whether sentencepiece reads a tokenizer's texts as tokenizers does."""
    model, normalizer = told["model"], told.get("normalizer") or {}
    return (
        model["type"] == "Unigram"
        and not model.get("byte_fallback")
        and isinstance(model.get("unk_id"), int)
        and not any(" " in piece for piece, _ in model["vocab"])
        and normalizer.get("type") == "Precompiled"
        and told.get("pre_tokenizer") == {"type": "CharDelimiterSplit", "delimiter": " "}
        and not told.get("added_tokens")
        and not told.get("post_processor")
    )


def _sentencepiece(told: dict[str, Any]) -> Any:
    from sentencepiece import SentencePieceProcessor

    charsmap = base64.b64decode(told["normalizer"]["precompiled_charsmap"])
    # Of the trainer: Unigram, the unknown token, and no tokens for begin, end and padding.
    trainer = _number(3, 1) + _number(40, told["model"]["unk_id"]) + b"".join(_number(tag, -1) for tag in (41, 42, 43))
    # Of the normalizer: no space is put in front, none is taken out, none gets another character.
    normalizer = _bytes(2, charsmap) + b"".join(_number(tag, 0) for tag in (3, 4, 5))
    proto = b"".join(_pieces(told["model"])) + _bytes(2, trainer) + _bytes(3, normalizer)
    return SentencePieceProcessor(model_proto=proto)


def _pieces(model: dict[str, Any]) -> Iterator[bytes]:
    """The vocabulary as sentencepiece has it, and a space, so that no token goes across one."""
    for number, (piece, score) in enumerate(model["vocab"]):
        yield _piece(piece, score, _UNKNOWN if number == model["unk_id"] else _NORMAL)
    yield _piece(" ", 0.0, _OWN)


def _piece(piece: str, score: float, kind: int) -> bytes:
    return _bytes(1, _bytes(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + _number(3, kind))


def _bytes(tag: int, value: bytes) -> bytes:
    """A field of a protocol buffer: bytes or a message."""
    return _varint(tag << 3 | 2) + _varint(len(value)) + value


def _number(tag: int, value: int) -> bytes:
    """A field of a protocol buffer: a whole number."""
    return _varint(tag << 3) + _varint(value % (1 << 64))


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])
