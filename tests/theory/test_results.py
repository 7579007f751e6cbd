"""Numbers with their errors, as they are printed."""

from __future__ import annotations

from vael.theory import Estimate, Integral, integrate


def test_a_number_is_printed_with_its_error() -> None:
    assert str(Integral(2.99999999999936, 9.4e-10)) == "3 ± 9e-10"
    assert str(Estimate(0.68268949213, 0.00123456, 1000)) == "0.682689 ± 0.0012"
    assert str(integrate(lambda x: x**2, 0, 3)).startswith("9 ± ")


def test_they_count_as_numbers() -> None:
    assert float(Integral(1.5, 0.0)) == float(Estimate(1.5, 0.1, 2)) == 1.5
