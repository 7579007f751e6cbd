"""The joint distribution of several finite random variables, as a table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.theory.finite import FiniteDistribution, RandomVariable
from vael.theory.probabilities import Probability, as_number, checked_probabilities, text_table, written

__all__ = ["JointTable"]

_TOLERANCE = 1e-9


@dataclass(frozen=True, repr=False, eq=False)
class JointTable:
    r"""P(X1 = x1, ..., Xn = xn) of named finite variables, one axis of the table for each.

    Fractions stay exact. Sum rule: ``P(x) = sum over y of P(x, y)``; product rule:
    ``P(x, y) = P(y | x) P(x)``.

    Arguments:
        names: One per variable.
        values: Of each variable, the values that it can take.
        probabilities: Nested sequence or array with one axis per variable, none negative, of sum 1.

    Raises:
        InputError: If probabilities are negative or do not sum to 1, or shapes do not fit.

    Example:
        >>> table = JointTable(["box", "ball"], [["H1", "H2"], ["red", "blue"]], [[0.4, 0.1], [0.1, 0.4]])
        >>> table
        JointTable P(box, ball)
          box \ ball  red  blue  sum
          H1          0.4  0.1   0.5
          H2          0.1  0.4   0.5
          sum         0.5  0.5   1
        >>> table.conditional(ball="red").distribution("box")["H1"]
        0.8
    """

    names: tuple[str, ...]
    values: tuple[tuple[Hashable, ...], ...]
    probabilities: NDArray[Any]

    def __init__(
        self, names: Iterable[str], values: Iterable[Iterable[Hashable]], probabilities: Any
    ) -> None:
        names, values = tuple(names), tuple(tuple(ones) for ones in values)
        if not names or len(set(names)) != len(names):
            raise InputError(f"a joint table needs variables with a name each, got {list(names)}")
        if len(values) != len(names):
            raise InputError(f"{len(names)} variables need as many lists of values, got {len(values)}")
        for name, ones in zip(names, values):
            if len(set(ones)) != len(ones):
                raise InputError(f"values of {name!r} are listed twice: {list(ones)}")
        table = np.array(probabilities, dtype=object)
        shape = tuple(map(len, values))
        if table.shape != shape:
            raise InputError(f"the table must be of shape {shape} as its values are, got {table.shape}")
        cells = checked_probabilities(list(itertools.product(*values)), table.ravel())
        table = np.empty(shape, dtype=np.float64 if isinstance(cells[0], float) else object)
        table.flat[:] = cells
        table.setflags(write=False)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "probabilities", table)

    @classmethod
    def from_experiment(cls, space: FiniteDistribution, *variables: RandomVariable) -> JointTable:
        """P(X1 = x1, ..., Xn = xn) of random variables on one sample space."""
        values = [variable.range(space) for variable in variables]
        table = np.full([len(ones) for ones in values], 0 * space.probabilities[0], dtype=object)
        for outcome, p in space.items():
            cell = [ones.index(variable(outcome)) for ones, variable in zip(values, variables)]
            table[tuple(cell)] += p
        return cls([variable.name for variable in variables], values, table)

    @classmethod
    def from_likelihood(
        cls,
        prior: FiniteDistribution,
        likelihood: Mapping[Any, FiniteDistribution],
        names: tuple[str, str] = ("hypothesis", "observed"),
    ) -> JointTable:
        """P(h, d) = P(d | h) P(h): Bayes' rule takes a column of this table and scales it to sum 1."""
        rows = [(p, law_of(likelihood, h)) for h, p in prior.items()]
        seen = tuple(dict.fromkeys(d for _, law in rows for d in law))
        table = [[p * law[d] if d in law.outcomes else 0 for d in seen] for p, law in rows]
        return cls(names, [prior.outcomes, seen], table)

    def marginal(self, *names: str) -> JointTable:
        """P of these variables, the others summed out, in the order named."""
        axes = self._axes(names)
        others = tuple(axis for axis in range(len(self.names)) if axis not in axes)
        table = self.probabilities.sum(axis=others) if others else self.probabilities
        kept = sorted(axes)
        table = np.asarray(table).transpose([kept.index(axis) for axis in axes])
        return JointTable(names, [self.values[axis] for axis in axes], table)

    def probability(self, **values: Any) -> Probability:
        """P of some variables having these values: ``table.probability(box="H1", ball="red")``."""
        return as_number(np.sum(self.probabilities[self._index(values)]))

    def conditional(self, **given: Any) -> JointTable:
        """P(the others | these) = P(all) / P(these); a condition of probability zero is an error."""
        index = self._index(given)
        rest = [axis for axis, name in enumerate(self.names) if name not in given]
        if not given or not rest:
            raise InputError(f"condition on some of {list(self.names)} and leave some, got {list(given)}")
        table = np.asarray(self.probabilities[index])
        total = table.sum()
        if total == 0:
            condition = ", ".join(f"{name} = {value!r}" for name, value in given.items())
            raise InputError(f"cannot condition on an event of probability zero: {condition}")
        return JointTable(
            [self.names[axis] for axis in rest], [self.values[axis] for axis in rest], table / total
        )

    def distribution(self, name: str) -> FiniteDistribution:
        """The marginal distribution of one variable."""
        return FiniteDistribution(self.values[self._axes([name])[0]], self.marginal(name).probabilities)

    def independent(self, a: str, b: str, *, given: Sequence[str] = ()) -> bool:
        """Whether P(a, b) = P(a) P(b) for all values; with ``given``, within each of its values.

        Exact for Fractions; for floats within 1e-9.
        """
        table = self.marginal(a, b, *given).probabilities
        product = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
        gap = table * table.sum(axis=(0, 1), keepdims=True) - product
        return bool((abs(gap) <= (0 if table.dtype == object else _TOLERANCE)).all())

    def expectation(self, f: Callable[..., Any]) -> Any:
        """E[f(x1, ..., xn)], the values given to f in the order of the names."""
        return self.as_distribution().expectation(lambda cell: f(*cell))

    def as_distribution(self) -> FiniteDistribution:
        """The table as one distribution, whose outcomes are tuples of values."""
        return FiniteDistribution(itertools.product(*self.values), self.probabilities.ravel())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JointTable):
            return NotImplemented
        same = (self.names, self.values) == (other.names, other.values)
        return same and bool((self.probabilities == other.probabilities).all())

    def __hash__(self) -> int:
        return hash((self.names, self.values, tuple(self.probabilities.ravel())))

    def __repr__(self) -> str:
        title = f"JointTable P({', '.join(self.names)})"
        if len(self.names) != 2:
            rows = [[*map(str, cell), written(p)] for cell, p in self.as_distribution().items()]
            return text_table(title, [[*self.names, "P"], *rows])
        first, second = self.values
        bodies = [
            [str(x), *map(written, row), written(row.sum())] for x, row in zip(first, self.probabilities)
        ]
        sums = ["sum", *map(written, self.probabilities.sum(axis=0)), written(self.probabilities.sum())]
        return text_table(title, [[" \\ ".join(self.names), *map(str, second), "sum"], *bodies, sums])

    def _axes(self, names: Sequence[str]) -> list[int]:
        for name in names:
            if name not in self.names:
                raise InputError(f"no variable {name!r} in the table: it has {', '.join(self.names)}")
        if not names or len(set(names)) != len(names):
            raise InputError(f"name each variable once, got {list(names)}")
        return [self.names.index(name) for name in names]

    def _index(self, values: dict[str, Any]) -> tuple[Any, ...]:
        index: list[Any] = [slice(None)] * len(self.names)
        for name, value in values.items():
            axis = self._axes([name])[0]
            if value not in self.values[axis]:
                raise InputError(f"{name} has no value {value!r}: its values are {list(self.values[axis])}")
            index[axis] = self.values[axis].index(value)
        return tuple(index)


def law_of(likelihood: Mapping[Any, FiniteDistribution], hypothesis: Hashable) -> FiniteDistribution:
    """P(. | hypothesis), or an error that names the hypothesis that has none."""
    if hypothesis not in likelihood:
        raise InputError(f"no likelihood for hypothesis {hypothesis!r}: there are {list(likelihood)}")
    return likelihood[hypothesis]
