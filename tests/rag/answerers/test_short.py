"""The short answer inside a quote: number, day, person, place, list, title, and nothing where no rule tells."""

from __future__ import annotations

import pytest

from rag.answerers.short import short_answers
from rag.question import understand


@pytest.mark.parametrize(
    ("question", "quote", "marked"),
    [
        ("图书馆藏书多少册？", "去年，图书馆藏书3200册，读者500人。", ["3200册"]),
        ("圖書館藏書多少冊？", "图书馆藏书３２００册。", ["３２００册"]),
        ("阅读量到了多少？", "读者500人，阅读量达1.3万。", ["1.3万"]),
        ("2025年办了几场活动？", "2025年办了10场活动，2024年办了8场。", ["10场"]),
        ("大桥哪天通车？", "6月22日，大桥通车，5辆车驶过。", ["6月22日"]),
        ("图书馆是哪年建的？", "图书馆始建于一九五六年。", ["一九五六年"]),
        ("馆长是谁？", "图书馆馆长王小明表示，周一闭馆。", ["王小明"]),
        ("图书馆里有哪些书？", "图书馆很大，藏有小说、诗集、画册和报纸，常有人来。", ["藏有小说、诗集、画册和报纸"]),
        ("读书节的主题叫什么？", "“悦读”节今天开幕，主题为“书香柳河”。", ["悦读"]),
        ("图书馆为什么闭馆？", "因为下雨，图书馆闭馆。", []),
    ],
)
def test_what_is_marked(question: str, quote: str, marked: list[str]) -> None:
    assert [quote[a:b] for a, b in short_answers(understand(question), quote)] == marked


def test_a_figure_that_the_question_tells_is_no_answer() -> None:
    quote = "2025年建成3个站点。"
    assert [quote[a:b] for a, b in short_answers(understand("2025年建成几个站点？"), quote)] == ["3个"]


def test_a_title_that_the_question_tells_is_no_answer() -> None:
    quote = "“悦读”节主题为“书香柳河”。"
    assert [quote[a:b] for a, b in short_answers(understand("“悦读”节的主题是什么？"), quote)] == ["书香柳河"]


def test_times_that_something_happened_are_no_time() -> None:
    assert short_answers(understand("什么时候开始服务的？"), "为11户家庭提供57次服务。") == ()


def test_nothing_of_the_kind_is_no_mark() -> None:
    assert short_answers(understand("图书馆藏书多少册？"), "图书馆昨天开馆。") == ()
