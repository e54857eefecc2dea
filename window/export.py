"""How does an answer leave the window? As text with its sources, and as files that can be checked elsewhere."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence

from rag.bundle import Bundle
from rag.cli.console import place
from rag.schema import Answer, Outcome
from window.conversations import Kept

__all__ = ["as_markdown", "as_plain", "bundle_file", "conversation_file"]

_ACTIVE = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$&])")
_MARKER = re.compile(r"\\\[(\d+)\\\]")
_UNTITLED = "（无标题）"


def as_plain(answer: Answer) -> str:
    """An answer and its sources, for any text field."""
    sources = [
        f"[{c.number}] {c.headline or _UNTITLED}，{place(c.file, c.first_line, c.last_line)}"
        for c in answer.citations or answer.nearest
    ]
    return "\n".join([answer.text, *_notes(answer), "", *sources]).rstrip()


def as_markdown(answer: Answer) -> str:
    """The same in Markdown: footnotes for sources; every mark of the pages' own text is made inert."""
    cited = {citation.number for citation in answer.citations}

    def footnote(marker: re.Match[str]) -> str:
        return f"[^{marker[1]}]" if int(marker[1]) in cited else marker[0]

    text = _MARKER.sub(footnote, _inert(answer.text)).replace("\n", "\n\n")
    notes = [f"> {_inert(note)}" for note in _notes(answer)]
    if answer.abstained:
        sources = [
            f"- {_inert(c.headline or _UNTITLED)}，{_inert(place(c.file, c.first_line, c.last_line))}："
            f"{_inert(' '.join(c.quote.split()))}"
            for c in answer.nearest
        ]
    else:
        sources = [
            f"[^{c.number}]: {_inert(c.headline or _UNTITLED)}，{_inert(place(c.file, c.first_line, c.last_line))}"
            for c in answer.citations
        ]
    return "\n\n".join(filter(None, [text, "\n".join(notes), "\n".join(sources)]))


def bundle_file(bundle: Bundle) -> bytes:
    """The bundle of evidence of an answer, as ``wenju verify`` reads it."""
    return (json.dumps(bundle.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n").encode()


def conversation_file(answers: Sequence[Kept]) -> bytes:
    """A conversation as a ZIP archive: ``conversation.md``, and a bundle of evidence for each answer."""
    packed = io.BytesIO()
    counted = list(enumerate(answers, start=1))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        told = (f"## {_inert(' '.join(a.bundle.question.split()))}\n\n{_renumbered(a, n)}" for n, a in counted)
        archive.writestr("conversation.md", "\n\n".join(told) + "\n")
        for number, answer in counted:
            archive.writestr(f"evidence-{number:02}.json", bundle_file(answer.bundle))
    return packed.getvalue()


def _renumbered(answer: Kept, turn: int) -> str:
    """Markdown whose footnotes are unique in a file of several answers."""
    return re.sub(r"\[\^(\d+)\]", rf"[^{turn}-\1]", answer.view["copies"]["markdown"])


def _notes(answer: Answer) -> list[str]:
    partly = ["只回答了问题的一部分。"] if answer.outcome is Outcome.PARTLY else []
    return partly + [f"注意：{remark.text}" for remark in answer.remarks]


def _inert(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", text)
