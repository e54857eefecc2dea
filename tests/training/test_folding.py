from __future__ import annotations

import base64
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from training.folding import charsmap, fold, folding_table, precompiled_charsmap


@pytest.fixture(scope="module")
def normalizer():
    return normalizers.Precompiled(base64.b64decode(charsmap()))


def test_the_normalizer_changes_every_character_as_the_table_says(normalizer):
    wrong = [
        char for char, folded in folding_table().items() if normalizer.normalize_str(f"中{char}中") != f"中{folded}中"
    ]
    assert wrong == []


def test_the_normalizer_leaves_other_characters_alone(normalizer):
    table = folding_table()
    plain = [chr(c) for c in range(0x21, 0x30000) if chr(c) not in table and unicodedata.category(chr(c))[0] in "LN"]
    assert normalizer.normalize_str("".join(plain)) == "".join(plain)


@given(st.text(alphabet="豐台丰臺ＡaＢ１1，。 里裡發髮", max_size=60))
def test_folding_twice_is_folding_once_and_the_normalizer_agrees(text):
    folded = fold(text)
    assert fold(folded) == folded
    assert normalizers.Precompiled(base64.b64decode(charsmap())).normalize_str(text) == folded


def test_a_table_of_ones_own():
    normalizer = normalizers.Precompiled(base64.b64decode(precompiled_charsmap({"A": "a", "ß": "ss", "臺": "台"})))
    assert normalizer.normalize_str("Aß臺B") == "ass台B"
