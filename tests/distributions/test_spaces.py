"""Spaces against closed forms, and their axioms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vael.distributions import Euclidean, PoincareBall, Space, Sphere
from vael.errors import InputError

SPACES: list[Space] = [Euclidean(3), Sphere(1), Sphere(2), Sphere(7), PoincareBall(3), PoincareBall(2, 0.2)]


def points(space: Space, n: int = 40, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, space.coordinates, generator=generator, dtype=torch.float64)
    if isinstance(space, PoincareBall):
        x = space.from_normal(torch.zeros_like(x), 1.5 * x)
    return space.project(x.to(dtype))


def length(space: Space, x: Tensor, v: Tensor) -> Tensor:
    size = v.norm(dim=-1)
    return size * space.scale(x).squeeze(-1) if isinstance(space, PoincareBall) else size


@pytest.mark.parametrize("space", SPACES, ids=lambda s: f"{type(s).__name__}{s.dim}")
def test_axioms(space: Space) -> None:
    x, y, z = (points(space, seed=i) for i in range(3))
    d = space.distance(x, y)
    torch.testing.assert_close(space.distance(y, x), d, rtol=1e-14, atol=0)
    assert (space.distance(x, x) == 0).all()
    assert (d <= space.distance(x, z) + space.distance(z, y) + 1e-12).all()
    v = space.log(x, y)
    torch.testing.assert_close(space.exp(x, v), y, atol=1e-10, rtol=0)
    torch.testing.assert_close(length(space, x, v), d, rtol=1e-10, atol=0)
    torch.testing.assert_close(space.transport(x, y, v), -space.log(y, x), atol=1e-8, rtol=1e-8)
    middle = space.geodesic(x, y, 0.5)
    torch.testing.assert_close(space.distance(x, middle), d / 2, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(space.geodesic(x, y, 1.0), y, atol=1e-10, rtol=0)


@pytest.mark.parametrize("space", SPACES, ids=lambda s: f"{type(s).__name__}{s.dim}")
def test_transport_keeps_inner_products(space: Space) -> None:
    x, y = points(space), points(space, seed=1)
    u, v = (space.log(x, points(space, seed=i)) for i in (2, 3))
    carried = [space.transport(x, y, w) for w in (u, v)]
    scale = [space.scale(p) if isinstance(space, PoincareBall) else torch.ones(1) for p in (x, y)]
    before = (u * v).sum(-1) * scale[0].squeeze(-1) ** 2
    after = (carried[0] * carried[1]).sum(-1) * scale[1].squeeze(-1) ** 2
    torch.testing.assert_close(after, before, rtol=1e-8, atol=1e-8)


def test_known_distances() -> None:
    a, b = torch.tensor([0.3, 0.4], dtype=torch.float64), torch.tensor([-0.6, 0.2], dtype=torch.float64)
    assert float(PoincareBall(2).distance(a, b)) == pytest.approx(2.245986429326585, rel=1e-14)

    def on_sphere(theta: float, phi: float) -> Tensor:
        return torch.tensor(
            [math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)]
        ).double()

    found = Sphere(2).distance(on_sphere(1.2, 0), on_sphere(0.6, 1.5))
    assert float(found) == pytest.approx(1.227817887617859, abs=1e-7)  # points of single precision
    exact = Sphere(2).distance(*(torch.tensor(v, dtype=torch.float64) for v in _pair()))
    assert float(exact) == pytest.approx(math.pi / 3, abs=1e-15)


def _pair() -> tuple[list[float], list[float]]:
    root = math.sqrt(0.5)
    return [root, 0.0, root], [0.0, root, root]


def test_curvature_scales_the_ball() -> None:
    """Lengths in curvature -c are 1 / sqrt(c) times those of the points sqrt(c) x on the unit ball."""
    c = 3.0
    small, unit_ball = PoincareBall(4, c), PoincareBall(4)
    x, y = points(small), points(small, seed=1)
    expected = unit_ball.distance(c**0.5 * x, c**0.5 * y) / c**0.5
    torch.testing.assert_close(small.distance(x, y), expected)


@pytest.mark.parametrize("distance", [1e-6, 1.0, 6.2, 9.0, 14.0])
def test_single_precision_reaches_far(distance: float) -> None:
    """geoopt's distances end at 6.2 in float32; here the points' own digits are the limit."""
    for dim in (2, 1000):
        ball = PoincareBall(dim)
        u = torch.ones(1, dim) * distance / dim**0.5
        x = ball.from_normal(torch.zeros(1, dim), u)
        assert x.dtype == torch.float32
        found = float(ball.distance(x, torch.zeros(1, dim)))
        wide = float(ball.distance(x.double(), torch.zeros(1, dim).double()))
        assert found == pytest.approx(wide, rel=1e-6)
        if distance <= 6.2:
            assert found == pytest.approx(distance, rel=1e-4)
        assert found == pytest.approx(distance, rel=0.05)


@pytest.mark.parametrize("make", [Sphere, PoincareBall])
def test_single_precision_at_a_thousand_dimensions(make: type[Space]) -> None:
    space = make(1000)
    x = points(space, 10)
    x = 0.02 * x if isinstance(space, PoincareBall) else x
    near = space.geodesic(x, points(space, 10, seed=1) * (1.0 if make is Sphere else 0.02), 1e-3)
    a, b = x.float(), near.float()
    assert (space.distance(a, a) == 0).all()
    torch.testing.assert_close(
        space.distance(a, b).double(), space.distance(a.double(), b.double()), rtol=1e-4, atol=0
    )
    assert torch.equal(space.distance(a, b), space.distance(-a, -b))


@pytest.mark.parametrize("space", SPACES, ids=lambda s: f"{type(s).__name__}{s.dim}")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_where_points_coincide(space: Space, dtype: torch.dtype) -> None:
    x = points(space, 5, dtype=dtype).requires_grad_()
    y = points(space, 5, dtype=dtype).requires_grad_()
    (space.distance(x, y).sum() + space.log(x, y).sum() + space.exp(x, space.log(x, y)).sum()).backward()
    for each in (x, y):
        assert each.grad is not None
        assert torch.isfinite(each.grad).all()


def test_gradients_of_the_squared_distance_are_minus_twice_the_log() -> None:
    """In coordinates of the ball, where the metric is lambda^2: d d^2 / dx = -2 lambda^2 log_x y."""
    for space in (Sphere(3), PoincareBall(3, 0.5)):
        x, y = points(space).requires_grad_(), points(space, seed=1)
        (gradient,) = torch.autograd.grad(space.distance(x, y).square().sum(), x)
        expected = -2 * space.log(x, y)
        if isinstance(space, PoincareBall):
            expected = expected * space.scale(x) ** 2
        else:
            gradient = gradient - (gradient * x).sum(-1, keepdim=True) * x
        torch.testing.assert_close(gradient, expected.detach(), rtol=1e-7, atol=1e-8)


def test_opposite_points_have_a_way_between_them() -> None:
    sphere, x = Sphere(2), points(Sphere(2))
    v = sphere.log(x, -x)
    torch.testing.assert_close(v.norm(dim=-1), torch.full((len(x),), math.pi).double())
    torch.testing.assert_close((v * x).sum(-1), torch.zeros(len(x)).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(sphere.exp(x, v), -x, atol=1e-9, rtol=0)


def test_projection() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.1, 0.2]])
    torch.testing.assert_close(Sphere(1).project(x)[:2], torch.tensor([[0.6, 0.8], [1.0, 0.0]]))
    ball = PoincareBall(2, 4.0)
    inside = ball.project(x)
    assert not ball.outside(inside).any()
    assert torch.equal(inside[1:], x[1:])
    torch.testing.assert_close(inside[0], torch.tensor([0.3, 0.4]))
    torch.testing.assert_close(ball.project(1e-3 * x), 1e-3 * x)


def test_points_elsewhere_are_refused_by_their_row() -> None:
    x = torch.tensor([[1.0, 0.0, 0.0], [0.6, 0.9, 0.0], [0.0, float("nan"), 1.0]])
    with pytest.raises(InputError, match=r"Z: 2 of 3 points do not lie on the sphere.*row 1, of length 1.08"):
        Sphere(2).check(x, "Z")
    with pytest.raises(InputError, match=r"3 of 3 points do not lie in the ball \(length below 0.5\).*row 0"):
        PoincareBall(3, 4.0).check(x)
    with pytest.raises(InputError, match="must have 4 coordinates, got 3"):
        Sphere(3).check(x)
    Sphere(2).check(x[:1])
    PoincareBall(3).check(0.5 * x[:2])


@pytest.mark.parametrize("curvature", [0.0, -1.0, math.inf, math.nan])
def test_a_curvature_is_positive(curvature: float) -> None:
    with pytest.raises(InputError, match="c > 0"):
        PoincareBall(2, curvature)
    with pytest.raises(InputError, match="dimension must be >= 1"):
        Sphere(0)
