from __future__ import annotations

import numpy as np

from training.prepare import make_tokenizer, prepare, sentences
from training.signals import Rewriter, Signals, _thinned
from training.sources import is_held_out, read_squad


def words_of(tokenizer, texts, row):
    return [tokenizer.id_to_token(i) for i in texts.ids[texts.offsets[row] : texts.offsets[row + 1]]]


def test_dictionary_words_stay_whole_and_numbers_of_a_year_too(data, work, settings):
    tokenizer = make_tokenizer(data, work, settings)
    assert tokenizer.encode("豐台醫院，２０２３年Hospital").tokens == ["丰台", "医院", "2023", "年", "hospital"]


def test_a_spelt_name_falls_into_its_syllables(data, work, settings):
    assert make_tokenizer(data, work, settings).encode("Taifeng").tokens == ["tai", "feng"]


def test_held_out_questions_are_not_in_the_material(data, work, settings):
    material = prepare(data, work, settings)
    _, asked = read_squad(data.cmrc)
    training = sum(not question.held_out for question in asked)
    news = sum(not is_held_out(f"n{n}") for n in range(60))
    assert 0 < training < len(asked)
    assert len(material.questions) == 2 * training + news or len(material.questions) < 2 * len(asked) + 60


def test_written_questions_stand_beside_the_sentence_that_answers(data, work, settings):
    tokenizer = make_tokenizer(data, work, settings)
    material = prepare(data, work, settings)
    assert len(material.written) == len(material.quotes) == len(material.quote_rows) == 40  # 20 of 60 are not for it
    for row, sentence in enumerate(material.quote_rows):
        assert words_of(tokenizer, material.quotes, row) == words_of(tokenizer, material.news, sentence)


def test_written_questions_meet_other_sentences_of_their_article(data, work, settings):
    tokenizer = make_tokenizer(data, work, settings)
    material = prepare(data, work, settings)
    signals = Signals(material, settings, tokenizer.get_vocab_size())
    near = signals._neighbours(material.quote_rows, np.random.default_rng(0))
    assert np.array_equal(signals._article_of[near], signals._article_of[material.quote_rows])
    assert (near != material.quote_rows).all()
    quotes, passages = signals._written(np.random.default_rng(0))
    assert (len(quotes.texts), len(passages.texts)) == (3 * 6, 2 * 6 + 5)
    assert quotes.pairs == passages.pairs == 6


def test_thinning_leaves_words_out_and_every_row_in_its_place(data, work, settings):
    texts = prepare(data, work, settings).news
    fewer = _thinned(texts, 0.5, np.random.default_rng(0))
    assert len(fewer) == len(texts)
    assert (fewer.lengths <= texts.lengths).all()
    assert 0.4 < fewer.lengths.sum() / texts.lengths.sum() < 0.6
    assert np.array_equal(_thinned(texts, 0.0, np.random.default_rng(0)).ids, texts.ids)


def test_what_was_prepared_is_read_back_alike(data, work, settings):
    first, second = prepare(data, work, settings), prepare(data, work, settings)
    for name in first.__slots__:
        one, other = getattr(first, name), getattr(second, name)
        assert np.array_equal(getattr(one, "ids", one), getattr(other, "ids", other))


def test_rewriting_says_the_same_in_synonyms_and_in_english(data, work, settings):
    tokenizer = make_tokenizer(data, work, settings)
    material = prepare(data, work, settings)
    rewriter = Rewriter(material, tokenizer.get_vocab_size())
    heads = [words_of(tokenizer, material.heads, row) for row in range(len(material.heads))]
    doctor = heads.index(["医生"])
    text = material.heads.take(np.asarray([doctor] * 50))
    synonyms = rewriter.synonyms(text, np.random.default_rng(0))
    assert {words_of(tokenizer, synonyms, row)[0] for row in range(50)} >= {"医生", "大夫"}
    rewriter._kept[:] = 1.0
    english = rewriter.english(text, np.random.default_rng(0))
    assert words_of(tokenizer, english, 0) == ["doctor"]


def test_a_passage_stays_in_its_article_and_leaves_the_span_out(data, work, settings):
    tokenizer = make_tokenizer(data, work, settings)
    material = prepare(data, work, settings)
    signals = Signals(material, settings, tokenizer.get_vocab_size())
    chosen = signals._askable[:40]
    around = signals._surroundings(chosen, np.ones(len(chosen), bool), np.random.default_rng(1))
    for row, sentence in enumerate(chosen):
        number = signals._article_of[sentence]
        found = words_of(tokenizer, around, row)
        own = material.news.offsets[material.articles[number + 1]] - material.news.offsets[material.articles[number]]
        assert 0 < len(found) < own
        assert {word for word in found if word.isdecimal() and word != "2023"} <= {str(number)}


def test_sentences_keep_their_marks():
    assert sentences("甲。乙！？丙\n") == ["甲。", "乙！？", "丙\n"]
