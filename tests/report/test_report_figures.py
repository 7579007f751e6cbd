from __future__ import annotations

import base64
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from vael.report.figures import encode_figure


def line_figure(colour: str = "#ffffff") -> Figure:
    figure = Figure(figsize=(4, 2), facecolor=colour)
    axes = figure.add_subplot(facecolor=colour)
    axes.plot([0, 1], [0, 1])
    return figure


def content(address: str) -> tuple[str, bytes]:
    head, body = address.split(",", 1)
    return head, base64.b64decode(body)


def test_lines_become_svg_of_the_figures_size():
    encoded = encode_figure(line_figure())
    head, body = content(encoded.address)
    assert head == "data:image/svg+xml;base64"
    assert ElementTree.fromstring(body).tag == "{http://www.w3.org/2000/svg}svg"
    assert (encoded.width, encoded.height) == (384, 192)


def test_png_has_two_pixels_for_each_of_css_and_no_background():
    _, body = content(encode_figure(line_figure(), "png").address)
    image = Image.open(BytesIO(body))
    assert image.size == (768, 384)
    pixels = np.asarray(image.convert("RGBA"))
    assert pixels[2, 2, 3] == 0
    assert pixels[300, 500, 3] == 0  # inside the axes, whose colour is the figure's


def test_axes_of_another_colour_keep_it_and_the_figure_is_left_as_it_was():
    figure = line_figure()
    figure.axes[0].set_facecolor("#ff0000")
    figure.add_axes((0.0, 0.0, 0.1, 0.1), facecolor="#ffffff")
    _, body = content(encode_figure(figure, "png").address)
    pixels = np.asarray(Image.open(BytesIO(body)).convert("RGBA"))
    assert (pixels[300, 500] == (255, 0, 0, 255)).all()
    assert [axes.patch.get_visible() for axes in figure.axes] == [True, True]
    assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("kind", ["scatter", "image", "line"])
def test_many_marks_and_images_become_png(kind):
    figure = Figure(figsize=(2, 2))
    axes = figure.add_subplot()
    numbers = np.random.default_rng(0).random(4000)
    if kind == "scatter":
        axes.scatter(numbers, numbers)
    elif kind == "line":
        axes.plot(numbers, ".")
    else:
        axes.imshow(np.eye(3))
    assert encode_figure(figure).address.startswith("data:image/png")


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_equal_figures_give_equal_bytes(kind):
    first, again, other = line_figure(), line_figure(), line_figure()
    other.axes[0].plot([0, 1], [1, 0])
    assert encode_figure(first, kind) == encode_figure(again, kind)
    assert encode_figure(first, kind) != encode_figure(other, kind)
