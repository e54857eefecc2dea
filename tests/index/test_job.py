"""Do several processes make the vectors that one build makes, whatever dies in between?"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import dask
import numpy as np
import pytest
from distributed import LocalCluster

import index.job
import index.store.texts
from index.build import build_store
from index.config import IndexConfig
from index.disk.generations import current
from index.embedding import load_embedder
from index.errors import ModelError, SourceError, StoreError
from index.job import JobError, run_embed
from index.search.shards import known_shards
from index.search.vectors import load_vectors
from index.store.opened import VECTORS, open_store, search_text

CONFIG = IndexConfig(passage_size=60)
SHARD = 3
PLACES = "东河 西山 南湖 北坡 青石 白沙 红枫 黄桥".split()
STUCK, DEADLY = "黄桥", "北坡"

# Run by every worker before it works: the model waits for ever at one place, or dies there, once or each time.
MISHAP = """
import os, signal, time
from pathlib import Path
from index.embedding import StaticEmbedder

kind, place, mark = {kind!r}, {place!r}, Path({mark!r})

def encode(self, texts, plain=StaticEmbedder.encode_documents):
    if any(place in text for text in texts):
        if kind == "stuck":
            time.sleep(600)
        if kind == "dies" or not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return plain(self, texts)

StaticEmbedder.encode_documents = encode
"""

JOB = """
import signal
import sys
from pathlib import Path
import dask
from index.config import IndexConfig
from index.disk.generations import current
from index.job import run_embed

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs tests behind it has it ignored
    pages, out, mishap = map(Path, sys.argv[1:])
    dask.config.set({"distributed.worker.preload": [str(mishap)]})
    run_embed(pages, out, IndexConfig(passage_size=60), workers=2, shard=3)
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Eight pages, each about a place of its own, which makes three passages of each: one shard."""
    folder = tmp_path_factory.mktemp("pages")
    for number, place in enumerate(PLACES):
        lines = [f"{place}镇图书馆开馆", ""]
        lines += [
            f"{place}镇第{part}座图书馆昨天开门迎客，馆内藏书三千余册，居民凭证就能借阅，周一闭馆整理，其余六天照常开放，夜里也亮灯。"
            for part in "一二三"
        ]
        (folder / f"{number}.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(pages, tmp_path_factory):
    """What a plain build embeds: texts, and their vectors."""
    path = tmp_path_factory.mktemp("built") / "store"
    build_store(pages, path, CONFIG)
    store = open_store(path)
    texts = [search_text(passage, store.articles[passage.article_id]) for passage in store.passages.values()]
    return texts, load_vectors(current(path) / VECTORS)


@pytest.fixture(scope="module")
def scheduler():
    """Two worker processes for the tests that ask nothing special of them."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def near():
    """A worker that is a thread of this process, so that a test can put a spoke in its wheel."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster.scheduler_address
    index.job._embedder.cache_clear()


def mishap(folder, kind, place):
    file = folder / "mishap.py"
    mark = str(file.with_suffix(".done"))
    file.write_text(MISHAP.format(kind=kind, place=place, mark=mark), encoding="utf-8")
    return file


def open_shards(out):
    known, warnings = known_shards(out, load_embedder("builtin"))
    assert warnings == ()
    return known()


def shards(out):
    return {path.name for path in out.glob("shard-*")}


def test_two_processes_make_what_one_build_makes(pages, built, tmp_path):
    told = []
    report = run_embed(pages, tmp_path, CONFIG, workers=2, shard=SHARD, progress=lambda *step: told.append(step))
    assert (report.passages, report.known, report.warnings) == (24, 0, ())
    assert [shard.passages for shard in report.made.values()] == [SHARD] * 8
    makers = {(shard.worker, shard.pid) for shard in report.made.values()}
    assert len(makers) == 2
    assert os.getpid() not in {pid for _, pid in makers}
    assert [step for step in told if step[0] == "embed"] == [("embed", done, 24) for done in range(0, 25, SHARD)]

    texts, vectors = built
    found = open_shards(tmp_path)
    assert len(found) == 24
    assert found.vectors(found.find(texts)).tobytes() == vectors.tobytes()
    assert {path.name for path in tmp_path.iterdir()} - {"LOCK"} == set(report.made)


def test_of_more_pages_only_the_new_are_embedded(pages, scheduler, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for name in ("0.txt", "1.txt"):
        shutil.copy(pages / name, few)
    first = run_embed(few, tmp_path / "out", CONFIG, scheduler=scheduler, shard=SHARD)
    second = run_embed(pages, tmp_path / "out", CONFIG, scheduler=scheduler, shard=SHARD)
    third = run_embed(pages, tmp_path / "out", CONFIG, scheduler=scheduler, shard=SHARD)
    assert [(report.known, len(report.made)) for report in (first, second, third)] == [(0, 2), (6, 6), (24, 0)]
    assert not first.made.keys() & second.made.keys()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_after_a_job_that_was_ended_midway_the_rest_is_made(pages, built, scheduler, tmp_path, end):
    out, stuck = tmp_path / "out", mishap(tmp_path, "stuck", STUCK)
    command = [sys.executable, "-c", JOB, str(pages), str(out), str(stuck)]
    job = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 120
        while len(shards(out)) < 7 and job.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(job.pid, end)  # as a terminal does: the workers, too
        output, _ = job.communicate(timeout=120)
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
            job.communicate()
    finished = shards(out)
    assert len(finished) == 7, output.decode()

    report = run_embed(pages, out, CONFIG, scheduler=scheduler, shard=SHARD)
    (name,) = report.made
    assert (report.known, report.warnings) == (21, ())
    assert shards(out) == finished | {name}
    texts, vectors = built
    found = open_shards(out)
    assert (found.vectors(found.find(texts)) == vectors).all()
    stuck_rows = [row for row, text in enumerate(texts) if STUCK in text]
    assert sorted(found.find(texts)[stuck_rows] // SHARD) == [sorted(shards(out)).index(name)] * SHARD
    assert not list(out.glob("texts-*"))


def test_a_worker_that_dies_is_replaced_and_its_stretch_made_again(pages, built, tmp_path):
    out, dies = tmp_path / "out", mishap(tmp_path, "dies once", DEADLY)
    with dask.config.set({"distributed.worker.preload": [str(dies)]}):
        report = run_embed(pages, out, CONFIG, workers=1, shard=SHARD)
    assert dies.with_suffix(".done").exists()
    assert len({shard.pid for shard in report.made.values()}) == 2
    texts, vectors = built
    found = open_shards(out)
    assert (found.vectors(found.find(texts)) == vectors).all()


def test_a_stretch_that_kills_every_worker_is_told(pages, tmp_path):
    dies = mishap(tmp_path, "dies", DEADLY)
    settings = {"distributed.worker.preload": [str(dies)], "distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(settings),
        pytest.raises(JobError, match=r"each of them died\. .* finished shards are kept"),
    ):
        run_embed(pages, tmp_path / "out", CONFIG, workers=1, shard=SHARD)


def test_a_broken_shard_is_removed_told_and_made_again(pages, scheduler, tmp_path):
    first = run_embed(pages, tmp_path, CONFIG, scheduler=scheduler, shard=SHARD)
    broken = list(first.made)[4]
    file = tmp_path / broken / "vectors.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"\x7f")
    again = run_embed(pages, tmp_path, CONFIG, scheduler=scheduler, shard=SHARD)
    assert list(again.made) == [broken]
    assert again.known == 21
    assert [line.split(" is ")[0] for line in again.warnings] == [str(tmp_path / broken)]
    assert file.read_bytes() == whole


def test_a_stretch_is_no_larger_than_told_and_every_worker_gets_some():
    assert index.job._size(10_000_000, 10_240, 8) == 10_240
    assert index.job._size(10_000, 10_240, 2) == 1280
    assert index.job._size(5, 10_240, 2) == 256
    assert index.job._size(5, 3, 2) == 3


def test_a_folder_with_vectors_of_another_model_is_refused(pages, scheduler, tmp_path, model_folder):
    run_embed(pages, tmp_path, CONFIG, scheduler=scheduler)
    other = IndexConfig(model=str(model_folder))
    with pytest.raises(StoreError, match=r"holds vectors that this job cannot add to: .*'builtin'.* with --out"):
        run_embed(pages, tmp_path, other, scheduler=scheduler)
    with pytest.raises(StoreError, match=r"made with the model 'builtin'"):
        known_shards(tmp_path, load_embedder(str(model_folder)))


def test_no_scheduler_is_told_within_seconds_and_before_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(index.job, "_PATIENCE", 1.0)
    start = time.monotonic()
    for address in ("tcp://127.0.0.1:9", "nonsense", "foo://127.0.0.1:1"):
        with pytest.raises(JobError, match=rf"No Dask scheduler answers at '{address}' \(.*\)\. Start one"):
            run_embed(tmp_path / "no pages", tmp_path / "out", CONFIG, scheduler=address)
    assert time.monotonic() - start < 10


def test_a_scheduler_without_workers_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(index.job, "_PATIENCE_WITH_WORKERS", 0.5)
    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        pytest.raises(JobError, match=r"No worker has joined the scheduler .* `dask worker tcp://127"),
    ):
        run_embed(tmp_path, tmp_path / "out", CONFIG, scheduler=cluster.scheduler_address)


def test_a_job_whose_workers_all_leave_ends(pages, tmp_path, monkeypatch):
    with LocalCluster(
        n_workers=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:

        def leave(step, done, total):
            if (step, done) == ("embed", 0):
                monkeypatch.setattr(index.job, "_PATIENCE_WITH_WORKERS", 0.2)
                cluster.scale(0)
                while cluster.scheduler.workers:
                    time.sleep(0.05)

        with pytest.raises(JobError, match="All workers have left"):
            run_embed(pages, tmp_path, CONFIG, scheduler=cluster.scheduler_address, progress=leave)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda model: model.rename(model.with_name("elsewhere")), r"The worker tcp://.* has no model: .*There is no"),
        (
            lambda model: (model / "extra.json").write_text("{}"),
            r"The worker tcp://.* has another model under the name",
        ),
    ],
    ids=["gone", "changed"],
)
def test_a_worker_without_the_model_is_told(pages, scheduler, tmp_path, model_folder, change, told):
    model = tmp_path / "model"
    shutil.copytree(model_folder, model)

    def progress(step, done, total):
        if (step, done) == ("embed", 0):  # the planner has it, no worker yet
            change(model)

    with pytest.raises(ModelError, match=told):
        run_embed(pages, tmp_path / "out", IndexConfig(model=str(model)), scheduler=scheduler, progress=progress)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"LOCK"}


def test_a_worker_that_does_not_see_the_folder_is_told(pages, near, tmp_path, monkeypatch):
    def hide(folder, name):
        for texts in folder.glob("texts-*"):
            shutil.rmtree(texts)
        return False

    monkeypatch.setattr(index.job, "is_made", hide)
    with pytest.raises(JobError, match=r"The worker tcp://.* does not see .*\. Give with --out a folder that all"):
        run_embed(pages, tmp_path, CONFIG, scheduler=near)


@pytest.mark.parametrize("where", ["planner", "worker"])
def test_a_full_disk_is_told(pages, near, tmp_path, monkeypatch, where):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "planner":
        monkeypatch.setattr(index.store.texts, "write_texts", full)
    else:
        monkeypatch.setattr(index.job, "write_shard", full)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left on device\)\. Free some space\."):
        run_embed(pages, tmp_path, CONFIG, scheduler=near)
    assert {path.name for path in tmp_path.iterdir()} == {"LOCK"}


def test_what_a_library_raises_is_told_in_one_line(pages, near, tmp_path, monkeypatch):
    def fail(*args):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(index.job, "write_shard", fail)
    with pytest.raises(JobError, match=r"The workers cannot go on \(RuntimeError: out of memory\)\."):
        run_embed(pages, tmp_path, CONFIG, scheduler=near)


def test_the_one_who_died_after_the_last_act_is_not_repeated(pages, near, tmp_path, monkeypatch):
    first = run_embed(pages, tmp_path, CONFIG, scheduler=near, shard=SHARD)
    look = index.job.survey
    monkeypatch.setattr(index.job, "survey", lambda out, embedder: look(out / "nowhere", embedder))
    monkeypatch.setattr(index.job, "write_shard", None)
    again = run_embed(pages, tmp_path, CONFIG, scheduler=near, shard=SHARD)
    assert again.made == first.made


def test_without_dask_it_is_told_how_to_get_it(pages, tmp_path, monkeypatch):
    for package in ("dask", "distributed"):
        monkeypatch.setitem(sys.modules, package, None)
    for scheduler in (None, "tcp://127.0.0.1:9"):
        with pytest.raises(JobError, match=r"pip install 'wenju\[dask\]'"):
            run_embed(pages, tmp_path, CONFIG, scheduler=scheduler)


def test_pages_that_cannot_be_read_are_told_as_in_a_build(pages, scheduler, tmp_path):
    shutil.copytree(pages, tmp_path / "pages")
    (tmp_path / "pages" / "bad.txt").write_bytes(b"\x81\xff\xff\x00\x81")
    with pytest.raises(SourceError):
        run_embed(tmp_path / "pages", tmp_path / "out", CONFIG, scheduler=scheduler)
    failures = []
    report = run_embed(tmp_path / "pages", tmp_path / "out", CONFIG, scheduler=scheduler, on_failure=failures.append)
    assert [failure.file for failure in failures] == ["bad.txt"]
    assert report.passages == 24
    assert np.sum([shard.passages for shard in report.made.values()]) == 24
