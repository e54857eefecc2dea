"""How do the data files become what training reads? Tokenizer, token arrays and teacher vectors in a work folder.

Every product is a file; one that exists is not made again, so a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.folding import fold
from training.glosses import gloss_book, rough_english, short_gloss, spellings
from training.ragged import Ragged, encode
from training.report import report
from training.settings import DataPaths, Settings
from training.sources import Question, read_cedict, read_news, read_news_questions, read_pairs, read_squad, read_written
from training.teacher import teacher_vectors, teacher_words
from training.vocabulary import build_tokenizer, choose_words, count_words, prune
from training.work import product

__all__ = ["Material", "make_tokenizer", "prepare", "sentences"]

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_LATIN = re.compile(r"[a-z]+")
_GLOSSES = 3  # of a word, for training; further ones are rare senses
_HEAD_AT_LEAST = 3  # times that a dictionary word stands in the texts, unless it has a vector of its own
_LATIN_AT_LEAST = 4
_TEACHER_WORDS = 6_000  # frequent words of the teacher's vocabulary, so that English questions are understood
_ROUGH_SHORTEST, _ROUGH_LONGEST = 20, 90  # characters of a news sentence that is put into rough English


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a training run reads, tokenised.

    Attributes:
        news: Sentences of all articles; ``articles[i]:articles[i + 1]`` are the rows of article i.
        heads, glosses: Dictionary words and their first glosses, row by row; ``head_counts`` is how often a head
            stands in the news.
        english, chinese: Sentence pairs, row by row.
        rough: News sentences that were put into rough English for the teacher.
        words: English words of the vocabulary, one token each.
        questions, passages: Questions of the training fold and the text that answers each, row by row.
        written, quotes: Questions written over the news and the sentence that answers each, row by row;
            ``quote_rows`` are the rows of ``news`` where the sentences begin.
        gloss_of: Short English glosses, ``_GLOSSES`` rows per token id; empty where there is none.
        head_targets, word_targets, english_targets, rough_targets: Teacher vectors of the rows above.
    """

    news: Ragged
    articles: NDArray[np.int64]
    heads: Ragged
    glosses: Ragged
    head_counts: NDArray[np.int64]
    english: Ragged
    chinese: Ragged
    rough: Ragged
    words: Ragged
    questions: Ragged
    passages: Ragged
    written: Ragged
    quotes: Ragged
    quote_rows: NDArray[np.int64]
    gloss_of: Ragged
    head_targets: NDArray[np.float16]
    word_targets: NDArray[np.float16]
    english_targets: NDArray[np.float16]
    rough_targets: NDArray[np.float16]


def sentences(text: str) -> list[str]:
    """Sentences of a text with the marks that end them; nothing but white space is no sentence."""
    return [part for part in _SENTENCE.findall(text) if part.strip()]


def make_tokenizer(data: DataPaths, work: Path, settings: Settings) -> Tokenizer:
    """The tokenizer, from the work folder where an earlier run left it."""
    file = product("tokenizer.json", work, data, settings)
    if not file.exists():
        news, book = read_news(data.news), gloss_book(entries := read_cedict(data.cedict))
        pairs = read_pairs(data.tatoeba)
        report("tokenizer: counting words")
        texts = [fold(text) for text in [*news.values(), *(chinese for _, chinese in pairs)]]
        counts, chars = count_words(texts), set().union(*texts)
        latin, syllables = _latin_words(book, pairs, counts), sorted(set(spellings(entries).values()))
        words = choose_words(counts, book, latin, syllables, chars, settings.candidates)
        report(f"tokenizer: {len(words)} candidates")
        used = prune(words, build_tokenizer(words), [*texts, *book, *words])
        kept = choose_words(
            {word: count for word, count in counts.items() if word in used},
            [word for word in book if word in used],
            {word: count for word, count in latin.items() if word in used},
            syllables,
            chars,
            settings.vocabulary - 2,
        )
        counted = product("counts.json", work, data, settings)
        counted.write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")
        build_tokenizer(kept).save(str(file), pretty=False)  # last: where it lies, the counts do too
    return Tokenizer.from_file(str(file))


