"""Forest plots of differences, and images of models side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.colors import to_hex

from vael.errors import InputError
from vael.plots import DARK, LIGHT
from vael.plots.differences import differences
from vael.plots.side_by_side import same_rows, samples_of_models


@dataclass(frozen=True)
class Row:
    model: str
    mean: float | None
    low: float | None
    high: float | None
    name: str = "ELBO"
    better: str | None = "high"
    other: str = "first"
    unit: str = "nats"


def marks(figure, panel: int = 0) -> dict[float, tuple[float, str, str]]:
    """By place: where a mark is, its colour and its filling."""
    return {
        float(np.atleast_1d(line.get_ydata())[0]): (
            float(np.atleast_1d(line.get_xdata())[0]),
            to_hex(line.get_color()),
            to_hex(line.get_markerfacecolor()),
        )
        for line in figure.axes[panel].lines
        if line.get_marker() == "o"
    }


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_marks_stand_at_the_differences_and_say_what_is_better(theme):
    rows = [Row("up", 2.0, 1.0, 3.0), Row("down", -2.0, -3.0, -1.0), Row("unsure", 0.5, -1.0, 2.0)]
    found = marks(differences(rows, theme=theme))
    assert found[2] == (2.0, theme.accent, theme.accent)
    assert found[1] == (-2.0, theme.contrast, theme.contrast)
    assert found[0] == (0.5, theme.accent, theme.background)
    lower = marks(differences([Row("up", 2.0, 1.0, 3.0, better="low")], theme=theme))
    assert lower[0][1] == theme.contrast
    neither = marks(differences([Row("up", 2.0, 1.0, 3.0, better=None)], theme=theme))
    assert neither[0][1] == theme.muted


def test_intervals_are_drawn_from_end_to_end():
    figure = differences([Row("up", 2.0, 1.0, 4.0)])
    ends = [line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert [1.0, 4.0] in [list(each) for each in ends]


def test_each_measure_has_a_panel_with_its_unit():
    rows = [
        Row("a", 1.0, 0.0, 2.0),
        Row("a", 1.0, 0.0, 2.0, name="error", unit="grey"),
        Row("a", None, None, None),
    ]
    figure = differences(rows)
    assert [axes.get_title(loc="left").split(",")[0] for axes in figure.axes] == ["ELBO", "error"]
    assert "grey" in figure.axes[1].get_xlabel()
    with pytest.raises(InputError, match="no difference has an interval"):
        differences(rows[2:])


def test_equal_models_are_drawn_on_the_line():
    figure = differences([Row("same", 0.0, 0.0, 0.0)])
    low, high = figure.axes[0].get_xlim()
    assert low < 0 < high
    assert marks(figure)[0][1] == LIGHT.muted


def test_each_model_has_a_line_of_the_same_rows():
    X = np.linspace(0, 1, 3 * 16).reshape(3, 16)
    figure = same_rows({"rows": X, "model": 1 - X}, (4, 4), value_limits=(0.0, 1.0))
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rows", "model"]
    pixels = np.asarray(axes.images[0].get_array())
    assert pixels[:4, :4, 0] == pytest.approx(X[0].reshape(4, 4))
    assert pixels[5:9, :4, 0] == pytest.approx(1 - X[0].reshape(4, 4))
    with pytest.raises(InputError, match="as many images"):
        same_rows({"rows": X, "model": X[:2]}, (4, 4))


def test_each_model_has_a_panel_of_samples():
    X = np.random.default_rng(0).random((40, 16))
    figure = samples_of_models({"one": X, "two": X[:5], "three": X, "four": X}, (4, 4), count=9)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == ["one", "two", "three", "four"]
    assert np.asarray(shown[0].images[0].get_array()).shape[:2] == (14, 14)  # three by three
    with pytest.raises(InputError, match="images is empty"):
        samples_of_models({}, (4, 4))
