"""Does the package work where only the package is: installed from its wheel, elsewhere, without a network?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Python runs this by itself at every start, from the first place on its path.
NO_NETWORK = """
import socket

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_connect, _resolve = socket.socket.connect, socket.getaddrinfo

def connect(self, address, *args):
    if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in _LOCAL:
        raise RuntimeError(f"the network was asked for: {address}")
    return _connect(self, address, *args)

def getaddrinfo(host, *args, **kwargs):
    if host not in _LOCAL:
        raise RuntimeError(f"the network was asked for: {host}")
    return _resolve(host, *args, **kwargs)

socket.socket.connect, socket.getaddrinfo = connect, getaddrinfo
"""

PROGRAM = """
import json, pathlib, socket, sys

import index, index.store.opened, rag
from index.build import build_store
from index.config import BUILTIN_MODEL, IndexConfig

refused = 0
for attempt in (lambda: socket.create_connection(("192.0.2.1", 80), 1), lambda: socket.getaddrinfo("example.org", 80)):
    try:
        attempt()
    except RuntimeError:
        refused += 1

manifest = build_store(pathlib.Path("pages"), pathlib.Path("store"), IndexConfig())
store = rag.open_store("store")
article = next(a for a in store.articles.values() if a.title and a.kind == "news")
answer = rag.ask(store, article.title)
print(json.dumps({
    "homes": [rag.__file__, index.store.opened.__file__, str(BUILTIN_MODEL)],
    "refused": refused,
    "pages": manifest.pages,
    "answer": answer.to_dict(),
    "torch": "torch" in sys.modules,
}))
"""


def run(*command, cwd, env):
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """An environment in which a process that asks for the network fails."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": str(folder), "PYTHONUTF8": "1", "PIP_NO_INDEX": "1", "PIP_NO_INPUT": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, offline):
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT), cwd=folder, env=offline)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    source = {
        file.relative_to(ROOT).as_posix() for part in ("index", "rag", "window") for file in (ROOT / part).rglob("*.py")
    }
    assert source <= set(names)
    for file in ("tokenizer.json", "model.safetensors", "modules.json", "config_sentence_transformers.json"):
        assert f"index/models/wenju-static/{file}" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"index", "rag", "window", "ui.py"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_an_installed_package_answers_elsewhere_and_offline(wheel, offline, seeds_folder, tmp_path):
    site, work = tmp_path / "site", tmp_path / "elsewhere"
    work.mkdir()
    shutil.copytree(seeds_folder, work / "pages")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir")
    run(*pip, "install", "--no-deps", "--no-compile", "--target", str(site), str(wheel), cwd=work, env=offline)
    (work / "program.py").write_text(PROGRAM, encoding="utf-8")
    env = {**offline, "PYTHONPATH": os.pathsep.join([str(site), offline["PYTHONPATH"]])}
    told = json.loads(run(sys.executable, "program.py", cwd=work, env=env))

    assert all(Path(home).is_relative_to(site) for home in told["homes"])  # not the checkout
    assert told["refused"] == 2  # the guard was on
    assert told["pages"] == 5
    assert told["torch"] is False
    # A headline was asked for; what answers it or is nearest to it must stand, word for word, in the page.
    shown = told["answer"]["citations"] or told["answer"]["nearest"]
    assert shown
    for citation in shown:
        page = (work / "pages" / citation["file"]).read_bytes().decode("utf-8")
        quote = "".join(page[span["start"] : span["end"]] for span in citation["spans"])
        assert quote == citation["quote"].replace("\n", "")
        assert len(quote) > 5
