"""What does a passage say to a question? One small transformer reads both together; this is the one door to it.

In one pass it gives how relevant the passage is, whether it answers, confirms, denies or contradicts, and which words
of it (and of the question) are meant. ``python -m training.reader`` makes the weights; they run on onnxruntime in
8-bit whole numbers, so no torch is loaded to answer.

References:
    Nogueira, Cho: Passage Re-ranking with BERT (2019).
    Devlin et al.: BERT (2019), section 4.2 (start and end of an answer).
    Segal et al.: A Simple and Effective Model for Answering Multi-span Questions (2020).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from index.text import CLOSERS, sentence_spans

__all__ = [
    "BUILTIN_READER",
    "TOKEN_SCORES",
    "VERDICTS",
    "CrossEncoder",
    "Judgement",
    "Pair",
    "Verdict",
    "best_span",
    "encode_pairs",
    "judge",
    "load_crossencoder",
    "load_tokenizer",
]

BUILTIN_READER = Path(__file__).parents[1] / "models" / "wenju-reader"


class Verdict(StrEnum):
    """What a passage says to a question."""

    NONE = "none"
    ANSWERS = "answers"
    YES = "yes"
    NO = "no"
    DIFFERS = "differs"  # it is about the same thing, but with another place, person, day or kind than the question's


VERDICTS = tuple(Verdict)
"""The columns of the verdict output."""

TOKEN_SCORES = ("start", "end", "inside", "told", "asked")
"""The columns of the token output: first and last token of the best answer, part of any answer, what the passage has
instead of the question's words, and those words of the question."""

_QUESTION, _HEAD, _TEXT = 64, 72, 384  # most tokens of each; what is longer is not read to its end
_LONGEST_ANSWER = 60  # tokens
_LEAST_INSIDE = 0.05  # that a stretch counts although a token of it is surely no part of an answer
_FEWEST_ROWS = 4  # of a batch: shorter texts are not held up by the padding of much longer ones
_MAY_BE = -1.5  # logit above which a token beside a sure one belongs to the same run
_NEVER = -30.0  # logit of what cannot be
_KEPT = 4_096  # judgements that are remembered, some kilobytes each

Ranges = tuple[tuple[int, int], ...]
Floats = NDArray[np.float32]

_SAYS_NOTHING: Floats = np.array([verdict is Verdict.NONE for verdict in VERDICTS], np.float32)


