from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from vael.plots import DARK, LIGHT, samples

# Machado, Oliveira, Fernandes 2009, severity 1
BLINDNESS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
TO_CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                     [0.2119034982, 0.6806995451, 0.1073969566],
                     [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                   [1.9779984951, -2.4285922050, 0.4505937099],
                   [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip


def linear(colours):
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(colours, ground):
    light, other = (linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (colours, [ground]))
    return np.maximum(light / other, other / light)


@pytest.mark.parametrize("vision", BLINDNESS)
def test_ten_classes_are_told_apart_in_every_vision(theme, vision):
    seen = np.clip(linear(theme.classes) @ np.transpose(BLINDNESS[vision]), 0, 1)
    lab = np.cbrt(seen @ TO_CONES.T) @ TO_LAB.T
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(10, 1)]
    assert distance.min() > 0.12


def test_colours_stand_out_from_the_ground():
    assert contrast(LIGHT.classes, LIGHT.background).min() >= 1.99
    assert contrast(DARK.classes, DARK.background).min() >= 2.99


def test_text_reads_on_the_ground(theme):
    assert contrast([theme.text], theme.background)[0] > 7
    assert contrast([theme.muted], theme.background)[0] > 4.5
    assert contrast([theme.accent, theme.contrast], theme.background).min() > 3


def test_settings_of_matplotlib_stay_as_they_are(digits, sound, theme):
    before = dict(matplotlib.rcParams)
    sound(samples(digits[0][:9], (8, 8), theme=theme), theme)
    assert dict(matplotlib.rcParams) == before


def test_no_pyplot_is_loaded():
    code = "import sys, vael.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_matplotlib_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from vael.errors import MissingDependencyError\n"
        "try: import vael.plots\n"
        "except MissingDependencyError as error:\n"
        "    sys.exit('pip install vael[plots]' not in str(error))\n"
        "sys.exit(2)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
