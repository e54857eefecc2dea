"""Do several workers answer on one port, and are they replaced, stopped, and never left behind?"""

from __future__ import annotations

import argparse
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from rag.api import workers
from rag.api.server import listen
from rag.api.settings import ApiConfig
from rag.api.workers import FairListener
from rag.cli.serve import add_serve, run, serve
from rag.config import RagConfig
from rag.errors import WenjuError

posix = pytest.mark.skipif(sys.platform == "win32", reason="its processes get no signals")

SERVE = "import sys; from rag.cli.command import main; sys.exit(main())"
KEEP = """
import logging, os, signal, sys, time
from pathlib import Path
from rag.api import workers
from rag.errors import WenjuError

marks = Path(sys.argv[1])

def mark():
    (marks / str(os.getpid())).touch()

def works(begun):
    mark(); begun(); begun()
    while True: time.sleep(60)

def tells_why(begun):
    mark(); raise WenjuError("There is no ink.", "Buy some.")

def dies(begun):
    mark(); os._exit(7)

def does_not_stop(begun):
    signal.signal(signal.SIGTERM, signal.SIG_IGN); works(begun)
if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    workers._GRACE = float(sys.argv[3])
    try:
        workers.keep(globals()[sys.argv[2]], (), 2)
    except WenjuError as error:
        sys.exit(str(error))
"""


