"""What was asked here before, and what was answered? Conversations, in one SQLite file beside the store.

A turn is kept as it was shown, with its bundle of evidence: it can be read, exported and judged without the store that
answered. A turn may stand in several conversations: where an earlier question is asked anew, the new conversation
shares the turns before it, and the old one stays. The standard library's sqlite3 is enough for three tables.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from index.text import fold
from rag.bundle import Bundle
from rag.errors import WenjuError

__all__ = ["FILE", "Conversations", "GoneError", "KeepingError", "Kept", "State"]

State = Literal["running", "done", "stopped", "failed"]

FILE = "conversations.sqlite"
_HELD = 200  # answers at hand that could not be written
_MOST, _MOST_TURNS = 20_000, 500  # conversations; turns of one
_MOST_BYTES = 2 * 2**30  # of the file
_PAGE = 4096  # bytes of a page of the file, SQLite's default
_LONGEST_TITLE, _LONGEST_SEARCHED = 120, 20_000
_UNDO = timedelta(days=7)  # that a deleted conversation can be brought back
_PATIENCE = 2.0  # seconds to wait for another program's lock
_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, origin TEXT NOT NULL DEFAULT '',
    changed_at TEXT NOT NULL, deleted_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS turns (
    id TEXT PRIMARY KEY, question TEXT NOT NULL, state TEXT NOT NULL, asked_at TEXT NOT NULL,
    told TEXT NOT NULL DEFAULT '{}', bundle TEXT NOT NULL DEFAULT '', searched TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS places (
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, position INTEGER NOT NULL,
    turn TEXT NOT NULL REFERENCES turns, PRIMARY KEY (conversation, position)
) STRICT;
CREATE INDEX IF NOT EXISTS places_of_turn ON places (turn);
"""
_LISTED = """
FROM conversations c WHERE deleted_at IS NULL AND (:find = '' OR instr(fold(title), :find) OR EXISTS (
    SELECT 1 FROM places JOIN turns ON turns.id = turn WHERE conversation = c.id AND instr(searched, :find)))
"""
_TROUBLES = {"SQLITE_BUSY": "locked", "SQLITE_LOCKED": "locked", "SQLITE_FULL": "full"}
_TROUBLES |= {"SQLITE_CORRUPT": "damaged", "SQLITE_NOTADB": "damaged"}
_FIXES = {
    "locked": "Close the other program that has it open.",
    "full": "Make room on the disk, or delete conversations.",
    "damaged": "Move it away; a new one is begun.",
    "unwritable": "See whether the store's folder can be written.",
}


class KeepingError(WenjuError):
    """The conversations cannot be read or written.

    Args:
        why: One of "locked", "full", "damaged" and "unwritable".
        what: One sentence that states the problem.
    """

    def __init__(self, why: str, what: str) -> None:
        super().__init__(what, _FIXES[why])
        self.args = (why, what)  # so that the error survives pickling
        self.why = why


class GoneError(WenjuError):
    """What the page asks for is no longer there."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given.

    Attributes:
        view: As the browser was shown it.
        bundle: Its evidence, with spans, hashes and the fingerprint of the store that answered.
    """

    view: dict[str, Any]
    bundle: Bundle


