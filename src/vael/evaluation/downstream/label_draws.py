"""Which training rows carry a label: draws with the classes in balance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vael.errors import InputError

__all__ = ["balanced_subsets", "check_label_count"]


def balanced_subsets(
    y: np.ndarray,
    counts: Sequence[int],
    *,
    draws: int,
    random_state: int | np.random.Generator | None,
) -> list[dict[int, np.ndarray]]:
    """Draw `draws` times, for each count, that many rows of y with equally many of each class.

    Where a count is no multiple of the number of classes, some classes, drawn too, give one row more.
    Within a draw a smaller subset is part of a larger one. Only y and the random state decide.
    """
    for count in counts:
        check_label_count(y, count)
    rng = np.random.default_rng(random_state)
    classes = np.unique(y)
    rows_of_class = [np.flatnonzero(y == label) for label in classes]
    subsets: list[dict[int, np.ndarray]] = []
    for _ in range(draws):
        shuffled = [rng.permutation(rows) for rows in rows_of_class]
        place = rng.permutation(len(classes))
        share = {count: divmod(count, len(classes)) for count in counts}
        subsets.append(
            {
                count: np.sort(
                    np.concatenate([rows[: each + (place[c] < more)] for c, rows in enumerate(shuffled)])
                )
                for count, (each, more) in share.items()
            }
        )
    return subsets


def check_label_count(y: np.ndarray, count: int) -> None:
    """Raise an `InputError` where classes in balance cannot give `count` labels."""
    classes, sizes = np.unique(y, return_counts=True)
    if count < len(classes):
        raise InputError(
            f"{count} labels are too few for {len(classes)} classes: each needs one at least, "
            f"so ask for {len(classes)} or more"
        )
    each = -(-count // len(classes))
    smallest = int(sizes.argmin())
    if sizes[smallest] < each:
        raise InputError(
            f"{count} labels need {each} training rows of each of {len(classes)} classes, but class "
            f"{classes[smallest]!s} has {sizes[smallest]}: ask for at most "
            f"{sizes[smallest] * len(classes)}, or for None, which is all labels"
        )
