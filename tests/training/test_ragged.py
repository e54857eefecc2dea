from __future__ import annotations

import numpy as np

from training.ragged import Ragged, slices, stack


def ragged(*rows):
    return Ragged(
        np.asarray([i for row in rows for i in row], np.int32), np.cumsum([0, *map(len, rows)]).astype(np.int64)
    )


def rows(texts):
    return [texts.ids[a:b].tolist() for a, b in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)]


def test_take_keeps_the_order_asked_for():
    assert rows(ragged([1, 2], [], [3]).take(np.asarray([2, 0, 1, 2]))) == [[3], [1, 2], [], [3]]


def test_slices_may_overlap_and_a_backward_range_is_empty():
    ids = np.arange(5, dtype=np.int32)
    assert rows(slices(ids, np.asarray([0, 3, 4]), np.asarray([3, 5, 2]))) == [[0, 1, 2], [3, 4], []]


def test_stack_puts_rows_one_after_the_other():
    assert rows(stack([ragged([1], [2, 3]), ragged(), ragged([], [4])])) == [[1], [2, 3], [], [4]]
