"""Can an answer be checked by someone who was not there? A file with its quotes, where each stands, and the hashes.

A bundle is one JSON object. For every quote it holds the page, the lines, the exact spans (half-open ranges of
characters of the decoded page) and the quote; for every page the SHA-256 of the file, that of its decoded text, and
its encoding; for the store its fingerprints. That is enough to check each quote without this program: decode the file,
take the spans, put them together, compare. ``seal`` is the SHA-256 of everything else; it shows a slip or a clumsy
edit, and proves nothing against someone who makes a new seal: the pages do that. What no page can prove, the question
for one, is named by :func:`unchecked`; a signature (:mod:`rag.signing`) shows whose bundle it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from index.schema import Article, Page
from index.store.opened import Manifest, Store
from rag.answerers.broad.survey import name_of
from rag.answerers.checks import Evidence, check_sentence
from rag.answerers.generated import headings_of
from rag.answerers.talk import answer_talk
from rag.citations import boxes_of, check, place_in, says_the_same
from rag.errors import AnswerError, BundleError
from rag.schema import (
    NO_ARTICLES,
    REFUSALS,
    VERDICT_WORDS,
    Answer,
    Citation,
    Outcome,
    Place,
    QuestionKind,
    Remark,
    SmallTalk,
    Warns,
)
from rag.signing import Signature, sign

__all__ = [
    "Bundle",
    "BundleFile",
    "BundleStore",
    "check_bundle",
    "make_bundle",
    "read_bundle",
    "sign_bundle",
    "text_hash",
    "unchecked",
    "write_bundle",
]

_KIND, _VERSION = "wenju-evidence", 3
_WITHOUT_BOXES = {"__all__": {"boxes"}}
_SINCE_3: dict[str, Any] = {
    "asks": True,
    "query": True,
    "signature": True,
    "citations": _WITHOUT_BOXES,
    "nearest": _WITHOUT_BOXES,
}
_NEWER: dict[int, dict[str, Any]] = {1: {"direct": True, **_SINCE_3}, 2: _SINCE_3, 3: {"signature": True}}
"""The fields that the seal of each version does not cover: those it did not have, and what signs the seal."""
_MOST_BYTES = 16 * 1024 * 1024
_MOST_QUOTES, _MOST_PLACES = 200, 20_000  # of an answer, and all other places of its quotes together
_BLANKS = re.compile(r"\s+")
_JOINTS = re.compile("[、；;]")
_MARKED = re.compile(r"(.+?)((?:\[\d{1,6}\])+)(?:\n|\Z)", re.DOTALL)
_NUMBERED = re.compile(r"^(?:\d+\. |[\d-]{4,10}　)")  # the place in a list, or the day in a timeline
_LISTS = {QuestionKind.LIST, QuestionKind.COUNT}
_NO_ARTICLES = re.compile(re.escape(NO_ARTICLES).replace(re.escape("{}"), "[^\n]{1,2000}"))
_NUMBER = re.compile(r"\d+")
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
    query: str = ""  # the question as it was searched, after follow-ups are completed
    text: str
    outcome: Outcome
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    generated: bool
    direct: str = ""
    asks: QuestionKind = QuestionKind.FACT  # what the question was taken for
    remarks: tuple[Remark, ...]
    citations: Annotated[tuple[Citation, ...], Field(max_length=_MOST_QUOTES)]
    nearest: Annotated[tuple[Citation, ...], Field(max_length=_MOST_QUOTES)]
    files: dict[str, BundleFile]
    store: BundleStore
    seal: str = ""
    signature: Signature | None = None


def make_bundle(answer: Answer, store: Store) -> Bundle:
    """The bundle of an answer that came from a store."""
    quoted = sorted(_quoted((*answer.citations, *answer.nearest)))
    bundle = Bundle(
        kind=_KIND,
        version=_VERSION,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        question=answer.question,
        query=answer.trace.query,
        text=answer.text,
        outcome=answer.outcome,
        confidence=answer.confidence,
        generated=answer.generated,
        direct=answer.direct,
        asks=answer.kind,
        remarks=answer.remarks,
        citations=answer.citations,
        nearest=answer.nearest,
        files={name: _file(store.pages[name]) for name in quoted},
        store=_store(store.manifest),
    )
    return bundle.model_copy(update={"seal": _seal(bundle)})


def sign_bundle(bundle: Bundle, key: Path) -> Bundle:
    """A bundle signed with a private key; errors as for :func:`rag.signing.sign`."""
    return bundle.model_copy(update={"signature": sign(bundle.seal, key)})


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Write a bundle as JSON.

    Raises:
        BundleError: The file cannot be written; what stood there stays, and nothing of the new one is left.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():  # a pipe, or /dev/stdout
            path.write_text(_as_text(bundle), encoding="utf-8")
            return
        part.write_text(_as_text(bundle), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise BundleError(f"{path} cannot be written ({error.strerror}).", "Name another file.") from error
    finally:
        part.unlink(missing_ok=True)


def read_bundle(path: Path) -> Bundle:
    """Read a bundle; whether it holds is for :func:`check_bundle`.

    Raises:
        BundleError: The file cannot be read, is no bundle, or is one of a later version.
    """
    fix = "Give a file that `wenju ask --bundle` wrote."
    try:
        if path.exists() and not path.is_file():
            raise BundleError(f"{path} is no regular file.", fix)
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise BundleError(f"{path} has more than {_MOST_BYTES:,} bytes.", fix)
        told = TypeAdapter(dict[str, Any]).validate_json(data)
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}).", fix) from error
    except ValidationError as error:
        raise BundleError(f"{path} is no JSON object.", fix) from error
    if told.get("kind") != _KIND:
        raise BundleError(f"{path} is no bundle of evidence.", fix)
    if told.get("version") not in _NEWER:
        raise BundleError(
            f"{path} is of version {told.get('version')}, this program reads version {_VERSION}.",
            "Use the program that wrote it.",
        )
    try:
        return Bundle.model_validate_json(data)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise BundleError(f"{path} is damaged at {where} ({error.errors()[0]['msg']}).", fix) from error


def check_bundle(
    bundle: Bundle,
    pages: Mapping[str, Page],
    articles: Mapping[str, Article],
    manifest: Manifest | None = None,
) -> list[str]:
    """Make again from pages what a bundle shows, and compare.

    Args:
        bundle: The bundle.
        pages: name -> page; those of a store, or read again from the files.
        articles: article_id -> article, read from these pages.
        manifest: Of the store that the pages are of; None where they come from files.

    Returns:
        What does not hold, a line each, naming the quote or the file; empty when all of it does but for what
        :func:`unchecked` names.
    """
    faults = [] if _seal(bundle) == bundle.seal else ["封签不符：这个文件在生成之后被改动过。"]
    quotes = (*bundle.citations, *bundle.nearest)
    if sum(len(citation.also) for citation in quotes) > _MOST_PLACES:
        return [*faults, f"引文的另处超过 {_MOST_PLACES} 个，不是文据写出的。"]
    for name in sorted({*bundle.files, *_quoted(quotes)}):
        faults += _file_faults(name, bundle.files.get(name), pages.get(name))
    for citation in quotes:
        faults += _quote_faults(citation, pages, articles)
    if manifest and manifest.generation == bundle.store.generation and _store(manifest) != bundle.store:
        faults.append("库的指纹不符：所记的那次构建，指纹、格式或时间不是这样。")
    return faults + _form_faults(bundle) + _text_faults(bundle, articles)


def unchecked(bundle: Bundle, manifest: Manifest | None = None) -> list[str]:
    """What a bundle shows that no page can prove, a few words each; arguments as for :func:`check_bundle`."""
    shown = ["问题", "引文是否回答了它", "把握", "生成时间"]
    shown += ["说明"] if bundle.remarks else []
    concluded = bundle.direct in VERDICT_WORDS or (bundle.direct and bundle.asks is not QuestionKind.FACT)
    shown += [f"“{bundle.direct}”这个判断"] if concluded else []
    shown += ["语言模型的措辞（数字、名称、引语和用词已与引文核对）"] if bundle.generated else []
    same = manifest is not None and manifest.generation == bundle.store.generation
    return shown if same else [*shown, "库的指纹（不是对照的这次构建）" if manifest else "库的指纹"]


def _as_text(bundle: Bundle) -> str:
    return json.dumps(bundle.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"


def _quoted(citations: Iterable[Citation]) -> set[str]:
    """The pages that citations name, with the other places of each."""
    return {name for c in citations for name in (c.file, *(place.file for place in c.also))}


def _file(page: Page) -> BundleFile:
    return BundleFile(
        sha256=page.sha256, text_sha256=text_hash(page.text), encoding=page.encoding, characters=len(page.text)
    )


def _store(manifest: Manifest) -> BundleStore:
    return BundleStore(
        format=manifest.format,
        fingerprint=manifest.fingerprint,
        model_fingerprint=manifest.model_fingerprint,
        generation=manifest.generation,
        built_at=manifest.built_at,
    )


def _file_faults(name: str, told: BundleFile | None, page: Page | None) -> list[str]:
    if told is None:
        return [f"{name}：文件里没有记下它的哈希。"]
    if page is None:
        return [f"{name}：找不到这个版面。"]
    if page.sha256 != told.sha256:
        return [f"{name}：版面文件变了（SHA-256 应为 {told.sha256[:12]}…，现为 {page.sha256[:12]}…）。"]
    if text_hash(page.text) != told.text_sha256:
        return [f"{name}：文件没变，但解码后的文字不同（当时的编码是 {told.encoding}，现在是 {page.encoding}）。"]
    if _file(page) != told:
        return [f"{name}：编码应为 {page.encoding}，字数应为 {len(page.text)}。"]
    return []


def _quote_faults(citation: Citation, pages: Mapping[str, Page], articles: Mapping[str, Article]) -> list[str]:
    """What of a citation and of its other places does not hold; pages that are not there are told elsewhere."""
    where = f"引文 [{citation.number}]"
    faults = _place_faults(f"{where} {citation.file}", citation, pages, articles)
    name, _, start = citation.passage_id.rpartition(":")
    if name != citation.article_id or not start.isdecimal():
        faults.append(f"{where}：段落 {citation.passage_id!r} 不是这篇文章的。")
    if any(not 0 <= start < end <= len(citation.quote) for start, end in citation.marks):
        faults.append(f"{where}：标记越出了引文。")
    page = pages.get(citation.file)
    if page and citation.boxes and citation.boxes != boxes_of(page, citation.spans):
        faults.append(f"{where}：它不在所记的版面位置上。")
    for place in citation.also:
        other = f"{where} 的另一处 {place.file}"
        found = _place_faults(other, place, pages, articles)
        same = says_the_same(place.quote, citation.quote)
        faults += found if same or found else [f"{other} 第 {place.first_line} 行：与引文不是同一句话。"]
    return faults


def _place_faults(
    where: str, told: Citation | Place, pages: Mapping[str, Page], articles: Mapping[str, Article]
) -> list[str]:
    """Whether a quote stands in its page and in its article as it is told."""
    page = pages.get(told.file)
    fault = page and (_page_fault(told, page) or _article_fault(told, articles.get(told.article_id)))
    return [f"{where} 第 {told.first_line} 行：{fault}"] if fault else []


def _page_fault(told: Citation | Place, page: Page) -> str:
    if not told.spans or any(not 0 <= s.start < s.end <= len(page.text) for s in told.spans):
        return "版面上没有这个位置。"
    if sum(span.end - span.start for span in told.spans) > len(told.quote):  # slices of it could fill the memory
        return "引文比它的位置短。"
    try:
        check(told, page)
    except AnswerError:
        stands = "".join(page.text[span.start : span.end] for span in told.spans)
        same = stands == told.quote.replace("\n", "")
        return "引文不在所记的行里（行号不符）。" if same else f"引文是“{told.quote[:30]}”，版面上是“{stands[:30]}”。"
    return ""


def _article_fault(told: Citation | Place, article: Article | None) -> str:
    found = place_in(article, told.spans) if article and article.file == told.file else None
    if found is None:
        return f"版面上读出的文章 {told.article_id} 里没有这段引文。"
    if told.headline != found.headline:
        return f"标题记的是“{told.headline[:30]}”，版面上是“{found.headline[:30]}”。"
    return "" if (found.spans, found.quote) == (told.spans, told.quote) else "引文的分段与文章不符。"


def _form_faults(bundle: Bundle) -> list[str]:
    """Whether the outcome goes with what is shown, and the numbers run from 1."""
    refused, faults = bundle.outcome is Outcome.ABSENT, []
    if refused == bool(bundle.citations) and (refused or bundle.asks is not QuestionKind.TALK):
        faults.append(f"结论是“{bundle.outcome}”，引文却有 {len(bundle.citations)} 条。")
    if bundle.nearest and not refused:
        faults.append("给出了答案，却又列出最接近的段落。")
    if (refused or bundle.generated) and bundle.direct:
        faults.append(f"这样的答案没有直接回答“{bundle.direct[:30]}”。")
    numbers = [[citation.number for citation in quotes] for quotes in (bundle.citations, bundle.nearest)]
    if any(told != list(range(1, len(told) + 1)) for told in numbers):
        faults.append("引文的编号不是从 1 起依次的。")
    return faults


def _text_faults(bundle: Bundle, articles: Mapping[str, Article]) -> list[str]:
    """Whether the answer's text is what its outcome and its citations make of it."""
    if bundle.outcome is Outcome.ABSENT:
        said = bundle.text in _refusals(bundle) or (bundle.asks in _LISTS and bool(_NO_ARTICLES.fullmatch(bundle.text)))
        return [] if said and not bundle.generated else ["没有答案，文字却不是拒答的话。"]
    if bundle.generated:
        return _written_faults(bundle, articles)
    if bundle.asks is QuestionKind.TALK:
        replies = {answer_talk(talk, bundle.question, bundle.query).text for talk in SmallTalk}
        return [] if bundle.text in replies else ["这不是闲谈的回话。"]
    if bundle.asks is not QuestionKind.FACT:
        return _survey_faults(bundle, articles)
    quoted = "\n".join(f"{citation.quote}[{citation.number}]" for citation in bundle.citations)
    if bundle.text not in {quoted, f"{bundle.direct}\n{quoted}"}:
        return ["答案的文字不是它的引文。"]
    marked = {_BLANKS.sub("", c.quote[a:b]) for c in bundle.citations for a, b in c.marks}
    parts = [part for part in _JOINTS.split(_BLANKS.sub("", bundle.direct)) if part]
    whole = {piece for words in marked for piece in _JOINTS.split(words)} | marked
    return [f"直接回答“{part}”不是引文里标出的文字。" for part in parts if part not in whole | VERDICT_WORDS]


