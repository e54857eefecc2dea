"""How well does a reading model read? On held-out groups: which passage, whether it answers, and in which words.

The right passage is among those of the group, so this is reading alone; what searching adds is measured by
``wenju eval``.

References:
    Cui et al.: A Span-Extraction Dataset for Chinese Machine Reading Comprehension (2019) (EM and character F1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from rag.evaluation.matching import normalise
from rag.evaluation.metrics import auroc, char_f1
from rag.retrieval.crossencoder import Judgement, Verdict
from training.reader.groups import Group

__all__ = ["Read", "score_reader", "scores_table"]

Read = Callable[[str, Sequence[tuple[str, str]]], Sequence[Judgement]]


def score_reader(read: Read, groups: Sequence[Group]) -> dict[str, dict[str, float]]:
    """Figures per kind of question, and ``all`` of them.

    Args:
        read: Reads passages for a question.
        groups: Held-out groups.

    Returns:
        Kind -> figure -> value in [0, 1], besides ``n``: ``right passage`` (the most relevant is the right one),
        ``verdict`` (of the right passage), ``exact`` and ``f1`` of the short answer, ``told`` (the words that
        contradict the question, exactly), and for ``all`` ``auroc`` (answerable or not, by the likeliest answer).
    """
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    surest: list[float] = []
    answerable: list[bool] = []
    for group in groups:
        judged = read(group.question, [(p.head, p.text) for p in group.passages])
        right = group.passages[0]
        surest.append(max(judgement.holds for judgement in judged))
        answerable.append(right.verdict in {Verdict.ANSWERS, Verdict.YES, Verdict.NO})
        for kind in (group.kind, "all"):
            for name, value in _figures(group, judged).items():
                found[kind][name].append(value)
    table = {
        kind: {name: sum(values) / len(values) for name, values in figures.items()} | {"n": len(figures["verdict"])}
        for kind, figures in sorted(found.items())
    }
    table["all"]["auroc"] = auroc(surest, answerable) or 0.0
    return table


def _figures(group: Group, judged: Sequence[Judgement]) -> dict[str, float]:
    right, first = group.passages[0], judged[0]
    if right.verdict is Verdict.NONE:
        return {"verdict": float(max(judgement.holds for judgement in judged) < 0.5)}
    best = max(judged, key=lambda judgement: judgement.relevance)
    figures = {"right passage": float(best is first), "verdict": float(first.verdict is right.verdict)}
    if right.verdict is Verdict.DIFFERS:
        gold = {right.text[a:b] for a, b in right.told} | {right.head[a:b] for a, b in right.told_above}
        told = {right.text[a:b] for a, b in first.told} | {right.head[a:b] for a, b in first.told_above}
        figures["told"] = float(gold == told)
    if right.verdict is Verdict.ANSWERS and right.spans:
        figures |= _short_answer(right.text, right.spans, first)
    return figures


def _short_answer(text: str, spans: Sequence[tuple[int, int]], judgement: Judgement) -> dict[str, float]:
    """Of a list, the share of exact items and their F1; else the one span."""
    gold = [normalise(text[a:b]) for a, b in spans]
    if len(gold) > 1:
        told = [normalise(text[a:b]) for a, b in judgement.spans or (judgement.span,)]
        shared = len(set(gold) & set(told))
        return {"exact": shared / len(set(gold)), "f1": 2 * shared / (len(set(gold)) + len(set(told)))}
    told_one = text[slice(*judgement.span)]
    return {"exact": float(normalise(told_one) == gold[0]), "f1": char_f1(told_one, text[slice(*spans[0])])}


def scores_table(scores: dict[str, dict[str, float]]) -> str:
    """The figures as a Markdown table."""
    names = ("n", "right passage", "verdict", "exact", "f1", "told", "auroc")
    lines = ["| kind | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for kind, figures in scores.items():
        cells = [f"{figures[n]:.0f}" if n == "n" else f"{figures[n]:.3f}" if n in figures else "" for n in names]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
