"""How should the two legs be weighed against each other? Ranks on public question sets, for several ways to fuse.

Run: python -m benchmarks.fusion --squad cmrc2018_trial.json drcd_dev.json \
         --news news.jsonl.xz news_questions.jsonl --work /tmp/fusion

Prints MRR@10 by page of each leg alone, of fusion with fixed weights, and of the retriever as it is, whose lexical
weight follows the share of the question's words that the leg's best passage holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks import corpora
from index.store.opened import Store
from rag.retrieval.retriever import fuse, search

_DEPTH = 50
Ranker = Callable[[Store, str], list[str]]


def main(argv: Sequence[str] | None = None) -> None:
    """Rank with every fusion and print the table."""
    args = corpora.make_parser(__doc__).parse_args(argv)
    print(f"{'set':>16} {'questions':>9} " + " ".join(f"{name:>12}" for name in _RANKERS))
    for corpus in corpora.load_all(args):
        store = corpora.open_corpus(corpus, args.work)
        asked = [question for question in corpus.questions if any(char.isalnum() for char in question.text)]
        values = [
            sum(_reciprocal_rank(store, ranker(store, question.text), question) for question in asked) / len(asked)
            for ranker in _RANKERS.values()
        ]
        print(f"{corpus.name:>16} {len(asked):>9} " + " ".join(f"{value:>12.3f}" for value in values))


def _legs(store: Store, query: str) -> tuple[list[int], list[int]]:
    dense = [row for row, _ in store.dense.search(store.embedder.encode_query(query), _DEPTH)]
    return dense, [row for row, _ in store.lexical.search(query, _DEPTH)]


def _fixed(lexical_weight: float) -> Ranker:
    def rank(store: Store, query: str) -> list[str]:
        dense, lexical = _legs(store, query)
        scores = fuse(((1 - lexical_weight, dense), (lexical_weight, lexical)))
        ids = list(store.passages)
        row_of = {name: row for row, name in enumerate(ids)}
        return sorted((ids[row] for row in scores), key=lambda name: (-scores[row_of[name]], name))

    return rank


def _as_it_is(store: Store, query: str) -> list[str]:
    return [hit.passage_id for hit in search(store, query, _DEPTH, legs="ranks")]


_RANKERS: dict[str, Ranker] = {
    "lexical": lambda store, query: [list(store.passages)[row] for row in _legs(store, query)[1]],
    "dense": lambda store, query: [list(store.passages)[row] for row in _legs(store, query)[0]],
    "fixed 0.5": _fixed(0.5),
    "fixed 0.7": _fixed(0.7),
    "as it is": _as_it_is,
}


def _reciprocal_rank(store: Store, ranked: Sequence[str], question: corpora.GoldQuestion) -> float:
    files = dict.fromkeys(store.articles[store.passages[name].article_id].file for name in ranked)
    places = [rank for rank, file in enumerate(list(files)[:10], start=1) if file in question.files]
    return 1 / places[0] if places else 0.0


if __name__ == "__main__":
    main()
