"""Would the tests notice a one-line bug? Each is put into a module, one at a time, and the module's tests are run.

A comparison is turned, a bound moved by one, a check left out, a result dropped, a threshold doubled, constants of a
module included: that is where our thresholds stand, and mutmut, which changes functions alone, passes them over. The
libraries are imported once; each bug then lives in a child process of its own, and no file is changed.

Needs ``os.fork``. What survives is listed; a survivor may also be a change that changes nothing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.util
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest

__all__ = ["TARGETS", "Mutant", "main", "mutants"]

ROOT = Path(__file__).parent.parent
TARGETS = {
    "rag.citations": ["tests/rag/test_citations.py"],
    "rag.retrieval.retriever": ["tests/rag/retrieval/test_retriever.py"],
    "rag.answerers.checks": ["tests/rag/answerers/test_checks.py", "tests/rag/answerers/test_generated.py"],
    "index.reading.encodings": ["tests/index/reading/test_encodings.py"],
    "index.disk.generations": ["tests/index/disk/test_generations.py"],
}
"""The modules whose tests must be sharp, and those tests."""

_OURS = ("index", "rag", "window", "training", "tests", "conftest")
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """A module with one bug.

    Attributes:
        line: Where it is, from 1.
        what: The line's code before and after.
        tree: The whole module.
    """

    line: int
    what: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Every one-line bug that is tried on a module.

    Annotations, decorators, docstrings, ``__all__`` and the words of errors are left as they are.
    """
    tree = ast.parse(source)
    left_alone = {id(inner) for node in ast.walk(tree) for part in _untouched(node) for inner in ast.walk(part)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in left_alone:
            continue
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            found = next(each for place, each in enumerate(ast.walk(changed)) if place == number)
            before = ast.unparse(found)
            change(found)
            what = f"{before.splitlines()[0][:90]}  ->  {ast.unparse(found).splitlines()[0][:90]}"
            yield Mutant(getattr(node, "lineno", 0), what, ast.fix_missing_locations(changed))


def _untouched(node: ast.AST) -> list[ast.AST]:
    parts: list[ast.AST | None] = []
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        parts += node.decorator_list
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        parts.append(node.returns)
    if isinstance(node, (ast.arg, ast.AnnAssign)):
        parts.append(node.annotation)
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        parts.append(node)
    if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
        parts.append(node)
    return [part for part in parts if part is not None]


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    """What can be made of a node, each a function that does it to a copy."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            if type(op) in _SWAPS:
                yield lambda n, place=place, op=op: n.ops.__setitem__(place, _SWAPS[type(op)]())
    elif isinstance(node, (ast.BoolOp, ast.BinOp, ast.AugAssign)) and type(node.op) in _SWAPS:
        yield lambda n: setattr(n, "op", _SWAPS[type(n.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield lambda n: setattr(n, "value", _other(n.value))
    elif isinstance(node, ast.IfExp):
        yield lambda n: n.__dict__.update(body=n.orelse, orelse=n.body)
    elif isinstance(node, ast.If) and not isinstance(node.test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
        yield lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif isinstance(node, (ast.Expr, ast.Return)) and node.value and not isinstance(node.value, ast.Constant):
        yield lambda n: setattr(n, "value", ast.Constant(None))
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield lambda n: setattr(n, "id", _NAMES[n.id])
    elif isinstance(node, ast.Continue):
        yield lambda n: setattr(n, "__class__", ast.Break)


def _other(value: float) -> float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 2 * value or 1.0


class _Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a mutant instead of the module of its name."""

    def __init__(self, name: str, file: Path, tree: ast.Module) -> None:
        self._name, self._file, self._tree = name, file, tree

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        ours = fullname == self._name
        return importlib.util.spec_from_file_location(fullname, self._file, loader=self) if ours else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._file), "exec"), module.__dict__)


def _run_tests(name: str, tests: Sequence[str], seconds: int, tree: ast.Module, modules: Path | None = None) -> int:
    """The exit code of pytest, in a child process, over a module made of this tree: 0 when no test noticed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        sys.meta_path.insert(0, _Loader(name, ROOT / f"{name.replace('.', '/')}.py", tree))
        options = ["-xq", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:randomly", f"--timeout={seconds}"]
        code = int(pytest.main([*options, *(str(ROOT / each) for each in tests)]))
        if modules:
            modules.write_text("\n".join(sys.modules), encoding="utf-8")
    finally:
        os._exit(code)


def _import_libraries(modules: Path) -> None:
    """Import the libraries that a child has imported; our own modules each child imports anew, with its mutant."""
    for name in modules.read_text(encoding="utf-8").split("\n"):
        if name.split(".")[0] not in _OURS:
            with suppress(Exception):
                importlib.import_module(name)


def main(argv: Sequence[str] | None = None) -> None:
    """Try them all, or a sample; exit with 1 where a module's share of noticed bugs is below the least."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=list(TARGETS), help="of %(default)s; all when none is given")
    parser.add_argument("--sample", type=int, help="so many of each module's mutants, drawn by chance")
    parser.add_argument("--seed", type=int, default=1, help="of the chance")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (%(default)s)")
    parser.add_argument("--seconds", type=int, default=60, help="after which a test counts as failed (%(default)s)")
    parser.add_argument("--least", type=float, default=0.9, help="share that must be noticed (%(default)s)")
    args = parser.parse_args(argv)
    with TemporaryDirectory(prefix="mutants-") as work:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = work
        os.chdir(ROOT)
        scores = {name: _score(name, args, Path(work) / "modules") for name in args.modules}
    sys.exit(1 if min(scores.values()) < args.least else 0)


def _score(name: str, args: argparse.Namespace, modules: Path) -> float:
    source = (ROOT / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
    run = partial(_run_tests, name, TARGETS[name], args.seconds)
    for _ in range(2):  # the second time as all that follow, after the libraries were imported
        if run(ast.parse(source), modules):
            sys.exit(f"{name}: its tests fail as it is.")
        _import_libraries(modules)
    found = list(mutants(source))
    if args.sample:
        found = random.Random(args.seed).sample(found, min(args.sample, len(found)))
    with ThreadPoolExecutor(args.jobs) as pool:
        codes = list(pool.map(run, (mutant.tree for mutant in found)))
    survived = [mutant for mutant, code in zip(found, codes, strict=True) if code == 0]
    print(f"{name}: {len(found) - len(survived)} of {len(found)} noticed ({1 - len(survived) / len(found):.1%})")
    for mutant in sorted(survived, key=lambda each: each.line):
        print(f"  line {mutant.line}: {mutant.what}", flush=True)
    return 1 - len(survived) / len(found)


if __name__ == "__main__":
    main()
