"""Credits, summaries, overviews, timelines and points of articles are quotes, found by code."""

from __future__ import annotations

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.bundle import check_bundle, make_bundle
from rag.chain import AnswerChain
from rag.schema import QuestionKind

PAGES = {
    "a.txt": (
        "2031年4月8日\n\n白塔镇启用新车站\n\n本报讯（记者 周美玉 通讯员 何田）白塔镇汽车站昨天启用，每天发车四十二班。"
        "车站2029年3月动工，2030年10月封顶。旅客可以用手机买票，也可以在窗口买票。站前广场种了两百棵银杏树。"
        "站长说，夏天还要开通夜班车。车站有六个检票口。\n苏禾 摄\n"
    ),
    "b.txt": (
        "2031年5月2日\n\n柳河镇图书馆提出倡议\n\n柳河镇图书馆昨天向读者提出倡议：一是爱护书籍，不折角；二是按时还书，方便他人；"
        "三是保持安静，手机静音。图书馆去年购书三千册，读者比前年多了一成。\n"
    ),
    "d.txt": (
        "杏花镇书店办年货节\n\n杏花镇书店昨天办年货节，卖春联和年画，读者三百余人。\n本报记者 盛田/文 杏花镇书店供图\n"
    ),
    "c.txt": (
        "柳河镇图书馆腊八送粥\n\n柳河镇图书馆昨天为环卫工人送上腊八粥，读者也来帮忙。"
        "粥有八种米和豆。\n□本报记者 石青 通讯员 何苗\n"
    ),
}


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wholes")
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    build_store(folder, folder / "store", IndexConfig())
    return AnswerChain(open_store(folder / "store"))


def quotes(answer):
    return [citation.quote for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "direct", "quote"),
    [
        ("白塔镇新车站那篇报道是谁写的？", "周美玉、何田", "（记者 周美玉 通讯员 何田）"),
        ("白塔镇新车站的照片谁拍的？", "苏禾", "苏禾 摄"),
        ("白塔镇新车站那条消息是哪天见报的？", "2031-04-08", "白塔镇启用新车站"),
        ("杏花镇书店那篇报道是谁写的？", "盛田", "本报记者 盛田/文 杏花镇书店供图"),
        ("杏花镇书店年货节的照片谁拍的？", "杏花镇书店", "本报记者 盛田/文 杏花镇书店供图"),
        ("柳河镇图书馆腊八送粥那篇报道是谁写的？", "石青、何苗", "□本报记者 石青 通讯员 何苗"),
        ("柳河镇图书馆倡议那篇稿子谁写的？", "这篇没有署作者", "柳河镇图书馆提出倡议"),
    ],
)
def test_the_credits_tell_who_wrote_and_when(chain, question, direct, quote):
    answer = chain.invoke(question)
    assert (answer.kind, answer.direct, quotes(answer)) == (QuestionKind.METADATA, direct, [quote])


def test_the_points_of_an_article_are_all_listed_and_nothing_else(chain):
    answer = chain.invoke("柳河镇图书馆提了哪三条倡议？")
    assert (answer.kind, answer.direct) == (QuestionKind.POINTS, "共 3 条")
    assert quotes(answer) == ["一是爱护书籍，不折角；", "二是按时还书，方便他人；", "三是保持安静，手机静音。"]


def test_a_timeline_is_in_the_order_of_its_days(chain):
    answer = chain.invoke("白塔镇车站的来龙去脉")
    assert answer.kind is QuestionKind.TIMELINE
    assert [entry.when for entry in answer.entries] == ["2029-03", "2031-04-07"]
    assert quotes(answer) == ["车站2029年3月动工，2030年10月封顶。", "白塔镇汽车站昨天启用，每天发车四十二班。"]


def test_a_summary_quotes_some_sentences_of_one_article_in_its_order(chain):
    answer = chain.invoke("总结一下《白塔镇启用新车站》")
    assert answer.kind is QuestionKind.SUMMARY
    assert {citation.file for citation in answer.citations} == {"a.txt"}
    starts = [citation.spans[0].start for citation in answer.citations]
    assert len(starts) == 5
    assert starts == sorted(starts)
    assert quotes(answer)[0] == "白塔镇汽车站昨天启用，每天发车四十二班。"  # without its dateline


def test_an_overview_goes_over_the_articles(chain):
    answer = chain.invoke("柳河镇图书馆都做了哪些事？")
    assert answer.kind is QuestionKind.OVERVIEW
    assert {entry.file for entry in answer.entries} == {"b.txt", "c.txt"}


@pytest.mark.parametrize(
    "question",
    [
        "白塔镇新车站那篇报道是谁写的？",
        "白塔镇车站的来龙去脉",
        "总结一下《白塔镇启用新车站》",
        "柳河镇图书馆提了哪三条倡议？",
    ],
)
def test_their_bundles_hold(chain, question):
    store = chain.store
    assert check_bundle(make_bundle(chain.invoke(question), store), store.pages, store.articles, store.manifest) == []


def test_what_no_article_is_about_is_a_refusal(chain):
    assert chain.invoke("总结一下量子纠缠的报道").abstained
