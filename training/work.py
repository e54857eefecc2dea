"""Where does each product lie in the work folder? Under a name that tells which settings and which data shaped it.

A product made with other settings, or from other data, has another name, so it is never taken for this run's.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from zlib import crc32

from training.settings import DataPaths, Settings

__all__ = ["product"]

_WORDS = ("news", "tatoeba", "cedict")
_EVERY_FILE = tuple(field.name for field in fields(DataPaths))
_EVERY_SETTING = tuple(field.name for field in fields(Settings))
# Product -> the data and the settings that shape it.
_SHAPED_BY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "counts.json": (_WORDS, ()),
    "tokenizer.json": (_WORDS, ("vocabulary", "candidates")),
    "material.npz": (_EVERY_FILE, ("vocabulary", "candidates", "seed", "rough_sentences")),
    "checkpoint.pt": (_EVERY_FILE, _EVERY_SETTING),
    "table.npy": (_EVERY_FILE, _EVERY_SETTING),
    "scores.md": (_EVERY_FILE, _EVERY_SETTING),
    "scores.json": (_EVERY_FILE, _EVERY_SETTING),
    "speed.md": (_EVERY_FILE, _EVERY_SETTING),
    "sizes.md": (_EVERY_FILE, _EVERY_SETTING),
}


def product(name: str, work: Path, data: DataPaths, settings: Settings) -> Path:
    """The file of a product, such as ``material-1b2c3d4e.npz``; the work folder is made where it is missing.

    Args:
        name: One of the products' plain names, such as ``material.npz``.
        work: The work folder.
        data: The data of the run; a file that does not exist counts as empty.
        settings: The settings of the run.
    """
    files, names = _SHAPED_BY[name]
    shape = [[file, _checksum(getattr(data, file))] for file in files]
    shape += [[setting, getattr(settings, setting)] for setting in names]
    stem, _, suffix = name.partition(".")
    work.mkdir(parents=True, exist_ok=True)
    return work / f"{stem}-{crc32(json.dumps(shape).encode()):08x}.{suffix}"


def _checksum(file: Path) -> int:
    return crc32(file.read_bytes()) if file.exists() else 0
