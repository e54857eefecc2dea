from __future__ import annotations

from dataclasses import fields, replace

import pytest

from training.prepare import make_tokenizer
from training.settings import Settings
from training.work import _SHAPED_BY, product


def changed(settings, name):
    value = getattr(settings, name)
    return replace(settings, **{name: not value if isinstance(value, bool) else value + 1})


@pytest.mark.parametrize("name", _SHAPED_BY)
def test_a_product_has_another_name_when_a_setting_that_shapes_it_changes(data, work, settings, name):
    own = product(name, work, data, settings)
    shaping = _SHAPED_BY[name][1]
    for field in fields(Settings):
        other = product(name, work, data, changed(settings, field.name))
        assert (other != own) == (field.name in shaping)


def test_another_vocabulary_is_not_taken_from_an_earlier_run(data, work, settings):
    first = make_tokenizer(data, work, settings)
    second = make_tokenizer(data, work, replace(settings, vocabulary=settings.vocabulary - 2000))
    assert second.get_vocab_size() < first.get_vocab_size()


def test_other_data_make_other_products_and_keep_those_they_do_not_shape(data, work, settings, tmp_path):
    other = replace(data, written=tmp_path / "missing.jsonl")
    assert product("material.npz", work, other, settings) != product("material.npz", work, data, settings)
    assert product("tokenizer.json", work, other, settings) == product("tokenizer.json", work, data, settings)
