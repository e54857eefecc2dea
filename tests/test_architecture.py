"""Do the arrows between our modules hold? Read from the syntax tree, so that imports inside functions count too.

::

    index/*  ◄── rag/*  ◄── rag/cli, ui, window/*      and never the other way; training/ and benchmarks/ use both

Inside each half a folder stands above all that it imports: reading ◄ disk ◄ search ◄ store ◄ milvus, and query ◄
retrieval ◄ answerers. No arrow between folders runs back.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FACES = {"rag.cli", "rag.evaluation.__main__", "ui"}
FACES |= {f"rag.cli.{file.stem}" for file in (ROOT / "rag" / "cli").glob("[a-z]*.py")}
FACES |= {f"window.{file.stem}" for file in (ROOT / "window").glob("[a-z]*.py")}  # one face in several modules
WORKBENCH = "rag.evaluation"  # a program of its own: it may print

LEAVES = {"schema", "config", "errors"}
OF_THE_MACHINE = {"index.embedding"}
"""Where a model computes is the machine's, shapes no store, and must reach every worker: the environment does."""
SHARED = {
    "index.schema",
    "index.config",
    "index.errors",
    "index.embedding",
    "index.store.opened",
    "index.text",
    "index.reading.dates",
    "index.reading.views",
}
SHARED |= {"index.location", "index.store.address"}  # where a store lies
WRITING = {
    "index.build",
    "index.doctor",
    "index.reading.account",
    "index.reading.pages",
    "index.reading.paper.pictures",
    "index.reading.source",
    "index.reading.formats",
    "index.job",
    "index.search.shards",
    "index.milvus.writer",
}  # for faces
# Exceptions: LangChain's vector stores search the same indexes as the store does, so each holds one; and an evaluation
# over pages builds a store from them first, as a face would.
BESIDES = {
    "rag.langchain.passage_store": {"index.search.dense"},
    "rag.langchain.milvus_store": {"index.milvus.client"},
    "rag.evaluation.collections": {"index.build"},
}

# library -> the modules that may import it
DOORS = {
    "gradio": {"window.page"},
    "faiss": {"index.search.dense"},
    "filelock": {"index.disk.generations"},
    "bm25s": set(),  # tests compare with it
    "scipy": {"index.embedding", "index.search.bm25_build"},
    "rjieba": {"index.text"},
    "pypinyin": {"rag.query.sounds"},
    "opencc": {"index.text"},
    "sentence_transformers": {"index.embedding"},
    "sentencepiece": {"index.tokenizing"},
    "tokenizers": {"index.tokenizing", "rag.retrieval.crossencoder"},
    "onnxruntime": {"rag.retrieval.crossencoder"},
    "safetensors": {"index.embedding"},
    "lxml": {"index.reading.archives", "index.reading.docx", "index.reading.epub", "index.reading.html"},
    "docx": set(),  # its paragraphs leave text out
    "pypdf": set(),  # tests write PDF files with it
    "pypdfium2": {"index.reading.paper.pdf"},
    "cryptography": {"rag.signing"},
    "fastapi": {
        "rag.api.app",
        "rag.api.chat",
        "rag.cli.serve",
        "rag.api.server",
        "rag.api.problems",
        "rag.api.routes",
        "window.page",
        "window.routes",
        "window.server",
    },
    "starlette": {
        "rag.api.app",
        "rag.api.chat",
        "rag.api.problems",
        "rag.api.routes",
        "rag.api.security",
        "rag.api.tools",
    },
    "uvicorn": {"rag.api.connections", "rag.api.server"},
    "mcp": {"rag.api.tools"},
    "torch": set(),
    "transformers": set(),
    "langchain": {"rag.llm"},
    "langchain_core": {
        "index.embedding",
        "rag.retrieval.retriever",
        "rag.langchain.cosine_store",
        "rag.langchain.passage_store",
        "rag.langchain.milvus_store",
        "rag.chain",
        "rag.llm",
    },
    "dask": {"index.job"},
    "distributed": {"index.job"},
    "pymilvus": {"index.milvus.client"},
    "grpc": {"index.milvus.client"},
    "langchain_community": set(),
}


@dataclass(frozen=True)
class Import:
    """``from module import name``; the name is empty for ``import module``."""

    module: str
    name: str = ""


