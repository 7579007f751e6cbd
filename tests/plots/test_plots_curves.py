from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from vael.errors import InputError
from vael.plots import interpolation_realism, kl_bars, learning_curves, probe_curves
from vael.plots.learning import robust_limits


@dataclass(frozen=True)
class Epoch:
    epoch: int
    train_bound: float
    train_log_likelihood: float
    train_kl: float
    validation_bound: float | None
    validation_log_likelihood: float | None
    validation_kl: float | None
    best: bool


@dataclass(frozen=True)
class Probe:
    representation: str
    method: str
    labels: int
    mean: float
    std: float | None


def history(epochs, best=None):
    return [
        Epoch(e, -100 - 900 / e**3, -80 - 900 / e**3, 20.0 + 1 / e, -101 - 900 / e**3,
              -81 - 900 / e**3, 20.5 + 1 / e, e <= (best or epochs))
        for e in range(1, epochs + 1)
    ]  # fmt: skip


def curve(axes, label):
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_curves_are_the_history(sound, theme):
    rows = history(20)
    figure = learning_curves(rows, theme=theme)
    sound(figure, theme)
    for axes, name in zip(figure.axes, ("bound", "log_likelihood", "kl"), strict=True):
        for part, label in (("train", "training"), ("validation", "validation")):
            epochs, values = curve(axes, label)
            assert epochs.tolist() == list(range(1, 21))
            assert values.tolist() == [getattr(row, f"{part}_{name}") for row in rows]


def test_the_best_epoch_is_marked_and_named(sound, theme):
    figure = learning_curves(history(20, best=13), theme=theme)
    sound(figure, theme)
    axes = figure.axes[0]
    dot = next(line for line in axes.lines if line.get_marker() == "o")
    value = -101 - 900 / 13**3
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (13, pytest.approx(value))
    assert axes.get_title(loc="right") == f"best: epoch 13, \N{MINUS SIGN}{-value:.2f} nats"
    for panel in figure.axes:
        assert any(list(line.get_xdata()) == [13, 13] for line in panel.lines)


def test_a_wild_beginning_does_not_squash_the_rest():
    axes = learning_curves(history(40)).axes[0]
    low, high = axes.get_ylim()
    assert low > -130
    assert high > -100
    assert any("from \N{MINUS SIGN}1001" in text.get_text() for text in axes.texts)


def test_limits_hold_every_settled_value():
    rng = np.random.default_rng(0)
    curves = rng.normal(size=(2, 50))
    curves[:, 0] = -1e6
    low, high = robust_limits(curves)
    assert low < curves[:, 5:].min() < curves[:, 5:].max() < high
    assert high - low < 10


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_few_epochs_show_as_dots(epochs, sound, theme):
    figure = learning_curves(history(epochs), theme=theme)
    sound(figure, theme)
    line = next(line for line in figure.axes[0].lines if line.get_label() == "training")
    assert line.get_marker() == "o"
    low, high = figure.axes[0].get_ylim()
    assert low <= -1001 <= high


def test_without_validation_one_curve_is_drawn(sound, theme):
    bare = {"validation_bound": None, "validation_log_likelihood": None, "validation_kl": None}
    figure = learning_curves([replace(row, **bare) for row in history(8)], theme=theme)
    sound(figure, theme)
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["training"]


def test_an_epoch_that_broke_leaves_a_gap(sound, theme):
    rows = history(12)
    rows[5] = replace(rows[5], train_bound=float("nan"), validation_bound=float("-inf"))
    figure = learning_curves(rows, theme=theme)
    sound(figure, theme)
    assert np.isfinite(figure.axes[0].get_ylim()).all()


def test_an_empty_history_is_refused():
    with pytest.raises(InputError, match="history is empty"):
        learning_curves([])


def test_bars_are_sorted_and_coloured(sound, theme):
    kl = np.array([0.01, 2.0, 0.5, 3.0, 0.1])
    figure = kl_bars(kl, threshold=0.1, theme=theme)
    sound(figure, theme)
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [3.0, 2.0, 0.5, 0.1, 0.01]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["4", "2", "3", "5", "1"]
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert len(set(colours[:3])) == 1
    assert len(set(colours[3:])) == 1
    assert colours[0] != colours[3]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["3 above 0.1 nats", "2 at most 0.1 nats"]
    assert figure.legends[0].get_title().get_text() == "5.6 nats in all"


