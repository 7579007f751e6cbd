"""The look of the pictures: two themes of one design, applied to a figure and never to matplotlib.

Nothing here touches ``rcParams`` or pyplot, so a user's own settings stay as they are and two
themes can be drawn side by side from several threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend

__all__ = ["CLASSES_ON_DARK", "CLASSES_ON_LIGHT", "DARK", "LIGHT", "Theme"]

# Ten colours for each ground, found by search. The least OKLab distance of any pair, in normal
# vision and under full protanopia, deuteranopia and tritanopia (Machado 2009): on light 0.186,
# 0.140, 0.140, 0.128; on dark 0.175, 0.132, 0.132, 0.124; of Petroff's ten 0.090, 0.061, 0.084,
# 0.073. A class has about one hue in both. Contrast with the ground: 2.0 or more on light, 3.0 or
# more on dark.
CLASSES_ON_LIGHT = (
    "#0672a3",
    "#bf740d",
    "#b62654",
    "#00ae99",
    "#4c1c74",
    "#b2c02a",
    "#6d0f00",
    "#0402ce",
    "#fd8df6",
    "#9e62fb",
)
CLASSES_ON_DARK = (
    "#00cae5",
    "#e1c489",
    "#ca021f",
    "#98fff7",
    "#a67690",
    "#ddfb3c",
    "#f77428",
    "#6e8fff",
    "#aa26ab",
    "#5540fd",
)


def _part_of(name: str, start: float, stop: float) -> Colormap:
    """Cut the end of a colour map that would vanish into the background."""
    colours = colormaps[name](np.linspace(start, stop, 256))
    return LinearSegmentedColormap.from_list(f"{name} {start} to {stop}", list(colours))


@dataclass(frozen=True)
class Theme:
    """Colours and sizes of one look.

    Colours are hexadecimal strings; sizes are in points, ``width`` and heights in inches.
    """

    name: str
    background: str
    text: str
    muted: str
    grid: str
    accent: str
    contrast: str
    values: Colormap
    density: Colormap
    classes: tuple[str, ...]
    width: float = 7.2
    dots_per_inch: int = 150
    text_size: float = 9.0
    small_size: float = 8.0

    def figure(self, height: float, *, width: float | None = None, constrained: bool = True) -> Figure:
        """Make an empty figure on this theme's background; sizes in inches."""
        engine = ConstrainedLayoutEngine(compress=True, w_pad=0.08, h_pad=0.08) if constrained else None
        return Figure(
            figsize=(width or self.width, height),
            dpi=self.dots_per_inch,
            facecolor=self.background,
            edgecolor="none",
            layout=engine,
        )

    def dress(self, axes: Axes, *, title: str = "", grid: bool = True) -> Axes:
        """Give plain axes this look: two spines, a faint grid, a title at the left."""
        axes.set_facecolor(self.background)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(self.grid)
        axes.tick_params(colors=self.muted, labelsize=self.small_size, length=0, pad=4)
        axes.xaxis.label.set(color=self.text, fontsize=self.text_size)
        axes.yaxis.label.set(color=self.text, fontsize=self.text_size)
        axes.set_axisbelow(True)
        axes.grid(visible=False)
        if grid:
            axes.grid(visible=True, color=self.grid, linewidth=0.6)
        if title:
            axes.set_title(title, loc="left", color=self.text, fontsize=self.text_size, fontweight="bold")
        return axes

    def dress_3d(self, axes: Any) -> Any:
        """Give three-dimensional axes this look: no filled walls, faint grid lines."""
        axes.set_facecolor("none")
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_pane_color((0.0, 0.0, 0.0, 0.0))
            axis.pane.set_edgecolor(self.grid)
            axis.line.set_color(self.grid)
            # Axes3D has no public setting for the look of its grid and ticks.
            axis._axinfo["grid"].update(color=self.grid, linewidth=0.6)
            axis._axinfo["tick"].update(inward_factor=0.0, outward_factor=0.0)
            axis.label.set(color=self.text, fontsize=self.text_size)
            axis.set_major_locator(_few_ticks())
        axes.tick_params(colors=self.muted, labelsize=self.small_size, pad=0)
        return axes

    def dress_legend(self, legend: Legend) -> Legend:
        """Give a legend this look: no frame, this theme's text."""
        legend.set_frame_on(False)
        for text in legend.get_texts():
            text.set(color=self.text, fontsize=self.small_size)
        legend.get_title().set(color=self.muted, fontsize=self.small_size)
        return legend

    def halo(self, width: float = 2.5) -> list[patheffects.AbstractPathEffect]:
        """Outline text with the background, so that it reads on top of points."""
        return [patheffects.withStroke(linewidth=width, foreground=self.background)]

    def class_colours(self, count: int) -> list[str]:
        """Give ``count`` colours; after ten they start again (markers then tell them apart)."""
        return [self.classes[i % len(self.classes)] for i in range(count)]


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])


LIGHT = Theme(
    name="light",
    background="#ffffff",
    text="#1d2129",
    muted="#626a78",
    grid="#e1e4ea",
    accent="#1081a5",
    contrast="#c2690a",
    values=_part_of("viridis", 0.0, 0.92),
    density=LinearSegmentedColormap.from_list("ink", ["#a9d3e3", "#1081a5", "#0a3f5c", "#061c2b"]),
    classes=CLASSES_ON_LIGHT,
)

DARK = Theme(
    name="dark",
    background="#15181e",
    text="#e8ebf1",
    muted="#9aa3b2",
    grid="#2c323d",
    accent="#3fb1d6",
    contrast="#eda13f",
    values=_part_of("viridis", 0.22, 1.0),
    density=LinearSegmentedColormap.from_list("glow", ["#1c5870", "#1f9cc4", "#8fdcf3", "#f4fcff"]),
    classes=CLASSES_ON_DARK,
)
