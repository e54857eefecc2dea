"""Is every number of half precision the same number in single precision?"""

from __future__ import annotations

import numpy as np
import pytest

from index.precision import single


def test_every_finite_number_is_the_same():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    assert len(finite) == 2 * 31 * 1024  # two signs, 31 exponents but that of infinity, ten bits
    found = single(finite)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.view(np.uint32), finite.astype(np.float32).view(np.uint32))  # -0.0 too


def test_what_is_no_number_is_larger_than_any():
    found = single(np.array([np.inf, -np.inf, np.nan], np.float16))
    assert (np.abs(found) >= 65_536).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_other_numbers_are_converted(kind):
    assert single(np.array([[0.1]], kind)).tolist() == [[np.float32(0.1)]]


def test_shapes_and_strides():
    table = np.arange(12, dtype=np.float16).reshape(3, 4)
    for part in (table[::2], table[:, 1:3], table[:0]):
        np.testing.assert_array_equal(single(part), part.astype(np.float32))
