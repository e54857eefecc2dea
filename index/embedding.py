"""How does a text become a vector? The one door to sentence-transformers, and a fast path past it.

A static model (a table with one vector per token) needs only ``tokenizers`` and ``numpy``: the shell's answer then
costs no import of torch. Every other model goes through sentence-transformers.
"""

from __future__ import annotations

import hashlib
import json
import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from index.config import BUILTIN_MODEL
from index.errors import ModelError
from index.precision import single

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from index.tokenizing import Tokens

__all__ = ["BATCH_SIZE", "DEVICE", "Embedder", "StaticEmbedder", "TransformerEmbedder", "Vectors", "load_embedder"]

Vectors = NDArray[np.float32]
Table = NDArray[Any]  # of floats, in the precision of its file

DEVICE, BATCH_SIZE = "WENJU_DEVICE", "WENJU_BATCH_SIZE"
"""Variables of the environment for other models than the built-in one."""

_MANY = 64  # texts from which on a sparse product pays for loading scipy
_KINDS = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}  # what safetensors calls them
_SAMPLE = 1 << 20  # bytes read from each end of a large weight file for its fingerprint
_ADVICE = "Give 'builtin', a folder that SentenceTransformer can load, or the name of a model on the hub."


class Embedder(Embeddings):
    """A LangChain ``Embeddings`` that also hands out arrays and knows which model it is.

    Attributes:
        name: The model as it was asked for.
        dim: Length of a vector.
        fingerprint: Changes when the model's files change; equal fingerprints mean comparable vectors.
    """

    name: str
    dim: int
    fingerprint: str

    @abstractmethod
    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages: (n, dim) float32, rows of length 1, or all zero for a text without a known token."""

    @abstractmethod
    def encode_query(self, text: str) -> Vectors:
        """Vector of one question: (dim,) float32, of length 1, or all zero for a text without a known token."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of :meth:`encode_documents`."""
        return [[float(x) for x in row] for row in self.encode_documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's form of :meth:`encode_query`."""
        return [float(x) for x in self.encode_query(text)]


class StaticEmbedder(Embedder):
    """Mean of token vectors, without torch; gives the vectors that sentence-transformers gives for the same folder.

    Args:
        path: A sentence-transformers folder whose only module is a ``StaticEmbedding``.
        name: What to call it; the folder when None.

    Raises:
        ModelError: The folder's files cannot be read.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        from index.tokenizing import StaticTokenizer

        try:
            self._tokenizer = StaticTokenizer(path / "tokenizer.json")
            self._weights = _map_table(path / "model.safetensors", "embedding.weight")
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"The model in {path} cannot be read ({error}).", _ADVICE) from error
        prompts = _prompts(path)
        self._query_prompt, self._document_prompt = prompts.get("query", ""), prompts.get("document", "")
        self.name = name or str(path)
        self.dim = int(self._weights.shape[1])
        self.fingerprint = _folder_fingerprint(path)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode([self._document_prompt + text for text in texts])

    def encode_query(self, text: str) -> Vectors:
        row: Vectors = self._encode([self._query_prompt + text])[0]
        return row

    def _encode(self, texts: list[str]) -> Vectors:
        found = self._tokenizer.tokens(texts)
        if len(texts) >= _MANY:
            return _unit_rows(_means(found, self._weights))
        vectors: Vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, ids in enumerate(np.split(found.ids, np.cumsum(found.lengths)[:-1])):
            if len(ids):
                vectors[row] = single(self._weights[ids]).mean(axis=0)
        return _unit_rows(vectors)


class TransformerEmbedder(Embedder):
    """Any sentence-transformers model, with its own query and document prompts.

    Args:
        name: A folder, or a model's name on the hub.

    The environment tells where it computes (``WENJU_DEVICE``: cpu, cuda, mps, …) and how many texts at a time
    (``WENJU_BATCH_SIZE``); neither changes what a store holds.

    Raises:
        ModelError: sentence-transformers cannot load it, or the environment asks for what is no number.
    """

    def __init__(self, name: str) -> None:
        self._batch_size = _batch_size()
        self._model = _load_sentence_transformer(name)
        self.name = name
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.fingerprint = _folder_fingerprint(Path(name)) if Path(name).is_dir() else self._hub_fingerprint()

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        encoded: Any = self._model.encode_document(
            list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(encoded, np.float32)

    def encode_query(self, text: str) -> Vectors:
        encoded: Any = self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(encoded, np.float32)

    def _hub_fingerprint(self) -> str:
        """The hub's commit where the model tells it; else its name and width, all that is known of it."""
        commit = getattr(getattr(self._model[0], "config", None), "_commit_hash", None)
        return hashlib.sha256(f"{self.name}\0{commit}\0{self.dim}".encode()).hexdigest()[:16]


def load_embedder(model: str) -> Embedder:
    """The embedder for a model setting.

    Args:
        model: ``builtin``, a folder, or a model's name on the hub. A name that looks like a path must be a folder:
            sentence-transformers would look it up on the hub and wait for the network.

    Raises:
        ModelError: No such folder, or the model cannot be loaded.
    """
    if model == "builtin":
        return StaticEmbedder(BUILTIN_MODEL, model)
    path = Path(model)
    if model.strip() and path.is_dir():  # an empty name is no name, though Path takes it for the working folder
        return StaticEmbedder(path) if _is_static(path) else TransformerEmbedder(str(path))
    looks_like_path = path.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1
    if looks_like_path or not model.strip():
        raise ModelError(f"There is no model folder {model!r}.", _ADVICE)
    return TransformerEmbedder(model)


def _map_table(file: Path, name: str) -> Table:
    """A matrix of a safetensors file, memory-mapped, so that processes share it; the library would copy it.

    The format is a length of 8 bytes, so many bytes of JSON, then the numbers.
    """
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        head = json.loads(stream.read(length))[name]
    begin, end = head["data_offsets"]
    rows, columns = head["shape"]
    kind = np.dtype(_KINDS[head["dtype"]])
    if end - begin != rows * columns * kind.itemsize:
        raise ValueError(f"{name} has {end - begin} bytes")
    return np.asarray(np.memmap(file, kind, "r", 8 + length + begin, (rows, columns)))


def _means(found: Tokens, weights: Table) -> Vectors:
    """Mean row of the tokens of each text, zero for one without tokens: (n, dim) float32.

    A sparse matrix of counts times the rows in use reads each row once and keeps nothing in between, faster than
    gathering the rows of each text; it adds up in the same order, so the vectors are the same to the last bit.
    """
    from scipy.sparse import csr_array

    in_use = np.zeros(len(weights), bool)
    in_use[found.ids] = True
    used = np.flatnonzero(in_use)
    column = np.cumsum(in_use, dtype=np.int32)[found.ids] - 1
    starts = np.concatenate([[0], np.cumsum(found.lengths)])
    counts = csr_array((np.ones(len(column), np.float32), column, starts), shape=(len(found.lengths), len(used)))
    means: Vectors = counts @ single(weights[used])
    means /= np.maximum(found.lengths, 1)[:, None].astype(np.float32)
    return means


def _batch_size() -> int:
    told = os.environ.get(BATCH_SIZE, "32")
    if not told.isdecimal() or int(told) < 1:
        raise ModelError(
            f"{BATCH_SIZE} is {told!r}, which is no number from 1.", "Give how many texts to embed at a time."
        )
    return int(told)


def _load_sentence_transformer(name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name, device=os.environ.get(DEVICE, "cpu"))
    except Exception as error:  # the library raises OSError, ValueError, its own and the hub's errors alike
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"The model {name!r} cannot be loaded ({reason}).", _ADVICE) from error


def _is_static(path: Path) -> bool:
    try:
        modules = json.loads((path / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    # A Dense or other second module changes the vectors, so only a lone table takes the fast path.
    return [module["type"].rsplit(".", 1)[-1] for module in modules] == ["StaticEmbedding"]


def _prompts(path: Path) -> dict[str, str]:
    settings = path / "config_sentence_transformers.json"
    if not settings.is_file():
        return {}
    prompts: dict[str, str] = json.loads(settings.read_text(encoding="utf-8")).get("prompts", {})
    return prompts


def _folder_fingerprint(path: Path) -> str:
    """Hash over the folder's file names, sizes and contents; of a large file only both ends are read."""
    digest = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".md"):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(path).as_posix()}\0{size}\0".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_SAMPLE))
            if size > _SAMPLE:
                stream.seek(max(_SAMPLE, size - _SAMPLE))
                digest.update(stream.read(_SAMPLE))
    return digest.hexdigest()[:16]


def _unit_rows(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows: Vectors = vectors / np.maximum(lengths, np.float32(1e-12))
    return rows
