"""Do errors say what happened and what to do, also after a trip to another process?"""

from __future__ import annotations

import pickle

import pytest

from index.errors import ModelError, SourceError, StoreError, WenjuError


@pytest.mark.parametrize("kind", [SourceError, ModelError, StoreError])
def test_every_error_is_one_of_ours_and_names_what_and_fix(kind):
    error = kind("The page is torn.", "Mend it.")
    assert isinstance(error, WenjuError)
    assert (error.what, error.fix) == ("The page is torn.", "Mend it.")
    assert str(error) == "The page is torn. Mend it."


def test_errors_survive_pickling():
    copy = pickle.loads(pickle.dumps(StoreError("Gone.", "Build it.")))
    assert type(copy) is StoreError
    assert (copy.what, copy.fix, str(copy)) == ("Gone.", "Build it.", "Gone. Build it.")


def test_an_error_without_advice_cannot_be_made():
    with pytest.raises(TypeError, match="fix"):
        SourceError("The page is torn.")