class Running:
    """A process that keeps workers, and what it has logged."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self._log = process, log

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def began(self) -> list[int]:
        """The workers that have begun, in order."""
        return [int(pid) for pid in re.findall(r"worker (\d+) is at work", self.log())]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def started(folder: Path, *command: str, **environment: str):
    log = folder / "log"
    told = {"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path), "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1"}
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=stream, text=True, env=told | environment
        ) as process,
    ):
        try:
            yield Running(process, log)
        finally:
            process.kill()  # then its workers go too: a test below holds it to that


def keeping(folder: Path, work: str, grace: float = 10):
    (folder / "marks").mkdir()
    (folder / "script.py").write_text(KEEP, encoding="utf-8")
    return started(folder, str(folder / "script.py"), str(folder / "marks"), work, str(grace))


def until(met, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie that nobody has buried: in a container, nobody may."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return not Path("/proc/self").exists()
    return False


# What each worker gets.


def test_workers_share_what_a_client_may_ask():
    part = ApiConfig(rate=10, burst=1, workers=4, threads=3, waiting=7, token="abc").share()
    assert (part.rate, part.burst) == (3, 1)  # 10 / 4 = 2.5, and none gets nothing
    assert (part.threads, part.waiting, part.token.get_secret_value()) == (3, 7, "abc")
    assert ApiConfig(rate=0, workers=4).share().rate == 0  # any number


def test_one_worker_has_all():
    assert ApiConfig().share() == ApiConfig()


# Who takes the next connection?


@pytest.fixture
def pair():
    """One listening socket in two hands, as in two processes, and the address."""
    first = socket.create_server(("127.0.0.1", 0))
    second = FairListener(first.dup(), 5)
    with FairListener(first, 5) as one, second:
        yield one, second


def test_who_has_connections_open_lets_others_go_first(pair, monkeypatch):
    waits = []
    monkeypatch.setattr(workers.time, "sleep", waits.append)
    one, other = pair
    clients, held = [], []
    for listener in (one, one, one, one, other):
        clients.append(socket.create_connection(one.getsockname()))
        held.append(listener.accept()[0])
    assert waits == [0.001, pytest.approx(0.001 * math.log2(3)), 0.002]  # with 1, 2, 3 open; the other had none
    for connection in held:
        connection.close()
    clients.append(socket.create_connection(one.getsockname()))
    held.append(one.accept()[0])
    assert len(waits) == 3
    for connection in (*clients, held[-1]):
        connection.close()


def test_a_server_that_accepts_few_at_a_time_lets_as_many_wait(pair, monkeypatch):
    asked = []
    monkeypatch.setattr(socket.socket, "listen", lambda self, backlog: asked.append(backlog))
    pair[0].listen(1)
    assert asked == [5]


# Keeping them, with works that need no store.


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_stop_when_told(tmp_path, number):
    with keeping(tmp_path, "works") as running:
        pids = until(lambda: len(running.began()) == 2 and running.began())
        assert all(map(lives, pids))
        assert running.stop(number) == 0
        assert not any(map(lives, pids))
    assert {file.name for file in (tmp_path / "marks").iterdir()} == set(map(str, pids))


def test_what_workers_share_is_let_go_before_they_are_stopped(monkeypatch):
    done = []
    crew = SimpleNamespace(
        look=lambda: done.append("look") or signals.append(15), stop=lambda hurry: done.append("stop")
    )
    signals: list[int] = []
    monkeypatch.setattr(workers, "_Crew", lambda *given: crew)
    monkeypatch.setattr(workers, "_signals", lambda: nullcontext(signals))
    workers.keep(print, (), 2, lambda: done.append("release"))
    assert done == ["look", "release", "stop"]


@posix
def test_no_worker_outlives_a_keeper_that_was_killed(tmp_path):
    with keeping(tmp_path, "works") as running:
        pids = until(lambda: len(running.began()) == 2 and running.began())
        running.stop(signal.SIGKILL)
        until(lambda: not any(map(lives, pids)))


@posix
def test_who_does_not_stop_is_killed(tmp_path):
    with keeping(tmp_path, "does_not_stop", grace=0.5) as running:
        pids = until(lambda: len(running.began()) == 2 and running.began())
        assert running.stop() == 0
        assert not any(map(lives, pids))
        assert running.log().count("did not stop in time") == 2


@posix
def test_a_second_signal_is_an_order_to_hurry(tmp_path):
    with keeping(tmp_path, "does_not_stop", grace=60) as running:
        pids = until(lambda: len(running.began()) == 2 and running.began())
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.2)  # two signals at once would be one
        assert running.stop(signal.SIGINT) == 0
        assert not any(map(lives, pids))


@pytest.mark.parametrize(
    ("work", "said"),
    [("tells_why", "There is no ink. Buy some."), ("dies", "No worker can begin (the last ended with 7)")],
)
def test_when_none_can_begin_it_ends_and_says_why(tmp_path, work, said):
    with keeping(tmp_path, work) as running:
        assert running.process.wait(20) == 1
    assert said in running.log()
    assert 2 <= len(list((tmp_path / "marks").iterdir())) <= 3  # each once, one of them perhaps again after a pause


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Scripted:
    """A worker that is no process: it begins or dies with what it tells, and may die later."""

    process = SimpleNamespace(pid=7, exitcode=1, join=lambda: None)
    line = SimpleNamespace(close=lambda: None)

    def __init__(self, trouble: WenjuError | None = None) -> None:
        self.told, self.trouble, self.begun, self.dead = trouble, None, False, trouble is not None

    def listen(self) -> None:
        self.trouble, self.begun = self.told, self.told is None


@pytest.fixture
def scripted(monkeypatch):
    """Workers of a script instead of processes, started under a clock of ours; tells when each was started."""
    clock, script, starts = Clock(), [], []

    def start(work, given):
        starts.append(clock.now)
        return script.pop(0)

    monkeypatch.setattr(workers, "time", clock)
    monkeypatch.setattr(workers, "_LOOK", 0.25)
    monkeypatch.setattr(workers, "_start", start)
    return SimpleNamespace(clock=clock, script=script, starts=starts)


def look_until(crew, clock, seconds):
    while clock.now < seconds:
        crew.look()


def test_who_cannot_begin_is_tried_again_with_pauses_that_grow_while_another_works(scripted, caplog):
    no_pen = WenjuError("There is one pen only.", "Wait.")
    works = Scripted()
    scripted.script += [works, *(Scripted(no_pen) for _ in range(9)), Scripted()]
    crew = workers._Crew(print, (), 2)
    look_until(crew, scripted.clock, 300)
    # After 1, 2, 4, 8, 16, 32 seconds, and then after a minute at the most; a death is seen a quarter second later.
    assert scripted.starts == [0, 0, 1.25, 3.5, 7.75, 16, 32.25, 64.5, 124.75, 185, 245.25]
    told = [line for line in caplog.messages if "could not begin" in line]
    pauses = [re.search(r"tried again in (\d+) s", line)[1] for line in told]
    assert pauses == ["1", "2", "4", "8", "16", "32", "60", "60", "60"]
    assert "There is one pen only. Wait.); tried again in 1 s" in told[0]


def test_who_dies_at_work_is_replaced_at_once_and_a_start_that_succeeds_ends_the_pauses(scripted, caplog):
    no_pen = WenjuError("There is one pen only.", "Wait.")
    works, falls = Scripted(), Scripted()
    scripted.script += [works, Scripted(no_pen), Scripted(no_pen), falls, Scripted(no_pen), Scripted()]
    crew = workers._Crew(print, (), 2)
    look_until(crew, scripted.clock, 10)
    assert scripted.starts == [0, 0, 1.25, 3.5]
    falls.dead = True
    look_until(crew, scripted.clock, 20)
    assert scripted.starts == [0, 0, 1.25, 3.5, 10.25, 11.5]  # the pause is one second again
    assert [message for message in caplog.messages if "takes its place" in message]


def test_when_no_worker_has_begun_and_all_fail_it_ends_and_when_one_has_it_does_not(scripted):
    no_ink = WenjuError("There is no ink.", "Buy some.")
    scripted.script += [Scripted(no_ink), Scripted(no_ink)]
    with pytest.raises(WenjuError, match="There is no ink"):
        look_until(workers._Crew(print, (), 2), scripted.clock, 10)


# Serving.


def parsed(*given):
    parser = argparse.ArgumentParser()
    add_serve(parser.add_subparsers())
    return parser.parse_args(["serve", *map(str, given)])


@pytest.fixture
def nobody(monkeypatch):
    """No worker may start."""
    monkeypatch.setattr(workers, "keep", lambda *given: pytest.fail("workers were started"))


def test_without_a_number_it_is_one():
    assert parsed().workers == ApiConfig().workers == 1


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--workers", 0), "--workers cannot be used"),
        (("--workers", 65), "--workers cannot be used"),
        (("--workers", 2, "--rate", -1), "--rate cannot be used"),
        (("--workers", 2, "--host", "0.0.0.0"), "WENJU_TOKEN"),
        (("--workers", 2, "--port", 0, "--host", "192.0.2.1", "--open"), "cannot be listened on"),
    ],
)
def test_what_cannot_be_is_told_before_a_worker_starts(given, told, monkeypatch):
    monkeypatch.delenv("WENJU_TOKEN", raising=False)
    with pytest.raises(WenjuError, match=told):
        run(parsed(*given))


@pytest.mark.usefixtures("nobody")
def test_a_taken_port_is_told_before_a_worker_starts():
    with listen("127.0.0.1", 0) as taken, pytest.raises(WenjuError, match="cannot be listened on"):
        run(parsed("--workers", 2, "--port", taken.getsockname()[1]))


@pytest.mark.usefixtures("nobody")
def test_a_window_has_one_worker():
    with pytest.raises(WenjuError, match="one process"):
        serve(RagConfig(), ApiConfig(workers=2), mount=lambda app, config, api: app)


@posix
def test_two_workers_serve_a_store(tmp_path, pages_folder, model_folder):
    from index.build import build_store
    from index.config import IndexConfig

    store, config = tmp_path / "store", IndexConfig(model=str(model_folder))
    build_store(pages_folder, store, config)
    given = ("serve", "--workers", "2", "--port", "0", "--rate", "0", "--store", str(store))
    with started(tmp_path, "-c", SERVE, *given, WENJU_TOKEN="a-secret") as running:
        address = running.process.stdout.readline().split()[2].removesuffix("/docs")
        until(lambda: len(running.began()) == 2)

        def answered() -> set[int]:
            """Who answers four questions, each over a connection of its own, all open at a time."""
            before = len(running.log())
            clients = [httpx.Client(base_url=address, trust_env=False) for _ in range(4)]
            for client in clients:
                client.headers["Authorization"] = "Bearer a-secret"
                generations.append(client.get("/info").raise_for_status().json()["generation"])
            for client in clients:
                client.close()

            def told() -> list[str]:
                return re.findall(r" (\d+) wenju\.access GET /info 200", running.log()[before:])

            return set(map(int, until(lambda: len(told()) == 4 and told())))  # it is logged after it is sent

        generations: list[str] = []
        first = set(running.began())
        assert httpx.get(f"{address}/info", trust_env=False).status_code == 401
        seen: set[int] = set()
        until(lambda: seen.update(answered()) or seen == first)
        for pid in (running.process.pid, *first):
            if Path(f"/proc/{pid}").exists():
                assert "a-secret" not in Path(f"/proc/{pid}/cmdline").read_text()

        # One is killed: the other goes on, and a new one comes.
        killed, left = sorted(first)
        os.kill(killed, signal.SIGKILL)
        assert answered() == {left}
        until(lambda: len(running.began()) == 3)
        both = {left, running.began()[2]}
        seen.clear()
        until(lambda: seen.update(answered()) or seen == both)

        # A new store is taken up by both, also by the one that nobody asked meanwhile.
        built = build_store(pages_folder, store, config).generation
        time.sleep(2)  # each looks once a second
        generations.clear()
        seen.clear()
        until(lambda: seen.update(answered()) or seen == both)
        assert set(generations) == {built}

        assert running.stop() == 0
        assert not any(map(lives, both))
        assert running.process.stdout.read() == ""
