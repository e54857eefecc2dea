"""Is a question about an article or a topic as a whole told from one for a fact, and what it is about taken out?"""

from __future__ import annotations

import pytest

from rag.query.whole import Detail, read_whole
from rag.schema import QuestionKind


@pytest.mark.parametrize(
    ("question", "details", "topic"),
    [
        ("白塔镇车站启用那篇稿子谁写的？", [Detail.WRITER], "白塔镇车站启用"),
        ("查一下赛龙舟那组照片是谁拍的", [Detail.PHOTOGRAPHER], "赛龙舟"),
        ("新车站那条消息是哪家报纸登的", [Detail.SOURCE], "新车站"),
        ("图书馆送粥的报道是哪天见报的？", [Detail.DAY], "图书馆送粥"),
        ("图书馆那篇报道的记者叫什么名字？", [Detail.WRITER], "图书馆"),
        ("关于图书馆送粥的稿子，作者是哪一位？", [Detail.WRITER], "图书馆送粥"),
        ("新车站启用那份通告落款是哪个单位？", [Detail.WRITER], "新车站启用那份通告"),
        ("新车站启用是哪两位记者跑的", [Detail.WRITER], "新车站启用"),
        ("柳河镇防汛谁采写的", [Detail.WRITER], "柳河镇防汛"),
        ("新车站启用的消息，配的照片出自谁之手？", [Detail.PHOTOGRAPHER], "新车站启用"),
        ("新车站的照片是谁拍的？", [Detail.PHOTOGRAPHER], "新车站"),
        ("白塔日报上《白塔镇启用新车站》是谁写的？", [Detail.WRITER], "《白塔镇启用新车站》"),
        ("图书馆送粥那篇报道转载自哪里", [Detail.SOURCE], "图书馆送粥"),
        ("新车站启用的消息登出来的日期是？", [Detail.DAY], "新车站启用"),
    ],
)
def test_what_is_asked_of_an_article_besides_its_text(question, details, topic):
    whole = read_whole(question)
    assert (whole.kind, list(whole.details), whole.topic) == (QuestionKind.METADATA, details, topic)


@pytest.mark.parametrize(
    ("question", "kind", "topic", "count"),
    [
        ("总结一下《白塔镇启用新车站》", QuestionKind.SUMMARY, "《白塔镇启用新车站》", 0),
        ("柳河镇图书馆都做了哪些事？", QuestionKind.OVERVIEW, "柳河镇图书馆", 0),
        ("新车站的来龙去脉讲讲", QuestionKind.TIMELINE, "新车站", 0),
        ("《白塔镇启用新车站》讲了什么？", QuestionKind.SUMMARY, "《白塔镇启用新车站》", 0),
        ("用两句话说说新车站启用的报道", QuestionKind.SUMMARY, "新车站启用", 0),
        ("柳河镇最近有什么大事？", QuestionKind.OVERVIEW, "柳河镇", 0),
        ("最近柳河镇有什么大事？", QuestionKind.OVERVIEW, "柳河镇", 0),
        ("按时间顺序说说新车站的搬迁", QuestionKind.TIMELINE, "新车站的搬迁", 0),
        ("镇里提了哪三条建议？", QuestionKind.POINTS, "镇里，建议", 3),
        ("办证分几步", QuestionKind.POINTS, "办证", 0),
    ],
)
def test_what_is_asked_of_the_whole(question, kind, topic, count):
    whole = read_whole(question)
    assert (whole.kind, whole.topic, whole.count) == (kind, topic, count)


@pytest.mark.parametrize(
    "question",
    [
        "大桥长多少米？",
        "谁写了《红楼梦》？",
        "报道里的电影是谁拍的？",
        "座谈会是哪天召开的？",
        "公园紧邻哪条路？",
        "他后来成了哪方面的能手？",
        "镇里有哪些举措？",
        "总结一下",
    ],
)
def test_questions_for_a_fact_are_none(question):
    assert read_whole(question) is None