class Conversations:
    """The conversations of a store, for all who have its window open; from any thread.

    Args:
        file: The SQLite file, which may not be there yet; None keeps all in memory, as long as the process lives.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._inode = 0
        self._held: OrderedDict[str, Kept] = OrderedDict()

    def begin(self, conversation: str, turn: str, question: str, instead: str = "") -> str:
        """Keep a question before it is answered.

        Args:
            conversation: Where it is asked; a new one is begun where there is none of this name.
            turn: The name of the new turn.
            question: The question.
            instead: The turn in whose place it is asked. One that failed, or the last one asked again, is replaced;
                otherwise a new conversation goes on from the turns before it.

        Returns:
            The conversation that it stands in.

        Raises:
            KeepingError: It cannot be kept.
        """
        with self._opened() as database:
            self._admit(database, conversation)
            if instead:
                conversation = self._make_room(database, conversation, instead, question)
            database.execute(
                "INSERT INTO conversations (id, title, changed_at) VALUES (:id, :title, :now) ON CONFLICT (id) DO "
                "UPDATE SET changed_at = :now, deleted_at = NULL, title = iif(title = '', :title, title)",
                {"id": conversation, "title": _title(question), "now": _now()},
            )
            database.execute(
                "INSERT INTO turns (id, question, state, asked_at, searched) VALUES (?, ?, 'running', ?, ?)",
                (turn, question, _now(), fold(question)),
            )
            database.execute(
                "INSERT INTO places SELECT :id, coalesce(max(position), 0) + 1, :turn FROM places "
                "WHERE conversation = :id",
                {"id": conversation, "turn": turn},
            )
        return conversation

    def finish(self, turn: str, state: State, told: dict[str, Any], kept: Kept | None = None) -> None:
        """Keep what came of a question.

        Args:
            turn: Which.
            state: How it ended.
            told: What the browser was shown: the answer, or why there is none.
            kept: The answer with its evidence, where there is one.

        Raises:
            KeepingError: It cannot be kept; see :meth:`hold`.
        """
        bundle = kept.bundle.model_dump_json() if kept else ""
        with self._opened() as database:
            database.execute(
                "UPDATE turns SET state = ?, told = ?, bundle = ?, searched = searched || char(10) || ? "
                "WHERE id = ? AND state <> 'done'",
                (state, _json(told), bundle, fold(told.get("text", ""))[:_LONGEST_SEARCHED], turn),
            )
            database.execute(
                "UPDATE conversations SET changed_at = ? WHERE id IN (SELECT conversation FROM places WHERE turn = ?)",
                (_now(), turn),
            )

    def hold(self, turn: str, kept: Kept) -> None:
        """Keep an answer at hand that cannot be written, until many newer ones could not be either."""
        self._held[turn] = kept
        while len(self._held) > _HELD:
            self._held.popitem(last=False)

    def answer(self, turn: str) -> Kept:
        """An answer given earlier.

        Raises:
            GoneError: There is none of this name.
            KeepingError: It cannot be read.
        """
        if kept := self._held.get(turn):
            return kept
        with self._opened() as database:
            row = database.execute("SELECT told, bundle FROM turns WHERE id = ? AND bundle <> ''", (turn,)).fetchone()
        if row is None:
            raise GoneError("This answer is no longer at hand.", "Ask again.")
        return _kept(row)

    def suggest(self, turn: str, questions: Sequence[str]) -> None:
        """Keep with an answer what could be asked next: ``followups`` of its view.

        Raises:
            GoneError: There is no such answer.
            KeepingError: It cannot be read or written.
        """
        self.answer(turn).view["followups"] = list(questions)  # of those at hand
        with self._opened() as database:
            database.execute(
                "UPDATE turns SET told = json_set(told, '$.followups', json(?)) WHERE id = ?",
                (json.dumps(list(questions)), turn),
            )

    def listed(self, find: str = "", start: int = 0, most: int = 100) -> tuple[list[dict[str, Any]], int]:
        """A stretch of the conversations, pinned ones first, then the latest; and how many there are.

        Args:
            find: Words of a title, a question or an answer; script, width and case do not matter. All when empty.
            start: How many to pass over.
            most: How many at the most.

        Raises:
            KeepingError: They cannot be read.
        """
        wanted = {"find": fold(find.strip()), "start": start, "most": most}
        with self._opened() as database:
            (total,) = database.execute(f"SELECT count(*) {_LISTED}", wanted).fetchone()
            rows = database.execute(
                f"SELECT id, title, pinned, changed_at {_LISTED} "
                "ORDER BY pinned DESC, changed_at DESC LIMIT :most OFFSET :start",
                wanted,
            ).fetchall()
        return [{**row, "pinned": bool(row["pinned"])} for row in map(dict, rows)], total

    def conversation(self, name: str) -> dict[str, Any]:
        """A conversation with its turns: ``id``, ``question``, ``state``, what was ``told``, and ``hashes`` by file.

        Raises:
            GoneError: There is none of this name.
            KeepingError: It cannot be read.
        """
        with self._opened() as database:
            found = _one(database, name)
            turns = database.execute(
                "SELECT id, question, state, told, CASE bundle WHEN '' THEN '{}' ELSE bundle ->> 'files' END AS files "
                "FROM places JOIN turns ON turns.id = turn WHERE conversation = ? "
                "ORDER BY position",
                (name,),
            ).fetchall()
        return {**found, "pinned": bool(found["pinned"]), "turns": list(map(_turn, turns))}

    def answers(self, name: str) -> list[Kept]:
        """The answers of a conversation, in order; errors as for :meth:`conversation`."""
        with self._opened() as database:
            _one(database, name)
            rows = database.execute(
                "SELECT told, bundle FROM places JOIN turns ON turns.id = turn WHERE conversation = ? AND bundle <> '' "
                "ORDER BY position",
                (name,),
            ).fetchall()
        return [_kept(row) for row in rows]

    def change(
        self, name: str, title: str | None = None, *, pinned: bool | None = None, deleted: bool | None = None
    ) -> None:
        """Name a conversation anew, pin it, delete it, or take one of these back.

        Args:
            name: Which.
            title: Its new title; None, or blanks alone, leaves it.
            pinned: Whether it stands above the others; None leaves it.
            deleted: Whether it is deleted; for a week it can be brought back. None leaves it.

        Raises:
            GoneError: There is none of this name.
            KeepingError: It cannot be written.
        """
        with self._opened() as database:
            found = _one(database, name)
            values = (
                _title(title or "") or found["title"],
                found["pinned"] if pinned is None else pinned,
                found["deleted_at"] if deleted is None else _now() if deleted else None,
                name,
            )
            database.execute("UPDATE conversations SET title = ?, pinned = ?, deleted_at = ? WHERE id = ?", values)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            self._close()

    def _admit(self, database: sqlite3.Connection, conversation: str) -> None:
        """Whether one more question may be kept."""
        count = "SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM places WHERE conversation = ?)"
        conversations, turns = database.execute(count, (conversation,)).fetchone()
        if conversations >= _MOST:
            raise KeepingError("full", f"There are {_MOST:,} conversations, as many as are kept.")
        if turns >= _MOST_TURNS:
            raise KeepingError("full", f"This conversation has {_MOST_TURNS} questions, as many as are kept of one.")

    def _make_room(self, database: sqlite3.Connection, conversation: str, instead: str, question: str) -> str:
        """The conversation in which a question stands in the place of another turn."""
        row = database.execute(
            "SELECT position, question, state, (SELECT max(position) FROM places WHERE conversation = :id) AS last "
            "FROM places JOIN turns ON turns.id = turn WHERE conversation = :id AND turn = :turn",
            {"id": conversation, "turn": instead},
        ).fetchone()
        if row is None:
            return conversation
        again = row["state"] != "done" or row["question"] == question
        if row["position"] == row["last"] and again:
            database.execute("DELETE FROM places WHERE conversation = ? AND turn = ?", (conversation, instead))
            return conversation
        branch = secrets.token_urlsafe(9)
        database.execute(
            "INSERT INTO conversations (id, title, origin, changed_at) VALUES (?, '', ?, ?)",
            (branch, conversation, _now()),
        )
        database.execute(
            "INSERT INTO places SELECT ?, position, turn FROM places WHERE conversation = ? AND position < ?",
            (branch, conversation, row["position"]),
        )
        return branch

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The open file, in one transaction of one thread at a time."""
        with self._lock:
            try:
                database = self._connect()
                with database:
                    yield database
            except (sqlite3.Error, OSError) as error:
                self._close()  # whatever it was, the next call begins afresh
                name = getattr(error, "sqlite_errorname", "") or ""
                why = next((why for code, why in _TROUBLES.items() if name.startswith(code)), "unwritable")
                raise KeepingError(why, f"{FILE} beside the store cannot be used ({error}).") from error

    def _connect(self) -> sqlite3.Connection:
        if self._database and self._file and _inode(self._file) != self._inode:
            self._close()  # the file was moved or deleted: what is written to it now would be lost
        if self._database is None:
            self._database = self._make_ready()
            self._inode = _inode(self._file) if self._file else 0
        return self._database

    def _make_ready(self) -> sqlite3.Connection:
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._file or ":memory:", timeout=_PATIENCE, check_same_thread=False)
        try:
            database.row_factory = sqlite3.Row
            database.create_function("fold", 1, fold, deterministic=True)
            database.execute("PRAGMA journal_mode = WAL")  # a reader never waits for a writer
            database.execute("PRAGMA foreign_keys = ON")
            database.execute(f"PRAGMA max_page_count = {_MOST_BYTES // _PAGE}")
            database.executescript(_TABLES)
            with database:
                _clean(database)
        except BaseException:
            database.close()
            raise
        return database

    def _close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None


