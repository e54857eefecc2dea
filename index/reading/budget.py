"""What may the reading of one file cost? So much time, memory and text; what needs more is stopped, and named.

Formats that are programs in their way (PDF, Word, EPUB, large web pages) are read in a child process, which is started
when the first such file comes and serves all of them; plain text and small web pages need no child.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import IO, Any

from pydantic import TypeAdapter

from index.errors import SourceError
from index.reading.paper import SCANS
from index.reading.paper.ticks import LISTENER
from index.reading.source import read_file
from index.schema import Page

__all__ = ["Budget", "BudgetedReader", "serve"]

_ALWAYS = frozenset({".docx", ".pdf", ".epub", *SCANS})
_WHEN_LARGE = frozenset({".html", ".htm"})
_LARGE = 64 * 1024  # bytes, up to which no web page takes long
_CHILD = "import sys; sys.path[:] = {path!r}; from index.reading.budget import serve; serve({memory!r}, {most!r})"
_ADVICE = "Split it, save it as text, or remove it from the folder."


@dataclass(frozen=True, slots=True)
class Budget:
    """What the reading of one file may cost.

    Attributes:
        seconds: For a small file.
        seconds_per_scan: For each sheet whose text is recognised from its picture.
        bytes_per_second: A larger one has a second more for so many bytes.
        memory: Bytes of address space of the child; unlimited where the system knows no limit.
        memory_per_scan: The same, once it recognises the text of a picture.
        characters: Of a small file's text.
        characters_per_byte: A larger one may have so many for each of its bytes.
    """

    seconds: float = 30.0
    seconds_per_scan: float = 240.0
    bytes_per_second: int = 200_000
    memory: int = 1024 * 1024 * 1024
    memory_per_scan: int = 4 * 1024 * 1024 * 1024
    characters: int = 2_000_000
    characters_per_byte: int = 50

    def time_for(self, size: int) -> float:
        """Seconds for a file of so many bytes."""
        return self.seconds + size / self.bytes_per_second

    def text_for(self, size: int) -> int:
        """Characters for a file of so many bytes."""
        return max(self.characters, self.characters_per_byte * size)


class BudgetedReader:
    """Reads files as :func:`index.reading.source.read_file` does, within a budget; a context manager.

    Args:
        budget: The budget.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> BudgetedReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def read(self, path: Path, name: str, *, root: Path | None, encoding: str | None) -> Iterator[Page | SourceError]:
        """The pages of a file, and an error for what is none; whatever goes wrong is an error of this file.

        Args:
            path: The file.
            name: What to call it in the collection.
            root: The folder that was asked for.
            encoding: The encoding of text files; found when None.
        """
        try:
            if self._needs_child(path):
                yield from self._read_apart(path, [str(path), name, str(root) if root else None, encoding])
            else:
                yield from read_file(path, name, root=root, encoding=encoding)
        except SourceError as error:
            yield error
        except Exception as error:  # of this file, whatever it is, and not of the others
            yield _failed(path, error)

    def _needs_child(self, path: Path) -> bool:
        suffix = path.suffix.lower()
        if suffix not in _ALWAYS | _WHEN_LARGE or not path.is_file():
            return False
        return suffix in _ALWAYS or path.stat().st_size > _LARGE

    def _read_apart(self, path: Path, asked: list[str | None]) -> Iterator[Page | SourceError]:
        size = path.stat().st_size
        child = self._started()
        alarm = _Alarm(child.kill)
        alarm.set(self._budget.time_for(size))
        try:
            told = _answer(
                child, [*asked, self._budget.text_for(size)], lambda: alarm.set(self._budget.seconds_per_scan)
            )
        finally:
            alarm.stop()
        if told is not None:
            for item in told:
                yield SourceError(*item["error"]) if "error" in item else _PAGE.validate_python(item)
            return
        self._end()
        why = "ended the process that read it, perhaps for memory"
        if alarm.rang:
            why = f"took longer than {alarm.seconds:.0f} seconds"
        yield SourceError(f"{path} {why}.", _ADVICE)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            code = _CHILD.format(path=sys.path, memory=self._budget.memory, most=self._budget.memory_per_scan)
            self._child = subprocess.Popen(  # noqa: S603  # our own interpreter and code
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        child.wait()


class _Alarm:
    """Does something when a time is over, unless it is set anew or stopped before."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: Timer | None = None
        self.seconds, self.rang = 0.0, False

    def set(self, seconds: float) -> None:
        """Ring in so many seconds, and not before."""
        self.stop()
        self.seconds = seconds
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """Do not ring."""
        if self._timer:
            self._timer.cancel()

    def _end(self) -> None:
        self.rang = True
        self._ring()


_PAGE = TypeAdapter(Page)


def serve(memory: int, memory_per_scan: int) -> None:
    """What the child does: reads the files that it is asked for, until nobody asks any more.

    Args:
        memory: Bytes of address space that it may have.
        memory_per_scan: The same, once it recognises the text of a picture.
    """
    _limit_memory(memory, memory_per_scan)
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not print among the answers

    def go_on() -> None:
        _limit_memory(memory_per_scan, memory_per_scan)
        _write(answers, b"")

    LISTENER.set(go_on)
    for line in sys.stdin.buffer:
        path, name, root, encoding, most = json.loads(line)
        told = _told(Path(path), name, Path(root) if root else None, encoding, most)
        _write(answers, json.dumps(told).encode("ascii"))


def _told(path: Path, name: str, root: Path | None, encoding: str | None, most: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    length = 0
    try:
        for item in read_file(path, name, root=root, encoding=encoding):
            if isinstance(item, SourceError):
                told.append({"error": item.args})
                continue
            length += len(item.text)
            if length > most:
                raise SourceError(f"{path} unpacks to more than {most:,} characters, which no page has.", _ADVICE)
            told.append(asdict(item))
    except SourceError as error:
        told.append({"error": error.args})
    except MemoryError:
        told = [{"error": (f"{path} needs more memory than one file may have.", _ADVICE)}]
    except Exception as error:  # of this file, whatever it is
        told.append({"error": _failed(path, error).args})
    return told


def _failed(path: Path, error: Exception) -> SourceError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
    return SourceError(f"{path} cannot be read ({reason}).", "Save it again, or remove it from the folder.")


def _write(answers: IO[bytes], line: bytes) -> None:
    answers.write(line + b"\n")
    answers.flush()


def _answer(
    child: subprocess.Popen[bytes], asked: list[Any], on_tick: Callable[[], None]
) -> list[dict[str, Any]] | None:
    """What the child tells; None when it ended instead. An empty line says that it goes on."""
    assert child.stdin is not None  # noqa: S101  # both are pipes
    assert child.stdout is not None  # noqa: S101
    try:
        child.stdin.write(json.dumps(asked).encode("ascii") + b"\n")
        child.stdin.flush()
        while (line := child.stdout.readline()) == b"\n":
            on_tick()
    except OSError:
        return None
    return json.loads(line) if line.endswith(b"\n") else None


def _limit_memory(memory: int, most: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, most))
