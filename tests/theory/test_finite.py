from __future__ import annotations

import doctest
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vael.errors import InputError
from vael.theory import FiniteDistribution, JointTable, RandomVariable, finite, joint_table

DIE = FiniteDistribution.uniform(range(1, 7))
DICE = FiniteDistribution.uniform(product(range(1, 7), repeat=2))
FIRST = RandomVariable("first", lambda w: w[0])
SECOND = RandomVariable("second", lambda w: w[1])
SUM = RandomVariable("sum", lambda w: w[0] + w[1])


Counts = list[int]
counts = st.lists(st.integers(0, 9), min_size=1, max_size=7).filter(any)
shaped = st.tuples(*[st.integers(1, 3)] * 3).flatmap(
    lambda shape: st.tuples(
        st.just(shape),
        st.lists(st.integers(0, 9), min_size=prod(shape), max_size=prod(shape)).filter(any),
    )
)


def box(counts: Counts) -> FiniteDistribution:
    return FiniteDistribution.from_counts(dict(enumerate(counts)))


def test_the_fair_die() -> None:
    mean = DIE.expectation()
    assert mean == Fraction(21, 6)
    assert isinstance(mean, Fraction)
    assert DIE.variance() == Fraction(35, 12)
    assert DIE[6] == Fraction(1, 6)
    assert DIE.probability(lambda w: w % 2 == 0) == DIE.probability([2, 4, 6]) == Fraction(1, 2)
    assert DIE.given([2, 4, 6]).items() == tuple((w, Fraction(1, 3)) for w in (2, 4, 6))


def test_floats_stay_floats_and_a_float_makes_all_of_them_floats() -> None:
    coin = FiniteDistribution(["H", "T"], [0.25, Fraction(3, 4)])
    assert coin.probabilities == (0.25, 0.75)
    assert not coin.exact
    assert coin.expectation({"H": 1, "T": -1}.get) == -0.5
    assert isinstance(coin.probability([]), float)


def test_numpy_numbers_are_numbers() -> None:
    coin = FiniteDistribution(np.arange(2), np.array([0.5, 0.5], dtype=np.float32))
    assert coin.probabilities == (0.5, 0.5)
    assert FiniteDistribution.uniform(np.arange(1, 7)).expectation() == Fraction(7, 2)


def test_expectation_skips_what_cannot_happen() -> None:
    space = FiniteDistribution([0, 1], [0, 1])
    assert space.expectation(lambda w: 1 / w) == 1.0


@given(counts, st.integers(-5, 5), st.integers(-5, 5))
def test_expectation_is_linear_and_variance_is_not(counts: Counts, a: int, b: int) -> None:
    space = box(counts)
    assert space.expectation(lambda w: a * w + b) == a * space.expectation() + b
    assert space.variance(lambda w: a * w + b) == a**2 * space.variance()
    assert space.variance() == space.expectation(lambda w: w**2) - space.expectation() ** 2


@given(counts, st.sets(st.integers(0, 6)), st.sets(st.integers(0, 6)))
def test_axioms(counts: Counts, a: set[int], b: set[int]) -> None:
    space = box(counts)
    a, b = a & set(space), b & set(space)
    p = space.probability
    assert p(space.outcomes) == 1
    assert p(a | b) == p(a) + p(b) - p(a & b)
    assert p(set(space) - a) == 1 - p(a)
    if p(b) > 0:
        assert space.given(b).probability(a & b) == p(a & b) / p(b)


@given(counts, st.integers(1, 4))
def test_a_random_variable_is_a_function(counts: Counts, k: int) -> None:
    space = box(counts)
    x = RandomVariable("w mod k", lambda w: w % k)
    law = x.distribution(space)
    assert law.outcomes == x.range(space) == tuple(range(min(k, len(space))))
    for value in x.range(space):
        assert law[value] == space.probability(x.preimage(space, value))
    pieces = [w for value in x.range(space) for w in x.preimage(space, value)]
    assert sorted(pieces) == sorted(space)  # pre-images part the sample space
    assert law.expectation() == x.expectation(space) == space.expectation(x)
    assert law.variance() == x.variance(space)


