from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from charts import bent, points, smooth_decoder, sphere, unbent
from torch import Tensor, nn

from ring import ring
from vael import InputError
from vael.geometry import LatentManifold, MetricManifold, diagnose_geometry
from vael.geometry.diagnosis import GeometryDiagnosis, in_double

W = torch.tensor([[3.0, 0.0, 1.0], [0.0, 2.0, -1.0]]).double()


def normal(n: int, latent: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(n, latent, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def values(found: GeometryDiagnosis) -> dict[str, float | None]:
    return {name: each.value for name, each in found.quantities.items()}


def test_a_linear_decoder_is_flat_and_geometry_does_not_matter():
    Z = normal(300)
    found = diagnose_geometry(LatentManifold(lambda z: z @ W), Z, pairs=50, points=40)
    numbers = values(found)
    G = (W @ W.T).numpy()
    assert found.verdict == "does not matter"
    assert numbers["excess_high"] == pytest.approx(0, abs=1e-8)
    assert numbers["excess_above_5"] == numbers["not_converged"] == numbers["singular"] == 0
    assert numbers["condition_median"] == pytest.approx(np.linalg.cond(G), rel=1e-12)
    assert numbers["condition_high"] == pytest.approx(np.linalg.cond(G), rel=1e-12)
    assert numbers["volume_deviation"] == pytest.approx(0, abs=1e-12)
    assert numbers["volume_ratio"] == pytest.approx(1, abs=1e-12)
    assert numbers["rank_correlation_mean_metric"] == pytest.approx(1, abs=1e-12)
    for name in ("curvature_low", "curvature_median", "curvature_high"):
        assert numbers[name] == pytest.approx(0, abs=1e-12)
    assert numbers["parts"] == 1
    assert [(part.nodes, part.rows) for part in found.parts] == [(300, 300)]
    assert "good enough" in found.findings[0].action


def test_a_stretched_line_needs_other_coordinates_and_no_geodesics():
    found = diagnose_geometry(LatentManifold(lambda z: z * points((30.0, 1.0))), normal(300), pairs=100)
    numbers = values(found)
    assert found.verdict == "does not matter"
    assert numbers["rank_correlation"] is not None
    assert numbers["rank_correlation"] < 0.95
    assert "a linear change of coordinates mends that (1.00)" in found.findings[0].text
    assert "scale the codes" in found.findings[0].action
    (other,) = [each for each in found.findings if each.name == "anisotropic"]
    assert "30 times" in other.text
    # Of a Gaussian cloud stretched 30 times, most neighbours along the short axis are others.
    assert numbers["neighbours_changed"] is not None
    assert numbers["neighbours_changed"] > 50


def test_the_sphere_has_its_curvature_volume_and_great_circles():
    rng = np.random.default_rng(0)
    Z = np.stack([rng.uniform(0.1, 0.7, 400), rng.uniform(0, 3, 400)], 1)
    found = diagnose_geometry(LatentManifold(sphere), Z, pairs=100, points=300)
    numbers = values(found)
    assert found.verdict == "matters a little"
    for name in ("curvature_low", "curvature_median", "curvature_high"):
        assert numbers[name] == pytest.approx(1, abs=1e-10)
    rows = np.sort(_after(Z, 100)[:300])
    volume = np.log(np.sin(Z[rows, 0]))
    condition = 1 / np.sin(Z[rows, 0]) ** 2
    assert numbers["volume_deviation"] == pytest.approx(volume.std(ddof=1), rel=1e-10)
    low, high = np.quantile(volume, [0.05, 0.95])
    assert numbers["volume_ratio"] == pytest.approx(math.exp(high - low), rel=1e-10)
    assert numbers["condition_median"] == pytest.approx(np.median(condition), rel=1e-9)
    pairs = np.random.default_rng(0).permutation(400)[:200].reshape(2, 100)
    P, Q = (sphere(torch.from_numpy(Z[side])) for side in pairs)
    distance = 2 * torch.atan2((P - Q).norm(dim=-1), (P + Q).norm(dim=-1)).numpy()
    excess = 100 * (_chart_line(Z[pairs[0]], Z[pairs[1]]) / distance - 1)
    for name, part in (("excess_low", 0.25), ("excess_median", 0.5), ("excess_high", 0.75)):
        assert numbers[name] == pytest.approx(np.quantile(excess, part), abs=0.01)
    assert numbers["excess_above_10"] == pytest.approx(100 * (excess > 10).mean(), abs=1e-9)
    assert numbers["curvature_scaled"] == pytest.approx(np.median(distance) ** 2, rel=1e-4)


def _after(Z: np.ndarray, pairs: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    rng.permutation(len(Z))
    return rng.permutation(len(Z))


def _chart_line(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Length of a straight line in the chart, by the trapezium rule."""
    t = np.linspace(0, 1, 2001)[:, None]
    height = a[:, 0] + t * (b[:, 0] - a[:, 0])
    step = b - a
    speed = np.sqrt(step[:, 0] ** 2 + (np.sin(height) * step[:, 1]) ** 2)
    return np.trapezoid(speed, t[:, 0], axis=0)


def test_more_latents_have_sectional_curvature():
    Z = np.random.default_rng(0).uniform(0.8, 2.2, (100, 3))
    found = diagnose_geometry(LatentManifold(sphere), Z, pairs=10, points=50)
    assert "random plane" in found.quantities["curvature_median"].estimator
    for name in ("curvature_low", "curvature_median", "curvature_high"):
        assert found.value(name) == pytest.approx(1, abs=1e-9)


def test_on_the_ring_geometry_matters():
    immersion, data = ring()
    found = diagnose_geometry(LatentManifold(immersion, data=data), data, pairs=60, points=100)
    numbers = values(found)
    assert found.verdict == "matters"
    assert numbers["excess_median"] is not None
    assert numbers["excess_median"] > 10
    assert numbers["excess_high"] is not None
    assert numbers["excess_high"] > 20
    assert numbers["parts"] == 1
    assert "manifold.geodesic" in found.findings[0].action
    without = diagnose_geometry(LatentManifold(immersion), data, pairs=60, points=100)
    assert values(without)["excess_median"] == pytest.approx(numbers["excess_median"], rel=0.02)


def test_parts_are_told_with_an_example_of_each():
    Z = torch.cat([normal(60), normal(40, seed=1) + 100])[torch.randperm(100)]
    far = (Z[:, 0] > 50).numpy()
    found = diagnose_geometry(LatentManifold(lambda z: z @ W), Z, pairs=20, points=20)
    assert found.value("parts") == 2
    assert [part.rows for part in found.parts] == [60, 40]
    assert [bool(far[part.example or 0]) for part in found.parts] == [False, True]
    (told,) = [each for each in found.findings if each.name == "parts"]
    assert f"60 rows, row {found.parts[0].example} among them" in told.text


def test_a_decoder_that_loses_rank_says_where_and_spoils_nothing():
    def half(z: Tensor) -> Tensor:  # where the first latent is negative, the second does nothing
        return torch.stack([z[:, 0], z[:, 1] * torch.relu(z[:, 0])], -1)

    Z = normal(200)
    found = diagnose_geometry(LatentManifold(half), Z, pairs=30, points=200)
    share = 100 * float((Z[:, 0] < 0).double().mean())
    assert found.value("singular") == pytest.approx(share)
    assert all(float(Z[point.row, 0]) < 0 for point in found.singular)
    np.testing.assert_allclose(found.singular[0].z, Z[found.singular[0].row])
    assert found.value("volume_deviation") is not None
    (told,) = [each for each in found.findings if each.name == "singular"]
    assert f"At {share:.1f} % of the codes" in told.text
    json.dumps(found.to_dict(), allow_nan=False)


def test_no_number_is_ever_nan_and_each_missing_one_has_a_reason():
    collapsed = torch.zeros(50, 2).double()
    with_nothing = diagnose_geometry(LatentManifold(lambda z: 0 * z @ W), collapsed)
    assert with_nothing.verdict == "unknown"
    same = diagnose_geometry(LatentManifold(lambda z: z @ W), collapsed, points=10)
    assert same.quantities["excess_median"].reason.startswith("no pair of codes has two different ends")
    bare = torch.where(normal(60)[:, :1] > 0, torch.nan, 1.0)

    def broken(z: Tensor) -> Tensor:
        return torch.where(z[:, :1] > 0, torch.nan, 1.0) * (z @ W)

    assert torch.isnan(bare).any()
    holed = diagnose_geometry(LatentManifold(broken), normal(60), pairs=20)
    for found in (with_nothing, same, holed):
        json.dumps(found.to_dict(), allow_nan=False)
        for each in found.quantities.values():
            assert (each.value is None) == bool(each.reason)


def test_a_piecewise_linear_decoder_has_no_curvature_and_all_else():
    torch.manual_seed(0)
    decoder = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 10))
    found = diagnose_geometry(LatentManifold(decoder), normal(100), pairs=20)
    assert found.value("curvature_median") is None
    assert "piecewise linear (ReLU)" in found.quantities["curvature_median"].reason
    assert found.value("excess_median") is not None
    assert found.value("volume_deviation") is not None


def test_one_latent_has_distances_and_no_curvature():
    line = LatentManifold(lambda z: torch.cat([z.sinh(), z], -1))
    found = diagnose_geometry(line, normal(80, 1), pairs=30)
    assert found.value("excess_high") == pytest.approx(0, abs=1e-6)
    assert "one latent has no curvature" in found.quantities["curvature_low"].reason
    assert found.value("condition_median") == 1


def test_single_precision_is_measured_in_double():
    decoder = smooth_decoder(3)
    Z = normal(100)
    double = diagnose_geometry(LatentManifold(decoder, data=Z), Z, pairs=20, points=50)
    single = diagnose_geometry(LatentManifold(decoder.float(), data=Z), Z, pairs=20, points=50)
    for name in ("curvature_low", "volume_deviation", "condition_high"):
        # of parameters rounded to single precision, and of nothing else
        assert single.value(name) == pytest.approx(double.value(name), rel=1e-4)
    assert single.value("excess_median") == pytest.approx(double.value("excess_median"), abs=0.02)


def test_in_double_leaves_the_manifold_alone_and_refuses_what_it_cannot_copy():
    decoder = smooth_decoder(0).float()
    manifold = LatentManifold(decoder, data=normal(20))
    copied = in_double(manifold)
    assert next(decoder.parameters()).dtype == torch.float32
    assert manifold.metric(normal(3)).dtype == torch.float32
    assert copied.metric(normal(3)).dtype == torch.float64
    torch.testing.assert_close(copied.metric(normal(3)).float(), manifold.metric(normal(3)))
    single = torch.ones(2, 3)
    with pytest.raises(InputError, match="cannot be copied to double"):
        in_double(LatentManifold(lambda z: z @ single, latent=2))


def test_a_metric_alone_is_diagnosed():
    plane = MetricManifold(lambda z: torch.eye(2, dtype=z.dtype) / z[:, 1, None, None].square())
    Z = np.stack([np.linspace(-1, 1, 60), np.random.default_rng(0).uniform(0.5, 3, 60)], 1)
    found = diagnose_geometry(plane, Z, pairs=20, points=20)
    assert found.value("curvature_median") == pytest.approx(-1, abs=1e-9)
    assert all(each.name != "no uncertainty" for each in found.findings)


def test_coordinates_change_no_geometric_number():
    decoder, Z = smooth_decoder(1), normal(150)
    own = diagnose_geometry(LatentManifold(decoder), Z, pairs=20, points=60)
    other = diagnose_geometry(LatentManifold(lambda y: decoder(unbent(y))), bent(Z), pairs=20, points=60)
    for name in ("curvature_low", "curvature_median", "curvature_high"):
        assert other.value(name) == pytest.approx(own.value(name), rel=1e-8)
    assert other.value("excess_median") != pytest.approx(own.value("excess_median"), rel=1e-2)


def test_json_brings_it_back_and_draws_are_the_seeds():
    manifold, Z = LatentManifold(smooth_decoder(0)), normal(80)
    found, again, other = (
        diagnose_geometry(manifold, Z, pairs=10, points=10, random_state=seed) for seed in (0, 0, 1)
    )
    assert GeometryDiagnosis.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found
    assert values(found) == values(again)
    assert values(found) != values(other)
    assert "Straight-line excess, median" in str(found)


@pytest.mark.parametrize(
    ("Z", "options", "message"),
    [
        (np.zeros((2, 2)), {}, "2 codes are too few"),
        (np.zeros((2, 5, 2)), {}, r"must have shape \(n, latent\)"),
        (np.zeros((9, 3)), {}, "3 coordinates"),
        (np.full((9, 2), np.nan), {}, "holds nan"),
        (np.zeros((9, 2)), {"pairs": 0}, "pairs and points must be >= 1"),
    ],
)
def test_bad_input_is_refused(Z: np.ndarray, options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        diagnose_geometry(LatentManifold(lambda z: z @ W, latent=2), Z, **options)
