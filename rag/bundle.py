"""Can an answer be checked by someone who was not there? A file with its quotes, where each stands, and the hashes.

A bundle is one JSON object. For every quote it holds the page, the lines, the exact spans (half-open ranges of
characters of the decoded page) and the quote; for every page the SHA-256 of the file, that of its decoded text, and
its encoding; for the store its fingerprints. That is enough to check each quote without this program: decode the file,
take the spans, put them together, compare. ``seal`` is the SHA-256 of everything else; it shows a slip or a clumsy
edit, and proves nothing against someone who makes a new seal: the pages do that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from index.schema import Page
from index.store.opened import Store
from index.text import fold
from rag.citations import check
from rag.errors import AnswerError, BundleError
from rag.schema import VERDICT_WORDS, Answer, Citation, Place, QuestionKind, Remark

__all__ = ["Bundle", "BundleFile", "BundleStore", "check_bundle", "make_bundle", "read_bundle", "write_bundle"]

_KIND, _VERSION, _VERSIONS = "wenju-evidence", 3, {1, 2, 3}  # the first had no direct answer, the second no asks
_MOST_BYTES = 64 * 1024 * 1024
_BLANKS = re.compile(r"\s+")
_JOINTS = re.compile("[、；;]")
_MARKER = re.compile(r"\[(\d+)\]")
_STRICT = ConfigDict(frozen=True, extra="forbid")


class BundleFile(BaseModel):
    """One page that is quoted."""

    model_config = _STRICT

    sha256: str  # of the file's bytes
    text_sha256: str  # of its decoded text in UTF-8, which the spans refer to
    encoding: str
    characters: int


class BundleStore(BaseModel):
    """The store that answered."""

    model_config = _STRICT

    format: int
    fingerprint: str
    model_fingerprint: str
    generation: str
    built_at: str


class Bundle(BaseModel):
    """An answer with all that is needed to check its quotes."""

    model_config = _STRICT

    kind: str
    version: int
    made_at: str
    question: str
    text: str
    outcome: str
    confidence: float
    generated: bool
    direct: str = ""
    asks: QuestionKind = QuestionKind.FACT  # what the question was taken for
    remarks: tuple[Remark, ...]
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...]
    files: dict[str, BundleFile]
    store: BundleStore
    seal: str = ""


def make_bundle(answer: Answer, store: Store) -> Bundle:
    """The bundle of an answer that came from a store."""
    quoted = sorted(_quoted((*answer.citations, *answer.nearest)))
    manifest = store.manifest
    bundle = Bundle(
        kind=_KIND,
        version=_VERSION,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        question=answer.question,
        text=answer.text,
        outcome=str(answer.outcome),
        confidence=answer.confidence,
        generated=answer.generated,
        direct=answer.direct,
        asks=answer.kind,
        remarks=answer.remarks,
        citations=answer.citations,
        nearest=answer.nearest,
        files={name: _file(store.pages[name]) for name in quoted},
        store=BundleStore(
            format=manifest.format,
            fingerprint=manifest.fingerprint,
            model_fingerprint=manifest.model_fingerprint,
            generation=manifest.generation,
            built_at=manifest.built_at,
        ),
    )
    return bundle.model_copy(update={"seal": _seal(bundle)})


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Write a bundle as JSON.

    Raises:
        BundleError: The file cannot be written.
    """
    try:
        text = json.dumps(bundle.model_dump(mode="json"), ensure_ascii=False, indent=2)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BundleError(f"{path} cannot be written ({error.strerror}).", "Name another file.") from error


def read_bundle(path: Path) -> Bundle:
    """Read a bundle; whether it holds is for :func:`check_bundle`.

    Raises:
        BundleError: The file cannot be read, is no bundle, or is one of a later version.
    """
    fix = "Give a file that `wenju ask --bundle` wrote."
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        told = TypeAdapter(dict[str, Any]).validate_json(data)
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}).", fix) from error
    except ValidationError as error:
        raise BundleError(f"{path} is no JSON object.", fix) from error
    if told.get("kind") != _KIND:
        raise BundleError(f"{path} is no bundle of evidence.", fix)
    if told.get("version") not in _VERSIONS:
        raise BundleError(
            f"{path} is of version {told.get('version')}, this program reads version {_VERSION}.",
            "Use the program that wrote it.",
        )
    try:
        return Bundle.model_validate_json(data)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise BundleError(f"{path} is damaged at {where} ({error.errors()[0]['msg']}).", fix) from error


