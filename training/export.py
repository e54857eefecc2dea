"""How does a trained table become a model folder? Half precision, in files that sentence-transformers loads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

__all__ = ["export", "load_folder", "neighbours"]

_MODULE = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
_SPECIAL = 2  # padding and unknown: no direction, so they never count
_LIMIT = 64 * 1024 * 1024
_LARGEST = 8.0  # of a row, so that half precision keeps all of it


def export(table: NDArray[np.float32], tokenizer: Tokenizer, folder: Path, card: str) -> int:
    """Write a model folder and return its size in bytes.

    Args:
        table: (size, dim) rows in the tokenizer's order; only their directions and relative lengths matter.
        tokenizer: Folds and cuts.
        folder: Made where missing; files in it are replaced.
        card: The model card.

    Raises:
        ValueError: The folder would be larger than a repo should carry.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = table.copy()
    weights[:_SPECIAL] = 0.0
    longest = float(np.linalg.norm(weights, axis=1).max())
    half = (weights * (_LARGEST / max(longest, 1e-9))).astype(np.float16)
    save_file({"embedding.weight": half}, str(folder / "model.safetensors"))
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": _MODULE}])
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "default_prompt_name": None,
            "model_type": "SentenceTransformer",
            "prompts": {"document": "", "query": ""},
            "similarity_fn_name": "cosine",
        },
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > _LIMIT:
        raise ValueError(f"The model takes {size} bytes, more than {_LIMIT}. Choose fewer dimensions or words.")
    return size


def load_folder(folder: Path) -> tuple[Tokenizer, NDArray[np.float32]]:
    """Tokenizer and table, (size, dim) float32, of a model folder with one static module."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    table = load_file(str(folder / "model.safetensors"))["embedding.weight"]
    return tokenizer, table.astype(np.float32)


def neighbours(folder: Path, words: Sequence[str], count: int = 8) -> Mapping[str, list[tuple[str, float]]]:
    """The vocabulary's nearest words to each given word, with their cosines; pieces of one letter left out."""
    tokenizer, table = load_folder(folder)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    names = [tokenizer.id_to_token(index) or "" for index in range(len(table))]
    found: dict[str, list[tuple[str, float]]] = {}
    for word in words:
        ids = tokenizer.encode(word, add_special_tokens=False).ids
        vector = table[ids].sum(axis=0)
        similar = unit @ (vector / max(float(np.linalg.norm(vector)), 1e-9))
        ranked = (int(index) for index in np.argsort(-similar) if int(index) not in ids and int(index) >= _SPECIAL)
        near = [(names[index], float(similar[index])) for _, index in zip(range(count * 3), ranked, strict=False)]
        found[word] = [pair for pair in near if len(pair[0]) > 1 or not pair[0].isascii()][:count]
    return found


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
