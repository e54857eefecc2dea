"""Are passages found by meaning and by words, fused by rank, and in a fixed order?

Scores that are counted here: rank r of a leg is worth 61 / (60 + r), so 1 for the first and 61/62 for the second; the
lexical leg has the weight t and the dense leg 1 - t, where t is 0 when no word of the question is known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from index.schema import Kind
from rag.chain import AnswerChain
from rag.config import RagConfig
from rag.errors import RetrievalError
from rag.query.question import LONGEST_QUERY
from rag.retrieval.crossencoder import Judgement
from rag.retrieval.retriever import PassageRetriever, find_rows, fuse, passage_document, search
from rag.schema import Hit


def ids(hits):
    return [hit.passage_id for hit in hits]


def test_first_in_both_legs_has_the_score_one(make_store):
    # Both pages speak of 大桥, the first twice as much of what it says: first by words. By keywords both are (1,), so
    # the first row is first there too.
    store = make_store({"a.txt": "大桥大桥。", "b.txt": "大桥边上有一片果园。"}, keywords=("大桥",))
    first, second = search(store, "大桥", legs="ranks")
    assert first == Hit("a.txt#1:0", pytest.approx(1.0), 1)
    assert second == Hit("b.txt#1:0", pytest.approx(61 / 62), 2)


def test_a_query_without_a_known_word_is_searched_by_meaning_alone(make_store):
    # The keyword "ab" is a part of each word, but no word of the query is a word of the pages: t = 0.
    store = make_store({"a.txt": "xaby", "b.txt": "wabw", "c.txt": "other"}, keywords=("ab",))
    assert search(store, "zabz", legs="ranks") == [
        Hit("a.txt#1:0", pytest.approx(1.0), 1),
        Hit("b.txt#1:0", pytest.approx(61 / 62), 2),
    ]


def test_a_query_without_a_known_meaning_is_searched_by_words_alone(make_store):
    # No keyword in the query: its vector is zero, nothing is near to it. The scores are t and t * 61/62.
    store = make_store({"a.txt": "红鲤，红鲤。", "b.txt": "红鲤，果园。", "c.txt": "粮仓。"}, keywords=("大桥",))
    first, second = search(store, "红鲤", legs="ranks")
    assert ids([first, second]) == ["a.txt#1:0", "b.txt#1:0"]
    assert first.score == pytest.approx(0.99593, abs=1e-5)  # all its words are held: 1 / (1 + exp(-10 (1 - 0.45)))
    assert second.score / first.score == pytest.approx(61 / 62)


def test_the_legs_are_added(make_store):
    # By words: a says 红鲤 twice, b says 大桥 once; the words are equally rare, so a is first and b second. By meaning:
    # only b. So a has t * 1, and b has (1 - t) * 1 + t * 61/62 = 1 - t/62.
    store = make_store({"a.txt": "红鲤，红鲤。", "b.txt": "大桥。"}, keywords=("大桥",))
    scores = {hit.passage_id: hit.score for hit in search(store, "红鲤 大桥", legs="ranks")}
    trust = scores["a.txt#1:0"]
    assert 0 < trust < 1
    assert scores["b.txt#1:0"] == pytest.approx(1 - trust / 62)


def test_words_weigh_more_the_more_of_the_question_they_find(make_store):
    # Nothing but the lexical leg, so the first score is its weight t. The best passage holds one of one, one of two,
    # and one of three content words of the questions.
    store = make_store({"a.txt": "红鲤。", "b.txt": "粮仓。"}, keywords=("大桥",))
    weights = [search(store, query, legs="ranks")[0].score for query in ("红鲤", "红鲤 火箭", "红鲤 火箭 沙漠")]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 3


class _Leg:
    """Finds what it was told to find."""

    def __init__(self, *rows):
        self.rows = rows

    def search(self, query, k, allowed=None):
        return [(row, 0.9) for row in self.rows if allowed is None or allowed[row]][:k]

    def idf(self, word):
        return 1.0


def test_equal_scores_are_ordered_by_passage_id(tiny_store, monkeypatch):
    # Rows 2 and 3 have swapped ranks in two legs of equal weight: liuhe… comes before qingtan….
    monkeypatch.setattr("rag.retrieval.retriever._lexical_trust", lambda *args: 0.5)
    for dense, lexical in [((2, 3), (3, 2)), ((3, 2), (2, 3))]:
        hits = search(replace(tiny_store, dense=_Leg(*dense), lexical=_Leg(*lexical)), "大桥", legs="ranks")
        assert ids(hits) == ["liuhe.txt#10:0", "qingtan.txt#1:0"]
        assert hits[0].score == hits[1].score == pytest.approx(0.5 + 0.5 * 61 / 62)


def test_what_the_reading_model_finds_relevant_comes_first(tiny_store, monkeypatch):
    class Reader:
        """Finds the orchard relevant whatever is asked."""

        def read(self, question, passages):
            shares = np.array([1, 0, 0, 0, 0], np.float32)
            return [Judgement(float("果园" in text), shares, (0, 0), 0.0, (), (), (), ()) for _, text in passages]

    query = "图书馆、大桥、龙舟和果园"
    before = search(tiny_store, query, legs="ranks")
    monkeypatch.setattr("rag.retrieval.retriever.load_crossencoder", Reader)
    after = search(tiny_store, query)
    assert after[0].passage_id == "qingtan.txt#13:0" != before[0].passage_id
    # A relevance of 1 counts twice as much as the score of the search; the others keep their order and a third of it.
    known = {hit.passage_id: hit.score for hit in before}
    assert after[0].score == pytest.approx((known["qingtan.txt#13:0"] + 2) / 3)
    rest = [hit for hit in before if hit.passage_id != "qingtan.txt#13:0"]
    assert [(h.passage_id, h.score) for h in after[1:]] == [(h.passage_id, pytest.approx(h.score / 3)) for h in rest]


def test_a_passage_that_was_not_read_has_no_relevance(tiny_store, monkeypatch):
    """The reading model sees the two best alone, and finds neither relevant: all scores are a third."""

    class Reader:
        def read(self, question, passages):
            shares = np.array([0, 0, 0, 0, 1], np.float32)
            seen.extend(passages)
            return [Judgement(0.0, shares, (0, 0), 0.0, (), (), (), ()) for _ in passages]

    seen = []
    before = search(tiny_store, "图书馆、大桥、龙舟和果园", read=False)
    monkeypatch.setattr("rag.retrieval.retriever._READ", 2)
    monkeypatch.setattr("rag.retrieval.retriever.load_crossencoder", Reader)
    after = search(tiny_store, "图书馆、大桥、龙舟和果园")
    assert len(seen) == 2 < len(before)
    assert [(h.passage_id, h.score) for h in after] == [
        (h.passage_id, pytest.approx(h.score / 3)) for h in before
    ]  # fmt: skip


def test_the_candidates_of_the_ranking_are_the_nearest_of_both_searches_once(tiny_store, monkeypatch):
    near = {0: 0.4, 1: 0.9, 2: 0.4, 3: 0.5}
    monkeypatch.setattr("rag.retrieval.retriever.nearness", lambda s, q, rows, v: np.array([near[r] for r in rows]))
    store = replace(tiny_store, dense=_Leg(3, 0, 2), lexical=_Leg(1, 3))
    assert find_rows(store, "大桥") == [1, 3, 0, 2]
    monkeypatch.setattr("rag.retrieval.retriever._LEARNED", 2)
    assert find_rows(store, "大桥") == [1, 3]
    assert find_rows(replace(tiny_store, dense=_Leg(), lexical=_Leg()), "大桥") == []


def test_weights_are_shared_out_by_rank():
    assert fuse([(0.25, [7, 3]), (0.75, [3])]) == {
        7: pytest.approx(0.25), 3: pytest.approx(0.25 * 61 / 62 + 0.75)
    }  # fmt: skip
    assert fuse([]) == {}


class _Ranker:
    """Gives its candidates these scores, in the order in which they come."""

    def __init__(self, model, *scores):
        self.model, self._scores = model, np.array(scores)

    def scores(self, rows):
        return self._scores[: len(rows)]


def test_what_the_ranking_did_not_score_stays_below_what_it_did(tiny_store, monkeypatch):
    # Both searches find rows 0 to 3 in this order, so fused by rank they have 1, 61/62, 61/63 and 61/64. The ranking
    # scores the two nearest, with 0.5 and 0.25; the others have a quarter of what they had.
    monkeypatch.setattr("rag.retrieval.retriever._LEARNED", 2)
    monkeypatch.setattr("rag.retrieval.retriever.nearness", lambda store, query, rows, vector: -np.array(rows))
    monkeypatch.setattr("rag.retrieval.retriever.features", lambda store, query, rows: rows)
    monkeypatch.setattr(
        "rag.retrieval.retriever.load_ranker", lambda: _Ranker(tiny_store.embedder.fingerprint, 0.5, 0.25)
    )
    monkeypatch.setattr("rag.retrieval.retriever._reread", lambda store, query, scores: scores)
    found = search(replace(tiny_store, dense=_Leg(0, 1, 2, 3), lexical=_Leg(0, 1, 2, 3)), "大桥")
    assert ids(found) == ["liuhe.txt#2:0", "liuhe.txt#2:52", "liuhe.txt#10:0", "qingtan.txt#1:0"]
    assert [hit.score for hit in found] == pytest.approx([0.5, 0.25, 0.25 * 61 / 63, 0.25 * 61 / 64])


def test_the_tiny_store_answers_as_its_table_says(tiny_store):
    assert ids(search(tiny_store, "图书馆", k=2)) == ["liuhe.txt#2:0", "liuhe.txt#2:52"]
    assert ids(search(tiny_store, "大桥", k=1)) == ["liuhe.txt#10:0"]
    assert ids(search(tiny_store, "果园", k=1)) == ["qingtan.txt#13:0"]
    assert ids(search(tiny_store, "操场", k=1)) == ["shanqian.txt#1:0"]
    assert set(ids(search(tiny_store, "龙舟"))) == {"qingtan.txt#1:0", "qingtan.txt#1:53"}


def test_a_passage_is_found_by_the_headline_of_its_article(tiny_store):
    """The passage 队长沈大川说… does not say 龙舟 itself."""
    assert "龙舟" not in tiny_store.passages["qingtan.txt#1:53"].text
    assert "qingtan.txt#1:53" in ids(search(tiny_store, "龙舟"))


@pytest.mark.parametrize(("query", "other"), [("鹿鸣大桥", "鹿鳴大橋"), ("12支龙舟队", "１２支龙舟队")])
def test_spelling_does_not_matter_to_the_words(make_store, pages_folder, query, other):
    store = make_store(pages_folder, keywords=("没有",))
    assert search(store, query) == search(store, other) != []


def test_nothing_to_do_with_the_store(tiny_store):
    assert search(tiny_store, "quantum xylophone") == []


@given(
    query=st.text(alphabet="图书馆大桥龙舟果园操场鹿鸣青滩镇？ ", min_size=1, max_size=20).filter(
        lambda text: any(char.isalnum() for char in text)
    ),
    k=st.integers(1, 9),
)
def test_hits_are_ranked_and_a_smaller_k_gives_the_beginning(tiny_store, query, k):
    hits = search(tiny_store, query, k)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 < hit.score <= 1 + 1e-9 and hit.passage_id in tiny_store.passages for hit in hits)
    assert len(set(ids(hits))) == len(hits) <= k
    assert search(tiny_store, query, 9)[:k] == hits


@pytest.mark.parametrize("query", ["", "  \n", "？！", "\x00\x07", "……"])
def test_an_empty_question(tiny_store, query):
    with pytest.raises(RetrievalError, match=r"The question is empty\. Type a question"):
        search(tiny_store, query)


def test_a_question_that_is_too_long(tiny_store):
    assert LONGEST_QUERY == 2000
    assert ids(search(tiny_store, "大桥" * 1000, k=1)) == ["liuhe.txt#10:0"]
    with pytest.raises(RetrievalError, match=r"has 2,001 characters, at most 2,000 can be searched\. Shorten it"):
        search(tiny_store, "桥" * 2001)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one(tiny_store, k):
    with pytest.raises(RetrievalError, match=rf"k is {k}\. Ask for 1 passage or more"):
        search(tiny_store, "大桥", k)


def test_control_characters_do_not_matter(tiny_store):
    assert search(tiny_store, "\x00大桥\x07\n") == search(tiny_store, "大桥")


def test_the_retriever_is_langchains_face_of_search(tiny_store):
    retriever = PassageRetriever(store=tiny_store, k=3)
    documents = retriever.invoke("图书馆")
    hits = search(tiny_store, "图书馆", 3)
    assert [(d.id, d.metadata["score"], d.metadata["rank"]) for d in documents] == [
        (hit.passage_id, hit.score, hit.rank) for hit in hits
    ]
    assert len(retriever.invoke("图书馆 大桥 龙舟", k=1)) == 1
    with pytest.raises(RetrievalError, match="The question is empty"):
        retriever.invoke("")
    assert len(PassageRetriever(store=tiny_store).invoke("图书馆 大桥 龙舟 果园")) == 5
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        PassageRetriever(store=tiny_store, k=0)


def test_what_a_document_tells(tiny_store):
    document = passage_document(tiny_store, tiny_store.passages["liuhe.txt#10:0"], score=0.5, rank=2)
    assert document == Document(
        id="liuhe.txt#10:0",
        page_content="鹿鸣大桥通车\n本报讯（记者 秦一舟）鹿鸣大桥前天通车，全长860米，双向四车道。"
        "从东岸到西岸只要两分钟。",
        metadata={
            "file": "liuhe.txt",
            "headline": "鹿鸣大桥通车",
            "kicker": [],
            "byline": "（记者 秦一舟）",
            "kind": "brief",
            "date": None,
            "date_source": "unknown",
            "date_evidence": "",
            "article_id": "liuhe.txt#10",
            "first_line": 10,  # the headline
            "last_line": 14,  # behind the tear
            "continues": None,
            "continued_by": None,
            "also": [],
            "score": 0.5,
            "rank": 2,
        },
    )


class TestLangChainStandard(RetrieversIntegrationTests):
    """LangChain's own tests of a retriever."""

    @pytest.fixture(autouse=True)
    def _with_store(self, tiny_store):
        self.store = tiny_store

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return PassageRetriever

    @property
    def retriever_constructor_params(self):
        return {"store": self.store}

    @property
    def retriever_query_example(self):
        return "图书馆、大桥和龙舟"


