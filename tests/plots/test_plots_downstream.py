"""Pictures of clusterings, anomaly scores, unlabelled rows and generated rows show their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from vael.errors import InputError
from vael.evaluation.downstream.probe_table import ProbeRow
from vael.evaluation.downstream.synthetic_table import SyntheticRow
from vael.evaluation.downstream.unlabelled_table import UnlabelledRow
from vael.plots import anomaly_histograms, clustering_bars, synthetic_bars, unlabelled_errors


def clustering(name: str, method: str, scores: tuple[float, ...], labels: int = 0) -> ProbeRow:
    return ProbeRow(name, 4, method, labels, False, scores, False, 100, 1.0, nmi=scores, ari=scores)


def test_bars_are_means_and_deviations_of_the_starts(sound, theme):
    rows = [
        clustering("latents", "k-means", (0.5, 0.7)),
        clustering("PCA", "k-means", (0.4,)),
        clustering("latents", "Gaussian mixture", (0.8, 0.8)),
        clustering("PCA", "Gaussian mixture", (0.3, 0.5)),
        clustering("latents", "1-NN", (0.9, 0.9), labels=10),
    ]
    figure = clustering_bars(rows, theme=theme)
    sound(figure, theme)
    assert [a.get_title(loc="left") for a in figure.axes] == ["k-means", "Gaussian mixture"]
    first = figure.axes[0]
    heights = [bar.get_height() for bar in first.patches if np.isfinite(bar.get_height())]
    np.testing.assert_allclose(heights, [60] * 3 + [40] * 3)
    ends = np.array(first.collections[0].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, [[60 - 100 * 0.02**0.5, 60 + 100 * 0.02**0.5]] * 3)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["latents", "PCA"]
    with pytest.raises(InputError, match="no row is a clustering"):
        clustering_bars(rows[-1:])


def test_errors_and_the_raw_rows_are_drawn(sound, theme):
    raw = (0.30, 0.34)
    rows = [
        UnlabelledRow(None, "1-NN", 784, (raw,), raw, ()),
        UnlabelledRow(100, "1-NN", 16, ((0.4, 0.5),), raw, (1.0,)),
        UnlabelledRow(1000, "1-NN", 16, ((0.2, 0.2),), raw, (1.0,)),
    ]
    figure = unlabelled_errors(rows[::-1], theme=theme)
    sound(figure, theme)
    axes = figure.axes[0]
    line, _, (bars,) = axes.containers[0]
    assert line.get_xdata().tolist() == [100, 1000]
    np.testing.assert_allclose(line.get_ydata(), [45, 20])
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], [40, 50])
    dashed = next(each for each in axes.lines if each.get_label() == "1-NN, raw rows")
    np.testing.assert_allclose(dashed.get_ydata(), 32)
    assert axes.get_xscale() == "log"
    assert axes.get_ylim()[0] == 0
    figure.draw_without_rendering()
    assert [text.get_text() for text in axes.get_xticklabels()] == ["100", "1,000"]
    with pytest.raises(InputError, match="no row has unlabelled rows"):
        unlabelled_errors(rows[:1])


def test_one_size_and_one_draw_have_no_bar(sound, theme):
    figure = unlabelled_errors([UnlabelledRow(50, "1-NN", 4, ((0.4,),), (0.3,), (1.0,))], theme=theme)
    sound(figure, theme)


def test_histograms_hold_every_row_of_each_kind(sound, theme):
    rng = np.random.default_rng(0)
    truth = np.arange(300) < 30
    scores = {"a": rng.normal(size=300) + 2 * truth, "b": rng.gamma(2, size=300)}
    scores["b"][3] = np.inf
    figure = anomaly_histograms(scores, truth, theme=theme)
    sound(figure, theme)
    assert [a.get_title(loc="left") for a in figure.axes] == ["a", "b"]
    for axes in figure.axes:
        for container in axes.containers:
            assert sum(bar.get_height() for bar in container) == pytest.approx(100)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["normal", "anomalies"]
    bare = anomaly_histograms({"a": np.ones(5)}, theme=theme)
    sound(bare, theme)
    assert [text.get_text() for text in bare.legends[0].get_texts()] == ["all rows"]


@pytest.mark.parametrize(
    ("scores", "truth", "message"),
    [
        ({}, None, "scores is empty"),
        ({"a": np.array([1.0, np.nan])}, None, "a must be numbers"),
        ({"a": np.array([1.0, 2.0])}, np.array([True]), "is_anomaly has shape"),
    ],
)
def test_scores_that_cannot_be_drawn_are_refused(scores, truth, message):
    with pytest.raises(InputError, match=message):
        anomaly_histograms(scores, truth)


def test_training_sets_are_bars_with_their_draws(sound, theme):
    rows = [
        SyntheticRow("real", 1000, 0, (0.9, 0.92), 1.0),
        SyntheticRow("few labels and synthetic", 100, 50, (0.8,), 1.0),
    ]
    figure = synthetic_bars(rows, theme=theme)
    sound(figure, theme)
    axes = figure.axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [91, 80])
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [90, 92])
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "real\n1,000 real",
        "few labels and synthetic\n100 real + 50 generated",
    ]
    with pytest.raises(InputError, match="rows is empty"):
        synthetic_bars([])
