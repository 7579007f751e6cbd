from __future__ import annotations

import doctest
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vael.errors import InputError
from vael.theory import (
    FiniteDistribution,
    JointTable,
    bayes,
    evidence,
    normal_density,
    posterior,
    posterior_density,
    posteriors,
)

PRIOR = FiniteDistribution.uniform(["H1", "H2"])
BOXES = {
    "H1": FiniteDistribution.from_counts({"red": 4, "blue": 1}),
    "H2": FiniteDistribution.from_counts({"red": 1, "blue": 4}),
}
numbers = st.integers(1, 9)


Numbers = list[int]
experiments = st.lists(numbers, min_size=12, max_size=12)


def experiment(numbers: Numbers) -> tuple[FiniteDistribution, dict[str, FiniteDistribution]]:
    prior, *laws = np.reshape(numbers, (4, 3)).tolist()
    likelihood = {h: FiniteDistribution.from_counts(dict(zip("xyz", law))) for h, law in zip("ABC", laws)}
    return FiniteDistribution.from_counts(dict(zip("ABC", prior))), likelihood


def test_two_boxes_of_balls() -> None:
    after = posterior(PRIOR, BOXES, "red")
    assert after.items() == (("H1", Fraction(4, 5)), ("H2", Fraction(1, 5)))
    assert isinstance(after["H1"], Fraction)
    assert evidence(PRIOR, BOXES, "red") == Fraction(1, 2)


def test_a_ball_that_one_box_lacks() -> None:
    boxes = {**BOXES, "H2": FiniteDistribution.of({"green": 1})}
    assert posterior(PRIOR, boxes, "green").probabilities == (0, 1)
    assert posterior(PRIOR, boxes, "red").probabilities == (1, 0)


@given(experiments, st.lists(st.sampled_from("xyz"), min_size=1, max_size=6))
def test_one_by_one_is_all_at_once(numbers: Numbers, seen: list[str]) -> None:
    prior, likelihood = experiment(numbers)
    step_by_step = posteriors(prior, likelihood, seen)

    def all_at_once(observed: list[str], h: str) -> Fraction:
        return Fraction(np.prod([likelihood[h][d] for d in observed]))

    assert len(step_by_step) == len(seen)
    assert step_by_step[-1] == posterior(prior, all_at_once, seen)
    assert step_by_step[-1] == posteriors(prior, likelihood, seen[::-1])[-1]
    assert step_by_step[0] == posterior(prior, likelihood, seen[0])


@given(experiments)
def test_the_rule_is_a_column_of_the_joint_table(numbers: Numbers) -> None:
    prior, likelihood = experiment(numbers)
    table = JointTable.from_likelihood(prior, likelihood)
    assert table.distribution("hypothesis") == prior
    for d in "xyz":
        column = table.conditional(observed=d).distribution("hypothesis")
        assert column == posterior(prior, likelihood, d)
        assert table.probability(observed=d) == evidence(prior, likelihood, d)
        p = evidence(prior, likelihood, d)
        for h in prior:
            assert posterior(prior, likelihood, d)[h] * p == prior[h] * likelihood[h][d]


@given(experiments)
def test_the_mean_posterior_is_the_prior(numbers: Numbers) -> None:
    prior, likelihood = experiment(numbers)
    for h in prior:
        terms = [evidence(prior, likelihood, d) * posterior(prior, likelihood, d)[h] for d in "xyz"]
        assert sum(terms) == prior[h]


def test_densities_as_likelihood() -> None:
    prior = FiniteDistribution([-1.0, 1.0], [0.5, 0.5])
    after = posterior(prior, lambda x, h: float(normal_density(h, 1).pdf(x)), 0.7)
    assert after[1.0] == pytest.approx(1 / (1 + np.exp(-2 * 0.7)), abs=1e-12)


def test_many_observations_do_not_underflow() -> None:
    coins = {p: FiniteDistribution(["H", "T"], [p, 1 - p]) for p in (0.4, 0.5)}
    prior = FiniteDistribution(coins, [0.5, 0.5])
    last = posteriors(prior, coins, itertools.islice(itertools.cycle("HT"), 4000))[-1]
    assert last[0.4] / last[0.5] == pytest.approx((0.24 / 0.25) ** 2000, rel=1e-8)


@pytest.mark.parametrize(
    ("likelihood", "observed", "message"),
    [
        (BOXES, "green", "probability zero: no hypothesis allows 'green'"),
        ({"H1": BOXES["H1"]}, "red", "no likelihood for hypothesis 'H2'"),
        (lambda d, h: -1.0, "red", r"finite number >= 0, got -1\.0 for 'red' under 'H1'"),
        (lambda d, h: float("nan"), "red", "likelihood of 'red' under 'H1' is NaN"),
        (lambda d, h: float("inf"), "red", "got inf"),
        (lambda d, h: "much", "red", "got much"),
        (lambda d, h: 0.0, "red", "probability zero"),
    ],
)
def test_bad_input(likelihood: object, observed: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        posterior(PRIOR, likelihood, observed)  # type: ignore[arg-type]


@settings(max_examples=8)
@given(
    st.floats(-3, 3),
    st.floats(0.3, 3),
    st.floats(-3, 3),
    st.floats(0.3, 3),
    st.lists(st.floats(-3, 3), max_size=3),
)
def test_normal_prior_and_likelihood(
    mean: float, s: float, x: float, noise: float, more: list[float]
) -> None:
    data = np.array([x, *more])
    after = posterior_density(
        normal_density(mean, s), lambda z: sum(normal_density(0, noise).log_pdf(d - z) for d in data)
    )
    precision = 1 / s**2 + len(data) / noise**2
    centre = (mean / s**2 + data.sum() / noise**2) / precision
    assert after.mass.value == pytest.approx(1, abs=1e-8)
    assert after.mean == pytest.approx(centre, abs=1e-8)
    assert after.variance == pytest.approx(1 / precision, abs=1e-8)


def test_a_tiny_evidence_keeps_its_digits() -> None:
    after = posterior_density(normal_density(0, 1), lambda z: normal_density(1, 1).log_pdf(z) - 200)
    assert after.mean == pytest.approx(0.5, abs=1e-8)
    after = posterior_density(normal_density(0, 1), lambda z: z - 2000)  # p(x) = exp(-1999.5)
    assert after.mean == pytest.approx(1, abs=1e-8)
    with pytest.raises(InputError, match=r"probability zero: p\(z\) p\(x \| z\) is 0"):
        posterior_density(normal_density(0, 1), lambda z: np.full_like(z, -np.inf))


def test_a_narrow_posterior_is_found_by_its_points() -> None:
    points = [4.99999, 5.0, 5.00001]
    after = posterior_density(normal_density(0, 1), normal_density(5, 1e-5).log_pdf, points=points)
    assert after.mean == pytest.approx(5, abs=1e-8)


def test_examples() -> None:
    assert doctest.testmod(bayes).failed == 0