def imports_in(tree: ast.AST, package: str) -> Iterator[Import]:
    """Every import of a module, wherever it stands; relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, node.module] if node.module else above)
            yield from (Import(module, alias.name) for alias in node.names)


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for part in ("index", "rag", "window") for file in sorted((ROOT / part).rglob("*.py"))}
FILES["ui"] = ROOT / "ui.py"
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}
IMPORTS = {
    name: set(imports_in(TREES[name], name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]))
    for name in FILES
}


def targets(name: str) -> set[str]:
    """The modules that a module imports; ``from rag import chain`` is an import of ``rag.chain``."""
    return {f"{i.module}.{i.name}" if f"{i.module}.{i.name}" in FILES else i.module for i in IMPORTS[name]}


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def bound_names(tree: ast.Module) -> set[str]:
    """Names bound at the top of a module, also under ``if TYPE_CHECKING``."""
    names: set[str] = set()
    for node in [*tree.body, *(inner for outer in tree.body if isinstance(outer, ast.If) for inner in outer.body)]:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def public_names(name: str) -> list[str] | None:
    for node in TREES[name].body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return ast.literal_eval(node.value)
    return None


# The reader of imports, first: a check that sees nothing cannot fail.


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import faiss", {Import("faiss")}),
        ("import a.b as c, d", {Import("a.b"), Import("d")}),
        ("from rag.chain import ask as question", {Import("rag.chain", "ask")}),
        ("def f():\n    if True:\n        import torch", {Import("torch")}),
        ("if TYPE_CHECKING:\n    from index.store.opened import Store", {Import("index.store.opened", "Store")}),
        ("from .base import Reader", {Import("rag.answerers.base", "Reader")}),
        ("from ..chain import ask", {Import("rag.chain", "ask")}),
        ("from . import base", {Import("rag.answerers", "base")}),
        ("'import faiss'  # import faiss", set()),
    ],
)
def test_the_reader_sees_every_import(source, expected):
    assert set(imports_in(ast.parse(source), "rag.answerers")) == expected


def test_the_reader_finds_the_house():
    assert {
        "index",
        "index.store.opened",
        "index.text",
        "rag",
        "rag.chain",
        "rag.cli.command",
        "rag.answerers.base",
        "ui",
    } <= set(FILES)
    assert {i.module for i in IMPORTS["index.search.dense"]} >= {"faiss", "index.errors"}
    assert "opencc" in {i.module for i in IMPORTS["index.text"]}  # inside a function there
    assert all(any(name in targets(user) for user in FILES) for name in SHARED - {"index.errors"})


@pytest.mark.parametrize("name", sorted(name for name in FILES if inside(name, "index")))
def test_the_index_imports_neither_rag_nor_the_window(name):
    assert not {t for t in targets(name) if inside(t, "rag") or inside(t, "ui") or inside(t, "window")}


@pytest.mark.parametrize("name", sorted(name for name in FILES if inside(name, "rag") and name not in FACES))
def test_the_asking_half_imports_of_the_index_only_what_is_shared(name):
    of_the_index = {t for t in targets(name) if inside(t, "index")}
    assert of_the_index <= SHARED | BESIDES.get(name, set())


@pytest.mark.parametrize("name", sorted(name for name in FILES if name not in FACES))
def test_nothing_imports_a_face(name):
    assert not targets(name) & FACES


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_face_imports_the_shared_leaves_and_the_building_half_by_their_front(name):
    of_the_index = {t for t in targets(name) if inside(t, "index")}
    assert of_the_index <= SHARED | WRITING


@pytest.mark.parametrize("name", sorted(FILES))
def test_only_public_names_are_imported(name):
    """``from rag.chain import x`` only for an x in the ``__all__`` of ``rag.chain``."""
    for i in IMPORTS[name]:
        if i.module in FILES and i.name and f"{i.module}.{i.name}" not in FILES:
            assert i.name in (public_names(i.module) or []), f"{name} takes {i.name} from {i.module}"


@pytest.mark.parametrize("name", [f"{half}.{leaf}" for half in ("index", "rag") for leaf in sorted(LEAVES)])
def test_leaves_import_the_standard_library_and_pydantic(name):
    allowed = sys.stdlib_module_names | {"pydantic"}
    below = {f"index.{leaf}" for leaf in LEAVES} if inside(name, "rag") else set()
    assert {t for t in targets(name) if t.split(".")[0] not in allowed} <= below


@pytest.mark.parametrize("library", sorted(DOORS))
def test_each_large_library_has_one_door(library):
    users = {name for name in FILES if any(inside(i.module, library) for i in IMPORTS[name])}
    assert users <= DOORS[library]


@pytest.mark.parametrize(
    "library",
    [
        "gradio",
        "faiss",
        "scipy",
        "rjieba",
        "opencc",
        "sentence_transformers",
        "onnxruntime",
        "lxml",
        "pypdfium2",
        "pymilvus",
        "distributed",
    ],
)
def test_each_door_is_in_use(library):
    """A door that nobody uses is a name that was mistyped."""
    users = {name for name in FILES if any(inside(i.module, library) for i in IMPORTS[name])}
    assert users == DOORS[library]


def test_there_is_no_circle():
    """Ordering the modules so that each comes after all it imports succeeds, or names who is left over."""
    left = {name: {t for t in targets(name) if t in FILES and t != name} for name in FILES}
    while ready := {name for name, needs in left.items() if not needs & set(left)}:
        left = {name: needs for name, needs in left.items() if name not in ready}
    # ``rag`` loads its names when they are first used; its imports are for the type checker.
    assert not {name for name in left if name != "rag"}


def folder_of(name: str) -> str:
    """The package that holds a module; a module at the top of a half, and each entry point, stands for itself."""
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    return package if package.count(".") >= 1 and not name.endswith("__main__") else name


def test_no_arrow_between_folders_runs_back():
    needs: dict[str, set[str]] = {}
    for name in FILES:
        imported = {folder_of(t) for t in targets(name) if t in FILES and t != "rag"}
        needs.setdefault(folder_of(name), set()).update(imported - {folder_of(name)})
    assert {"index.reading", "index.store", "rag.retrieval"} <= set(needs)
    del needs["rag"]  # loads its names when they are first used
    while ready := {folder for folder, below in needs.items() if not below & set(needs)}:
        needs = {folder: below for folder, below in needs.items() if folder not in ready}
    assert not needs


WORKSHOPS = [file.relative_to(ROOT) for part in ("training", "benchmarks") for file in (ROOT / part).rglob("*.py")]


@pytest.mark.parametrize("file", sorted(file.as_posix() for file in WORKSHOPS))
def test_a_workbench_is_imported_by_nothing_that_ships_and_takes_public_names(file):
    """``training/`` and ``benchmarks/`` may use all of the product; the product uses neither."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for i in imports_in(tree, file.removesuffix(".py").replace("/", ".").rpartition(".")[0]):
        if i.module in FILES and i.name and f"{i.module}.{i.name}" not in FILES:
            assert i.name in (public_names(i.module) or []), f"{file} takes {i.name} from {i.module}"
    assert ast.get_docstring(tree)