@pytest.fixture(scope="module")
def dated(make_store):
    text = "本报讯（记者 叶知夏）大桥{}通车，全长860米。"
    names = ("2031-04-08.txt", "2031-04-09.txt", "2031-04-10.txt", "undated.txt")
    return make_store({name: text.format(number) for number, name in enumerate(names)})


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, {"2031-04-08", "2031-04-09", "2031-04-10", None}),
        ("2031-04-09", None, {"2031-04-09", "2031-04-10"}),
        (None, "2031-04-09", {"2031-04-08", "2031-04-09"}),
        ("2031-04-09", "2031-04-09", {"2031-04-09"}),
        ("2040-01-01", None, set()),  # unknown dates are left out whenever there is a bound
    ],
)
@pytest.mark.parametrize("legs", ["fused", "dense", "lexical"])
def test_only_articles_between_two_days(dated, since, until, days, legs):
    bounds = {name: date.fromisoformat(day) for name, day in (("since", since), ("until", until)) if day}
    hits = search(dated, "大桥", 5, legs=legs, **bounds)
    assert {dated.articles[dated.passages[hit.passage_id].article_id].date for hit in hits} == days
    assert [hit.rank for hit in hits] == list(range(1, len(days) + 1))
    documents = PassageRetriever(store=dated, legs=legs, **bounds).invoke("大桥")
    assert [d.id for d in documents] == [hit.passage_id for hit in hits]
    assert PassageRetriever(store=dated, legs=legs).invoke("大桥", **bounds) == documents


