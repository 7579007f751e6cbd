"""Make the README's pictures from a finished demo.

    vael demo --out runs/demo
    python tools/readme_picture.py runs/demo docs/images

Writes demo-light.png and demo-dark.png, the latent map beside the decoded plane, and space-light.png and
space-dark.png, decoded digits at their places in the space of three latents.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import vael
from vael.datasets import load
from vael.plots import DARK, LIGHT, Theme, decoded_grid, decoded_points_3d, latent_map
from vael.report.pictures import one_of_each, spread_rows

HEIGHT = 800  # pixels; shown at half of that
POINTS = 5_000
THUMBNAILS = 140


def main(arguments: Sequence[str]) -> None:
    """Draw and write the pictures."""
    if len(arguments) != 2:
        sys.exit("usage: python tools/readme_picture.py DEMO_FOLDER OUT_FOLDER")
    demo, out = map(Path, arguments)
    out.mkdir(parents=True, exist_ok=True)
    dataset = load("mnist")
    X, y = dataset.X_test, dataset.y_test
    assert X is not None
    assert y is not None
    rows = spread_rows(len(X), POINTS)
    plane, space = vael.load(demo / "plane"), vael.load(demo / "space")
    Z = plane.transform(X[rows]).astype(np.float64)
    few = rows[one_of_each(y[rows], len(rows), THUMBNAILS)]
    Z_few = space.transform(X[few]).astype(np.float64)

    def decode(z: np.ndarray) -> np.ndarray:
        return plane.inverse_transform(z).reshape(len(z), -1)

    for theme in (LIGHT, DARK):
        shown = space.inverse_transform(Z_few).reshape(len(few), -1)
        pictures = {
            "demo": [
                latent_map(Z, y[rows], label_name="digit", theme=theme),
                decoded_grid(decode, (28, 28), theme=theme),
            ],
            "space": [decoded_points_3d(Z_few, shown, (28, 28), y[few], label_name="digit", theme=theme)],
        }
        for name, figures in pictures.items():
            path = out / f"{name}-{theme.name}.png"
            beside([raster(figure) for figure in figures], theme).save(path, optimize=True)
            print(path)


def raster(figure: Figure) -> Image.Image:
    """Draw a figure at the height of the pictures."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=HEIGHT / figure.get_size_inches()[1])
    return Image.open(buffer).convert("RGB")


def beside(pictures: Sequence[Image.Image], theme: Theme) -> Image.Image:
    """Join pictures side by side."""
    joined = Image.new("RGB", (sum(p.width for p in pictures), HEIGHT), theme.background)
    left = 0
    for picture in pictures:
        joined.paste(picture, (left, 0))
        left += picture.width
    return joined


if __name__ == "__main__":
    main(sys.argv[1:])
