from __future__ import annotations

import numpy as np
import pytest

from index.embedding import load_embedder
from training.card import model_card
from training.export import export, load_folder, neighbours
from training.prepare import make_tokenizer

FORMS = [
    "豐台醫院Hospital 2023",
    "丰台医院hospital2023",
    "ＨＯＳＰＩＴＡＬ丰台医院２０２３",
    "hospital，豐台医院2023。",
]


@pytest.fixture
def folder(data, work, settings, tmp_path):
    tokenizer = make_tokenizer(data, work, settings)
    table = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    export(table, tokenizer, tmp_path / "model", model_card(settings, ""))
    return tmp_path / "model"


def test_script_width_and_case_give_the_same_vector_through_any_loader(folder):
    from sentence_transformers import SentenceTransformer

    slow = SentenceTransformer(str(folder), device="cpu").encode(FORMS, normalize_embeddings=True)
    fast = load_embedder(str(folder)).encode_documents(FORMS)
    assert np.allclose(slow, fast, atol=2e-3)
    assert np.allclose(fast[:3], fast[0], atol=1e-6)
    assert np.allclose(np.linalg.norm(fast, axis=1), 1, atol=1e-5)


def test_special_rows_point_nowhere_and_the_scale_fits_half_precision(folder):
    _, table = load_folder(folder)
    assert not table[:2].any()
    assert np.abs(table).max() <= 8


def test_the_card_names_the_licence_and_those_who_are_owed(folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    for name in ("CC BY-SA 4.0", "CC-CEDICT", "Tatoeba", "Limits"):
        assert name in card


def test_a_model_that_is_too_large_is_refused(data, work, settings, tmp_path, monkeypatch):
    monkeypatch.setattr("training.export._LIMIT", 1000)
    tokenizer = make_tokenizer(data, work, settings)
    with pytest.raises(ValueError, match="fewer dimensions"):
        export(np.ones((tokenizer.get_vocab_size(), 4), np.float32), tokenizer, tmp_path / "model", "")


def test_a_word_is_not_its_own_neighbour(folder):
    found = neighbours(folder, ["医院"], count=3)["医院"]
    assert len(found) == 3
    assert "医院" not in dict(found)
