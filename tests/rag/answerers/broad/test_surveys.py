"""Comparisons and lists over articles are computed by code, and every quote is cited and checked."""

from __future__ import annotations

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.bundle import check_bundle, make_bundle, unchecked
from rag.chain import AnswerChain
from rag.schema import QuestionKind

PAGES = {
    "a.txt": "白塔镇启用新车站\n\n本报讯（记者 周美玉）白塔镇汽车站上月启用，每天发车四十二班，可到邻近六县。\n",
    "b.txt": "杏花镇启用新车站\n\n本报讯（记者 苏禾）杏花镇汽车站上月启用，每天发车三十班，可到邻近六县。\n",
    "c.txt": "图书馆腊八送粥\n\n本报讯（记者 苏禾）柳河镇图书馆昨天为环卫工人送上腊八粥，读者也来帮忙。\n",
}


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towns")
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    build_store(folder, folder / "store", IndexConfig())
    return AnswerChain(open_store(folder / "store"))


def test_a_verdict_is_computed_from_two_cited_figures(chain):
    answer = chain.invoke("白塔镇汽车站和杏花镇汽车站，哪个每天发车多？")
    assert answer.kind is answer.trace.kind is QuestionKind.COMPARISON
    comparison = answer.comparison
    assert comparison.verdict == "白塔镇汽车站"
    assert [side.value for side in comparison.sides] == ["四十二班", "三十班"]
    assert comparison.difference == "12班"
    quotes = {citation.number: citation.quote for citation in answer.citations}
    assert all(side.value in quotes[side.number] for side in comparison.sides)


def test_articles_that_mention_a_word_are_counted_and_shown(chain):
    answer = chain.invoke("有几篇报道提到汽车站？")
    assert (answer.kind, answer.count.value, answer.direct) == (QuestionKind.COUNT, 2, "2 篇")
    assert {entry.file for entry in answer.entries} == {"a.txt", "b.txt"}
    assert all("汽车站" in citation.quote for citation in answer.citations)


def test_none_is_a_count_too(chain):
    answer = chain.invoke("提到导盲犬的报道有几篇？")
    assert (answer.abstained, answer.count.value) == (True, 0)
    assert "导盲犬" in answer.text


def test_the_articles_that_somebody_signed(chain):
    answer = chain.invoke("周美玉写了哪些报道")
    assert [entry.file for entry in answer.entries] == ["a.txt"]


@pytest.mark.parametrize(
    ("question", "forged"),
    [
        ("白塔镇汽车站和杏花镇汽车站，哪个每天发车多？", ("白塔镇汽车站：四十二班", "白塔镇汽车站：九十班")),
        ("有几篇报道提到汽车站？", ("《白塔镇启用新车站》", "《白塔镇关闭车站》")),
        ("提到导盲犬的报道有几篇？", ("0 篇", "3 篇")),
        ("谢谢", ("不客气", "不必了")),
    ],
)
def test_the_bundle_of_a_survey_is_its_quotes_with_their_headings(chain, question, forged):
    store = chain.store
    bundle = make_bundle(chain.invoke(question), store)
    assert check_bundle(bundle, store.pages, store.articles, store.manifest) == []
    assert forged[0] in bundle.text
    false = bundle.model_copy(update={"text": bundle.text.replace(*forged), "seal": ""})
    faults = check_bundle(false, store.pages, store.articles, store.manifest)
    assert len(faults) == 2  # the seal, and the text


def test_a_bundle_says_that_no_page_proves_a_count(chain):
    bundle = make_bundle(chain.invoke("有几篇报道提到汽车站？"), chain.store)
    assert "“2 篇”这个判断" in unchecked(bundle)
    more = bundle.model_copy(update={"text": bundle.text + "\n此外还有三篇。", "seal": ""})
    assert "答案的“此外还有三篇。”没有引文。" in check_bundle(more, chain.store.pages, chain.store.articles)
