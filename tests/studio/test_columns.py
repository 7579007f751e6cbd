from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from vael.errors import InputError
from vael.studio.columns import DTYPES, Reply, pack, unpack


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.sampled_from(DTYPES).flatmap(lambda t: arrays(np.dtype(t), array_shapes(min_dims=0, min_side=0))),
        max_size=4,
    )
)
def test_arrays_come_back_as_they_were(columns):
    found = unpack(pack(Reply({"n": 1}, columns)))
    assert found.facts == {"n": 1}
    assert list(found.arrays) == list(columns)
    for name, array in columns.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)


def test_numbers_that_are_not_finite_are_null_in_facts():
    facts = {"a": np.nan, "b": [np.inf, np.float32(1.5)], "c": {"d": np.arange(2)}, 3: (1, 2)}
    assert unpack(pack(Reply(facts))).facts == {"a": None, "b": [None, 1.5], "c": {"d": [0, 1]}, "3": [1, 2]}


@given(st.binary(max_size=200))
def test_anything_else_is_refused(body):
    with pytest.raises(InputError):
        unpack(body)


def test_a_body_cut_short_is_refused():
    body = pack(Reply({}, {"z": np.arange(10.0)}))
    for end in range(len(body)):
        with pytest.raises(InputError):
            unpack(body[:end])


def test_a_kind_of_array_that_no_page_reads_is_refused():
    with pytest.raises(InputError, match="int64"):
        pack(Reply({}, {"z": np.arange(3)}))
