"""What does the model learn from? Six signals, each of which draws a batch of token lists at every step.

- news: a span of a sentence finds the sentences around it (inverse cloze). Some spans are said in other words first:
  words replaced by synonyms, or put into English one by one.
- dictionary: a Chinese word finds its English glosses.
- sentences: an English sentence finds its Chinese translation.
- rough: a news sentence lies to others as its rough English does for the teacher.
- questions: a question finds the paragraph that answers it.
- written: a question that was written in other words than its article, or in English, finds the sentence that answers
  it among other sentences of its article, and the sentences around it among passages of other articles.

References:
    Lee, Chang, Toutanova: Latent Retrieval for Weakly Supervised Open Domain Question Answering (2019), the cloze task.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.prepare import Material
from training.ragged import Ids, Ragged, slices, stack
from training.settings import Settings

__all__ = ["Batch", "Rewriter", "Signals"]

_SPAN_SHORTEST, _SPAN_LONGEST = 4, 30  # tokens of a query
_AROUND = 4  # sentences of a passage on either side of the query's, at most
_PASSAGE_LONGEST = 200  # tokens
_REPLACED_SHARE = 0.6  # of the words that have a synonym, in a span that is reworded
_FREQUENT = 3e-4  # words above this share of the news are left out of rough English now and then
_NEIGHBOURS, _NEAR = 8, 0.6  # synonyms of a word: at most so many, at least so similar for the teacher


@dataclass(frozen=True, slots=True)
class Batch:
    """Two sides that belong together row by row.

    Attributes:
        texts: The left rows, then as many right rows, then rows that belong to none of the left ones.
        pairs: How many rows a side has; 0 where there is one side only and nothing to be found.
        weight: Of the loss.
        targets: Teacher vectors of the left rows, which the right ones share; or None.
    """

    texts: Ragged
    pairs: int
    weight: float
    targets: NDArray[np.float16] | None = None


class Rewriter:
    """Says a token list in other words.

    Args:
        material: The tokenised data.
        size: Rows of the vocabulary.
    """

    def __init__(self, material: Material, size: int) -> None:
        self._glosses = material.gloss_of
        self._variants = len(material.gloss_of) // size
        counts = np.bincount(material.news.ids, minlength=size)
        share = counts / max(1, counts.sum())
        self._kept = np.minimum(1.0, np.sqrt(_FREQUENT / np.maximum(share, 1e-9)))
        self._synonyms = _synonym_table(material, counts)

    def synonyms(self, texts: Ragged, rng: np.random.Generator) -> Ragged:
        """The same rows, some words replaced by a synonym."""
        choice = self._synonyms[texts.ids, rng.integers(0, _NEIGHBOURS, len(texts.ids))]
        replaced = (choice >= 0) & (rng.random(len(choice)) < _REPLACED_SHARE)
        return Ragged(np.where(replaced, choice, texts.ids).astype(np.int32), texts.offsets)

    def english(self, texts: Ragged, rng: np.random.Generator) -> Ragged:
        """The same rows in rough English, frequent words thinned out."""
        rows = texts.ids.astype(np.int64) * self._variants + rng.integers(0, self._variants, len(texts.ids))
        glosses = self._glosses.take(rows)
        kept = rng.random(len(rows)) < self._kept[texts.ids]
        lengths = np.where(kept, glosses.lengths, 0)
        ids = glosses.ids[np.repeat(kept, glosses.lengths)]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        return Ragged(ids, ends[texts.offsets])


class Signals:
    """All signals over one tokenised data set.

    Args:
        material: The data.
        settings: How much of each signal a step takes, and how it weighs.
        size: Rows of the vocabulary.
    """

    def __init__(self, material: Material, settings: Settings, size: int) -> None:
        self._data, self._settings = material, settings
        self._rewriter = Rewriter(material, size)
        lengths = material.news.lengths
        article_of = np.repeat(np.arange(len(material.articles) - 1), np.diff(material.articles))
        company = np.diff(material.articles)[article_of]
        self._article_of = article_of
        self._askable = np.flatnonzero((lengths >= _SPAN_SHORTEST + 2) & (company >= 2))
        shares = np.sqrt(material.head_counts + 1.0)
        self._head_shares = np.cumsum(shares / shares.sum())

    def draw(self, rng: np.random.Generator) -> list[Batch]:
        """One step's batches."""
        drawn = [self._news(rng), self._dictionary(rng), self._sentences(rng), self._rough(rng), self._questions(rng)]
        return [batch for batch in [*drawn, *self._written(rng)] if batch is not None]

    def _news(self, rng: np.random.Generator) -> Batch | None:
        settings, news = self._settings, self._data.news
        if not len(self._askable):
            return None
        chosen = rng.choice(self._askable, settings.news_batch)
        spans = _spans(news, chosen, rng)
        plain = int(settings.plain_share * len(chosen))
        reworded = plain + int(settings.synonym_share * len(chosen))
        queries = stack(
            [
                spans.take(np.arange(plain)),
                self._rewriter.synonyms(spans.take(np.arange(plain, reworded)), rng),
                self._rewriter.english(spans.take(np.arange(reworded, len(chosen))), rng),
            ]
        )
        # A reworded span may stand in its passage: that is where its words meet their other forms.
        dropped = rng.random(len(chosen)) < np.where(np.arange(len(chosen)) < plain, settings.dropped_share, 0.3)
        return Batch(stack([queries, self._surroundings(chosen, dropped, rng)]), len(chosen), 1.0)

    def _surroundings(self, chosen: Ids, dropped: NDArray[np.bool_], rng: np.random.Generator) -> Ragged:
        """The sentences around the chosen ones, within the article, without the chosen where it is dropped."""
        news, articles = self._data.news, self._data.articles
        article = self._article_of[chosen]
        first = np.maximum(chosen - rng.integers(0, _AROUND + 1, len(chosen)), articles[article])
        last = np.minimum(chosen + 1 + rng.integers(0, _AROUND + 1, len(chosen)), articles[article + 1])
        alone = last - first < 2
        first = np.where(alone & (chosen > articles[article]), chosen - 1, first)
        last = np.where(alone & (chosen == articles[article]), chosen + 2, last)
        begin, end = news.offsets[first], news.offsets[last]
        own_begin, own_end = news.offsets[chosen], news.offsets[chosen + 1]
        head_end = np.where(dropped, own_begin, own_end)
        room = np.maximum(_PASSAGE_LONGEST - (head_end - begin), 0)
        pairs = slices(
            news.ids,
            np.stack([np.maximum(begin, head_end - _PASSAGE_LONGEST), own_end], axis=1).ravel(),
            np.stack([head_end, np.minimum(end, own_end + room)], axis=1).ravel(),
        )
        return Ragged(pairs.ids, pairs.offsets[::2])

    def _dictionary(self, rng: np.random.Generator) -> Batch | None:
        data, size = self._data, self._settings.dictionary_batch
        if not len(data.heads):
            return None
        rows = np.unique(np.searchsorted(self._head_shares, rng.random(size)).clip(0, len(data.heads) - 1))
        return Batch(
            stack([data.heads.take(rows), data.glosses.take(rows)]),
            len(rows),
            self._settings.dictionary_weight,
            data.head_targets[rows],
        )

    def _sentences(self, rng: np.random.Generator) -> Batch | None:
        data = self._data
        if not len(data.english):
            return None
        rows = rng.choice(len(data.english), min(self._settings.sentence_batch, len(data.english)), replace=False)
        texts = stack([data.english.take(rows), data.chinese.take(rows)])
        return Batch(texts, len(rows), self._settings.sentence_weight, data.english_targets[rows])

    def _rough(self, rng: np.random.Generator) -> Batch | None:
        data, size = self._data, self._settings.rough_batch
        if not len(data.rough) or not size:
            return None
        rows = rng.choice(len(data.rough), min(size, len(data.rough)), replace=False)
        words = rng.choice(len(data.words), min(size // 2, len(data.words)), replace=False)
        targets = np.concatenate([data.rough_targets[rows], data.word_targets[words]])
        return Batch(stack([data.rough.take(rows), data.words.take(words)]), 0, 0.0, targets)

    def _questions(self, rng: np.random.Generator) -> Batch | None:
        data, size = self._data, self._settings.question_batch
        if not len(data.questions) or not size:
            return None
        rows = rng.choice(len(data.questions), min(size, len(data.questions)), replace=False)
        starts, ends = data.passages.offsets[rows], data.passages.offsets[rows + 1]
        spare = np.maximum(ends - starts - _PASSAGE_LONGEST, 0)
        starts = starts + (rng.random(len(rows)) * (spare + 1)).astype(np.int64)
        passages = slices(data.passages.ids, starts, np.minimum(ends, starts + _PASSAGE_LONGEST))
        return Batch(stack([data.questions.take(rows), passages]), len(rows), self._settings.question_weight)

    def _written(self, rng: np.random.Generator) -> list[Batch]:
        data, settings = self._data, self._settings
        if not len(data.written) or not settings.written_batch:
            return []
        rows = rng.choice(len(data.written), min(settings.written_batch, len(data.written)), replace=False)
        asked, quoted, sentence = data.written.take(rows), data.quotes.take(rows), data.quote_rows[rows]
        others = rng.choice(self._askable, settings.written_negatives)
        near = data.news.take(self._neighbours(sentence, rng))
        around, elsewhere = (self._surroundings(place, np.zeros(len(place), bool), rng) for place in (sentence, others))
        reworded = self._rewriter.synonyms(asked, rng)
        asked, quoted, reworded, around = (
            _thinned(texts, settings.written_thinned, rng) for texts in (asked, quoted, reworded, around)
        )
        weight = settings.written_weight / 2
        return [
            Batch(stack([asked, quoted, near]), len(rows), weight),
            Batch(stack([reworded, around, elsewhere]), len(rows), weight),
        ]

    def _neighbours(self, rows: Ids, rng: np.random.Generator) -> Ids:
        """For each news sentence another one of its article, where it has another."""
        article = self._article_of[rows]
        first, count = self._data.articles[article], np.diff(self._data.articles)[article]
        shift = 1 + (rng.random(len(rows)) * np.maximum(count - 1, 1)).astype(np.int64)
        other: Ids = first + (rows - first + shift) % count
        apart: Ids = other[other != rows]
        return apart


def _spans(texts: Ragged, rows: Ids, rng: np.random.Generator) -> Ragged:
    """A random stretch of each row, of ``_SPAN_SHORTEST`` to ``_SPAN_LONGEST`` tokens."""
    starts, lengths = texts.offsets[rows], texts.lengths[rows]
    wanted = np.minimum(rng.integers(_SPAN_SHORTEST, _SPAN_LONGEST + 1, len(rows)), lengths)
    begin = starts + (rng.random(len(rows)) * (lengths - wanted + 1)).astype(np.int64)
    return slices(texts.ids, begin, begin + wanted)


def _thinned(texts: Ragged, share: float, rng: np.random.Generator) -> Ragged:
    """The same rows with a share of their tokens left out at random."""
    kept = rng.random(len(texts.ids)) >= share
    ends = np.concatenate([[0], np.cumsum(kept)])
    return Ragged(texts.ids[kept], ends[texts.offsets])


def _synonym_table(material: Material, counts: Ids) -> NDArray[np.int32]:
    """Token id -> ids of words with a similar gloss, (size, ``_NEIGHBOURS``), repeated to fill, -1 for none."""
    single = np.flatnonzero(material.heads.lengths == 1)
    tokens = material.heads.ids[material.heads.offsets[single]]
    used = counts[tokens] > 0
    single, tokens = single[used], tokens[used]
    table = np.full((len(counts), _NEIGHBOURS), -1, np.int32)
    vectors = torch.from_numpy(material.head_targets[single].astype(np.float32))
    for start in range(0, len(single), 1024):
        similar = vectors[start : start + 1024] @ vectors.T
        similar[torch.arange(len(similar)), torch.arange(start, start + len(similar))] = -1.0
        cosines, columns = (part.numpy() for part in similar.topk(min(_NEIGHBOURS, len(single)), dim=1))
        for token, row, near in zip(tokens[start : start + 1024], columns, cosines >= _NEAR, strict=True):
            if near[0]:
                table[token] = np.resize(tokens[row[near]], _NEIGHBOURS)
    return table
