from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from vael import InputError
from vael.theory import FiniteDistribution, evidence, posterior

BOXES = {
    "H1": FiniteDistribution.from_counts({"red": 4, "blue": 1}),
    "H2": FiniteDistribution.from_counts({"red": 1, "blue": 4}),
}


def test_the_two_boxes_of_the_docs(ask: Any) -> None:
    facts = ask("boxes", {"prior": [1, 1], "counts": [[4, 1, 0], [1, 4, 0]], "drawn": 0}).facts
    assert facts["written"] == {"prior": ["1/2", "1/2"], "evidence": "1/2", "posterior": ["4/5", "1/5"]}
    assert facts["posterior"] == [0.8, 0.2]
    assert facts["joint"] == [[0.4, 0.1, 0], [0.1, 0.4, 0]]


def test_a_doubtful_prior(ask: Any) -> None:
    prior = FiniteDistribution.of({"H1": Fraction(1, 10), "H2": Fraction(9, 10)})
    facts = ask("boxes", {"prior": [1, 9], "counts": [[4, 1, 0], [1, 4, 0]], "drawn": 1}).facts
    found = posterior(prior, BOXES, "blue")
    assert facts["written"]["posterior"] == [str(found["H1"]), str(found["H2"])]
    assert facts["evidence"] == float(evidence(prior, BOXES, "blue"))


def test_three_boxes(ask: Any) -> None:
    facts = ask("boxes", {"prior": [1, 2, 1], "counts": [[1, 1, 2], [3, 0, 1], [0, 4, 0]], "drawn": 2}).facts
    assert facts["written"]["posterior"] == ["1/2", "1/2", "0"]
    assert facts["evidence"] == 0.25


def test_a_colour_that_no_box_has(ask: Any) -> None:
    facts = ask("boxes", {"prior": [1, 1], "counts": [[4, 1, 0], [1, 4, 0]], "drawn": 2}).facts
    assert facts["posterior"] is None
    assert facts["evidence"] == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"counts": [[4.5, 1, 0], [1, 4, 0]]}, "counts must be whole numbers from 0 to 20"),
        ({"counts": [[-1, 1, 0], [1, 4, 0]]}, "counts must be whole"),
        ({"counts": [[0, 0, 0], [1, 4, 0]]}, "a box needs at least one ball"),
        ({"prior": [0, 0]}, "prior must give a share"),
        ({"prior": [1]}, "prior must be 2"),
        ({"drawn": 3}, "drawn must be a whole number from 0 to 2"),
    ],
)
def test_what_is_no_question(ask: Any, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        ask("boxes", {"prior": [1, 1], "counts": [[4, 1, 0], [1, 4, 0]], "drawn": 0} | wrong)
