"""What is drawn of probability is what `vael.theory` computes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from vael.errors import InputError
from vael.plots.theory import bayes_update, die_pmf, joint_density, normal_densities
from vael.theory import FiniteDistribution, JointDensity, RandomVariable, joint_normal_density, posteriors


def named(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_bars_are_the_pmf_and_the_line_is_the_expectation(sound, theme):
    figure = die_pmf(theme=theme)
    sound(figure, theme)
    _, eyes, _, gain = figure.axes
    np.testing.assert_allclose([bar.get_height() for bar in eyes.patches], [1 / 6] * 6)
    np.testing.assert_allclose([bar.get_height() for bar in gain.patches], [1 / 2, 1 / 3, 1 / 6])
    centres = [bar.get_x() + bar.get_width() / 2 for bar in gain.patches]
    np.testing.assert_allclose(centres, [-1, 1, 4])
    for axes, mean, text in ((eyes, 21 / 6, "E[X] = 21/6 = 3.5"), (gain, 1 / 2, "E[X] = 3/6 = 0.5")):
        (line,) = named(axes, "E[X]")
        assert list(line.get_xdata()) == [mean, mean]
        assert text in texts(axes)
    assert texts(gain)[:3] == ["1/2", "1/3", "1/6"]


def test_arrows_join_each_outcome_to_its_value():
    die = FiniteDistribution.uniform(range(1, 7))
    odd = RandomVariable("odd", lambda w: w % 2)
    above = die_pmf([odd], die).axes[0]
    ends = [arrow.xy[0] for arrow in above.texts if getattr(arrow, "arrow_patch", None) is not None]
    assert ends == [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]


def test_a_loaded_coin_has_its_own_masses(sound, theme):
    coin = FiniteDistribution(["heads", "tails"], [0.25, 0.75])
    figure = die_pmf([RandomVariable("gain", lambda w: 3 if w == "heads" else -2)], coin, theme=theme)
    sound(figure, theme)
    axes = figure.axes[1]
    assert [bar.get_height() for bar in axes.patches] == [0.75, 0.25]
    (line,) = named(axes, "E[X]")
    assert line.get_xdata()[0] == pytest.approx(0.25 * 3 - 0.75 * 2)
    assert {"heads", "tails"} <= set(texts(figure.axes[0]))


def test_no_variables_are_refused():
    with pytest.raises(InputError, match="variables is empty"):
        die_pmf([])


def test_curves_are_normal_densities(sound, theme):
    parameters = ((0.0, 1.0), (-2.0, 0.4))
    figure = normal_densities(parameters, theme=theme)
    sound(figure, theme)
    left, right = figure.axes
    curves = [line for line in left.lines if len(line.get_xdata()) > 100]
    for curve, (mean, deviation) in zip(curves, parameters, strict=True):
        np.testing.assert_allclose(
            curve.get_ydata(), norm.pdf(curve.get_xdata(), mean, deviation), rtol=1e-12
        )
    turning = [line for line in left.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([line.get_xdata() for line in turning], [[-1, 1], [-2.4, -1.6]])
    for line, (mean, deviation) in zip(turning, parameters, strict=True):
        np.testing.assert_allclose(line.get_ydata(), norm.pdf(line.get_xdata(), mean, deviation), rtol=1e-12)
    assert [t for t in texts(right) if t.endswith("%")] == ["99.7 %", "95.4 %", "68.3 %"]


def test_marginals_and_the_slice_are_those_of_the_joint(sound, theme):
    joint = joint_normal_density([0.0, 0.0], [[1.0, 0.8], [0.8, 1.0]])
    figure = joint_density(joint, 0.5, y_limits=(-3.0, 3.0), theme=theme)
    sound(figure, theme)
    _, above, beside = figure.axes[:3]
    (marginal,) = named(above, "p(x)")
    np.testing.assert_allclose(marginal.get_ydata(), norm.pdf(marginal.get_xdata()), atol=1e-8)
    (conditional,) = named(above, "p(x | y = 0.5)")
    expected = norm.pdf(conditional.get_xdata(), 0.4, 0.6)
    np.testing.assert_allclose(conditional.get_ydata(), expected, atol=1e-8)
    (other,) = named(beside, "p(y)")
    np.testing.assert_allclose(other.get_xdata(), norm.pdf(other.get_ydata()), atol=1e-8)


def test_the_default_joint_has_one_peak_that_becomes_two():
    above = joint_density().axes[1]

    def peaks(label):
        (line,) = named(above, label)
        y = np.asarray(line.get_ydata())
        return int(((y[1:-1] > y[:-2]) & (y[1:-1] > y[2:])).sum())

    assert (peaks("p(x)"), peaks("p(x | y = 1)")) == (1, 2)


def test_a_slice_outside_the_picture_is_refused():
    square = JointDensity(lambda x, y: x + y, (0, 1), (0, 1))
    with pytest.raises(InputError, match="y must lie within the picture, between 0 and 1, got 2"):
        joint_density(square, 2.0, x_limits=(0, 1), y_limits=(0, 1))


def test_bars_are_the_posteriors(sound, theme):
    figure = bayes_update(theme=theme)
    sound(figure, theme)
    axes = figure.axes[1]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    expected = [1 / 2, 4 / 5, 16 / 17, 4 / 5, 16 / 17]
    np.testing.assert_allclose(heights[0], expected)
    np.testing.assert_allclose(np.sum(heights, axis=0), 1.0)
    said = " ".join(texts(axes)).replace("\n", " ")
    assert "H1 4/5" in said
    assert "H1 16/17" in said
    assert "H2: 1/17" in said


def test_boxes_hold_the_balls_of_their_likelihood():
    prior = FiniteDistribution(["a", "b", "c"], [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)])
    likelihood = {
        "a": FiniteDistribution.from_counts({"x": 1, "y": 2}),
        "b": FiniteDistribution.from_counts({"x": 1}),
        "c": FiniteDistribution.from_counts({"x": 3, "y": 1}),
    }
    left, right = bayes_update(prior, likelihood, ["x", "y"]).axes
    balls = [line.get_label() for line in left.lines]
    assert (balls.count("x"), balls.count("y")) == (1 + 1 + 3, 2 + 1)
    found = np.array([[bar.get_height() for bar in bars] for bars in right.containers]).T
    expected = [prior, *posteriors(prior, likelihood, ["x", "y"])]
    np.testing.assert_allclose(found, [[float(p) for p in belief.probabilities] for belief in expected])


def test_nothing_observed_is_refused():
    with pytest.raises(InputError, match="observations is empty"):
        bayes_update(observations=())