def test_sum_of_two_dice() -> None:
    law = SUM.distribution(DICE)
    assert [law[s] * 36 for s in range(2, 13)] == [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]
    assert SUM.preimage(DICE, 3) == ((1, 2), (2, 1))
    assert SUM.preimage(DICE, 1) == ()
    assert SUM.variance(DICE) == 2 * DIE.variance()
    assert SUM((2, 5)) == 7


def test_a_range_without_an_order_stays_as_it_comes() -> None:
    assert RandomVariable("mixed", lambda w: "six" if w == 6 else w).range(DIE) == (1, 2, 3, 4, 5, "six")


@pytest.mark.parametrize(
    ("outcomes", "probabilities", "message"),
    [
        ("ab", [1.5, -0.5], r"cannot be negative, got -0\.5 for 'b'"),
        ("ab", [Fraction(1, 2), Fraction(1, 3)], "must sum to 1, got 5/6"),
        ("ab", [0.5, 0.4], r"must sum to 1, got 0\.9"),
        ("ab", [0.5, float("nan")], "NaN"),
        ("ab", [0.5, float("inf")], "must sum to 1, got inf"),
        ("ab", ["1/2", "1/2"], "probability of 'a' must be a number, got '1/2'"),
        ("ab", [1], "2 outcomes need as many probabilities, got 1"),
        ("aa", [0.5, 0.5], "'a' is listed twice"),
        ("", [], "at least one outcome"),
    ],
)
def test_bad_probabilities(outcomes: str, probabilities: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FiniteDistribution(outcomes, probabilities)


def test_an_empty_uniform_and_an_empty_box() -> None:
    with pytest.raises(InputError, match="at least one outcome"):
        FiniteDistribution.uniform([])
    with pytest.raises(InputError, match="at least one ball"):
        FiniteDistribution.from_counts({"red": 0})


def test_conditions_of_probability_zero() -> None:
    with pytest.raises(InputError, match=r"event of probability zero: \{\}"):
        DIE.given(lambda w: w > 6)
    with pytest.raises(InputError, match=r"event of probability zero: \{'b'\}"):
        FiniteDistribution("ab", [1, 0]).given(["b"])
    table = JointTable("ab", ["xy", "uv"], [[1, 0], [0, 0]])
    with pytest.raises(InputError, match="event of probability zero: a = 'y'"):
        table.conditional(a="y")


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="7 is not an outcome: they are 1, 2, 3, 4, 5, 6"):
        _ = DIE[7]
    with pytest.raises(InputError, match="7 is not an outcome"):
        DIE.probability([6, 7])
    with pytest.raises(InputError, match="needs numbers, got 'H'"):
        FiniteDistribution.uniform("HT").expectation()
    table = JointTable.from_experiment(DICE, FIRST, SUM)
    with pytest.raises(InputError, match="no variable 'third' in the table: it has first, sum"):
        table.marginal("third")
    with pytest.raises(InputError, match="first has no value 9"):
        table.conditional(first=9)
    with pytest.raises(InputError, match="leave some"):
        table.conditional(first=1, sum=2)
    with pytest.raises(InputError, match="once"):
        table.marginal("sum", "sum")
    with pytest.raises(InputError, match=r"shape \(2, 2\)"):
        JointTable("ab", ["xy", "uv"], [[0.5, 0.5]])
    with pytest.raises(InputError, match=r"negative, got -1 for \('x', 'u'\)"):
        JointTable("ab", ["xy", "uv"], [[-1, 1], [1, 0]])
    with pytest.raises(InputError, match="listed twice"):
        JointTable("ab", ["xx", "uv"], [[1, 0], [0, 0]])
    with pytest.raises(InputError, match="as many lists"):
        JointTable("ab", ["xx"], [[1, 0], [0, 0]])
    with pytest.raises(InputError, match="a name each"):
        JointTable("aa", ["xy", "uv"], [[1, 0], [0, 0]])


