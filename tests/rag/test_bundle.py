"""A bundle holds against its store and its pages, and names what does not."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from index.reading.source import find_pages, read_page
from index.schema import Span
from rag.answerers import Extract, Reading
from rag.bundle import Bundle, check_bundle, make_bundle, read_bundle, sign_bundle, unchecked, write_bundle
from rag.chain import AnswerChain
from rag.cli.command import main
from rag.errors import BundleError
from rag.schema import Outcome, Place, Remark, Warns

LENGTH = "鹿鸣大桥前天通车，全长860米，双向四车道。"  # lines 12 and 14, torn
HOURS = "图书馆每天上午9时开门，晚上8时关门，周一闭馆。"


def extract_of(store, passage_id, words):
    start = store.articles[store.passages[passage_id].article_id].text.index(words)
    return Extract(passage_id, start, start + len(words))


@pytest.fixture
def answer(tiny_store, scripted_reader):
    extracts = (extract_of(tiny_store, "liuhe.txt#10:0", LENGTH), extract_of(tiny_store, "liuhe.txt#2:52", HOURS))
    remark = Remark(Warns.MISMATCH, "问题说5车道，原文是4车道。")
    reader = scripted_reader(Reading(extracts, 0.8, "as told", remarks=(remark,)))
    return AnswerChain(tiny_store, reader=reader).invoke("鹿鸣大桥全长多少米？")


@pytest.fixture
def bundle(answer, tiny_store):
    return make_bundle(answer, tiny_store)


def changed(bundle, **fields):
    """A bundle whose maker did not forget to seal it anew."""
    fresh = bundle.model_copy(update=fields)
    told = json.dumps(
        fresh.model_dump(mode="json", exclude={"seal", "signature"}),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return fresh.model_copy(update={"seal": hashlib.sha256(told.encode()).hexdigest()})


def test_it_holds_against_the_store_and_against_the_files(bundle, tiny_store, pages_folder):
    assert check_bundle(bundle, tiny_store.pages, tiny_store.articles) == []
    pages = {name: read_page(file, name) for name, file in find_pages(pages_folder)}
    assert check_bundle(bundle, pages, tiny_store.articles) == []


def test_it_survives_its_file(bundle, tiny_store, tmp_path):
    write_bundle(tmp_path / "b.json", bundle)
    again = read_bundle(tmp_path / "b.json")
    assert again == bundle
    assert check_bundle(again, tiny_store.pages, tiny_store.articles) == []
    assert "鹿鸣大桥" in (tmp_path / "b.json").read_text(encoding="utf-8")  # for people too


def test_it_can_be_checked_by_hand(bundle, pages_folder, tmp_path):
    """Without this program: the file, its hash, its encoding, the spans."""
    write_bundle(tmp_path / "b.json", bundle)
    told = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    for citation in told["citations"]:
        file = told["files"][citation["file"]]
        data = (pages_folder / citation["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        text = data.decode(file["encoding"])
        assert "".join(text[span["start"] : span["end"]] for span in citation["spans"]) == citation["quote"]


def test_a_refusal_has_a_bundle_of_its_nearest(tiny_store, scripted_reader):
    chain = AnswerChain(tiny_store, reader=scripted_reader(Reading((), 0.1, "none")))
    bundle = make_bundle(chain.invoke("图书馆和大桥？"), tiny_store)
    assert bundle.outcome == "not in the collection"
    assert bundle.nearest
    assert check_bundle(bundle, tiny_store.pages, tiny_store.articles) == []


def test_an_edited_file_breaks_its_seal(bundle, tiny_store):
    (fault,) = check_bundle(bundle.model_copy(update={"question": "别的问题？"}), tiny_store.pages, tiny_store.articles)
    assert "封签不符" in fault


def test_a_wrong_quote_is_named_though_sealed_anew(bundle, tiny_store):
    first = replace(bundle.citations[0], quote=LENGTH.replace("860", "960"))
    citations = (first, bundle.citations[1])
    text = "\n".join(f"{c.quote}[{c.number}]" for c in citations)
    (fault,) = check_bundle(changed(bundle, citations=citations, text=text), tiny_store.pages, tiny_store.articles)
    assert "引文 [1] liuhe.txt 第 12 行" in fault
    assert "960米" in fault
    assert "860米" in fault


def test_a_wrong_line_a_wrong_place_and_a_wrong_text_are_named(bundle, tiny_store):
    first = bundle.citations[0]
    (fault,) = check_bundle(
        changed(bundle, citations=(replace(first, first_line=3), bundle.citations[1])),
        tiny_store.pages,
        tiny_store.articles,
    )
    assert "行号不符" in fault
    far = tuple(replace(span, end=10**6) for span in first.spans)
    (fault,) = check_bundle(
        changed(bundle, citations=(replace(first, spans=far), bundle.citations[1])),
        tiny_store.pages,
        tiny_store.articles,
    )
    assert "没有这个位置" in fault
    (fault,) = check_bundle(changed(bundle, text="大桥全长960米。[1]"), tiny_store.pages, tiny_store.articles)
    assert "不是它的引文" in fault
    faults = check_bundle(
        changed(bundle, text="大桥全长860米。[7]", generated=True), tiny_store.pages, tiny_store.articles
    )
    assert "[7] 没有引文" in faults[0]
    assert "没有记下它的哈希" in check_bundle(changed(bundle, files={}), tiny_store.pages, tiny_store.articles)[0]


def test_a_direct_answer_must_be_words_that_the_quotes_mark(bundle, tiny_store):
    first = replace(bundle.citations[0], marks=((LENGTH.index("860米"), LENGTH.index("860米") + 4),))
    citations = (first, bundle.citations[1])

    def faults(direct: str, above: str) -> list[str]:
        return check_bundle(
            changed(bundle, citations=citations, direct=direct, text=f"{above}\n{bundle.text}"),
            tiny_store.pages,
            tiny_store.articles,
        )

    assert faults("860米", "860米") == []
    assert faults("是", "是") == []  # a yes or no is no word of the page
    assert faults("960米", "960米") == ["直接回答“960米”不是引文里标出的文字。"]
    assert faults("860米", "960米") == ["答案的文字不是它的引文。"]


def test_a_bundle_of_the_first_version_still_holds(bundle, tiny_store):
    told = bundle.model_copy(update={"version": 1}).model_dump(
        mode="json",
        exclude=dict.fromkeys(("seal", "direct", "asks", "query", "signature"), True)
        | {"citations": {"__all__": {"boxes"}}},
    )
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    old = told | {"seal": hashlib.sha256(text.encode()).hexdigest()}
    assert check_bundle(Bundle.model_validate(old), tiny_store.pages, tiny_store.articles) == []
    assert (
        check_bundle(Bundle.model_validate(old | {"question": "别的？"}), tiny_store.pages, tiny_store.articles) != []
    )


def test_the_other_places_of_a_quote_are_checked_too(bundle, tiny_store):
    first, second = bundle.citations
    fields = ("file", "headline", "article_id", "first_line", "last_line", "spans", "quote")
    place, another = (Place(**{name: getattr(quote, name) for name in fields}) for quote in (first, second))

    def faults(other):
        citations = (replace(first, also=(other,)), second)
        return check_bundle(changed(bundle, citations=citations), tiny_store.pages, tiny_store.articles)

    assert faults(place) == []
    assert "与引文不是同一句话" in faults(another)[0]
    assert "版面上是" in faults(replace(place, quote=LENGTH.replace("860", "960")))[0]
    assert "gone.txt：文件里没有记下它的哈希" in faults(replace(place, file="gone.txt"))[0]


def test_a_page_that_changed_or_is_gone_is_named(bundle, tiny_store):
    page = tiny_store.pages["liuhe.txt"]
    assert check_bundle(bundle, {}, {}) == ["liuhe.txt：找不到这个版面。"]
    (fault,) = check_bundle(bundle, {"liuhe.txt": replace(page, sha256="0" * 64)}, tiny_store.articles)
    assert "版面文件变了" in fault
    faults = check_bundle(
        bundle, {"liuhe.txt": replace(page, text=page.text.replace("860米", "960米"))}, tiny_store.articles
    )
    assert "解码后的文字不同" in faults[0]
    assert "引文 [1]" in faults[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "is no JSON object"),
        ("{", "is no JSON object"),
        ("{}", "is no bundle of evidence"),
        ('{"kind": "wenju-evidence", "version": 4}', "is of version 4, this program reads version 3"),
        ('{"kind": "wenju-evidence", "version": 1}', "is damaged at made_at"),
    ],
)
def test_files_that_are_no_bundle(tmp_path, content, message):
    (tmp_path / "b.json").write_text(content, encoding="utf-8")
    with pytest.raises(BundleError, match=message):
        read_bundle(tmp_path / "b.json")


def test_a_bundle_that_cannot_be_read_or_written(tmp_path, bundle):
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(tmp_path / "none.json")
    with pytest.raises(BundleError, match="cannot be written"):
        write_bundle(tmp_path / "no" / "b.json", bundle)


def _first(bundle, **fields):
    return {"citations": (replace(bundle.citations[0], **fields), *bundle.citations[1:])}


FORGED = {
    "no citations, any text": (lambda b: {"citations": (), "text": "大桥塌了。"}, "引文却有 0 条"),
    "any text of a model": (lambda b: {"generated": True, "text": "大桥塌了。[1][2]"}, "“大桥塌了。”不能由引文得出"),
    "a text of a model without marks": (lambda b: {"generated": True, "text": "大桥塌了。"}, "“大桥塌了。”没有引文"),
    "another headline": (lambda b: _first(b, headline="鹿鸣大桥垮塌"), "标题记的是“鹿鸣大桥垮塌”"),
    "another article of the page": (
        lambda b: _first(b, article_id="liuhe.txt#2", passage_id="liuhe.txt#2:0"),
        "文章 liuhe.txt#2 里没有这段引文",
    ),
    "an article that is not there": (
        lambda b: _first(b, article_id="liuhe.txt#999", passage_id="liuhe.txt#999:0"),
        "文章 liuhe.txt#999 里没有",
    ),
    "another passage": (lambda b: _first(b, passage_id="liuhe.txt#2:0"), "不是这篇文章的"),
    "a mark outside the quote": (lambda b: _first(b, marks=((-3, 2),)), "标记越出了引文"),
    "another number": (lambda b: _first(b, number=9) | {"text": b.text.replace("[1]", "[9]")}, "编号不是从 1 起"),
    "an answer called a refusal": (lambda b: {"outcome": Outcome.ABSENT}, "引文却有 2 条"),
    "a refusal with other words": (
        lambda b: {"outcome": Outcome.ABSENT, "citations": (), "nearest": b.citations, "text": "大桥塌了。"},
        "文字却不是拒答的话",
    ),
    "nearest passages beside an answer": (lambda b: {"nearest": b.citations}, "却又列出最接近的段落"),
    "another encoding": (
        lambda b: {"files": {n: f.model_copy(update={"encoding": "ascii"}) for n, f in b.files.items()}},
        "编码应为 utf-8",
    ),
    "another fingerprint": (
        lambda b: {"store": b.store.model_copy(update={"fingerprint": "0" * 16})},
        "库的指纹不符",
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_is_forged_and_sealed_anew_is_named(bundle, tiny_store, forge):
    forged, fault = changed(bundle, **forge[0](bundle)), forge[1]
    faults = check_bundle(forged, tiny_store.pages, tiny_store.articles, tiny_store.manifest)
    assert any(fault in found for found in faults), faults


def test_a_quote_of_the_pages_under_negative_spans_is_no_other_place(bundle, tiny_store):
    """``text[-40:-1]`` is text too."""
    page = tiny_store.pages["liuhe.txt"].text
    fields = ("file", "headline", "article_id", "first_line", "last_line", "spans", "quote")
    place = Place(**{name: getattr(bundle.citations[0], name) for name in fields})
    below = tuple(Span(span.start - len(page), span.end - len(page)) for span in place.spans)
    forged = changed(bundle, **_first(bundle, also=(replace(place, spans=below),)))
    (fault,) = check_bundle(forged, tiny_store.pages, tiny_store.articles)
    assert "另一处 liuhe.txt 第 12 行：版面上没有这个位置" in fault


def test_a_million_spans_of_a_whole_page_are_not_put_together(bundle, tiny_store):
    whole = Span(0, len(tiny_store.pages["liuhe.txt"].text))
    forged = changed(bundle, **_first(bundle, spans=(whole,) * 100_000))
    (fault,) = check_bundle(forged, tiny_store.pages, tiny_store.articles)
    assert "引文比它的位置短" in fault


def test_sentences_of_a_model_are_held_against_their_quotes_again(bundle, tiny_store):
    def faults(text):
        return check_bundle(changed(bundle, generated=True, text=text), tiny_store.pages, tiny_store.articles)

    assert faults("鹿鸣大桥全长860米。[1]\n图书馆周一闭馆。[2]") == []
    assert faults("鹿鸣大桥全长860米。[1][2]") == []
    assert faults("鹿鸣大桥全长960米。[1][2]") == ["答案的“鹿鸣大桥全长960米。”不能由引文得出（960米）。"]
    assert faults("鹿鸣大桥全长860米。[1]") == ["引文 [2] 在答案里没有提到。"]


def test_what_no_page_can_prove_is_said(bundle, tiny_store):
    told = unchecked(bundle, tiny_store.manifest)
    assert told == ["问题", "引文是否回答了它", "把握", "生成时间", "说明"]
    assert unchecked(bundle)[-1] == "库的指纹"
    other = tiny_store.manifest.model_copy(update={"generation": "later"})
    assert check_bundle(bundle, tiny_store.pages, tiny_store.articles, other) == []
    assert unchecked(bundle, other)[-1] == "库的指纹（不是对照的这次构建）"


@pytest.mark.parametrize("confidence", ["NaN", "Infinity", "1.5", "-0.1"])
def test_a_confidence_that_is_none_is_damage(bundle, tmp_path, confidence):
    write_bundle(tmp_path / "b.json", bundle)
    text = (tmp_path / "b.json").read_text(encoding="utf-8")
    (tmp_path / "b.json").write_text(text.replace('"confidence": 0.8', f'"confidence": {confidence}'), encoding="utf-8")
    with pytest.raises(BundleError, match="is damaged at confidence"):
        read_bundle(tmp_path / "b.json")


def test_only_a_regular_file_of_some_size_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(BundleError, match="is no regular file"):
            read_bundle(file)
    with (tmp_path / "large.json").open("wb") as stream:
        stream.truncate(16 * 2**20 + 1)
    with pytest.raises(BundleError, match="has more than 16,777,216 bytes"):
        read_bundle(tmp_path / "large.json")


def test_a_full_disk_leaves_the_old_bundle_and_nothing_else(bundle, tmp_path, monkeypatch):
    file = tmp_path / "b.json"
    file.write_text("old", encoding="utf-8")

    def full(self, data, **kwargs):
        with self.open("w") as stream:
            stream.write("{")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BundleError, match=r"cannot be written \(No space left"):
        write_bundle(file, bundle)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("b.json", "old")]


def test_unknown_fields_are_refused(bundle):
    with pytest.raises(ValueError, match="Extra inputs"):
        Bundle.model_validate({**bundle.model_dump(), "more": 1})


# From the shell.


@pytest.fixture(scope="module")
def made(tmp_path_factory, pages_folder):
    """A folder with pages, their store, and a bundle of one answer."""
    work = tmp_path_factory.mktemp("bundle")
    shutil.copytree(pages_folder, work / "pages")
    (work / "pages" / "big5.txt").write_bytes("老橋通車\n\n本報記者江小禾報道，老橋全長1200米。".encode("big5"))
    assert main(["build", str(work / "pages"), "--store", str(work / "store"), "--json"]) == 0
    asked = ["ask", "鹿鸣大桥全长多少米？", "--store", str(work / "store"), "--bundle", str(work / "b.json")]
    assert main(asked) == 0
    return work


def test_verify_against_the_store_by_default(made, capsys):
    assert main(["verify", str(made / "b.json"), "--store", str(made / "store")]) == 0
    assert "核对无误" in capsys.readouterr().out


def test_verify_against_the_pages(made, capsys):
    assert main(["verify", str(made / "b.json"), "--pages", str(made / "pages"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True


def test_verify_names_what_does_not_hold_and_exits_with_1(made, tmp_path, capsys):
    shutil.copytree(made / "pages", tmp_path / "pages")
    page = tmp_path / "pages" / "liuhe.txt"
    page.write_text(page.read_text(encoding="utf-8").replace("860米", "960米"), encoding="utf-8")
    assert main(["verify", str(made / "b.json"), "--pages", str(tmp_path / "pages")]) == 1
    captured = capsys.readouterr()
    assert "版面文件变了" in captured.err
    assert "引文 [1] liuhe.txt" in captured.err
    assert "核对无误" not in captured.out
    page.unlink()
    assert main(["verify", str(made / "b.json"), "--pages", str(tmp_path / "pages"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["faults"] == ["liuhe.txt：找不到这个版面。"]


def test_verify_of_nothing_is_one_clear_line(made, capsys):
    assert main(["verify", str(made / "none.json"), "--store", str(made / "store")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_pages_built_with_an_encoding_given_by_hand(tmp_path, capsys):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.txt").write_bytes("老橋通車\n\n老橋全長1200米。".encode("big5"))
    store, bundle = str(tmp_path / "store"), str(tmp_path / "b.json")
    assert main(["build", str(tmp_path / "pages"), "--store", store, "--encoding", "big5", "--json"]) == 0
    assert main(["ask", "老橋全長多少米？", "--store", store, "--bundle", bundle, "--json"]) == 0
    capsys.readouterr()
    assert main(["verify", bundle, "--pages", str(tmp_path / "pages")]) == 0


def test_ready_articles_are_found_again(tmp_path, capsys):
    record = {"id": "a1", "title": "老桥通车", "text": "老桥全长1200米。"}
    (tmp_path / "news.jsonl").write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    store, bundle = str(tmp_path / "store"), str(tmp_path / "b.json")
    assert main(["build", str(tmp_path / "news.jsonl"), "--store", store, "--json"]) == 0
    assert main(["ask", "老桥全长多少米？", "--store", store, "--bundle", bundle, "--json"]) == 0
    capsys.readouterr()
    assert main(["verify", bundle, "--pages", str(tmp_path / "news.jsonl")]) == 0


def test_a_signed_bundle_is_shown_to_be_of_its_key(made, capsys):
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    pem, pub, file = made / "k.pem", made / "k.pub", made / "signed.json"
    pem.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pub.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    write_bundle(file, sign_bundle(read_bundle(made / "b.json"), pem))
    store = ["--store", str(made / "store")]
    assert main(["verify", str(file), *store, "--key", str(pub)]) == 0
    assert f"密钥 3b6a27bcceb6a42d… 是 {pub} 的" in capsys.readouterr().out.replace("\n", "")
    assert main(["verify", str(made / "b.json"), *store, "--key", str(pub)]) == 1
    assert "没有签名" in capsys.readouterr().err
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(told | {"seal": "0" * 64}), encoding="utf-8")
    assert main(["verify", str(file), *store]) == 1
    assert "签名之后被改动过" in capsys.readouterr().err
