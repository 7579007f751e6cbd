"""The map between data and model units: round trips, and densities that integrate to one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import quad
from scipy.stats import norm

from vael.datasets import Scaling
from vael.errors import InputError

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
FLOATS = hnp.arrays(
    np.float64, SHAPES, elements=st.floats(-1e300, 1e300, allow_nan=False, allow_subnormal=False)
)


@given(X=hnp.arrays(np.uint8, SHAPES))
def test_bytes_come_back_exactly(X):
    scaling = Scaling.unit(X.shape[1], 255)
    model = scaling.to_model(X)
    assert model.dtype == np.float32
    assert np.array_equal(model, X.astype(np.float32) / np.float32(255))
    back = scaling.to_data(model)
    assert back.dtype == np.uint8
    assert np.array_equal(back, X)


@given(maximum=st.integers(1, 2**20), data=st.data())
def test_any_maximum_comes_back_exactly_in_its_smallest_dtype(maximum, data):
    values = data.draw(st.lists(st.integers(0, maximum), min_size=1))
    scaling = Scaling.unit(len(values), maximum)
    back = scaling.to_data(scaling.to_model(np.array(values)))
    assert back.tolist() == values
    assert back.dtype == np.min_scalar_type(maximum)


def test_bytes_are_divided_in_float32_as_in_float64():
    bytes_ = np.arange(256, dtype=np.uint8)[None]
    for maximum in range(1, 256):
        scaling = Scaling.unit(256, maximum)
        expected = (bytes_.astype(np.float64) / maximum).astype(np.float32)
        np.testing.assert_array_equal(scaling.to_model(bytes_), expected)
        np.testing.assert_array_equal(scaling.to_model(bytes_.astype(np.int64)), expected)


def test_what_lies_outside_is_clamped_before_it_becomes_a_byte():
    scaling = Scaling.unit(5, 255)
    model = np.array([1.02, -0.3, 0.5, 1e30, 254.6 / 255], np.float32)
    assert scaling.to_data(model).tolist() == [255, 0, 128, 255, 255]
    fractions = scaling.to_data(model, dtype=np.float64)
    assert fractions == pytest.approx([255, 0, 127.5, 255, 254.6], abs=1e-5)


@given(X=FLOATS)
def test_standardised_columns_have_mean_zero_and_deviation_one(X):
    scaling = Scaling.standardise(X)
    model = scaling.to_model(X).astype(np.float64)
    varying = [column for column in range(X.shape[1]) if column not in scaling.constant]
    assert model[:, varying].mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert model[:, varying].std(axis=0) == pytest.approx(1, abs=1e-5)
    assert set(scaling.scale[list(scaling.constant)]) <= {1.0}


@given(X=FLOATS)
def test_standardised_values_come_back(X):
    scaling = Scaling.standardise(X)
    back = scaling.to_data(scaling.to_model(X))
    # Model units are float32: the error is relative to the spread, not to the value.
    spread = np.maximum(scaling.scale * np.abs(scaling.to_model(X)), np.abs(X))
    assert (np.abs(back - X) <= 1e-6 * spread + 1e-300).all()


@given(X=FLOATS | hnp.arrays(np.uint8, SHAPES))
def test_json_brings_back_the_same_map_bit_for_bit(X):
    features = X.shape[1]
    for scaling in (
        Scaling.standardise(X),
        Scaling.unit(features, 16),
        Scaling.identity(features),
    ):
        again = Scaling.from_dict(json.loads(json.dumps(scaling.to_dict())))
        assert again == scaling
        assert hash(again) == hash(scaling)
        assert again.scale.tobytes() == scaling.scale.tobytes()
        assert again.offset.tobytes() == scaling.offset.tobytes()
        assert (again.constant, again.features) == (scaling.constant, scaling.features)


def test_constant_columns_are_listed_and_keep_scale_one():
    X = np.array([[0.1, 1, 7, 1e9], [0.1, 2, 7, 1e9 + 1e-7]] * 5)
    scaling = Scaling.standardise(X)
    assert scaling.constant == (0, 2, 3)
    assert scaling.scale.tolist() == [1, 0.5, 1, 1]
    assert scaling.to_model(X)[:, :3].tolist() == [[0, -1, 0], [0, 1, 0]] * 5


def test_small_differences_on_a_large_offset_survive():
    X = 1e6 + np.array([[0.0], [1e-3], [2e-3]])
    model = Scaling.standardise(X).to_model(X)
    assert model.ravel() == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)], rel=1e-5, abs=1e-6)


@given(
    st.floats(-50, 50),
    st.floats(0.01, 20),
    st.floats(-1, 1),
    st.floats(0.3, 3),
)
def test_a_density_in_model_units_plus_the_jacobian_integrates_to_one(offset, scale, mean, spread):
    scaling = Scaling("standardise", np.array([offset]), np.array([scale]), 1)
    law = norm(mean, spread)

    def density(x):
        return np.exp(law.logpdf((x - offset) / scale) + scaling.log_jacobian)

    centre, width = offset + scale * mean, scale * spread
    total, _ = quad(density, centre - 12 * width, centre + 12 * width, points=[centre])
    assert total == pytest.approx(1, abs=1e-6)


def test_the_jacobian_sums_over_features_and_is_zero_by_convention_for_bytes():
    X = np.random.default_rng(0).normal(size=(400, 3)) * [1, 10, 0.1]
    scaling = Scaling.standardise(X)
    given_units = norm(X.mean(0), X.std(0)).logpdf(X).sum(1)
    model_units = norm.logpdf((X - X.mean(0)) / X.std(0)).sum(1)
    assert model_units + scaling.log_jacobian == pytest.approx(given_units, abs=1e-9)
    assert scaling.density_of == "the data as given"
    assert Scaling.identity(3).log_jacobian == 0
    unit = Scaling.unit(3, 255)
    assert (unit.log_jacobian, unit.density_of) == (0, "the values divided by 255")


def test_leading_axes_are_kept_and_blocks_change_nothing():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 900)).astype(np.float32)  # more than one block either way
    scaling = Scaling.standardise(X)
    assert scaling.scale == pytest.approx(X.std(0, dtype=np.float64), rel=1e-12)
    assert scaling.offset == pytest.approx(X.mean(0, dtype=np.float64), abs=1e-12)
    model = scaling.to_model(X)
    assert np.array_equal(model[2990:], scaling.to_model(X[2990:]))
    assert np.array_equal(scaling.to_model(X[:6].reshape(2, 3, 900)), model[:6].reshape(2, 3, 900))


def test_it_cannot_be_changed():
    scaling = Scaling.unit(2, 255)
    with pytest.raises(ValueError, match="read-only"):
        scaling.scale[...] = 1
    assert repr(scaling) == "Scaling('unit', features=2, maximum=255)"
    assert scaling != Scaling.unit(3, 255)
    assert scaling != Scaling.unit(2, 254)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Scaling.unit(2, 0), "must be at least 1, got 0"),
        (lambda: Scaling("log", np.array(0.0), np.array(1.0), 2), "one of identity, unit, standard"),
        (lambda: Scaling("unit", np.array(0.0), np.array(0.0), 2), "above 0"),
        (lambda: Scaling("unit", np.zeros(3), np.array(1.0), 2), "offset must be one or 2 finite"),
        (lambda: Scaling("unit", np.array(0.0), np.array(np.inf), 2), "scale must be one or 2"),
        (lambda: Scaling.identity(2).to_model(np.zeros((4, 3))), r"2 features, got shape \(4, 3\)"),
        (lambda: Scaling.identity(2).to_data(np.ones(())), "2 features"),
        (lambda: Scaling.identity(1).to_model(np.full((1, 1), 1e39)), "too large for float32"),
        (lambda: Scaling.from_dict({"kind": "unit"}), "a scaling has"),
    ],
)
def test_bad_maps_and_values_are_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_centring_takes_the_mean_and_leaves_the_unit():
    X = np.random.default_rng(0).normal(size=(50, 3)) * [1, 10, 100] + [5, -7, 1e6]
    scaling = Scaling.centre(X)
    np.testing.assert_allclose(scaling.to_model(X), X - X.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(scaling.to_data(scaling.to_model(X)), X, atol=1e-4)
    assert scaling.log_jacobian == 0
    assert scaling.density_of == "the data as given"
    assert Scaling.from_dict(scaling.to_dict()) == scaling