def test_bounds_cut_before_ranking(make_store):
    """Sixty later articles fit better; a filter after the candidates were drawn would find none of the earlier day."""
    later = {f"2032-01-{day:02}-{n}.txt": "大桥大桥大桥大桥大桥。" for day in range(1, 31) for n in (1, 2)}
    store = make_store(later | {"2031-01-01.txt": "本报讯 大桥通车了，全镇都来看，锣鼓敲了一天，梨也熟了。"})
    (hit,) = search(store, "大桥", 5, until=date(2031, 12, 31))
    assert hit.passage_id == "2031-01-01.txt#1:0"


# Pages and kinds


@pytest.fixture(scope="module")
def crowded(make_store):
    """Sixty captions fit the question better, by words and by meaning, than the report that is asked for."""
    pages = {
        f"2032-01-{day:02}-{n}.txt": f"图为大桥，大桥，大桥，第{day}天第{n}次。叶知夏 摄\n"
        for day in range(1, 31)
        for n in (1, 2)
    }
    late = "本报讯（记者 叶知夏）大桥通车了，图书馆里的人都来看，锣鼓敲了一天，梨也熟了。\n"
    store = make_store(pages | {"2032-02-01.txt": late}, size=100)
    kinds = {article.file: article.kind for article in store.articles.values()}
    assert {kinds.pop("2032-02-01.txt")} == {Kind.BRIEF}
    assert set(kinds.values()) == {Kind.CAPTION}
    return store