def test_the_product_imports_no_workbench():
    assert not {name for name in FILES if any(t.split(".")[0] in {"training", "benchmarks"} for t in targets(name))}


@pytest.mark.parametrize("name", sorted(name for name in FILES if name not in FACES and not inside(name, WORKBENCH)))
def test_nothing_prints_but_a_face(name):
    calls = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)]
    assert not [
        c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id in {"print", "input", "breakpoint"}
    ]


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_module_says_which_question_it_answers_and_what_is_public(name):
    assert ast.get_docstring(TREES[name])
    public = public_names(name)
    if public is None:
        assert not [n for n in TREES[name].body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name != "main"]
        return
    assert public
    assert set(public) <= bound_names(TREES[name])
    assert not [n for n in public if n.startswith("_")]
    assert len(public) == len(set(public))


def is_told_to_a_library(node: ast.AST) -> bool:
    """``os.environ["NAME"] = …`` of a variable that a library can be told in no other way."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.slice, ast.Constant)
        and node.slice.value in {"TOKENIZERS_PARALLELISM"}
    )


@pytest.mark.parametrize(
    "name", sorted(name for name in FILES.keys() - FACES - OF_THE_MACHINE if not inside(name, WORKBENCH))
)
def test_no_module_reads_the_environment(name):
    """Settings are built once, in the face, and passed down."""
    attributes = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)]
    told = [id(node.value) for node in ast.walk(TREES[name]) if is_told_to_a_library(node)]
    assert not [a.lineno for a in attributes if a.attr in {"environ", "getenv", "putenv"} and id(a) not in told]


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_pickled(name):
    assert not {i.module for i in IMPORTS[name]} & {"pickle", "dill", "joblib", "shelve", "marshal"}
