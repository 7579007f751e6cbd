"""(d) JAX: a whole epoch as one compiled `lax.scan`, Adam written by hand, rows in memory as bytes."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import Any

from protocol import digits, options, report, timed

__all__: list[str] = []

Layers = list[tuple[Any, Any]]


def main() -> None:
    """Train and report."""
    chosen = options(__doc__)
    if chosen.dtype != "float32":
        sys.exit("this script knows float32 only")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])  # XLA: a thread a core
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax
    import jax.numpy as jnp

    def layers(key: Any, widths: tuple[int, ...]) -> Layers:
        keys = jax.random.split(key, len(widths) - 1)
        made: Layers = []
        for k, (i, o) in zip(keys, pairwise(widths), strict=True):
            limit = (6 / (i + o)) ** 0.5
            made.append((jax.random.uniform(k, (i, o), minval=-limit, maxval=limit), jnp.zeros(o)))
        return made

    def network(parameters: Layers, x: Any) -> Any:
        (w1, b1), (w2, b2) = parameters
        return jax.nn.relu(x @ w1 + b1) @ w2 + b2

    def loss(parameters: tuple[Layers, Layers], x: Any, noise: Any) -> Any:
        mean, log_variance = jnp.split(network(parameters[0], x), 2, -1)
        logits = network(parameters[1], mean + jnp.exp(0.5 * log_variance) * noise)
        log_likelihood = (x * logits - jax.nn.softplus(logits)).sum(-1)
        kl = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum(-1)
        return (kl - log_likelihood).mean()

    rows = jnp.asarray(digits(chosen.data))
    steps = len(rows) // chosen.batch

    def step(state: Any, given: Any) -> Any:
        parameters, first, second, count = state
        index, key = given
        x = rows[index].astype(jnp.float32) / 255
        value, slopes = jax.value_and_grad(loss)(parameters, x, jax.random.normal(key, (chosen.batch, 20)))
        count += 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slopes)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slopes)
        rate, root = 1e-3 / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
        parameters = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + 1e-8), parameters, first, second
        )
        return (parameters, first, second, count), value

    @jax.jit
    def run(state: Any, key: Any) -> Any:
        shuffle, noise = jax.random.split(key)
        order = jax.random.permutation(shuffle, len(rows))[: steps * chosen.batch]
        return jax.lax.scan(step, state, (order.reshape(steps, -1), jax.random.split(noise, steps)))

    key = jax.random.key(0)
    parameters = (layers(key, (784, 500, 40)), layers(jax.random.fold_in(key, 1), (20, 500, 784)))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state: Any = (parameters, zeros, zeros, jnp.zeros(()))
    number = 0

    def epoch() -> float:
        nonlocal state, number
        number += 1
        state, values = run(state, jax.random.fold_in(key, 1 + number))
        return -float(values.mean())

    report("JAX lax.scan", chosen, *timed(epoch, chosen.epochs), jax=jax.__version__)


if __name__ == "__main__":
    main()