def _clean(database: sqlite3.Connection) -> None:
    """Let go of what was deleted long ago, and of turns that stand nowhere; what was running is answered no more."""
    database.execute("DELETE FROM conversations WHERE deleted_at < ?", (_iso(datetime.now(UTC) - _UNDO),))
    database.execute("DELETE FROM turns WHERE id NOT IN (SELECT turn FROM places)")
    database.execute("UPDATE turns SET state = 'stopped' WHERE state = 'running'")


def _one(database: sqlite3.Connection, name: str) -> dict[str, Any]:
    row = database.execute("SELECT * FROM conversations WHERE id = ?", (name,)).fetchone()
    if row is None:
        raise GoneError("This conversation is no longer there.", "Choose another one.")
    return dict(row)


def _turn(row: sqlite3.Row) -> dict[str, Any]:
    hashes = {file: facts["text_sha256"] for file, facts in json.loads(row["files"]).items()}
    return {name: row[name] for name in ("id", "question", "state")} | {
        "told": json.loads(row["told"]),
        "hashes": hashes,
    }


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(json.loads(row["told"]), Bundle.model_validate_json(row["bundle"]))


def _title(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TITLE]


def _inode(file: Path) -> int:
    try:
        return file.stat().st_ino
    except OSError:
        return 0


def _now() -> str:
    return _iso(datetime.now(UTC))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
