"""Does each name of a store lead to where it lies, a folder or Milvus?"""

from __future__ import annotations

from pathlib import Path

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.errors import StoreError
from index.location import folder_of, generation_in_use, open_store, parse_place
from index.store.opened import read_manifest


def test_a_folder_is_a_path_and_an_address_keeps_its_slashes():
    assert parse_place("stores/news") == Path("stores/news")
    assert parse_place("milvus://10.0.0.5:19530/news") == "milvus://10.0.0.5:19530/news"
    assert parse_place("milvus:lite.db/news") == "milvus:lite.db/news"


def test_a_folder_is_opened(tmp_path, pages_folder, model_folder):
    build_store(pages_folder, tmp_path / "store", IndexConfig(model=str(model_folder)))
    for place in (tmp_path / "store", str(tmp_path / "store")):
        assert open_store(place).manifest == read_manifest(tmp_path / "store")
        assert generation_in_use(place) == read_manifest(tmp_path / "store").generation


def test_what_needs_files_says_so_of_a_store_in_milvus():
    assert folder_of(Path("store")) == Path("store")
    with pytest.raises(StoreError, match=r"milvus://h:1/news lies in Milvus, and this needs the folder") as told:
        folder_of("milvus://user:secret@h:1/news")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("what", [open_store, generation_in_use])
def test_a_wrong_address_is_told(what):
    with pytest.raises(StoreError, match="'milvus:news' is no address of a store in Milvus"):
        what("milvus:news")


def test_no_store_in_a_folder(tmp_path):
    with pytest.raises(StoreError, match="There is no store in"):
        generation_in_use(tmp_path)
