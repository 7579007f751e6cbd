from __future__ import annotations

import numpy as np
import pytest

from vael.errors import InputError
from vael.report import Column, Group, Measured, PointCloud, Table
from vael.report.numbers import format_cell
from vael.report.tables import view_table

POINTS = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (60000, None, "60000"),
        ("-86.76", None, "-86.76"),
        (-86.764, 2, "−86.76"),
        (0.1, None, "0.1"),
        (1e-7, None, "1e−07"),
        (np.float32(0.25), 1, "0.2"),
        (np.int64(7), 2, "7"),
        (Measured(74.71, 0.949), 1, "74.7 ± 0.9"),
        (None, 3, "–"),
        (float("nan"), 2, "NaN"),
        (float("-inf"), 2, "−∞"),
    ],
)
def test_numbers_are_written_as_given(value, digits, text):
    assert format_cell(value, digits) == text


def test_best_is_sought_in_each_group_and_ties_share_it():
    table = Table(
        ("name", Column("accuracy", digits=1, best="high"), Column("error", digits=1, best="low")),
        (
            Group("few", [("a", Measured(70.04, 9.0), 3.0), ("b", 70.01, 2.0), ("c", 69.9, None)]),
            Group("many", [("a", 90.0, 1.0), ("b", 95.0, 1.4)]),
        ),
    )
    view = view_table(table)
    best = [[[cell.best for cell in row[1:]] for row in group.rows] for group in view.groups]
    assert best == [
        [[True, False], [True, True], [False, False]],
        [[False, True], [True, False]],
    ]
    assert [header.numeric for header in view.headers] == [False, True, True]


def test_one_value_alone_is_not_the_best_and_nan_never_is():
    column = Column("x", best="high")
    alone = view_table(Table((column,), ((1.0,),)))
    with_nan = view_table(Table((column,), ((float("nan"),), (1.0,), (2.0,))))
    assert not alone.groups[0].rows[0][0].best
    assert [row[0].best for row in with_nan.groups[0].rows] == [False, False, True]


def test_loose_rows_and_groups_keep_their_order():
    view = view_table(Table(("x",), ((1,), Group("g", [(2,)]), (3,))))
    shown = [(group.title, [row[0].text for row in group.rows]) for group in view.groups]
    assert shown == [("", ["1"]), ("g", ["2"]), ("", ["3"])]


@pytest.mark.parametrize("rows", [((1, 2, 3),), (Group("g", [(1,)]),)])
def test_a_row_of_another_length_is_named(rows):
    with pytest.raises(InputError, match="there are 2 columns"):
        Table(("a", "b"), rows, caption="probe")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": POINTS[:, :2]}, r"shape \(n, 3\)"),
        ({"points": POINTS[:0]}, "n > 0"),
        ({"points": np.where(POINTS == 7.0, np.nan, POINTS)}, "row 2 of the points"),
        ({"labels": np.zeros(3, int)}, r"labels must have shape \(4,\)"),
        ({"labels": np.zeros(4, int), "values": np.zeros(4)}, "not both"),
        ({"values": np.array([0.0, 1.0, np.inf, 2.0])}, "values must be finite"),
        ({"labels": np.array([0, 1, 2, 0]), "label_names": ("a", "b")}, "label 2 in row 2"),
        ({"labels": np.array(["a"] * 4), "label_names": ("a",)}, "whole numbers"),
        ({"label_names": ("a",)}, "need labels"),
        ({"thumbnails": np.zeros((4, 8, 8))}, "uint8"),
        ({"thumbnails": np.zeros((3, 8, 8), np.uint8)}, "3 thumbnails for 4 points"),
        ({"colours": [("#fff", "red;}")]}, "#rrggbb"),
    ],
)
def test_a_cloud_refuses_what_does_not_fit(arguments, message):
    with pytest.raises(InputError, match=message):
        PointCloud(**({"points": POINTS} | arguments))
