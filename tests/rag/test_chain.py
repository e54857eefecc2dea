"""Does a question become the same checked answer on every way that LangChain offers?"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.answerers import Extract, Reading
from rag.chain import AnswerChain, ask
from rag.config import RagConfig
from rag.errors import AnswerError, RetrievalError, WenjuError
from rag.retrieval.retriever import PassageRetriever
from rag.schema import Remark, Trace, Turn, Warns

BRIDGE, LIBRARY = "liuhe.txt#10:0", "liuhe.txt#2:52"
LENGTH = "鹿鸣大桥前天通车，全长860米，双向四车道。"  # lines 12 and 14, torn
CROSSING = "从东岸到西岸只要两分钟。"
HOURS = "图书馆每天上午9时开门，晚上8时关门，周一闭馆。"
NOTHING = Reading((), 0.1, "no answer here")
QUESTIONS = ["鹿鸣大桥全长多少米？", "图书馆几点开门？", "龙舟赛谁夺冠了？"]


def extract_of(store, passage_id, words):
    start = store.articles[store.passages[passage_id].article_id].text.index(words)
    return Extract(passage_id, start, start + len(words))


@pytest.fixture
def two_quotes(tiny_store):
    extracts = (extract_of(tiny_store, BRIDGE, LENGTH), extract_of(tiny_store, LIBRARY, HOURS))
    return Reading(extracts, 0.8, "as told")


class FirstPassageReader:
    """Answers with the whole best passage, so that each question has an answer of its own, whatever the order."""

    def read(self, question, hits, store):
        if not hits:
            return NOTHING
        passage = store.passages[hits[0].passage_id]
        return Reading((Extract(passage.passage_id, passage.start, passage.end),), hits[0].score, question.query)


def timeless(answer):
    """The answer without the one thing that differs from run to run."""
    return replace(answer, trace=replace(answer.trace, timings={}))


def assert_numbered(answer):
    """The [n] of the text are exactly the citations, in order, and each stands behind its quote, below the answer."""
    assert [int(n) for n in re.findall(r"\[(\d+)\]", answer.text)] == [c.number for c in answer.citations]
    assert [c.number for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    quotes = "\n".join(f"{c.quote}[{c.number}]" for c in answer.citations)
    assert answer.text in {quotes, f"{answer.direct}\n{quotes}"}


def test_an_answer_and_all_that_it_tells(tiny_store, scripted_reader, two_quotes):
    reader = scripted_reader(two_quotes)
    answer = AnswerChain(tiny_store, reader=reader).invoke("鹿鸣大桥全长多少米？")
    assert answer.question == "鹿鸣大桥全长多少米？"
    assert answer.text == f"{LENGTH}[1]\n{HOURS}[2]"
    assert_numbered(answer)
    assert [(c.file, c.headline, c.first_line, c.last_line) for c in answer.citations] == [
        ("liuhe.txt", "鹿鸣大桥通车", 12, 14),
        ("liuhe.txt", "柳河镇图书馆开馆", 8, 8),
    ]
    assert (answer.confidence, answer.abstained, answer.nearest) == (0.8, False, ())
    assert answer.trace.query == "鹿鸣大桥全长多少米？"
    assert answer.trace.reason == "as told"
    assert answer.trace.hits[0].passage_id == BRIDGE
    assert set(answer.trace.timings) == {"understand", "retrieve", "read", "cite"}
    assert all(milliseconds >= 0 for milliseconds in answer.trace.timings.values())
    # What the reader was given is what the trace tells.
    ((question, hits),) = reader.asked
    assert question.asked == "鹿鸣大桥全长多少米？"
    assert hits == answer.trace.hits


def test_a_direct_answer_stands_above_its_quotes(tiny_store, scripted_reader):
    start = tiny_store.articles[tiny_store.passages[BRIDGE].article_id].text.index("860米")
    extract = replace(extract_of(tiny_store, BRIDGE, LENGTH), marks=((start, start + 4),))
    reading = Reading((extract,), 0.8, "as told", direct="860米")
    answer = AnswerChain(tiny_store, reader=scripted_reader(reading)).invoke("鹿鸣大桥全长多少米？")
    assert answer.direct == "860米"
    assert answer.text == f"860米\n{LENGTH}[1]"
    (citation,) = answer.citations
    assert [citation.quote[a:b] for a, b in citation.marks] == ["860米"]
    # One that is nearly the whole quote is not said twice.
    whole = AnswerChain(tiny_store, reader=scripted_reader(replace(reading, direct=LENGTH[:-1]))).invoke("大桥？")
    assert (whole.direct, whole.text) == (LENGTH[:-1], f"{LENGTH}[1]")


def test_what_contradicts_a_question_is_shown_beside_the_refusal(tiny_store, scripted_reader):
    told = Remark(Warns.MISMATCH, "问题里说“红星大桥”，文中是“鹿鸣大桥”。")
    instead = (extract_of(tiny_store, BRIDGE, LENGTH),)
    reading = Reading((), 0.1, "differs", remarks=(told,), instead=instead)
    answer = AnswerChain(tiny_store, reader=scripted_reader(reading)).invoke("红星大桥全长多少米？")
    assert (answer.abstained, answer.citations, answer.direct) == (True, (), "")
    assert answer.text.endswith("问题里说“红星大桥”，文中是“鹿鸣大桥”。")
    assert [citation.quote for citation in answer.nearest] == [LENGTH]
    assert answer.remarks == (told,)


def test_a_stream_grows_by_one_quote_and_ends_as_invoke_does(tiny_store, scripted_reader, two_quotes):
    chain = AnswerChain(tiny_store, reader=scripted_reader(two_quotes, two_quotes))
    grown = list(chain.stream(QUESTIONS[0]))
    assert [answer.text for answer in grown] == [f"{LENGTH}[1]", f"{LENGTH}[1]\n{HOURS}[2]"]
    assert [len(answer.citations) for answer in grown] == [1, 2]
    for answer in grown:
        assert_numbered(answer)
    assert timeless(grown[-1]) == timeless(chain.invoke(QUESTIONS[0]))


async def test_all_ways_of_asking_agree(tiny_store):
    chain = AnswerChain(tiny_store, reader=FirstPassageReader())
    expected = [timeless(chain.invoke(question)) for question in QUESTIONS]
    assert len({answer.text for answer in expected}) == len(QUESTIONS)  # else an exchange would not be seen
    assert [timeless([*chain.stream(question)][-1]) for question in QUESTIONS] == expected
    assert [timeless(answer) for answer in chain.batch(QUESTIONS)] == expected
    assert [timeless(await chain.ainvoke(question)) for question in QUESTIONS] == expected
    streamed = [[timeless(answer) async for answer in chain.astream(question)] for question in QUESTIONS]
    assert [answers[-1] for answers in streamed] == expected
    assert [timeless(answer) for answer in await chain.abatch(QUESTIONS)] == expected
    together = await asyncio.gather(*(chain.ainvoke(question) for question in QUESTIONS))
    assert [timeless(answer) for answer in together] == expected


async def test_an_async_stream_grows_as_well(tiny_store, scripted_reader, two_quotes):
    chain = AnswerChain(tiny_store, reader=scripted_reader(two_quotes))
    texts = [answer.text async for answer in chain.astream(QUESTIONS[0])]
    assert texts == [f"{LENGTH}[1]", f"{LENGTH}[1]\n{HOURS}[2]"]


def test_a_question_may_come_as_a_mapping(tiny_store):
    chain = AnswerChain(tiny_store, reader=FirstPassageReader())
    plain = timeless(chain.invoke(QUESTIONS[0]))
    assert timeless(chain.invoke({"question": QUESTIONS[0]})) == plain
    assert timeless(chain.invoke({"question": QUESTIONS[0], "history": []})) == plain
    assert timeless(chain.invoke({"question": QUESTIONS[0], "history": None})) == plain


def test_history_may_be_turns_or_mappings(tiny_store):
    chain = AnswerChain(tiny_store, reader=FirstPassageReader())
    turns = [Turn("图书馆在哪里？", "……"), Turn("鹿鸣大桥全长多少米？", "860米")]
    plain = [{"question": turn.question, "answer": turn.answer} for turn in turns]
    first = chain.invoke({"question": "它有几条车道？", "history": turns})
    second = chain.invoke({"question": "它有几条车道？", "history": plain})
    assert timeless(first) == timeless(second)
    assert first.question == "它有几条车道？"  # as it was asked
    assert "鹿鸣大桥" in first.trace.query  # as it was searched: what it points back to is there
    assert "鹿鸣大桥" not in chain.invoke("它有几条车道？").trace.query
    assert first.citations[0].headline == "鹿鸣大桥通车"


@pytest.mark.parametrize(
    ("question", "says"),
    [("火箭几点开门？", "没有找到这个问题的答案"), ("When does the rocket open?", "does not answer this question")],
)
def test_a_refusal_says_so_in_the_language_of_the_question(tiny_store, scripted_reader, question, says):
    answer = AnswerChain(tiny_store, reader=scripted_reader(NOTHING)).invoke(question)
    assert answer.abstained
    assert says in answer.text
    assert answer.citations == ()
    assert "[" not in answer.text
    assert (answer.confidence, answer.trace.reason) == (0.1, "no answer here")


def test_a_refusal_shows_the_nearest_passages(tiny_store, scripted_reader):
    answer = AnswerChain(tiny_store, reader=scripted_reader(NOTHING)).invoke("图书馆、大桥、龙舟和果园")
    assert [citation.number for citation in answer.nearest] == [1, 2, 3]
    assert [citation.passage_id for citation in answer.nearest] == [hit.passage_id for hit in answer.trace.hits[:3]]
    assert [c.quote for c in answer.nearest] == [tiny_store.passages[c.passage_id].text for c in answer.nearest]


@pytest.mark.parametrize(("shown", "expected"), [(0, 0), (1, 1), (20, 6)])
def test_how_many_are_shown_is_a_setting(tiny_store, scripted_reader, shown, expected):
    # 图书馆 2 passages, 大桥 1, 龙舟 2, 果园 1: six have to do with the question.
    chain = AnswerChain(tiny_store, RagConfig(nearest_shown=shown), reader=scripted_reader(NOTHING))
    assert len(chain.invoke("图书馆、大桥、龙舟和果园").nearest) == expected


def test_a_refusal_where_nothing_was_found(tiny_store, scripted_reader):
    reader = scripted_reader(NOTHING)
    answer = AnswerChain(tiny_store, reader=reader).invoke("quantum xylophone")
    assert (answer.abstained, answer.nearest, answer.trace.hits) == (True, (), ())
    assert reader.asked[0][1] == ()


@pytest.mark.parametrize("read", [1, 2])
def test_how_many_passages_are_read_is_a_setting(tiny_store, scripted_reader, read):
    reader = scripted_reader(NOTHING)
    AnswerChain(tiny_store, RagConfig(passages_read=read), reader=reader).invoke("图书馆、大桥、龙舟和果园")
    assert len(reader.asked[0][1]) == read


def test_another_retriever_can_be_given(tiny_store, scripted_reader):
    reader = scripted_reader(NOTHING)
    chain = AnswerChain(tiny_store, reader=reader, retriever=PassageRetriever(store=tiny_store, k=1))
    assert len(chain.invoke("图书馆、大桥、龙舟和果园").trace.hits) == 1


@pytest.mark.parametrize(("question", "message"), [(" ？", "The question is empty"), ("桥" * 2001, "2,001 characters")])
async def test_a_question_that_cannot_be_searched_is_an_error_on_every_way(tiny_store, question, message):
    chain = AnswerChain(tiny_store, reader=FirstPassageReader())
    with pytest.raises(RetrievalError, match=message):
        chain.invoke(question)
    with pytest.raises(RetrievalError, match=message):
        list(chain.stream(question))
    with pytest.raises(RetrievalError, match=message):
        chain.batch([QUESTIONS[0], question])
    with pytest.raises(RetrievalError, match=message):
        await chain.ainvoke(question)
    with pytest.raises(RetrievalError, match=message):
        [answer async for answer in chain.astream(question)]
    mixed = chain.batch([QUESTIONS[0], question], return_exceptions=True)
    assert isinstance(mixed[1], RetrievalError)
    assert mixed[0].citations


@pytest.mark.parametrize("extract", [Extract(BRIDGE, 0, 9999), Extract(BRIDGE, 6, 7), Extract("nowhere", 0, 5)])
def test_a_reader_that_points_to_nothing_is_an_error_and_not_a_shrug(tiny_store, scripted_reader, extract):
    chain = AnswerChain(tiny_store, reader=scripted_reader(Reading((extract,), 0.9, "wrong")))
    with pytest.raises(AnswerError, match=r"Citation \[1\]"):
        chain.invoke(QUESTIONS[0])


def test_a_page_that_does_not_hold_the_quote_is_an_error(tiny_store, scripted_reader, two_quotes):
    page = tiny_store.pages["liuhe.txt"]
    tampered = replace(
        tiny_store, pages={**tiny_store.pages, "liuhe.txt": replace(page, text=page.text.replace("860米", "960米"))}
    )
    chain = AnswerChain(tampered, reader=scripted_reader(two_quotes, two_quotes))
    with pytest.raises(AnswerError, match=r"Citation \[1\] of liuhe\.txt says .* but lines 12-14 hold .*960米"):
        chain.invoke(QUESTIONS[0])
    with pytest.raises(AnswerError, match="lines 12-14"):
        list(chain.stream(QUESTIONS[0]))


def test_a_refusal_with_a_tampered_page_is_an_error_too(tiny_store, scripted_reader):
    pages = {name: replace(page, text="空" * len(page.text)) for name, page in tiny_store.pages.items()}
    chain = AnswerChain(replace(tiny_store, pages=pages), reader=scripted_reader(NOTHING))
    with pytest.raises(AnswerError, match="hold '空空"):
        chain.invoke(QUESTIONS[0])


def test_it_can_be_joined_with_other_runnables(tiny_store, scripted_reader, two_quotes):
    chain = AnswerChain(tiny_store, reader=scripted_reader(two_quotes, two_quotes))
    joined = RunnableLambda(str.strip) | chain | RunnableLambda(lambda answer: answer.text)
    assert joined.invoke(f"  {QUESTIONS[0]} ") == f"{LENGTH}[1]\n{HOURS}[2]"
    assert "".join(joined.stream(QUESTIONS[0])).endswith("[2]")


def test_langchains_callbacks_see_the_chain_and_its_retriever(tiny_store):
    class Log(BaseCallbackHandler):
        def __init__(self):
            self.events = []

        def on_chain_start(self, serialized, inputs, **kwargs):
            self.events.append(("chain", kwargs["run_id"], kwargs["parent_run_id"]))

        def on_retriever_start(self, serialized, query, **kwargs):
            self.events.append(("retriever", kwargs["run_id"], kwargs["parent_run_id"]))

        def on_retriever_end(self, documents, **kwargs):
            self.events.append(("found", kwargs["run_id"], len(documents)))

    chain = AnswerChain(tiny_store, reader=FirstPassageReader())
    for call in (chain.invoke, lambda *args: list(chain.stream(*args))):
        log = Log()
        call(QUESTIONS[0], {"callbacks": [log]})
        (first, chain_run, parent), (second, retriever_run, retriever_parent), (third, found_run, count) = log.events
        assert (first, second, third) == ("chain", "retriever", "found")
        assert parent is None
        assert retriever_parent == chain_run
        assert found_run == retriever_run
        assert count > 0


def test_an_answer_can_be_written_as_json(tiny_store, scripted_reader, two_quotes):
    answer = AnswerChain(tiny_store, reader=scripted_reader(two_quotes)).invoke(QUESTIONS[0])
    told = json.loads(json.dumps(answer.to_dict(), ensure_ascii=False))
    assert told["text"] == answer.text
    assert told["citations"][0]["spans"] == [{"start": s.start, "end": s.end} for s in answer.citations[0].spans]
    assert told["trace"]["hits"][0]["rank"] == 1


def test_an_answer_is_frozen(tiny_store, scripted_reader, two_quotes):
    answer = AnswerChain(tiny_store, reader=scripted_reader(two_quotes)).invoke(QUESTIONS[0])
    with pytest.raises(AttributeError, match="cannot assign"):
        answer.text = "other"
    assert Trace().hits == ()


@pytest.fixture(scope="module")
def builtin_store(pages_folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("builtin") / "store"
    build_store(pages_folder, path, IndexConfig())
    return open_store(path)


def test_ask_answers_with_the_built_in_model_and_reader(builtin_store):
    answer = ask(builtin_store, "鹿鸣大桥全长多少米？")
    assert not answer.abstained
    assert "860米" in answer.citations[0].quote
    assert (answer.citations[0].file, answer.citations[0].first_line) == ("liuhe.txt", 12)
    assert_numbered(answer)
    page = builtin_store.pages["liuhe.txt"].text
    for citation in answer.citations:
        assert "".join(page[s.start : s.end] for s in citation.spans) == citation.quote.replace("\n", "")


def test_ask_follows_a_conversation(builtin_store):
    answer = ask(builtin_store, "它有几条车道？", [Turn("鹿鸣大桥全长多少米？", "860米")])
    assert "鹿鸣大桥" in answer.trace.query


def test_ask_raises_our_errors_only(builtin_store):
    with pytest.raises(WenjuError, match="The question is empty"):
        ask(builtin_store, "")


def test_a_config_that_refuses_everything(builtin_store):
    assert ask(builtin_store, "鹿鸣大桥全长多少米？", config=RagConfig(min_confidence=1.0)).abstained


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"passages": 3}, "Extra inputs are not permitted"),
        ({"passages_read": 0}, "greater than or equal to 1"),
        ({"min_confidence": 1.5}, "less than or equal to 1"),
        ({"nearest_shown": -1}, "greater than or equal to 0"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        RagConfig(**settings)


def test_a_refusal_without_any_hit_points_at_nothing(make_store) -> None:
    answer = AnswerChain(make_store({"a.txt": "龙舟赛开始了。"})).invoke("zzzz qqqq")
    assert (answer.abstained, answer.nearest) == (True, ())
    assert answer.text == "The collection does not answer this question."


def test_the_trace_tells_features_only_when_it_is_asked_to(tiny_store, scripted_reader, two_quotes):
    silent = AnswerChain(tiny_store, reader=scripted_reader(two_quotes)).invoke("鹿鸣大桥全长多少米？")
    telling = AnswerChain(tiny_store, RagConfig(trace=True), reader=scripted_reader(two_quotes)).invoke(
        "鹿鸣大桥多长？"
    )
    assert silent.trace.features == {}
    assert set(telling.trace.features) == {hit.passage_id for hit in telling.trace.hits}
    assert "dense" in telling.trace.features[BRIDGE]


def test_a_question_of_two_parts_is_searched_twice(tiny_store, scripted_reader, two_quotes):
    one, other = two_quotes.extracts
    reader = scripted_reader(Reading((one,), 0.8, "length"), Reading((other,), 0.6, "hours"))
    answer = AnswerChain(tiny_store, reader=reader).invoke("鹿鸣大桥全长多少米，图书馆又是几点开门？")
    assert answer.text == f"{LENGTH}[1]\n{HOURS}[2]"
    assert (answer.confidence, answer.partly) == (0.6, False)
    assert [hits[0].passage_id for _, hits in reader.asked] == [BRIDGE, LIBRARY]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"question": None}, "cannot read {'question': None}"),
        ({"input": "图书馆几点开门？"}, "cannot read {'input': "),
        ({"question": "图书馆几点开门？", "histroy": []}, "cannot read"),
        ({}, "cannot read {}"),
        (None, "cannot read None"),
        (7, "cannot read 7"),
        (["图书馆几点开门？"], "cannot read"),
        ({"question": "图书馆几点开门？", "history": "它呢"}, "history '它呢' is no list"),
        ({"question": "图书馆几点开门？", "history": 7}, "history 7 is no list"),
        ({"question": "图书馆几点开门？", "history": [7]}, "holds something else than turns"),
        ({"question": "图书馆几点开门？", "history": [{"answer": "9时"}]}, "holds something else than turns"),
    ],
)
async def test_what_is_no_question_is_refused_on_every_way(tiny_store, item, told):
    chain = AnswerChain(tiny_store)
    with pytest.raises(RetrievalError, match=re.escape(told)) as refused:
        chain.invoke(item)
    assert "'question'" in refused.value.fix
    with pytest.raises(RetrievalError, match=re.escape(told)):
        await chain.ainvoke(item)
    with pytest.raises(RetrievalError, match=re.escape(told)):
        list(chain.stream(item))


def test_a_long_thing_that_is_no_question_is_shown_in_part(tiny_store):
    with pytest.raises(RetrievalError) as refused:
        AnswerChain(tiny_store).invoke({"input": "长" * 5000})
    assert len(str(refused.value)) < 300
