"""Which ready articles does a file of records hold? JSON lines, a JSON array, or a table with a header.

A record is one article: what its title, text, date and id are called differs from collection to collection, so the
usual names are known, in Chinese and English. A record that is none is named with its place, and the others are read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from index.errors import SourceError
from index.reading.dates import parse_stamp
from index.reading.encodings import decode, odd_notes, refuse_binary
from index.schema import Note, Page

__all__ = ["RECORDS", "ready_pages"]

RECORDS = frozenset({".jsonl", ".json", ".csv", ".tsv"})
"""Suffixes of files of ready articles."""

_LONGEST_RECORD = 8 * 1024 * 1024  # bytes of one line
_MOST_BYTES = 64 * 1024 * 1024  # of a file that cannot be read line by line
_SAMPLE = 1024 * 1024  # bytes by which the encoding of a file is found
_TEXTS = ("text", "content", "body", "article", "articlebody", "maintext", "fulltext", "正文", "内容", "全文", "文本")
_TITLES = ("title", "headline", "newstitle", "articletitle", "subject", "标题", "题目", "新闻标题")
_DATES = (
    "date",
    "time",
    "datetime",
    "pubdate",
    "pubtime",
    "publishdate",
    "publishtime",
    "published",
    "publishedat",
    "publishedtime",
    "datepublished",
    "newstime",
    "newsdate",
    "releasedate",
    "日期",
    "时间",
    "发布时间",
    "发布日期",
    "发表时间",
)
_IDS = ("id", "newsid", "docid", "articleid", "uid", "编号", "序号")
_LISTS = ("data", "articles", "news", "items", "records", "docs", "results", "rows", "list")
_WAY_OUT = 'Call them "text" (or content, body), "title", "date" and "id".'
_LONE = re.compile("[\ud800-\udfff]")  # half of a character, of a text that was cut there
_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[ \t\r\n,\ufeff]*")
_NAME_PARTS = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, slots=True)
class _Record:
    """What stands at a place of a file: a value, or why there is none."""

    number: int
    where: str
    value: Any
    digest: str = ""


def ready_pages(path: Path, name: str, encoding: str | None = None) -> Iterator[Page | SourceError]:
    """The articles of a file of records, each as a page of its own.

    JSON lines are read line by line, whatever the file's size; the other forms as a whole.

    Args:
        path: The file.
        name: What to call it in the collection.
        encoding: The encoding of the file; found when None.

    Returns:
        A page for each record, or an error that names the place where it is none.

    Raises:
        SourceError: The file has no record, is none of these forms or too large, or a line is longer than any record
            may be.
        OSError: The file cannot be opened or read.
    """
    names = _Names(name)
    read = False
    encoding = _encoding_of(path, encoding)
    for record in _records(path, encoding):
        read = True
        try:
            yield _page(record, encoding, names)
        except SourceError as error:
            yield error
    if not read:
        raise SourceError(f"{path} is empty.", "Remove it, or put articles into it.")


def _encoding_of(path: Path, given: str | None) -> str:
    """The encoding of a file, by its beginning."""
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
        if stream.read(1):
            sample = sample[: sample.rfind(b"\n") + 1] or sample
    if given:
        return decode(b"", str(path), given).encoding
    wide = json.detect_encoding(sample[:4])
    if wide.startswith(("utf-16", "utf-32")):
        return wide
    try:
        return decode(sample, str(path)).encoding
    except SourceError:
        return "utf-8"  # the lines that are not are named


def _records(path: Path, encoding: str) -> Iterator[_Record]:
    suffix = path.suffix.lower()
    if suffix in {".csv", ".tsv"}:
        return _rows(_whole(path, encoding), path, suffix)
    if suffix == ".json":
        return _values(_whole(path, encoding), path)
    first, whole = _first_line(path, encoding), encoding.startswith(("utf-16", "utf-32"))
    if not whole and (_is_record(first) or path.stat().st_size > _MOST_BYTES):
        return _lines(_byte_lines(path), path, encoding)
    text = _whole(path, encoding)
    if _is_record(first) or not any(isinstance(each.value, dict) for each in islice(_values(text, path), 1)):
        return _lines((line.encode("utf-8", "surrogatepass") for line in text.split("\n")), path, "utf-8")
    return _values(text, path)


def _first_line(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="\n") as stream:
        while (line := stream.readline(_LONGEST_RECORD)) and not line.strip("\ufeff \t\r\n"):
            pass
        return line.lstrip("\ufeff")


def _is_record(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _whole(path: Path, encoding: str) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise SourceError(
            f"{path} has more than {_MOST_BYTES / 1e6:.0f} MB.", "Save it as JSON lines, one article a line."
        )
    return decode(path.read_bytes(), str(path), encoding).text.removeprefix("\ufeff")


def _byte_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while line := stream.readline(_LONGEST_RECORD + 1):
            yield line


def _lines(lines: Iterable[bytes], path: Path, encoding: str) -> Iterator[_Record]:
    """One JSON object a line."""
    for number, line in enumerate(lines, start=1):
        where = f"Line {number:,} of {path}"
        if len(line) > _LONGEST_RECORD:
            raise SourceError(f"{where} is longer than {_LONGEST_RECORD / 1e6:.0f} MB.", "Split the record.")
        if line.strip(b"\xef\xbb\xbf \t\r\n"):
            yield _Record(number, where, _parsed(line, where, encoding), hashlib.sha256(line.strip()).hexdigest())


def _parsed(line: bytes, where: str, encoding: str) -> Any:
    try:
        text = _line_text(line, where, encoding)
        return json.loads(text.removeprefix("\ufeff"))
    except SourceError as error:
        return error
    except (ValueError, RecursionError) as error:
        return SourceError(f"{where} is no JSON ({error}).", "Write one JSON object a line.")


def _line_text(line: bytes, where: str, encoding: str) -> str:
    try:
        return line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return decode(line, where, None if encoding.startswith("utf-8") else encoding).text


def _values(text: str, path: Path) -> Iterator[_Record]:
    """The elements of a JSON array, or objects one after the other; what stands behind a fault is not read."""
    number = position = 0
    while (position := _BETWEEN.match(text, position).end()) < len(text):  # type: ignore[union-attr]  # matches always
        if text[position] in "[]" and (number == 0 or text[position] == "]"):
            position += 1
            continue
        number += 1
        where = f"Record {number:,} of {path}"
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, position) + 1
            what = f"{where}, in line {line:,}, is no JSON ({error}); it and what follows was not read."
            yield _Record(number, where, SourceError(what, "Mend it, or save it as JSON lines."))
            return
        for each in _unwrapped(value):
            digest = hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()
            yield _Record(number, where, each, digest)
            number += each is not value
            where = f"Record {number:,} of {path}"


def _unwrapped(value: Any) -> Sequence[Any]:
    """The records of an object that wraps a list of them."""
    if isinstance(value, dict) and not _told(value, _TEXTS):
        lists = [each for key, each in value.items() if _plain(key) in _LISTS and isinstance(each, list) and each]
        if lists:
            return lists[0]
    return [value]


def _rows(text: str, path: Path, suffix: str) -> Iterator[_Record]:
    """The rows of a table below its header."""
    head = text.partition("\n")[0]
    mark = "\t" if suffix == ".tsv" else max(",;\t", key=head.count)
    csv.field_size_limit(_LONGEST_RECORD)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    header: list[str] = []
    try:
        for number, row in enumerate(rows):
            if not header:
                header = _header(row, path)
            elif any(map(str.strip, row)):
                where = f"Line {rows.line_num:,} of {path}"
                digest = hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).hexdigest()
                yield _Record(number, where, _row(header, row, where), digest)
    except csv.Error as error:
        raise SourceError(f"Line {rows.line_num:,} of {path} is no row of a table ({error}).", "Mend it.") from None


def _header(row: Sequence[str], path: Path) -> list[str]:
    if not any(_plain(key) in _TEXTS for key in row):
        columns = "、".join(cell.strip()[:20] for cell in row[:8])
        raise SourceError(
            f"{path} is a table without a column of texts: it has {columns}.",
            'Name a column "text" (or content, 正文), or save the table as .txt to have it read as a page.',
        )
    return list(row)


def _row(header: Sequence[str], row: Sequence[str], where: str) -> Any:
    if len(row) > len(header):
        return SourceError(
            f"{where} has {len(row)} cells under {len(header)} headings.", "Put a text with commas in double quotes."
        )
    return dict(zip(header, row, strict=False))


class _Names:
    """Names of the pages of one file: that of the record, else its number; none twice."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._seen: dict[str, bool] = {}  # name -> whether the record gave it

    def name(self, value: Any, record: _Record) -> str:
        if isinstance(value, dict):
            value = next(iter(value.values()), None)  # {"$oid": …}
        given = value is not None and not isinstance(value, bool) and str(value).strip() != ""
        ident = str(value).strip() if given else str(record.number)
        if not ident.isprintable():
            raise SourceError(f"{record.where} has an id with a character that cannot be shown.", "Take it out.")
        if given and self._seen.get(ident):
            raise SourceError(f"{record.where} has the id of an earlier line.", "Give every article its own id.")
        if ident in self._seen:
            ident = f"{ident}@{record.number}"
        self._seen[ident] = given
        return f"{self._file}#{ident}"


