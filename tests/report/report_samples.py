"""Reports that the tests of this room share."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vael.report import (
    Code,
    Column,
    Fact,
    Facts,
    Group,
    Heading,
    Measured,
    Notice,
    Picture,
    PointCloud,
    Report,
    Section,
    Table,
    Text,
)

__all__ = ["HOSTILE", "full_report", "line_figure"]

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;{{7*7}}"


def line_figure(colour: str) -> Figure:
    figure = Figure(figsize=(7.2, 2), facecolor="#ffffff")
    figure.add_subplot().plot([0, 1, 2], [0, 1, 0], color=colour)
    return figure


def full_report(title: str = "What was learned", name: str = "nought") -> Report:
    """A report with every kind of block; `title` and `name` go wherever a user's text can go."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    points = rng.standard_normal((600, 3)) * 0.3 + np.eye(3)[labels] * 2
    images = np.zeros((600, 6, 6), np.uint8)
    images[np.arange(600), labels] = 255
    wide = tuple(Column(f"{name} {k}", "%", 2, "high") for k in range(9))
    table = Table(
        (Column("Representation"), *wide),
        (Group(name, [(name, *[Measured(70.0 + k, 0.5) for k in range(9)])]),),
        caption=name,
        note=name,
    )
    return Report(
        title=title,
        subtitle=name,
        summary=(
            Fact("Test ln p(x)", "-86.76", "nats", note=name),
            Fact(name, 0.125, name, digits=2),
        ),
        sections=(
            Section(
                title,
                lead=name,
                blocks=(
                    Text(f"*One* `two`. {name}"),
                    Heading(name),
                    Facts((Fact("rows", 60000),)),
                    Notice("warning", name, action=name),
                    Notice("note", "All is well."),
                    Code(name + "\n" + "long " * 60, caption=name),
                ),
            ),
            Section(
                "Pictures",
                blocks=(
                    Picture(line_figure("#000000"), line_figure("#ff0000"), name, alt=name),
                    Picture(line_figure("#00aa00"), caption="Light alone.", alt="A line"),
                    PointCloud(
                        points,
                        labels=labels,
                        label_names=(name, "one", "two"),
                        thumbnails=images,
                        axis_names=(name, "b", "c"),
                        caption=name,
                        alt=name,
                    ),
                    PointCloud(points, values=points[:, 0], value_name=name),
                    table,
                ),
            ),
        ),
        footer=name,
    )