def check_bundle(bundle: Bundle, pages: Mapping[str, Page]) -> list[str]:
    """Hold every quote of a bundle against pages.

    Args:
        bundle: The bundle.
        pages: name -> page; those of a store, or read again from the files.

    Returns:
        What does not hold, a line each, naming the quote or the file; empty when all of it does.
    """
    faults = [] if _seal(bundle) == bundle.seal else ["封签不符：这个文件在生成之后被改动过。"]
    quotes = (*bundle.citations, *bundle.nearest)
    for name in sorted({*bundle.files, *_quoted(quotes)}):
        faults += _file_faults(name, bundle.files.get(name), pages.get(name))
    for citation in quotes:
        if page := pages.get(citation.file):
            faults += _quote_faults(citation, page)
        for place in citation.also:
            if page := pages.get(place.file):
                faults += _place_faults(citation, place, page)
    return faults + _text_faults(bundle)


def _quoted(citations: Iterable[Citation]) -> set[str]:
    """The pages that citations name, with the other places of each."""
    return {name for c in citations for name in (c.file, *(place.file for place in c.also))}


def _file(page: Page) -> BundleFile:
    return BundleFile(
        sha256=page.sha256, text_sha256=_hash(page.text), encoding=page.encoding, characters=len(page.text)
    )


def _file_faults(name: str, told: BundleFile | None, page: Page | None) -> list[str]:
    if told is None:
        return [f"{name}：文件里没有记下它的哈希。"]
    if page is None:
        return [f"{name}：找不到这个版面。"]
    if page.sha256 != told.sha256:
        return [f"{name}：版面文件变了（SHA-256 应为 {told.sha256[:12]}…，现为 {page.sha256[:12]}…）。"]
    if _hash(page.text) != told.text_sha256:
        return [f"{name}：文件没变，但解码后的文字不同（当时的编码是 {told.encoding}，现在是 {page.encoding}）。"]
    return []


def _quote_faults(citation: Citation, page: Page) -> list[str]:
    where = f"引文 [{citation.number}] {citation.file} 第 {citation.first_line} 行"
    if not citation.spans or any(not 0 <= s.start < s.end <= len(page.text) for s in citation.spans):
        return [f"{where}：版面上没有这个位置。"]
    try:
        check(citation, page)
    except AnswerError as error:
        stands = "".join(page.text[span.start : span.end] for span in citation.spans)
        if stands != citation.quote.replace("\n", ""):
            return [f"{where}：引文是“{citation.quote[:30]}”，版面上是“{stands[:30]}”。"]
        return [f"{where}：行号不符（{error.what}）"]
    return []


def _place_faults(citation: Citation, place: Place, page: Page) -> list[str]:
    """Another place of a quote: its words stand there, and are the quote's but for blanks, width and script."""
    where = f"引文 [{citation.number}] 的另一处 {place.file} 第 {place.first_line} 行"
    stands = "".join(page.text[span.start : span.end] for span in place.spans)
    if not stands or stands != place.quote.replace("\n", ""):
        return [f"{where}：记的是“{place.quote[:30]}”，版面上是“{stands[:30]}”。"]
    same = _BLANKS.sub("", fold(place.quote)) == _BLANKS.sub("", fold(citation.quote))
    return [] if same else [f"{where}：与引文不是同一句话。"]


def _text_faults(bundle: Bundle) -> list[str]:
    """Whether the answer's text goes with its citations: the same numbers, and nothing but quotes unless generated."""
    quotes = {citation.number: citation.quote for citation in bundle.citations}
    if not quotes:
        return []
    if bundle.generated:
        named = {int(number) for number in _MARKER.findall(bundle.text)}
        return [f"答案里的 [{number}] 没有引文。" for number in sorted(named - quotes.keys())]
    if bundle.asks is not QuestionKind.FACT:  # between the quotes stand lines of code: headlines, days, a verdict
        return [f"答案里没有引文 [{n}]。" for n, quote in quotes.items() if f"{quote}[{n}]" not in bundle.text]
    quoted = "\n".join(f"{quote}[{number}]" for number, quote in quotes.items())
    if bundle.text not in {quoted, f"{bundle.direct}\n{quoted}"}:
        return ["答案的文字不是它的引文。"]
    marked = {_BLANKS.sub("", c.quote[a:b]) for c in bundle.citations for a, b in c.marks}
    parts = [part for part in _JOINTS.split(_BLANKS.sub("", bundle.direct)) if part]
    whole = {piece for words in marked for piece in _JOINTS.split(words)} | marked
    return [f"直接回答“{part}”不是引文里标出的文字。" for part in parts if part not in whole | VERDICT_WORDS]


def _seal(bundle: Bundle) -> str:
    """SHA-256 over everything but the seal, as JSON with sorted keys and no blanks."""
    later = {1: {"direct", "asks"}, 2: {"asks"}}.get(bundle.version, set())
    told = bundle.model_dump(mode="json", exclude={"seal"} | later)
    return _hash(json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