@dataclass(frozen=True, slots=True)
class Pair:
    """One input of the model.

    Attributes:
        ids: Token numbers: ``<s> question </s></s> head </s> text </s>``.
        question: (first token, (start, end) of each token) of the question.
        head: The same of the head.
        text: The same of the text; offsets count characters of the original text.
        asking: The ranges of the text's sentences that ask; no answer stands there.
    """

    ids: tuple[int, ...]
    question: tuple[int, Ranges]
    head: tuple[int, Ranges]
    text: tuple[int, Ranges]
    asking: Ranges = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model says of one passage.

    Attributes:
        relevance: In (0, 1), that this is the passage to answer from, or to contradict the question with.
        verdicts: (len(VERDICTS),) probabilities, which sum to 1.
        span: Half-open range of the text: the best single answer, or what decides a yes or no.
        sure: In (0, 1), probability of that range among all.
        spans: Every range of the text that is part of an answer, in order; may be empty.
        told: Ranges of the text that contradict the question; may be empty.
        told_above: Ranges of the head that do; may be empty.
        asked: Ranges of the question that they contradict; may be empty.
    """

    relevance: float
    verdicts: Floats
    span: tuple[int, int]
    sure: float
    spans: Ranges
    told: Ranges
    told_above: Ranges
    asked: Ranges

    @property
    def verdict(self) -> Verdict:
        """The likeliest verdict."""
        return VERDICTS[int(self.verdicts.argmax())]

    def probability(self, verdict: Verdict) -> float:
        """Of one verdict."""
        return float(self.verdicts[VERDICTS.index(verdict)])

    @property
    def holds(self) -> float:
        """Probability that the passage holds an answer, yes and no included."""
        return float(self.verdicts[1:4].sum())

    @property
    def differs(self) -> float:
        """Probability that the passage contradicts what the question takes for granted."""
        return float(self.verdicts[4])

    @property
    def support(self) -> float:
        """How far the passage is relevant and holds an answer, in [0, 1]."""
        return self.holds * self.relevance

    @property
    def conflict(self) -> float:
        """How far the passage is relevant and contradicts the question, in [0, 1]."""
        return self.differs * self.relevance


class CrossEncoder:
    """The model, ready to read.

    Args:
        folder: The model's folder: ``model.onnx``, ``tokenizer.json``, ``settings.json``.
        threads: Processor threads; all when 0.
    """

    def __init__(self, folder: Path = BUILTIN_READER, threads: int = 0) -> None:
        import onnxruntime

        self.settings: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        self.tokenizer = load_tokenizer(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=providers)
        self._known: OrderedDict[tuple[str, str, str], Judgement] = OrderedDict()
        self._lock = Lock()

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Judgement]:
        """Read passages for a question; what was read lately is remembered.

        Args:
            question: The question.
            passages: What stands above each passage (headline, section head), and its text.

        Returns:
            One judgement per passage, in their order.
        """
        keys = [(question, head, text) for head, text in passages]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
        new = [key for key in dict.fromkeys(keys) if key not in found]
        pairs = encode_pairs(self.tokenizer, question, [(head, text) for _, head, text in new])
        for rows in _batches(pairs):
            for row, judgement in zip(rows, self._judge([pairs[row] for row in rows]), strict=True):
                found[new[row]] = judgement
        with self._lock:
            for key in keys:
                self._known[key] = found[key]
                self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return [found[key] for key in keys]

    def confidence(self, evidence: Mapping[str, float]) -> float:
        """Probability that an answer is right, by the logistic regression that was fitted with the model.

        Args:
            evidence: Name -> value, see :func:`rag.retrieval.judging.evidence`.
        """
        weights = self.settings["calibration"]
        raw = weights["constant"] + sum(weights.get(name, 0.0) * value for name, value in evidence.items())
        return float(_sigmoid(np.array(raw, np.float32)))

    def _judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        longest = max(len(pair.ids) for pair in pairs)
        ids = np.ones((len(pairs), longest), np.int64)
        mask = np.zeros((len(pairs), longest), np.int64)
        for row, pair in enumerate(pairs):
            ids[row, : len(pair.ids)] = pair.ids
            mask[row, : len(pair.ids)] = 1
        relevance, verdict, tokens = self._session.run(None, {"ids": ids, "mask": mask})
        return [judge(*row) for row in zip(pairs, relevance, verdict, tokens, strict=True)]


@cache
def load_crossencoder() -> CrossEncoder:
    """The model that ships with the package; loaded once in each process."""
    return CrossEncoder()


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder, which neither pads nor truncates."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def encode_pairs(tokenizer: Tokenizer, question: str, passages: Sequence[tuple[str, str]]) -> list[Pair]:
    """Inputs of the model.

    Args:
        tokenizer: The model's.
        question: The question.
        passages: What stands above each passage, and its text.
    """
    bos, eos = _id(tokenizer, "<s>"), _id(tokenizer, "</s>")
    asked = tokenizer.encode(question, add_special_tokens=False)
    heads = tokenizer.encode_batch([head for head, _ in passages], add_special_tokens=False)
    texts = tokenizer.encode_batch([text for _, text in passages], add_special_tokens=False)
    question_ids, question_part = asked.ids[:_QUESTION], (1, _offsets(asked, _QUESTION))
    pairs = []
    for (_, said), head, text in zip(passages, heads, texts, strict=True):
        before = [bos, *question_ids, eos, eos]
        head_ids = head.ids[:_HEAD]
        ids = (*before, *head_ids, eos, *text.ids[:_TEXT], eos)
        above = (len(before), _offsets(head, _HEAD))
        here = (len(before) + len(head_ids) + 1, _offsets(text, _TEXT))
        pairs.append(Pair(ids, question_part, above, here, _asking(said)))
    return pairs


def _asking(text: str) -> Ranges:
    if "？" not in text and "?" not in text:
        return ()
    return tuple((a, b) for a, b in sentence_spans(text) if text[a:b].rstrip(CLOSERS)[-1:] in {"？", "?"})


def _id(tokenizer: Tokenizer, token: str) -> int:
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ValueError(f"the tokenizer has no {token}")
    return number


def judge(pair: Pair, relevance: float, verdict: Floats, tokens: Floats) -> Judgement:
    """What the outputs of the model say.

    Args:
        pair: What was read.
        relevance: A logit.
        verdict: (len(VERDICTS),) logits.
        tokens: (length, len(TOKEN_SCORES)) logits, length at least that of the input.
    """
    offsets = pair.text[1]
    here = _part(tokens, pair.text).copy()
    asks = np.array([any(a <= start and end <= b for a, b in pair.asking) for start, end in offsets], bool)
    here[asks, :3] = _NEVER
    left, right, sure = best_span(here[:, 0], here[:, 1], here[:, 2]) if offsets else (0, 0, 0.0)
    return Judgement(
        relevance=float(_sigmoid(np.array(relevance, np.float32))),
        verdicts=_softmax(verdict) if not asks.size or not asks.all() else _SAYS_NOTHING,
        span=(offsets[left][0], offsets[right][1]) if offsets else (0, 0),
        sure=sure,
        spans=_runs(here[:, 2], offsets),
        told=_runs(here[:, 3], offsets),
        told_above=_runs(_part(tokens, pair.head)[:, 3], pair.head[1]),
        asked=_runs(_part(tokens, pair.question)[:, 4], pair.question[1]),
    )


def _part(tokens: Floats, where: tuple[int, Ranges]) -> Floats:
    """The scores of the tokens of one part of an input."""
    first, offsets = where
    return tokens[first : first + len(offsets)]


def best_span(start: Floats, end: Floats, inside: Floats) -> tuple[int, int, float]:
    """First and last token of the likeliest answer, and the probability of these two.

    A stretch counts as much as the token in it that is least likely part of an answer: else a start at one of two rival
    figures and an end at the other would make one answer of both.

    Args:
        start: (n,) logits, n is 1 or more.
        end: (n,) logits.
        inside: (n,) logits.
    """
    joint = np.triu(_softmax(start)[:, None] * _softmax(end)[None, :])
    length = np.arange(len(end))[None, :] - np.arange(len(start))[:, None]
    worst = np.minimum.accumulate(np.where(length < 0, np.inf, inside[None, :]), axis=1)
    weighed = np.where(length < _LONGEST_ANSWER, joint * (_LEAST_INSIDE + _sigmoid(worst)), 0.0)
    left, right = divmod(int(weighed.argmax()), len(end))
    return left, right, float(joint[left, right])


def _runs(logits: Floats, offsets: Ranges) -> Ranges:
    """The ranges of neighbouring tokens that may be in, each with at least one that is likelier in than out."""
    found: list[tuple[int, int, bool]] = []
    previous = -2
    for place in np.flatnonzero(logits > _MAY_BE).tolist():
        sure = bool(logits[place] > 0)
        if place == previous + 1:
            start, _, known = found[-1]
            found[-1] = (start, offsets[place][1], known or sure)
        else:
            found.append((*offsets[place], sure))
        previous = place
    return tuple((start, end) for start, end, sure in found if sure and start < end)


def _batches(pairs: Sequence[Pair]) -> list[list[int]]:
    """Rows of inputs of about one length."""
    order = sorted(range(len(pairs)), key=lambda row: len(pairs[row].ids))
    batches: list[list[int]] = []
    for row in order:
        if batches and (len(batches[-1]) < _FEWEST_ROWS or len(pairs[row].ids) == len(pairs[batches[-1][-1]].ids)):
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _offsets(encoding: Encoding, most: int) -> Ranges:
    return tuple(encoding.offsets[:most])


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max())
    shares: Floats = raised / raised.sum()
    return shares


def _sigmoid(logits: Floats) -> Floats:
    shares = 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    return shares.astype(np.float32)
