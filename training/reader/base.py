"""Which tokens does the reading model know, and with which weights does it begin? A pruned multilingual-e5-small.

Three quarters of the base model are rows for tokens of languages that a Chinese newspaper never uses. Kept are single
characters of Chinese, Latin letters, figures and signs, and the pieces that occur most in the data. A unigram model
cuts a dropped piece into smaller ones that it has, so no text becomes unreadable.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from training.folding import precompiled_charsmap
from training.reader.packed import Packed

__all__ = ["SPECIALS", "base_weights", "count_pieces", "keep_pieces", "make_tokenizer", "reading_table"]

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
_LAST = 0x2FFFF
_LEFT_ALONE = frozenset({"Cn", "Cs", "Co"})
_BATCH = 2_000
# Pieces that join a word with what is no part of it (的需求, 在北京): an answer could not begin or end between them.
_BLURS = re.compile(
    r"^▁?[的了在是和与及等为对将被把从由到向以其该这那也都就][一-鿿]|[一-鿿][的了在是和与及等为]$"
    r"|[一-鿿][^\w]|[^\w▁][一-鿿]"
)
_PARTS = {"ao": "attended", "fi": "widen", "fo": "narrow"}  # in the file -> in our network
_NORMS = {"aln": "attention_norm", "oln": "output_norm"}

Weights = dict[str, NDArray[np.float32]]


@cache
def reading_table() -> dict[str, str]:
    """Every character that the tokenizer replaces -> what by: one width, simplified script; case and signs stay."""
    from opencc import OpenCC

    to_simplified = OpenCC("t2s")
    table: dict[str, str] = {}
    for code in range(1, _LAST + 1):
        char = chr(code)
        category = unicodedata.category(char)
        if category in _LEFT_ALONE:
            continue
        if category in {"Cc", "Zl", "Zp", "Zs"}:
            plain = " "
        else:
            plain = " ".join(to_simplified.convert(unicodedata.normalize("NFKC", char)).split()) or " "
        if plain != char:
            table[char] = plain
    return table


def make_tokenizer(packed: Packed, kept: list[int]) -> Tokenizer:
    """The base model's tokenizer with the kept pieces only; ids are places in ``kept``."""
    pieces = [packed.pieces[piece] for piece in kept]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=kept.index(packed.special["unk"])))
    tokenizer.normalizer = normalizers.Precompiled(_charsmap())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIALS])
    bos, eos = (kept.index(packed.special[name]) for name in ("bos", "eos"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", bos), ("</s>", eos)]
    )
    return tokenizer


def count_pieces(tokenizer: Tokenizer, texts: Iterable[str]) -> Counter[int]:
    """How often each piece comes out when texts are cut."""
    counts: Counter[int] = Counter()
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            counts.update(_ids(tokenizer, batch))
            batch.clear()
    counts.update(_ids(tokenizer, batch))
    return counts


def keep_pieces(packed: Packed, counts: Mapping[int, int], size: int) -> list[int]:
    """Ids of the pieces to keep, rising: the specials, single characters, and the most frequent others.

    Args:
        packed: The base model.
        counts: How often each piece comes out.
        size: How many to keep.
    """
    specials = [number for number, (piece, _) in enumerate(packed.pieces) if piece in SPECIALS]
    singles = [n for n, (piece, _) in enumerate(packed.pieces) if _is_single(piece) and _is_folded(piece)]
    kept = dict.fromkeys([*specials, *singles])
    for piece in sorted(counts, key=lambda piece: (-counts[piece], piece)):
        if len(kept) >= size:
            break
        if not _BLURS.search(packed.pieces[piece][0]):
            kept[piece] = None
    return sorted(kept)


def base_weights(packed: Packed, kept: list[int]) -> Weights:
    """Float32 tensors under the names of :class:`training.reader.net.ReadingNet`."""
    width, inner = packed.shape["hidden"], packed.shape["inner"]
    made: Weights = {
        "words.weight": packed.matrix("emb.word", width, kept),
        "places.weight": packed.vector("emb.pos").reshape(-1, width) + packed.vector("emb.type").reshape(-1, width)[0],
        "norm.weight": packed.vector("emb.ln.w"),
        "norm.bias": packed.vector("emb.ln.b"),
    }
    for layer in range(packed.shape["layers"]):
        heads = [packed.matrix(f"l{layer}.{short}.w", width) for short in "qkv"]
        made[f"layers.{layer}.projections.weight"] = np.concatenate(heads)
        made[f"layers.{layer}.projections.bias"] = np.concatenate([packed.vector(f"l{layer}.{s}.b") for s in "qkv"])
        for short, name in _PARTS.items():
            columns = inner if short == "fo" else width
            made[f"layers.{layer}.{name}.weight"] = packed.matrix(f"l{layer}.{short}.w", columns)
            made[f"layers.{layer}.{name}.bias"] = packed.vector(f"l{layer}.{short}.b")
        for short, name in _NORMS.items():
            made[f"layers.{layer}.{name}.weight"] = packed.vector(f"l{layer}.{short}.w")
            made[f"layers.{layer}.{name}.bias"] = packed.vector(f"l{layer}.{short}.b")
    return made


@cache
def _charsmap() -> bytes:
    return base64.b64decode(precompiled_charsmap(reading_table()))


def _ids(tokenizer: Tokenizer, texts: list[str]) -> list[int]:
    found = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [piece for encoding in found for piece in encoding.ids]


def _is_single(piece: str) -> bool:
    bare = piece.removeprefix("▁")
    return len(bare) <= 1 and all(_is_common(char) for char in bare)


def _is_common(char: str) -> bool:
    return char.isascii() or "\u3400" <= char <= "\u9fff" or unicodedata.category(char)[0] not in "LM"


def _is_folded(piece: str) -> bool:
    """Whether the piece can come out at all: one that the normaliser replaces never does."""
    return not any(char in reading_table() for char in piece.removeprefix("▁"))
