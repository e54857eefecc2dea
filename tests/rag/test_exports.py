"""Is everything that ``rag`` promises there, and does the promise cost nothing?"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import index.errors
import rag
import rag.errors


@pytest.mark.parametrize("name", rag.__all__)
def test_every_public_name_can_be_had(name):
    thing = getattr(rag, name)
    assert thing.__name__ == name
    assert thing.__doc__
    assert getattr(sys.modules[thing.__module__], name) is thing


def test_names_are_listed_in_order_and_once():
    assert list(rag.__all__) == sorted(set(rag.__all__))
    assert dir(rag) == list(rag.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'rag' has no attribute 'anwser'"):
        _ = rag.anwser


def in_a_fresh_process(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_importing_rag_imports_no_library():
    heavy = in_a_fresh_process(
        "import json, sys, rag\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )  # fmt: skip
    libraries = {"langchain", "langchain_core", "torch", "transformers", "sentence_transformers", "faiss", "scipy"}
    assert "rag" in heavy
    assert not libraries & set(heavy)
    assert not {"gradio", "numpy", "pydantic", "rjieba", "opencc"} & set(heavy)


def test_using_rag_imports_no_torch():
    loaded = in_a_fresh_process(
        "import json, sys, rag\n"
        "for name in rag.__all__: getattr(rag, name)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    assert "langchain_core" in loaded  # the names were really loaded
    assert not {"torch", "transformers", "sentence_transformers", "gradio"} & set(loaded)


def descendants(kind):
    return {child for direct in kind.__subclasses__() for child in {direct, *descendants(direct)}}


def test_the_tree_of_errors_is_whole_and_drawn():
    names = {"SourceError", "ModelError", "StoreError", "RetrievalError", "AnswerError", "EvaluationError"}
    names |= {"BundleError", "ReplyError"}
    ours = {e for e in descendants(index.errors.WenjuError) if e.__module__ in {"index.errors", "rag.errors"}}
    assert {error.__name__ for error in ours} == names
    assert set(rag.errors.__all__) == names | {"WenjuError"}
    for name in names:
        assert f"── {name}" in rag.errors.__doc__
        assert name in rag.__all__
    for name in index.errors.__all__:
        assert getattr(rag.errors, name) is getattr(index.errors, name)
