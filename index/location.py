"""Where does a store lie, and how is it opened there? In a folder of this machine, or in Milvus."""

from __future__ import annotations

from pathlib import Path

from index.disk.generations import current
from index.errors import StoreError
from index.store.address import is_milvus, parse_address
from index.store.opened import Store
from index.store.opened import open_store as open_folder

__all__ = ["Place", "folder_of", "generation_in_use", "open_store", "parse_place"]

Place = Path | str
"""A folder, or an address of Milvus (see :mod:`index.store.address`)."""


def parse_place(text: str) -> Place:
    """What a command line names as a store; an address stays a text, since a path would change its slashes."""
    return text if is_milvus(text) else Path(text)


def open_store(place: Place, model: str | None = None, *, token: str = "") -> Store:
    """Open the generation in use and check it.

    Args:
        place: The store's folder, or its address in Milvus.
        model: The model that the caller expects, or None for whichever the store was built with.
        token: The login to Milvus, where the address has none.

    Raises:
        StoreError: Missing, damaged, of another format version, built with another model, or Milvus does not answer.
        ModelError: The model it was built with cannot be loaded.
    """
    if not is_milvus(str(place)):
        return open_folder(place, model)
    from index.milvus.reader import open_milvus

    return open_milvus(str(place), model, token=token)


def generation_in_use(place: Place, *, token: str = "") -> str:
    """The name of the generation that a store would be opened with now.

    Raises:
        StoreError: There is none, or Milvus does not answer.
    """
    if not is_milvus(str(place)):
        return current(Path(place)).name
    from index.milvus.reader import milvus_generation

    return milvus_generation(str(place), token=token)


def folder_of(place: Place) -> Path:
    """The folder of a store, for what is done to files.

    Raises:
        StoreError: It lies in Milvus.
    """
    if isinstance(place, Path):
        return place
    raise StoreError(
        f"{parse_address(place)} lies in Milvus, and this needs the folder that it was pushed from.",
        "Name the folder with --store; `wenju push` copies it into Milvus afterwards.",
    )
