"""What is known of a figure of the theory beside its function: its name, its caption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

__all__ = ["TheoryFigure"]


@dataclass(frozen=True)
class TheoryFigure:
    """A figure of the theory and the words that go with it.

    Attributes
    ----------
        name: Of its files: words joined by hyphens.
        title: In a few words, what it is of.
        caption: What to see in it; the markup of a report's text.
        alt: What is drawn, for those who do not see it.
        draw: The function that draws it; what it needs, and ``theme``.
        trained: Whether it needs what a trained model gives; else ``draw()`` draws its default.
    """

    name: str
    title: str
    caption: str
    alt: str
    draw: Callable[..., Figure]
    trained: bool = False