def _survey_faults(bundle: Bundle, articles: Mapping[str, Article]) -> list[str]:
    """Whether an answer over several articles is its short answer, and each quote with nothing but its heading."""
    rest = bundle.text.removeprefix(f"{bundle.direct}\n") if bundle.direct else bundle.text
    for citation in bundle.citations:
        quoted = f"{citation.quote}[{citation.number}]"
        head = "" if rest.startswith(quoted) else rest.partition("\n")[0]
        after = rest.removeprefix(f"{head}\n") if head else rest
        if not after.startswith(quoted):
            return [f"答案里没有引文 [{citation.number}]。"]
        if head and not _is_head(head, citation, articles.get(citation.article_id)):
            return [f"引文 [{citation.number}] 上面的“{head[:30]}”不是它的文章或数据。"]
        rest = after.removeprefix(quoted).removeprefix("\n")
    return [f"答案的“{rest[:30]}”没有引文。"] if rest else []


def _is_head(head: str, citation: Citation, article: Article | None) -> bool:
    """Whether a line above a quote names its article, as in a list, or a figure of the quote, as in a comparison."""
    listed = article is not None and _NUMBERED.sub("", head) == name_of(article)
    return listed or any(head.endswith(f"：{citation.quote[start:end]}") for start, end in citation.marks)