def _page(record: _Record, encoding: str, names: _Names) -> Page:
    """The page of a record.

    Raises:
        SourceError: It is none.
    """
    value = record.value
    if isinstance(value, SourceError):
        raise value
    told = _told(value, _TEXTS) if isinstance(value, dict) else {}
    body = next((text for text in map(_text, told.values()) if text.strip()), "")
    if not body:
        keys = f" among its keys {'、'.join(map(str, list(value)[:8]))}" if isinstance(value, dict) and value else ""
        raise SourceError(f"{record.where} has no text{keys}.", _WAY_OUT)
    title = " ".join(next((text for text in map(_text, _told(value, _TITLES).values()) if text.strip()), "").split())
    whole = f"{title}\n{body}" if title else body
    text = _LONE.sub("\ufffd", whole)
    refuse_binary(text, record.where)
    ident = names.name(next(iter(_told(value, _IDS).values()), None), record)
    date, notes = _date(_told(value, _DATES))
    return Page(
        ident,
        text,
        encoding,
        record.digest,
        f"按 {encoding} 读取",
        date=date,
        ready=True,
        titled=bool(title),
        notes=(*notes, *odd_notes(text)),
    )


def _date(told: Mapping[str, Any]) -> tuple[str | None, list[Note]]:
    found = next(filter(None, map(parse_stamp, told.values())), None)
    unread = [] if found else [str(value)[:40] for value in told.values() if value not in {None, ""}]
    return found, [Note(0, f"日期写法不认得：{value}", doubtful=True) for value in unread]


def _told(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What a record says under one of several names, in the order of the names."""
    keys = {_plain(key): value for key, value in reversed(list(record.items())) if value is not None}
    return {name: keys[name] for name in names if name in keys}


@lru_cache(1_024)  # the same few in each record
def _plain(key: str) -> str:
    return _NAME_PARTS.sub("", key).lower()


def _text(value: Any) -> str:
    """A text, or paragraphs of one."""
    if isinstance(value, list):
        return "\n".join(str(each) for each in value if isinstance(each, (str, int, float)))
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