def test_bars_of_one_and_of_many_latents(sound, theme):
    sound(kl_bars([0.0], theme=theme), theme)
    figure = kl_bars(np.linspace(0, 2, 300), theme=theme)
    sound(figure, theme)
    assert len(figure.axes[0].get_xticklabels()) <= 24


@pytest.mark.parametrize("kl", [[], [[1.0]], [1.0, float("nan")]])
def test_bars_of_nothing_are_refused(kl):
    with pytest.raises(InputError, match="kl_per_latent"):
        kl_bars(np.array(kl))


def probes():
    return [
        Probe(name, method, labels, level + 0.1 * i, 0.05 / (i + 1))
        for name, level in (("latents", 0.6), ("pixels", 0.5))
        for method in ("k-nearest neighbours", "label spreading")
        for i, labels in enumerate((10, 100, 60000))
    ]


def test_accuracies_and_error_bars_are_the_rows(sound, theme):
    figure = probe_curves(probes(), theme=theme)
    sound(figure, theme)
    assert [a.get_title(loc="left") for a in figure.axes] == [
        "k-nearest neighbours",
        "label spreading",
    ]
    drawn = {c.get_label(): c for c in figure.axes[1].containers}
    line, _, (bars,) = drawn["latents"]
    np.testing.assert_allclose(line.get_ydata(), [60, 70, 80])
    np.testing.assert_allclose(line.get_xdata(), np.array([10, 100, 60000]) / 1.08**0.5)
    ends = np.array([segment[:, 1].tolist() for segment in bars.get_segments()], dtype=float)
    np.testing.assert_allclose(ends, [[55, 65], [67.5, 72.5], [80 - 5 / 3, 80 + 5 / 3]])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["latents", "pixels"]
    figure.draw_without_rendering()
    ticks = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert ticks == ["10", "100", "60k"]


def test_rows_in_any_order_give_one_line():
    line, _, _ = probe_curves(probes()[::-1]).axes[0].containers[0]
    assert (np.diff(line.get_xdata()) > 0).all()


@pytest.mark.parametrize("methods", [1, 4, 5])
def test_panels_wrap(methods, sound, theme):
    rows = [Probe("latents", f"method {i}", n, 0.9, 0.0) for i in range(methods) for n in (10, 100)]
    figure = probe_curves(rows, theme=theme)
    sound(figure, theme)
    assert sum(a.get_visible() for a in figure.axes) == methods


def test_probes_that_cannot_be_drawn_are_refused():
    with pytest.raises(InputError, match="rows is empty"):
        probe_curves([])
    with pytest.raises(InputError, match="no row has labels"):
        probe_curves([Probe("a", "k-means", 0, 0.5, 0.1)])


def test_clusterings_are_left_out_and_one_draw_has_no_bar(sound, theme):
    rows = [
        Probe("a", "b", 10, 0.5, 0.1),
        Probe("a", "b", 60000, 0.9, None),
        Probe("a", "k-means", 0, 0.4, 0.1),
    ]
    figure = probe_curves(rows, theme=theme)
    sound(figure, theme)
    assert len(figure.axes) == 1
    line, _, (bars,) = figure.axes[0].containers[0]
    assert line.get_ydata().tolist() == [50, 90]
    assert np.isnan(bars.get_segments()[1]).any() or len(bars.get_segments()[1]) == 0


def test_ways_between_rows(theme, sound):
    t = np.linspace(0, 1, 5)
    lines = {"decoded": [60.0, 55.0, 50.0, 55.0, 60.0], "pixels": [50.0, 70.0, 90.0, 70.0, 50.0]}
    figure = interpolation_realism(t, lines, reconstruction=40.0, theme=theme)
    sound(figure, theme)
    drawn = {line.get_label(): line for line in figure.axes[0].get_lines()}
    for name, values in lines.items():
        np.testing.assert_array_equal(drawn[name].get_xdata(), t)
        np.testing.assert_array_equal(drawn[name].get_ydata(), values)
    assert list(drawn["held-out rows"].get_ydata()) == [50, 50]
    assert list(drawn["reconstructions"].get_ydata()) == [40, 40]
    with pytest.raises(InputError, match="one value for each of the 5 places"):
        interpolation_realism(t, {"decoded": [1.0, 2.0]})