def _refusals(bundle: Bundle) -> set[str]:
    """All that a refusal of this bundle may say."""
    told = " ".join(remark.text for remark in bundle.remarks if remark.warns is Warns.MISMATCH)
    return {
        words["refusal"] + (words["gap"] + more if more is not None else "")
        for words in REFUSALS.values()
        for more in ((words["near"], told) if bundle.nearest else (None,))
    }


def _written_faults(bundle: Bundle, articles: Mapping[str, Article]) -> list[str]:
    """Whether each sentence of a language model stands on the quotes that it names, by the checks of answering."""
    quotes = {citation.number: citation for citation in bundle.citations}
    asked = bundle.query or bundle.question
    faults, end, named = [], 0, set[int]()
    for found in _MARKED.finditer(bundle.text):
        if found.start() != end:
            break
        end, sentence = found.end(), found[1]
        numbers = [int(number) for number in _NUMBER.findall(found[2])]
        named.update(numbers)
        faults += [f"答案里的 [{number}] 没有引文。" for number in numbers if number not in quotes]
        cited = [quotes[number] for number in numbers if number in quotes]
        if cited and all(sentence != citation.quote for citation in cited):
            evidence = _evidence(cited, articles)
            wrong = check_sentence(sentence, evidence, lambda left, right: 1.0, asked)
            faults += [f"答案的“{sentence[:30]}”不能由引文得出（{wrong[0].words[:20]}）。"] if wrong else []
    if end != len(bundle.text):
        faults.append(f"答案的“{bundle.text[end : end + 30]}”没有引文。")
    return faults + [f"引文 [{number}] 在答案里没有提到。" for number in sorted(quotes.keys() - named)]


def _evidence(cited: Iterable[Citation], articles: Mapping[str, Article]) -> Evidence:
    """What a sentence of a language model was held against when it was written."""
    cited = list(cited)
    known = {c.article_id: articles[c.article_id] for c in cited if c.article_id in articles}.values()
    dates = {article.date for article in known}
    return Evidence(
        "\n".join(c.quote for c in cited),
        "\n".join(map(headings_of, known)),
        dates.pop() if len(dates) == 1 else None,
    )


def _seal(bundle: Bundle) -> str:
    """SHA-256 over everything but the seal and what signs it, as JSON with sorted keys and no blanks."""
    told = bundle.model_dump(mode="json", exclude={"seal": True, **_NEWER.get(bundle.version, {})})
    return text_hash(json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def text_hash(text: str) -> str:
    """What ``text_sha256`` is of a page's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
