from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from charts import bent, smooth_decoder, unbent

from vael import InputError
from vael.geometry import LatentManifold, Stability, stability


def codes(n: int = 120) -> torch.Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def reparametrised(seed: int):
    """The same immersion under z -> bent(A z): a training that put the same surface elsewhere."""
    rng = np.random.default_rng(seed)
    A = torch.from_numpy(rng.normal(size=(2, 2)) + 1.5 * np.eye(2))
    back = torch.linalg.inv(A)
    decoder = smooth_decoder(0)
    return LatentManifold(lambda y: decoder(unbent(y) @ back.T)), bent(codes() @ A.T)


def test_geodesic_distances_do_not_see_a_change_of_coordinates():
    manifolds, places = zip(*(reparametrised(seed) for seed in range(4)))
    found = stability(manifolds, places, pairs=40)
    assert (found.trainings, found.pairs, found.dropped) == (4, 40, 0)
    for each in found.variations:
        assert each.geodesic.value == pytest.approx(0, abs=0.02)
        assert each.euclidean.value is not None
        assert each.euclidean.value > 10
        assert each.low is not None
        assert each.low > 10
    assert found.verdict.startswith("As they are, geodesic distances vary less with retraining")


def test_the_numbers_are_those_of_the_definition():
    flat = LatentManifold(lambda z: z)
    scales = (1.0, 2.0, 4.0)
    Z = [codes() * scale for scale in scales]
    found = stability([flat] * 3, Z, pairs=30)
    as_is, free = found.variations
    variation = 100 * np.std(scales, ddof=1) / np.mean(scales)
    for each in (as_is.geodesic, as_is.euclidean):
        assert each.value == pytest.approx(variation, rel=1e-6)
        assert each.spread == pytest.approx(0, abs=1e-4)
    # A change of scale is all there is: nothing is left without it.
    assert free.geodesic.value == pytest.approx(0, abs=1e-6)
    assert free.euclidean.value == pytest.approx(0, abs=1e-6)
    assert as_is.difference.value == pytest.approx(0, abs=1e-4)


def test_pairs_that_coincide_are_left_out_and_counted():
    flat = LatentManifold(lambda z: z)
    Z = codes(40)
    Z[:20] = Z[0]
    found = stability([flat, flat], [Z, 2 * Z], pairs=300)
    assert found.dropped > 0
    assert found.pairs + found.dropped == 300
    json.dumps(found.to_dict(), allow_nan=False)
    nothing = stability([flat, flat], [Z[:20], Z[:20]], pairs=5)
    assert nothing.variations[0].geodesic.value is None
    assert nothing.variations[0].geodesic.reason == "0 pairs have distances to compare"


def test_json_brings_it_back():
    flat = LatentManifold(lambda z: z)
    found = stability([flat, flat], [codes(), codes() * 2], pairs=10)
    assert Stability.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found
    assert "2 trainings are few" in str(found)


@pytest.mark.parametrize(
    ("trainings", "rows", "message"),
    [(1, (9,), "two trainings or more"), (2, (9, 8), "the same rows"), (2, (2, 2), "too few")],
)
def test_trainings_that_do_not_belong_together_are_refused(
    trainings: int, rows: tuple[int, ...], message: str
) -> None:
    manifolds = [LatentManifold(lambda z: z)] * trainings
    with pytest.raises(InputError, match=message):
        stability(manifolds, [codes(n) for n in rows])