def prepare(data: DataPaths, work: Path, settings: Settings) -> Material:
    """Tokenise the data and ask the teacher, or read what an earlier run made of them."""
    tokenizer = make_tokenizer(data, work, settings)
    file = product("material.npz", work, data, settings)
    if not file.exists():
        arrays = _flatten(_make(data, work, settings, tokenizer))
        partial = file.with_suffix(".part.npz")
        np.savez(partial, **arrays)  # type: ignore[arg-type]
        partial.replace(file)
    return _read(file)


def _make(data: DataPaths, work: Path, settings: Settings, tokenizer: Tokenizer) -> dict[str, object]:
    news = read_news(data.news)
    entries = read_cedict(data.cedict)
    book, syllables = gloss_book(entries), spellings(entries)
    counts: dict[str, int] = json.loads(product("counts.json", work, data, settings).read_text(encoding="utf-8"))
    by_article = [sentences(text) for text in news.values()]
    rough = _draw_sentences(by_article, settings)
    heads = [word for word in book if counts.get(word, 0) >= _HEAD_AT_LEAST or tokenizer.token_to_id(word) is not None]
    glosses = ["; ".join(book[word][:_GLOSSES]) for word in heads]
    english, chinese = (list(side) for side in zip(*read_pairs(data.tatoeba), strict=True))
    words = [token for token in _tokens(tokenizer) if token.isascii() and token.isalpha() and len(token) > 1]
    report("prepare: rough English")
    rough_texts = _in_rough_english(rough, book, syllables)

    def teach(name: str, texts: Sequence[str]) -> NDArray[np.float16]:
        return teacher_vectors(texts, work / "teacher", None, lambda done, of: report(f"teacher: {name} {done}/{of}"))

    questions = _training_questions(data, news)
    written = _written_questions(data, news, by_article)
    report("prepare: tokenising")
    return {
        "news": encode(tokenizer, [sentence for article in by_article for sentence in article]),
        "articles": np.cumsum([0] + [len(article) for article in by_article]).astype(np.int64),
        "heads": encode(tokenizer, heads),
        "glosses": encode(tokenizer, glosses),
        "head_counts": np.asarray([counts.get(word, 0) for word in heads], np.int64),
        "english": encode(tokenizer, english),
        "chinese": encode(tokenizer, chinese),
        "rough": encode(tokenizer, rough),
        "words": encode(tokenizer, words),
        "questions": encode(tokenizer, [question for question, _ in questions]),
        "passages": encode(tokenizer, [passage for _, passage in questions]),
        "written": encode(tokenizer, [question for question, _, _ in written]),
        "quotes": encode(tokenizer, [quote for _, quote, _ in written]),
        "quote_rows": np.asarray([row for _, _, row in written], np.int64),
        "gloss_of": encode(tokenizer, _token_glosses(tokenizer, book, syllables)),
        "head_targets": teach("glosses", glosses),
        "word_targets": teach("words", words),
        "english_targets": teach("sentences", english),
        "rough_targets": teach("rough English", rough_texts),
    }


def _latin_words(
    book: Mapping[str, Sequence[str]], pairs: Iterable[tuple[str, str]], counts: Mapping[str, int]
) -> dict[str, int]:
    latin: Counter[str] = Counter()
    for english, _ in pairs:
        latin.update(_LATIN.findall(fold(english)))
    for word, glosses in book.items():
        if counts.get(word, 0):
            latin.update({part for gloss in glosses[:_GLOSSES] for part in _LATIN.findall(fold(gloss))})
    chosen = {word: count for word, count in latin.items() if count >= _LATIN_AT_LEAST}
    chosen |= {word: latin[word] for word in teacher_words(_TEACHER_WORDS)}
    chosen |= {w: latin[w] for w, count in counts.items() if count >= 20 and re.fullmatch("[a-z0-9]{2,}", w)}
    return {word: count for word, count in sorted(chosen.items()) if not word.isdecimal()}