def test_joint_table_of_two_dice() -> None:
    table = JointTable.from_experiment(DICE, FIRST, SECOND, SUM)
    assert table.probability(first=3, sum=5) == Fraction(1, 36)
    assert table.probability(first=3) == Fraction(1, 6)
    assert table.conditional(sum=4).distribution("first").given([1, 2, 3]).items() == tuple(
        (w, Fraction(1, 3)) for w in (1, 2, 3)
    )
    assert table.distribution("sum") == SUM.distribution(DICE)
    assert table.independent("first", "second")
    assert not table.independent("first", "sum")
    assert not table.independent("first", "second", given=["sum"])  # explaining away
    assert table.expectation(lambda first, second, total: first * second) == Fraction(49, 4)


@given(shaped)
def test_sum_and_product_rule(shaped: tuple[tuple[int, ...], Counts]) -> None:
    shape, counts = shaped
    cells = np.array([Fraction(count, sum(counts)) for count in counts], dtype=object).reshape(shape)
    table = JointTable("abc", [range(n) for n in shape], cells)
    assert table.marginal("a", "b").marginal("a") == table.marginal("a")
    assert table.marginal("c", "a").probability(c=0, a=0) == table.marginal("a", "c").probability(a=0, c=0)
    assert (table.marginal("b", "a").probabilities == table.probabilities.sum(axis=2).T).all()
    for value in table.values[1]:
        p = table.distribution("b")[value]
        if p > 0:
            slice_ = table.conditional(b=value)
            assert slice_.names == ("a", "c")
            assert (slice_.probabilities * p == table.probabilities[:, value]).all()
    assert table.expectation(lambda a, b, c: a + b) == sum(table.distribution(n).expectation() for n in "ab")


@given(st.tuples(counts, counts, counts))
def test_products_are_independent(three: tuple[Counts, Counts, Counts]) -> None:
    a, b, c = map(box, three)
    cells = np.einsum("i,j,k->ijk", *(np.array(d.probabilities, dtype=object) for d in (a, b, c)))
    exact = JointTable("abc", [a, b, c], cells)
    rounded = JointTable("abc", [a, b, c], cells.astype(float))
    for table in (exact, rounded):
        assert table.independent("a", "b")
        assert table.independent("c", "a", given="b")
    assert exact.marginal("b").as_distribution().probabilities == b.probabilities
    assert rounded.probabilities.dtype == np.float64


def test_a_hair_from_independent_is_told_exactly() -> None:
    hair = Fraction(1, 10**30)
    quarter = Fraction(1, 4)
    table = JointTable("ab", ["xy", "uv"], [[quarter + hair, quarter - hair], [quarter, quarter]])
    assert not table.independent("a", "b")
    assert table != JointTable("ab", ["xy", "uv"], [[quarter] * 2] * 2)


def test_tables_cannot_be_changed_and_can_be_keys() -> None:
    table = JointTable.from_experiment(DICE, FIRST, SUM)
    with pytest.raises(ValueError, match="read-only"):
        table.probabilities[0, 0] = 1
    assert len({table, JointTable.from_experiment(DICE, FIRST, SUM)}) == 1


def test_printing_explains() -> None:
    coin = RandomVariable("even", lambda w: w % 2 == 0)
    table = JointTable.from_experiment(DIE, coin, RandomVariable("high", lambda w: w > 3))
    assert repr(table).splitlines() == [
        "JointTable P(even, high)",
        "  even \\ high  False  True  sum",
        "  False        1/3    1/6   1/2",
        "  True         1/6    1/3   1/2",
        "  sum          1/2    1/2   1",
    ]
    assert repr(table.marginal("high")).splitlines()[1:] == ["  high   P", "  False  1/2", "  True   1/2"]
    assert "... 12 more" in repr(DICE)
    assert repr(coin) == "RandomVariable even"


@pytest.mark.parametrize("module", [finite, joint_table])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
