"""`vael datasets`: what can be fitted without a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from vael.cli.common import COMMON, Common

__all__ = ["datasets"]


@dataclass(frozen=True)
class _BuiltIn:
    """A line of the list; the facts are held against the data by a test."""

    name: str
    rows: int
    test_rows: int
    image_shape: tuple[int, int]
    about: str


BUILT_IN = (
    _BuiltIn("mnist", 60000, 10000, (28, 28), "handwritten digits; inside vael"),
    _BuiltIn("digits", 1797, 0, (8, 8), "small handwritten digits; inside scikit-learn"),
    _BuiltIn("fashion-mnist", 60000, 10000, (28, 28), "clothes; downloaded when first used"),
    _BuiltIn("sprites", 10000, 0, (64, 64), "squares, ellipses, hearts of known factors; drawn when used"),
)


def datasets(*, common: Common = COMMON) -> None:
    """List the data sets that have a name, and the files that can be read."""
    lines = [f"{'name':<15}{'rows':>7}{'test rows':>11}  {'images':<9}about"]
    lines += [
        f"{each.name:<15}{each.rows:>7}{each.test_rows or '':>11}  "
        f"{'x'.join(map(str, each.image_shape)):<9}{each.about}"
        for each in BUILT_IN
    ]
    lines += [
        "",
        "Or give a path: .csv, .tsv or .parquet (--label COLUMN), .npy, .npz, IDX files, or a folder of",
        "images (folders in it are labels).",
    ]
    common.result({"datasets": [asdict(each) for each in BUILT_IN]}, "\n".join(lines))