@pytest.mark.parametrize("legs", ["fused", "ranks", "dense", "lexical"])
@pytest.mark.parametrize(
    "wanted", [{"files": ["2032-02-01.txt"]}, {"kinds": [Kind.BRIEF]}, {"since": date(2032, 2, 1)}], ids=str
)
def test_a_passage_far_down_is_found_where_its_page_day_or_kind_is_asked_for(crowded, legs, wanted):
    """It is not among the candidates, in which a filter afterwards would look for it in vain."""
    assert "2032-02-01.txt#1:0" not in ids(search(crowded, "大桥", 50, legs=legs))
    (hit,) = search(crowded, "大桥", 5, legs=legs, **wanted)
    assert (hit.passage_id, hit.rank) == ("2032-02-01.txt#1:0", 1)


def test_only_passages_of_the_pages_that_are_asked_for(tiny_store):
    for file in tiny_store.pages:
        found = search(tiny_store, "图书馆 大桥 龙舟 果园 操场", 9, files=(file,))
        assert {hit.passage_id.partition("#")[0] for hit in found} == {file}
        assert [hit.rank for hit in found] == [*range(1, len(found) + 1)]
    both = search(tiny_store, "大桥 操场", 9, files=["liuhe.txt", "shanqian.txt"])
    assert {hit.passage_id.partition("#")[0] for hit in both} == {"liuhe.txt", "shanqian.txt"}
    assert search(tiny_store, "龙舟", 9, files=["liuhe.txt"]) == []
    assert search(tiny_store, "大桥", 9, files=list(tiny_store.pages)) == search(tiny_store, "大桥", 9)


