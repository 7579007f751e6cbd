"""Finite probability: a sample space, its events, and random variables as functions on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vael.errors import InputError
from vael.theory.probabilities import Probability, as_number, checked_probabilities, text_table, written

__all__ = ["FiniteDistribution", "RandomVariable"]

Event = Callable[[Any], Any] | Iterable[Hashable]
"""A set of outcomes: listed, or given by a condition on an outcome."""


@dataclass(frozen=True, repr=False)
class FiniteDistribution:
    """Outcomes of an experiment and the probability of each: a finite sample space.

    ``P(A) = sum of P(w) over the outcomes w in A``. Probabilities given as Fractions (or whole numbers) stay
    exact in all that follows from them; one float among them makes all of them float64.

    Arguments:
        outcomes: All that can happen, each once.
        probabilities: One per outcome, none negative, of sum 1.

    Raises:
        InputError: If a probability is negative or no number, if they do not sum to 1, if an outcome is
            listed twice.

    Example:
        >>> die = FiniteDistribution.uniform(range(1, 7))
        >>> die.expectation()
        Fraction(7, 2)
        >>> die.probability(lambda w: w > 4)
        Fraction(1, 3)
        >>> die.given(lambda w: w > 4)
        FiniteDistribution of 2 outcomes
          5  1/2
          6  1/2
    """

    outcomes: tuple[Hashable, ...]
    probabilities: tuple[Probability, ...]

    def __init__(self, outcomes: Iterable[Hashable], probabilities: Iterable[Any]) -> None:
        outcomes = tuple(outcomes)
        seen: set[Hashable] = set()
        for outcome in outcomes:
            if outcome in seen:
                raise InputError(f"outcome {outcome!r} is listed twice: add its probabilities up")
            seen.add(outcome)
        object.__setattr__(self, "outcomes", outcomes)
        object.__setattr__(self, "probabilities", checked_probabilities(outcomes, probabilities))

    @classmethod
    def uniform(cls, outcomes: Iterable[Hashable]) -> FiniteDistribution:
        """All outcomes alike: a fair coin, a fair die."""
        outcomes = tuple(outcomes)
        return cls(outcomes, [Fraction(1, len(outcomes)) for _ in outcomes])

    @classmethod
    def of(cls, probabilities: Mapping[Any, Any]) -> FiniteDistribution:
        """From a mapping of outcome to probability."""
        return cls(probabilities.keys(), probabilities.values())

    @classmethod
    def from_counts(cls, counts: Mapping[Any, int]) -> FiniteDistribution:
        """One draw out of a box with so many of each: ``{"red": 4, "blue": 1}`` gives 4/5 and 1/5."""
        total = sum(counts.values())
        if total <= 0:
            raise InputError(f"a box needs at least one ball, got {dict(counts)}")
        return cls(counts.keys(), [Fraction(count, total) for count in counts.values()])

    @property
    def exact(self) -> bool:
        """Whether the probabilities are Fractions."""
        return isinstance(self.probabilities[0], Fraction)

    def __getitem__(self, outcome: Hashable) -> Probability:
        if outcome not in self.outcomes:
            raise InputError(f"{outcome!r} is not an outcome: they are {_listed(self.outcomes)}")
        return self.probabilities[self.outcomes.index(outcome)]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def items(self) -> tuple[tuple[Any, Probability], ...]:
        """Pairs of an outcome and its probability."""
        return tuple(zip(self.outcomes, self.probabilities))

    def event(self, event: Event) -> tuple[Hashable, ...]:
        """The outcomes in an event, in their order."""
        if callable(event):
            return tuple(outcome for outcome in self.outcomes if event(outcome))
        listed = tuple(event)
        for outcome in listed:
            if outcome not in self.outcomes:
                raise InputError(f"{outcome!r} is not an outcome: they are {_listed(self.outcomes)}")
        return tuple(outcome for outcome in self.outcomes if outcome in listed)

    def probability(self, event: Event) -> Probability:
        """P(A) of an event: a condition on an outcome, or the outcomes in it."""
        inside = self.event(event)
        zero: Probability = Fraction(0) if self.exact else 0.0
        return sum((self[outcome] for outcome in inside), zero)

    def given(self, event: Event) -> FiniteDistribution:
        """P(w | A) = P(w) / P(A) on the outcomes of A; an event of probability zero is an error."""
        inside = self.event(event)
        total = self.probability(inside)
        if total == 0:
            raise InputError(f"cannot condition on an event of probability zero: {{{_listed(inside)}}}")
        return FiniteDistribution(inside, [self[outcome] / total for outcome in inside])

    def expectation(self, f: Callable[[Any], Any] = lambda outcome: outcome) -> Any:
        """E[f] = sum of P(w) f(w) where P(w) > 0; of the outcome itself if no f is given."""
        terms = [(p, as_number(f(outcome), "value of f")) for outcome, p in self.items() if p > 0]
        for _, value in terms:
            if isinstance(value, str | bytes):
                raise InputError(f"an expectation needs numbers, got {value!r}: give f that maps it to one")
        first, *others = [p * value for p, value in terms]
        return sum(others, first)

    def variance(self, f: Callable[[Any], Any] = lambda outcome: outcome) -> Any:
        """Var[f] = E[(f - E[f])^2]."""
        mean = self.expectation(f)
        return self.expectation(lambda outcome: (as_number(f(outcome), "value of f") - mean) ** 2)

    def __repr__(self) -> str:
        rows = [(str(outcome), written(p)) for outcome, p in self.items()]
        return text_table(f"FiniteDistribution of {len(rows)} outcomes", rows)


@dataclass(frozen=True, repr=False)
class RandomVariable:
    """A function X on a sample space, with a name.

    Nothing in it is random: chance picks the outcome w, and X(w) follows.
    ``P(X = x) = P({X = x})``, where ``{X = x} = {w : X(w) = x}`` is the pre-image of x.

    Arguments:
        name: How tables and figures call it.
        function: Gives the value of an outcome.

    Example:
        >>> two_dice = FiniteDistribution.uniform([(a, b) for a in range(1, 7) for b in range(1, 7)])
        >>> total = RandomVariable("sum", lambda w: w[0] + w[1])
        >>> total.preimage(two_dice, 4)
        ((1, 3), (2, 2), (3, 1))
        >>> total.distribution(two_dice)[4]
        Fraction(1, 12)
        >>> total.expectation(two_dice)
        Fraction(7, 1)
    """

    name: str
    function: Callable[[Any], Any]

    def __call__(self, outcome: Any) -> Any:
        """X(w): the value of an outcome."""
        return self.function(outcome)

    def range(self, space: FiniteDistribution) -> tuple[Any, ...]:
        """The values that X takes on the space: in rising order, or as they come if they have none."""
        values = tuple(dict.fromkeys(map(self.function, space)))
        try:
            return tuple(sorted(values))
        except TypeError:
            return values

    def preimage(self, space: FiniteDistribution, value: Any) -> tuple[Any, ...]:
        """{X = value}: the outcomes that X maps to this value; an event, and none if there are none."""
        return space.event(lambda outcome: self.function(outcome) == value)

    def distribution(self, space: FiniteDistribution) -> FiniteDistribution:
        """The probability mass function of X: P(X = x) for each x of its range."""
        totals: dict[Any, Any] = dict.fromkeys(self.range(space), 0)
        for outcome, p in space.items():
            totals[self.function(outcome)] += p
        return FiniteDistribution.of(totals)

    def expectation(self, space: FiniteDistribution) -> Any:
        """E[X] = sum of x P(X = x), the same as the sum of X(w) P(w)."""
        return space.expectation(self.function)

    def variance(self, space: FiniteDistribution) -> Any:
        """Var[X] = E[(X - E[X])^2]."""
        return space.variance(self.function)

    def __repr__(self) -> str:
        return f"RandomVariable {self.name}"


def _listed(outcomes: Iterable[Hashable], most: int = 8) -> str:
    names = [repr(outcome) for outcome in outcomes]
    return ", ".join(names if len(names) <= most else [*names[:most], f"... {len(names) - most} more"])
