from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from vael.plots import DARK, LIGHT


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture(scope="session")
def digits():
    return load_digits(return_X_y=True)


@pytest.fixture(scope="session")
def codec(digits):
    return PCA(3, whiten=True, svd_solver="full").fit(digits[0])


@pytest.fixture(scope="session")
def sound():
    """Draw a figure; check that its ground is the theme's, that it is not blank, no text cut."""

    def check(figure, theme):
        assert isinstance(figure, Figure)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())
        ground = tuple(int(theme.background[i : i + 2], 16) for i in (1, 3, 5))
        assert tuple(pixels[0, 0, :3]) == ground
        assert (pixels[..., :3] != ground).any(axis=2).mean() > 0.005
        box = figure.get_tightbbox(canvas.get_renderer())
        width, height = figure.get_size_inches()
        assert box.x0 >= -0.01
        assert box.y0 >= -0.01
        assert box.x1 <= width + 0.01
        assert box.y1 <= height + 0.01

    return check
