"""Tests of what leaves the window: sources go with the text, markup of pages does not act, bundles hold."""

from __future__ import annotations

import io
import json
import re
import zipfile

from rag.bundle import Bundle, check_bundle, make_bundle
from window.conversations import Kept
from window.export import as_markdown, as_plain, bundle_file, conversation_file


def test_plain_text_names_headline_file_and_lines(store, make_answer):
    told = as_plain(make_answer(store, "a.txt", "造价300万元")).splitlines()
    assert told[0] == "造价300万元[1]"
    assert told[-1] == "[1] 云溪镇建成新桥，a.txt 第 8 行"


def test_markdown_has_a_footnote_per_citation_and_nothing_of_a_page_acts(store, make_answer, hostile):
    told = as_markdown(make_answer(store, "b.txt", f"今年{hostile}收了40吨苹果"))
    assert told.count("[^1]") == 2
    assert re.search(r"^\[\^1\]: ", told, re.MULTILINE)
    assert not re.search(r"(?<!\\)[<>`*_!$~|]", told)
    assert "\\<script\\>" in told


def test_a_refusal_in_markdown_lists_what_is_near(store, make_answer):
    told = as_markdown(make_answer(store, "a.txt", "镇长说，明年还要修一条路。", abstained=True))
    assert "- 云溪镇建成新桥，" in told
    assert "[^" not in told


def test_a_bundle_holds_and_a_conversation_packs_one_per_answer(store, make_answer):
    answers = [make_answer(store, "a.txt", "造价300万元"), make_answer(store, "b.txt", "石桥村的果园")]
    kept = [Kept({"copies": {"markdown": as_markdown(answer)}}, make_bundle(answer, store)) for answer in answers]
    bundle = Bundle.model_validate_json(bundle_file(kept[0].bundle))
    assert check_bundle(bundle, store.pages, store.articles) == []
    packed = zipfile.ZipFile(io.BytesIO(conversation_file(kept)))
    assert packed.namelist() == ["conversation.md", "evidence-01.json", "evidence-02.json"]
    text = packed.read("conversation.md").decode()
    assert "[^1-1]" in text
    assert "[^2-1]" in text
    assert json.loads(packed.read("evidence-02.json"))["kind"] == "wenju-evidence"
