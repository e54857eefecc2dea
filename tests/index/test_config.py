"""Does the fingerprint tell configs apart, and does a config refuse what it does not know?"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from index.config import BUILTIN_MODEL, IndexConfig


def test_equal_settings_have_equal_fingerprints_and_any_difference_changes_them():
    configs = [IndexConfig(), IndexConfig(model="other"), IndexConfig(passage_size=241), IndexConfig(passage_overlap=1)]
    assert IndexConfig().fingerprint() == IndexConfig(model="builtin", passage_size=240).fingerprint()
    assert len({config.fingerprint() for config in configs}) == len(configs)


def test_every_setting_shapes_the_fingerprint():
    """A field that is added and left out of the fingerprint would let two different stores pass for one."""
    other = {"model": "other", "passage_size": 100, "passage_overlap": 20}
    assert other.keys() == IndexConfig.model_fields.keys()
    for name, value in other.items():
        assert IndexConfig(**{name: value}).fingerprint() != IndexConfig().fingerprint()


def test_a_fingerprint_is_sixteen_hex_digits():
    assert len(IndexConfig().fingerprint()) == 16
    assert int(IndexConfig().fingerprint(), 16) >= 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pasage_size": 100}, "Extra inputs are not permitted"),
        ({"passage_size": 19}, "greater than or equal to 20"),
        ({"passage_size": 4001}, "less than or equal to 4000"),
    ],
)
def test_unknown_names_and_impossible_values_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        IndexConfig(**settings)


def test_a_config_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        IndexConfig().model = "other"


def test_every_setting_is_described():
    assert all(field.description for field in IndexConfig.model_fields.values())


def test_the_built_in_model_comes_with_the_package():
    assert sorted(file.name for file in BUILTIN_MODEL.iterdir() if file.suffix != ".md") == [
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "tokenizer.json",
    ]