def _draw_sentences(by_article: Sequence[Sequence[str]], settings: Settings) -> list[str]:
    every = [s for article in by_article for s in article if _ROUGH_SHORTEST <= len(s) <= _ROUGH_LONGEST]
    return random.Random(settings.seed).sample(every, min(settings.rough_sentences, len(every)))  # noqa: S311


def _in_rough_english(
    texts: Iterable[str], book: Mapping[str, Sequence[str]], syllables: Mapping[str, str]
) -> list[str]:
    import rjieba

    return [rough_english(rjieba.cut(fold(text)), book, syllables) for text in texts]


def _tokens(tokenizer: Tokenizer) -> list[str]:
    return [tokenizer.id_to_token(index) or "" for index in range(tokenizer.get_vocab_size())]


def _token_glosses(tokenizer: Tokenizer, book: Mapping[str, Sequence[str]], syllables: Mapping[str, str]) -> list[str]:
    """For each token id its English, ``_GLOSSES`` texts: short glosses, else the spelling, else nothing."""
    texts: list[str] = []
    for token in _tokens(tokenizer):
        if token.isascii():
            own = [token] if token.isalnum() else []
        elif token in book:
            own = [short_gloss([gloss]) for gloss in book[token][:_GLOSSES]]
        else:
            own = ["".join(syllables.get(char, "") for char in token)]
        texts += [own[n % len(own)] if own else "" for n in range(_GLOSSES)]
    return texts


def _training_questions(data: DataPaths, news: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for paragraphs, questions in (read_squad(data.cmrc), read_squad(data.drcd), (news, _known(data, news))):
        pairs += [
            (question.text, paragraphs[document])
            for question in questions
            if not question.held_out
            for document in question.documents
        ]
    return pairs


def _written_questions(
    data: DataPaths, news: Mapping[str, str], by_article: Sequence[Sequence[str]]
) -> list[tuple[str, str, int]]:
    """Each question for training with each of its quotes, and the quote's first sentence counted over all articles."""
    places = {document: number for number, document in enumerate(news)}
    starts = np.cumsum([0] + [len(article) for article in by_article])
    found: list[tuple[str, str, int]] = []
    for question in read_written(data.written):
        if question.use == "train" and question.document in places:
            number = places[question.document]
            rows = (_sentence_of(quote, by_article[number]) for quote in question.quotes)
            found += [
                (question.text, quote, int(starts[number]) + row)
                for quote, row in zip(question.quotes, rows, strict=True)
                if row is not None
            ]
    return found


def _sentence_of(quote: str, article: Sequence[str]) -> int | None:
    """The sentence in which a quote begins, or None where the article does not hold the quote."""
    begin = "".join(article).find(quote)
    if begin < 0:
        return None
    ends = np.cumsum([len(sentence) for sentence in article])
    return int(np.searchsorted(ends, begin, side="right"))


def _known(data: DataPaths, news: Mapping[str, str]) -> list[Question]:
    questions = read_news_questions(data.news_questions)
    return [question for question in questions if all(document in news for document in question.documents)]


def _flatten(parts: Mapping[str, object]) -> dict[str, object]:
    arrays: dict[str, object] = {}
    for name, part in parts.items():
        if isinstance(part, Ragged):
            arrays |= {f"{name}.ids": part.ids, f"{name}.offsets": part.offsets}
        else:
            arrays[name] = part
    return arrays


def _read(file: Path) -> Material:
    with np.load(file) as arrays:
        parts: dict[str, object] = {}
        for name in arrays.files:
            base, _, kind = name.partition(".")
            if kind == "ids":
                parts[base] = Ragged(arrays[name], arrays[f"{base}.offsets"])
            elif not kind:
                parts[base] = arrays[name]
    return Material(**parts)  # type: ignore[arg-type]
