"""The evidence of a confidence, counted by hand over three candidates of two passages."""

from __future__ import annotations

import numpy as np
import pytest

from rag.answerers.confidence import CONFIDENCE_FEATURES, evidence
from rag.answerers.features import FEATURES

PLACE = list(FEATURES).index("place")


def named(table: np.ndarray, scores: list[float]) -> dict[str, float]:
    return dict(zip(CONFIDENCE_FEATURES, evidence(table, np.array(scores)), strict=True))


@pytest.fixture
def table() -> np.ndarray:
    rows = np.zeros((3, len(FEATURES)), np.float32)
    rows[:, PLACE] = [1.0, 1.0, 0.5]
    rows[:, 0] = [0.1, 0.2, 0.3]
    return rows


def test_the_best_and_its_rivals(table) -> None:
    told = named(table, [0.3, 0.8, 0.6])
    assert told["own"] == pytest.approx(0.2)  # of the second row, which has the best score
    assert told["score"] == pytest.approx(0.8)
    assert told["lead"] == pytest.approx(0.2)
    assert told["lead_elsewhere"] == pytest.approx(0.2)  # the third row stands in another passage
    assert told["company"] == pytest.approx(1.7)


def test_a_lone_candidate_leads_by_its_whole_score(table) -> None:
    told = named(table[:1], [0.4])
    assert (told["lead"], told["lead_elsewhere"], told["company"]) == pytest.approx((0.4, 0.4, 0.4))


def test_equal_scores_go_to_the_first(table) -> None:
    assert named(table, [0.5, 0.5, 0.5])["own"] == pytest.approx(0.1)
