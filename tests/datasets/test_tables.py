"""CSV and Parquet tables."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vael.datasets import load
from vael.errors import InputError, MissingDependencyError

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)
FLOATS = hnp.arrays(np.float64, SHAPES, elements=st.floats(allow_nan=False, allow_infinity=False))
INTEGERS = hnp.arrays(np.int64, SHAPES)


def write(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@given(array=FLOATS, head=st.booleans(), delimiter=st.sampled_from(",;\t"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_floats_are_read_as_they_were_written(tmp_path, array, head, delimiter):
    names = [f"f{index}" for index in range(array.shape[1])]
    lines = [delimiter.join(map(repr, row)) for row in array.tolist()]
    text = "\n".join(([delimiter.join(names)] if head else []) + lines) + "\n"
    dataset = load(write(tmp_path, text))
    assert dataset.X.dtype == np.float64
    assert np.array_equal(dataset.X, array)
    assert dataset.feature_names == tuple(names if head else [n.replace("f", "x") for n in names])


@given(array=INTEGERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whole_numbers_stay_whole(tmp_path, array):
    path = tmp_path / "table.csv"
    pd.DataFrame(array, columns=[f"c{i}" for i in range(array.shape[1])]).to_csv(path, index=False)
    dataset = load(path)
    assert dataset.X.dtype == np.int64
    assert np.array_equal(dataset.X, array)


def test_the_label_is_a_column_by_name(tmp_path):
    path = write(tmp_path, 'a,"kind, of",b\n1,"x, y",2\n3,z,4.5\n')
    dataset = load(path, label="kind, of")
    assert dataset.X.tolist() == [[1, 2], [3, 4.5]]
    assert dataset.y.tolist() == ["x, y", "z"]
    assert dataset.feature_names == ("a", "b")
    numbers = load(write(tmp_path, "0,1,7\n1,0,-1\n"), label="x2")
    assert numbers.y.dtype == np.int64
    assert numbers.y.tolist() == [7, -1]
    assert numbers.X.tolist() == [[0, 1], [1, 0]]


def test_a_first_line_that_counts_columns_is_a_head(tmp_path):
    # What pandas writes for a frame without names: read as data it would be a row too many.
    path = tmp_path / "table.csv"
    pd.DataFrame(np.full((4, 3), 5)).to_csv(path, index=False)
    assert load(path).X.tolist() == [[5, 5, 5]] * 4


def test_byte_order_mark_windows_lines_and_blank_lines_are_fine(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("a;b\r\n1;2\r\n\r\n3;4\r\n".encode("utf-8-sig"))
    dataset = load(path)
    assert dataset.feature_names == ("a", "b")
    assert dataset.X.tolist() == [[1, 2], [3, 4]]


def test_flat_images_in_a_table(tmp_path):
    path = write(tmp_path, "label,p0,p1,p2,p3\n7,0,255,3,4\n")
    dataset = load(path, label="label", image_shape=(2, 2))
    assert (dataset.image_shape, dataset.X.tolist()) == ((2, 2), [[0, 255, 3, 4]])


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ("a,b\n1,2\n3,nan\n", None, r"line 3, column 'b': NaN"),
        ("a,b\n1,2\n\n3,inf\n", None, r"line 4, column 'b': infinity \(inf\)"),
        ("a,b\n1,2\n,4\n", None, "line 3, column 'a': missing value"),
        ("a,b\n1,2\n3,oops\n", None, "line 3, column 'b': 'oops' is not a number"),
        ("a,b\n1,2\n3\n", None, "line 3: 1 cells, but the table has 2 columns"),
        ("a,b\n1,2\n3,4,5\n", None, "line 3: 3 cells, but the table has 2 columns"),
        ("a,b\n1,2,3\n3,4,5\n", None, "line 2: 3 cells, but the table has 2 columns"),
        ("a,b\n1,x\n3,\n", "b", "line 3, column 'b': missing label"),
        ("a,b\n1,2\n", "c", "no column 'c' for labels; it has a, b"),
        ("a\n1\n", "a", "no column besides the label"),
        ("a,a\n1,2\n", None, "two columns are called 'a'"),
        (",a\n0,2\n", None, r"column 1 has no name; if it is pandas's index"),
        ("", None, "is empty: 0 lines"),
        ("a,b\n", None, r"is empty: 0 sample\(s\) \(shape=\(0, 2\)\)"),
    ],
)
def test_bad_tables_name_the_line_and_the_column(tmp_path, text, label, said):
    with pytest.raises(InputError, match=said):
        load(write(tmp_path, text), label=label)


def test_a_table_that_is_not_utf8(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8 text"):
        load(path)


@pytest.mark.parametrize("library", [pd, pl])
def test_parquet(tmp_path, library):
    path = tmp_path / "table.parquet"
    frame = library.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, -2.0], "kind": ["x", "y", "x"]})
    if library is pd:
        frame.to_parquet(path)
    else:
        frame.write_parquet(path)
    dataset = load(path, label="kind")
    assert dataset.X.tolist() == [[1, 0.5], [2, 1.5], [3, -2.0]]
    assert dataset.y.tolist() == ["x", "y", "x"]
    assert dataset.feature_names == ("a", "b")
    with pytest.raises(InputError, match="column 'kind' holds String, not numbers"):
        load(path)
    with pytest.raises(InputError, match="no column 'z' for labels; it has a, b, kind"):
        load(path, label="z")


def test_parquet_of_bytes_stays_bytes_and_missing_cells_are_named(tmp_path):
    path = tmp_path / "table.parquet"
    pl.DataFrame({"a": [1, 255], "b": [0, 7]}, schema={"a": pl.UInt8, "b": pl.UInt8}).write_parquet(path)
    dataset = load(path)
    assert dataset.X.dtype == np.uint8
    assert dataset.X.tolist() == [[1, 0], [255, 7]]
    pl.DataFrame({"a": [1, 2], "b": [3, None], "y": ["u", None]}).write_parquet(path)
    with pytest.raises(InputError, match=r"NaN .* row 1, column 1 \('b'\)"):
        load(path, label="y")
    pl.DataFrame({"a": [1, 2], "y": ["u", None]}).write_parquet(path)
    with pytest.raises(InputError, match="some are missing"):
        load(path, label="y")


def test_a_truncated_parquet_is_refused(tmp_path):
    path = tmp_path / "table.parquet"
    pl.DataFrame({"a": [1.0, 2.0]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="truncated or no Parquet file"):
        load(path)


def test_without_pyarrow_parquet_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"pip install vael\[tables\]"):
        load(write(tmp_path, "", "table.parquet"))
