"""A bundle holds against its store and its pages, and names what does not."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import pytest

from index.reading.source import find_pages, read_page
from rag.answerers import Extract, Reading
from rag.bundle import Bundle, check_bundle, make_bundle, read_bundle, write_bundle
from rag.chain import AnswerChain
from rag.cli.command import main
from rag.errors import BundleError
from rag.schema import Place, Remark, Warns

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
        fresh.model_dump(mode="json", exclude={"seal"}), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return fresh.model_copy(update={"seal": hashlib.sha256(told.encode()).hexdigest()})


def test_it_holds_against_the_store_and_against_the_files(bundle, tiny_store, pages_folder):
    assert check_bundle(bundle, tiny_store.pages) == []
    pages = {name: read_page(file, name) for name, file in find_pages(pages_folder)}
    assert check_bundle(bundle, pages) == []


def test_it_survives_its_file(bundle, tiny_store, tmp_path):
    write_bundle(tmp_path / "b.json", bundle)
    again = read_bundle(tmp_path / "b.json")
    assert again == bundle
    assert check_bundle(again, tiny_store.pages) == []
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
    assert check_bundle(bundle, tiny_store.pages) == []


def test_an_edited_file_breaks_its_seal(bundle, tiny_store):
    (fault,) = check_bundle(bundle.model_copy(update={"question": "别的问题？"}), tiny_store.pages)
    assert "封签不符" in fault


def test_a_wrong_quote_is_named_though_sealed_anew(bundle, tiny_store):
    first = replace(bundle.citations[0], quote=LENGTH.replace("860", "960"))
    citations = (first, bundle.citations[1])
    text = "\n".join(f"{c.quote}[{c.number}]" for c in citations)
    (fault,) = check_bundle(changed(bundle, citations=citations, text=text), tiny_store.pages)
    assert "引文 [1] liuhe.txt 第 12 行" in fault
    assert "960米" in fault
    assert "860米" in fault


def test_a_wrong_line_a_wrong_place_and_a_wrong_text_are_named(bundle, tiny_store):
    first = bundle.citations[0]
    (fault,) = check_bundle(
        changed(bundle, citations=(replace(first, first_line=3), bundle.citations[1])), tiny_store.pages
    )
    assert "行号不符" in fault
    far = tuple(replace(span, end=10**6) for span in first.spans)
    (fault,) = check_bundle(
        changed(bundle, citations=(replace(first, spans=far), bundle.citations[1])), tiny_store.pages
    )
    assert "没有这个位置" in fault
    (fault,) = check_bundle(changed(bundle, text="大桥全长960米。[1]"), tiny_store.pages)
    assert "不是它的引文" in fault
    (fault,) = check_bundle(changed(bundle, text="大桥全长860米。[7]", generated=True), tiny_store.pages)
    assert "[7] 没有引文" in fault
    assert "没有记下它的哈希" in check_bundle(changed(bundle, files={}), tiny_store.pages)[0]


def test_a_direct_answer_must_be_words_that_the_quotes_mark(bundle, tiny_store):
    first = replace(bundle.citations[0], marks=((LENGTH.index("860米"), LENGTH.index("860米") + 4),))
    citations = (first, bundle.citations[1])

    def faults(direct: str, above: str) -> list[str]:
        return check_bundle(
            changed(bundle, citations=citations, direct=direct, text=f"{above}\n{bundle.text}"), tiny_store.pages
        )

    assert faults("860米", "860米") == []
    assert faults("是", "是") == []  # a yes or no is no word of the page
    assert faults("960米", "960米") == ["直接回答“960米”不是引文里标出的文字。"]
    assert faults("860米", "960米") == ["答案的文字不是它的引文。"]


def test_a_bundle_of_the_first_version_still_holds(bundle, tiny_store):
    told = bundle.model_copy(update={"version": 1}).model_dump(mode="json", exclude={"seal", "direct", "asks"})
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    old = told | {"seal": hashlib.sha256(text.encode()).hexdigest()}
    assert check_bundle(Bundle.model_validate(old), tiny_store.pages) == []
    assert check_bundle(Bundle.model_validate(old | {"question": "别的？"}), tiny_store.pages) != []


def test_the_other_places_of_a_quote_are_checked_too(bundle, tiny_store):
    first, second = bundle.citations
    fields = ("file", "headline", "article_id", "first_line", "last_line", "spans", "quote")
    place = Place(**{name: getattr(first, name) for name in fields})

    def faults(other):
        citations = (replace(first, also=(other,)), second)
        return check_bundle(changed(bundle, citations=citations), tiny_store.pages)

    assert faults(place) == []
    assert "与引文不是同一句话" in faults(replace(place, spans=second.spans, quote=second.quote))[0]
    assert "版面上是" in faults(replace(place, quote=LENGTH.replace("860", "960")))[0]
    assert "gone.txt：文件里没有记下它的哈希" in faults(replace(place, file="gone.txt"))[0]


def test_a_page_that_changed_or_is_gone_is_named(bundle, tiny_store):
    page = tiny_store.pages["liuhe.txt"]
    assert check_bundle(bundle, {}) == ["liuhe.txt：找不到这个版面。"]
    (fault,) = check_bundle(bundle, {"liuhe.txt": replace(page, sha256="0" * 64)})
    assert "版面文件变了" in fault
    faults = check_bundle(bundle, {"liuhe.txt": replace(page, text=page.text.replace("860米", "960米"))})
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