@pytest.mark.parametrize("files", [["nowhere.txt"], ["liuhe.txt", "nowhere.txt"]])
def test_a_page_that_is_not_there_is_told(tiny_store, files):
    """Nothing found would look as if the page said nothing of it."""
    with pytest.raises(
        RetrievalError, match=r"The store has no page 'nowhere\.txt'\. Name a page as citations name it"
    ):
        search(tiny_store, "龙舟", files=files)


def test_only_passages_of_the_kinds_that_are_asked_for(tiny_store):
    for kind in Kind:
        for hit in search(tiny_store, "图书馆 大桥 龙舟 果园 操场", 9, kinds=[kind]):
            passage = tiny_store.passages[hit.passage_id]
            assert tiny_store.articles[passage.article_id].kind == kind
    assert search(tiny_store, "大桥", kinds=list(Kind)) == search(tiny_store, "大桥")


def test_the_retriever_searches_within_pages_and_kinds(tiny_store):
    names = {"files": ("liuhe.txt",), "kinds": (Kind.BRIEF,)}
    expected = ids(search(tiny_store, "图书馆 大桥", **names))
    assert expected
    assert [d.id for d in PassageRetriever(store=tiny_store, **names).invoke("图书馆 大桥")] == expected
    assert [d.id for d in PassageRetriever(store=tiny_store).invoke("图书馆 大桥", **names)] == expected


@pytest.fixture(scope="module")
def run_twice(make_store):
    """A text that is run again two days later, and then on a page of unknown date, under other headlines."""
    again = "柳河大桥昨天通车，全长八百米，双向四车道。"
    return make_store(
        {
            "2031-04-08.txt": f"# 大桥通车\n\n{again}\n",
            "2031-04-09.txt": "# 果园丰收\n\n今年收梨四十吨。\n",
            "2031-04-10.txt": f"# 两岸相连\n\n{again}\n",
            "undated.txt": f"# 旧闻\n\n{again}\n",
        }
    )


@pytest.mark.parametrize(
    ("since", "until", "files", "found"),
    [
        (None, None, (), True),
        ("2031-04-08", "2031-04-08", (), True),
        ("2031-04-10", "2031-04-10", (), True),  # where it is run again
        ("2031-04-09", "2031-04-09", (), False),
        ("2031-04-11", None, (), False),  # its third place has no known date
        (None, None, ("2031-04-10.txt",), True),
        (None, None, ("undated.txt",), True),
        (None, None, ("2031-04-09.txt",), False),
        ("2031-04-10", None, ("2031-04-08.txt",), False),  # the day of one place and the page of another
    ],
)
@pytest.mark.parametrize("legs", ["fused", "dense", "lexical"])
def test_a_text_is_found_by_any_of_its_places(run_twice, since, until, files, found, legs):
    bounds = {name: date.fromisoformat(day) for name, day in (("since", since), ("until", until)) if day}
    hits = ids(search(run_twice, "大桥全长", legs=legs, files=files, **bounds))
    assert ("2031-04-08.txt#1:0" in hits) == found


def test_bounds_in_the_wrong_order(dated):
    with pytest.raises(RetrievalError, match="2031-04-09 is after 2031-04-08"):
        search(dated, "大桥", since=date(2031, 4, 9), until=date(2031, 4, 8))


def test_the_chain_searches_within_the_bounds_of_its_settings(dated):
    chain = AnswerChain(dated, RagConfig(since=date(2031, 4, 10)))
    assert {hit.passage_id for hit in chain.invoke("大桥全长多少米？").trace.hits} == {"2031-04-10.txt#1:0"}
