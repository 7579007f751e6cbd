"""The theory lab in a real browser: handles are dragged, and numbers shown are those of `vael.theory`."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vael.studio.loaded import Loaded
from vael.studio.services.theory.bound import OBSERVED, bent
from vael.studio.services.theory.divergence import two_peaks
from vael.studio.services.theory.kl_term import NOISE, rows
from vael.theory import (
    FiniteDistribution,
    LinearGaussian,
    decompose,
    elbo_three_ways,
    joint_normal_density,
    kl_normal,
    kl_quadrature,
    normal_density,
    posterior,
    reparameterised_gradient,
    score_function_gradient,
)

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import AXE, StudioPage, StudioProcess, needs_browser, studio_of

pytestmark = [*needs_browser, pytest.mark.slow]

LABS = ("boxes", "joint", "kl", "elbo", "gradients", "kl-term", "posterior")
SHOWN = 0.0006  # nats: half of the third decimal


@pytest.fixture(scope="module")
def studio(digits: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    with studio_of(digits.folder, tmp_path_factory.mktemp("state")) as process:
        yield process


@dataclass
class Lab:
    """One explorable in a page."""

    opened: StudioPage

    @property
    def page(self) -> Any:
        return self.opened.page

    def handle(self, name: str) -> Any:
        return self.page.get_by_role("slider", name=name, exact=True)

    def at(self, name: str) -> float:
        """The value of a handle."""
        return float(self.handle(name).get_attribute("aria-valuenow"))

    def says(self, name: str) -> str:
        return self.handle(name).get_attribute("aria-valuetext")

    def drag(self, name: str, x: float = 0, y: float = 0) -> None:
        """Drag a handle by CSS pixels with the mouse."""
        self.handle(name).locator(".dot").scroll_into_view_if_needed()
        box = self.handle(name).locator(".dot").bounding_box()
        here = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(*here)
        self.page.mouse.down()
        self.page.mouse.move(here[0] + x, here[1] + y, steps=8)
        self.page.mouse.up()
        self.opened.settle(400)

    def press(self, name: str, *keys: str) -> None:
        self.handle(name).focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.opened.settle(400)

    def figure(self, name: str) -> str:
        """What stands beside a name."""
        term = self.page.locator(".explorable .figure", has=self.page.get_by_text(name, exact=True))
        return term.locator(".number").inner_text()

    def number(self, name: str) -> float:
        return numbers(self.figure(name))[-1]


def numbers(text: str) -> list[float]:
    """Numbers in a text of the page's, which has true minus signs."""
    plain = text.replace("\N{MINUS SIGN}", "-")
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", plain)]


@pytest.fixture(scope="module")
def shared(browser: Any, studio: StudioProcess) -> Iterator[StudioPage]:
    """A page that most tests share: the address says all that is seen."""
    clipboard = ["clipboard-read", "clipboard-write"]
    page = StudioPage.open(browser, studio, "panel=theory", still=False, permissions=clipboard)
    yield page
    page.close()


@pytest.fixture
def visit(browser: Any, studio: StudioProcess, shared: StudioPage) -> Iterator[Any]:
    opened: list[StudioPage] = []

    def go(lab: str, more: str = "", *, of: StudioProcess | None = None, **options: Any) -> Lab:
        view = f"panel=theory&lab={lab}{more}"
        if of or options:
            page = StudioPage.open(browser, of or studio, view, still=False, **options)
            opened.append(page)
        else:
            page = shared
            page.page.evaluate("view => void (location.hash = view)", view)
            page.settle(100)
        page.page.wait_for_selector(".explorable .figure, .lab .empty", timeout=20_000)
        page.settle(300)
        return Lab(page)

    yield go
    assert shared.complaints == []
    for page in opened:
        page.close()


def test_boxes_by_mouse_and_keyboard(visit: Any) -> None:
    lab = visit("boxes")
    assert lab.figure("P(H1 | red), posterior") == "4/5 = 0.8"
    width = lab.page.locator(".drawing").bounding_box()["width"] * (360 - 28) / 360
    lab.drag("Probability of box H1", x=-width * 0.3)
    assert lab.says("Probability of box H1") == "P(H1) = 1/5"
    lab.press("Red balls in box H2", "ArrowRight")  # up and right: more
    assert lab.says("Red balls in box H2") == "2 of 5 balls are red"
    lab.press("Red and blue balls in box H2", "ArrowDown", "ArrowDown")
    assert lab.says("Red and blue balls in box H2") == "1 of 5 balls are blue, 2 yellow"
    prior = FiniteDistribution.of({"H1": Fraction(1, 5), "H2": Fraction(4, 5)})
    boxes = {
        "H1": FiniteDistribution.from_counts({"red": 4, "blue": 1}),
        "H2": FiniteDistribution.from_counts({"red": 2, "blue": 1, "yellow": 2}),
    }
    for colour in ("red", "blue", "yellow"):
        lab.page.get_by_role("button", name=colour, exact=True).click()
        lab.opened.settle()
        found = posterior(prior, boxes, colour)["H1"]
        assert lab.figure(f"P(H1 | {colour}), posterior").split(" = ")[0] == str(found)
    lab.page.get_by_role("button", name="Start again").click()
    lab.opened.settle()
    assert lab.figure("P(H1 | red), posterior") == "4/5 = 0.8"


def test_what_cannot_happen_is_told(visit: Any) -> None:
    lab = visit("boxes")
    lab.page.get_by_role("button", name="yellow", exact=True).click()
    lab.page.wait_for_selector("text=No box has a yellow ball")
    assert lab.figure("P(H1 | yellow), posterior") == "–"


def test_joint_by_mouse_and_keyboard(visit: Any) -> None:
    lab = visit("joint")
    line, tie = "The value of x that is told", "Correlation of x and y"
    lab.drag(line, x=-40)
    middle = lab.page.locator(".told-x").bounding_box()
    lab.page.mouse.move(middle["x"], middle["y"] + 30)  # the line itself can be grabbed too
    lab.page.mouse.down()
    lab.page.mouse.move(middle["x"] - 50, middle["y"] + 40, steps=4)
    lab.page.mouse.up()
    lab.drag(tie, y=60)
    lab.press(tie, "ArrowUp", "ArrowUp", "Shift+ArrowDown")
    lab.press(line, "ArrowLeft")
    x, correlation = lab.at(line), lab.at(tie)
    assert x < -1
    assert correlation < 0.5
    joint = joint_normal_density([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])
    conditional = joint.conditional_y(x)
    assert lab.number("mean of p(y | x)") == pytest.approx(conditional.mean, rel=1e-3, abs=1e-3)
    assert lab.number("deviation of p(y | x)") == pytest.approx(conditional.variance**0.5, rel=1e-3)
    assert lab.number("p(x), the area under the line") == pytest.approx(
        float(joint.marginal_x().pdf(x)), rel=1e-3
    )


def test_kl_by_mouse_and_keyboard(visit: Any) -> None:
    lab = visit("kl")
    lab.drag("Mean of q", x=-70)
    lab.drag("Deviation of q", x=25)
    lab.press("A peak of p", "ArrowLeft", "PageDown")
    mean, deviation, distance = (lab.at(each) for each in ("Mean of q", "Deviation of q", "A peak of p"))
    assert mean < 0
    assert deviation > 0.8
    assert distance == 2.9
    q, p = normal_density(mean, deviation), two_peaks(distance)
    assert lab.number("KL(q ‖ p), over q") == pytest.approx(kl_quadrature(q, p).value, abs=SHOWN)
    assert lab.number("KL(p ‖ q), over p") == pytest.approx(kl_quadrature(p, q).value, abs=SHOWN)


def test_kl_seeks_a_mode_or_covers_the_mass(visit: Any) -> None:
    lab = visit("kl")
    lab.page.get_by_role("button", name="Cover the mass").click()
    lab.opened.settle(500)
    assert lab.at("Mean of q") == 0
    assert lab.number("KL(p ‖ q), over p") == pytest.approx(
        lab.number("least KL(p ‖ q) of any normal"), abs=1e-3
    )
    lab.page.get_by_role("button", name="Seek a mode").click()
    lab.opened.settle(500)
    assert abs(lab.at("Mean of q")) == pytest.approx(2, abs=0.05)
    assert lab.number("KL(q ‖ p), over q") == pytest.approx(np.log(2), abs=0.01)


def test_the_elbos_bar_ends_where_it_ended(visit: Any) -> None:
    lab = visit("elbo")
    end = float(lab.page.locator(".bar .end").get_attribute("x1"))
    for by in (-60, 20, 110):
        lab.drag("Mean of q", x=by)
        lab.press("Deviation of q", *["ArrowLeft"] * 4)
        mean, deviation = lab.at("Mean of q"), lab.at("Deviation of q")
        ways = elbo_three_ways(bent(), OBSERVED, normal_density(mean, deviation))
        assert lab.number("ELBO") == pytest.approx(float(ways.joint), abs=SHOWN)
        assert lab.number("KL(q ‖ p(z|x)), the gap") == pytest.approx(float(ways.kl_posterior), abs=SHOWN)
        assert lab.number("ln p(x)") == pytest.approx(float(ways.evidence), abs=SHOWN)
        assert float(lab.page.locator(".bar .end").get_attribute("x1")) == pytest.approx(end)


def test_more_draws_raise_the_weighted_bound(visit: Any) -> None:
    lab = visit("elbo")
    found = [numbers(lab.figure("bound with k = 1"))[0]]
    for k in (2, 5, 10):
        lab.press("Draws of the importance-weighted bound", "ArrowRight")
        found.append(numbers(lab.figure(f"bound with k = {k}"))[0])
    assert (np.diff(found) > 0).all()
    assert found[-1] < lab.number("ln p(x)")


def test_gradients_by_mouse_and_keyboard(visit: Any) -> None:
    lab = visit("gradients")
    before = lab.page.locator(".threads .of-noise").evaluate_all("all => all.map(c => c.getAttribute('cx'))")
    lab.drag("Mean of q", x=40)
    lab.press("Deviation of q", "ArrowRight", "ArrowRight")
    assert before == lab.page.locator(".threads .of-noise").evaluate_all(
        "all => all.map(c => c.getAttribute('cx'))"
    )
    mean, deviation = lab.at("Mean of q"), lab.at("Deviation of q")
    assert mean > 1.5

    def square(z: Any) -> Any:
        return (z**2).sum(-1)

    score = score_function_gradient(square, mean, deviation, random_state=0).variance.mu[0]
    moved = reparameterised_gradient(square, mean, deviation, random_state=0).variance.mu[0]
    assert lab.number("variance of one draw, score function") == pytest.approx(score, rel=1e-3)
    assert lab.number("variance of one draw, reparameterised") == pytest.approx(moved, rel=1e-3)
    assert lab.number("exact gradient, by quadrature") == pytest.approx(2 * mean, rel=1e-3)
    lab.page.get_by_role("button", name="Draw other noise").click()
    lab.opened.settle()
    again = score_function_gradient(square, mean, deviation, random_state=1).variance.mu[0]
    assert lab.number("variance of one draw, score function") == pytest.approx(again, rel=1e-3)


def test_latents_collapse_as_the_line_is_dragged_over_them(visit: Any) -> None:
    lab = visit("kl-term")
    line = "Beta, the weight of the KL"
    assert lab.page.locator(".verdict").inner_text() == "β = 1: both latents are kept."
    lab.drag(line, y=-60)
    for keys, kept in (((), 1), (("End",), 0), (("Home",), 2)):
        lab.press(line, *keys)
        best = LinearGaussian.optimal_beta_elbo(rows(), 2, beta=lab.at(line), noise_variance=NOISE)
        assert lab.number("latents kept") == best.active == kept
        assert lab.number("ELBO") == pytest.approx(best.elbo, rel=1e-3)
        assert numbers(lab.figure("KL of latent 1, of latent 2")) == pytest.approx(best.kl.tolist(), rel=1e-3)
    assert numbers(lab.figure("deviations of both together")) == [1, 1]


def test_the_true_posterior_of_a_row(visit: Any, digits: Loaded) -> None:
    lab = visit("posterior")
    lab.page.get_by_label("Row", exact=True).fill("60")
    lab.page.get_by_label("Row", exact=True).press("Enter")
    lab.page.get_by_role("button", name="Next").click()
    lab.page.wait_for_selector("svg[aria-label*='row 61']")
    lab.opened.settle(500)
    found = decompose(digits.estimator, digits.rows[61:62])
    expected = {
        "ln p(x)": found.evidence,
        "ELBO of the encoder's q": found.elbo,
        "KL(q ‖ p(z|x)), the gap": found.inference_gap,
        "amortisation gap": found.amortisation_gap,
        "approximation gap": found.approximation_gap,
    }
    for name, value in expected.items():
        assert lab.number(name) == pytest.approx(value[0], abs=2e-3)
    assert numbers(lab.says("Mean of q")) == pytest.approx(found.q.mean[0].tolist(), rel=1e-3)


def test_a_row_is_picked_at_the_maps_cursor(visit: Any, digits: Loaded) -> None:
    z = digits.latents[100] + np.float32(1e-4)
    lab = visit("posterior", f"&z={z[0]},{z[1]}")
    lab.page.get_by_role("button", name="At the cursor").click()
    nearest = int(np.linalg.norm(digits.latents - z, axis=1).argmin())
    lab.page.wait_for_selector(f"svg[aria-label*='row {nearest} ']")
    lab.opened.settle()
    assert lab.opened.view["lab-row"] == str(nearest)


def test_a_guess_dragged_over_the_true_posterior(visit: Any, digits: Loaded) -> None:
    lab = visit("posterior", "&lab-row=61")
    evidence = lab.number("ln p(x)")
    lab.drag("Mean of q", x=30, y=-25)
    lab.press("Deviation of q along latent 1", *["ArrowRight"] * 5)
    lab.opened.settle(300)
    mean = numbers(lab.says("Mean of q"))
    deviation = [numbers(lab.says(f"Deviation of q along latent {d}"))[0] for d in (1, 2)]
    # the terms of the ELBO by Monte Carlo on the model itself, its KL in closed form
    import torch

    model, x = digits.estimator.model_, digits.estimator.scored_rows(digits.rows[61:62])
    noise = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        z = torch.tensor(mean) + torch.tensor(deviation) * noise
        fit = model.decoder(z.to(torch.float32)).log_prob(torch.from_numpy(x).to(torch.float32)).double()
    kl = kl_normal(mean, np.diag(np.square(deviation)), [0.0, 0.0], np.eye(2))
    elbo = fit.mean().item() + digits.estimator.log_jacobian_ - kl
    error = fit.std().item() / np.sqrt(len(fit))
    assert lab.number("ELBO of your q") == pytest.approx(elbo, abs=5 * error + 0.05)
    assert lab.number("KL(your q ‖ p(z|x))") == pytest.approx(
        evidence - lab.number("ELBO of your q"), abs=2e-3
    )
    lab.page.get_by_role("button", name="Start again").click()
    lab.opened.settle()
    own = decompose(digits.estimator, digits.rows[61:62]).elbo[0]
    assert lab.number("ELBO of the encoder's q") == pytest.approx(own, abs=2e-3)


def test_other_models_have_an_empty_state(
    visit: Any, plain: Loaded, eight: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for run, says in ((plain, "autoencoder: it has no prior"), (eight, "this run has 8")):
        with studio_of(run.folder, tmp_path_factory.mktemp("state")) as other:
            lab = visit("posterior", of=other)
            assert says in lab.page.locator(".lab .empty").inner_text()
            assert "vael fit digits --n-components 2" in lab.page.locator(".lab .empty").inner_text()


@pytest.mark.parametrize("name", LABS)
def test_python_beside_each_number_gives_that_number(visit: Any, name: str) -> None:
    lab = visit(name)
    if name == "posterior":  # one's own q too: all other numbers stay
        lab.press("Mean of q", "ArrowRight", "ArrowRight")
        lab.press("Deviation of q along latent 2", "ArrowUp")
    figures = lab.page.locator(".explorable .figure")
    assert figures.count() >= 4
    done: dict[str, list[float]] = {}
    for figure in figures.all():
        figure.locator("button.python").click()
        lab.page.wait_for_function("document.querySelector('.python')")
        code = lab.page.evaluate("navigator.clipboard.readText()")
        if code not in done:
            told = io.StringIO()
            with redirect_stdout(told):
                exec(compile(code, "copied", "exec"), {"__name__": "copied"})
            done[code] = printed(told.getvalue())
        shown = numbers(figure.locator(".number").inner_text().split(" ± ")[0])[-1]
        wanted = [pytest.approx(shown, rel=1e-3, abs=SHOWN)]
        assert any(value == wanted[0] for value in done[code]), (code, shown, done[code])


def printed(text: str) -> list[float]:
    """Numbers that were printed, fractions as one."""
    fractions = [float(Fraction(found)) for found in re.findall(r"\d+/\d+", text)]
    return fractions + [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


def test_what_was_dragged_is_kept_in_the_address(visit: Any) -> None:
    lab = visit("kl")
    lab.drag("Mean of q", x=-50)
    mean, shown = lab.at("Mean of q"), lab.figure("KL(q ‖ p), over q")
    assert lab.opened.view["lab"] == "kl"
    assert float(lab.opened.view["lab-kl"].split(",")[0]) == mean
    lab.page.reload()
    lab.page.wait_for_selector(".explorable .figure")
    lab.opened.settle()
    assert (lab.at("Mean of q"), lab.figure("KL(q ‖ p), over q")) == (mean, shown)


def test_what_changed_is_said(visit: Any) -> None:
    lab = visit("elbo")
    lab.press("Mean of q", "ArrowRight")
    lab.opened.settle(700)
    said = lab.page.locator(".announcer").inner_text()
    assert said.startswith("ELBO ")
    assert "short by" in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_lab(visit: Any, scheme: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: cd studio && npm ci")
    lab = visit("boxes", color_scheme=scheme)
    for name in LABS:
        lab.page.locator(f".lab-pages button:nth-child({LABS.index(name) + 1})").click()
        lab.page.wait_for_selector(".explorable .figure")
        lab.opened.settle(500)
        assert lab.opened.violations() == [], name


def test_a_phone_shows_the_lab_and_does_not_scroll_aside(visit: Any) -> None:
    lab = visit("boxes", viewport={"width": 375, "height": 740}, has_touch=True, device_scale_factor=2)
    for number in range(len(LABS)):
        lab.page.locator(f".lab-pages button:nth-child({number + 1})").click()
        lab.page.wait_for_selector(".explorable .figure")
        lab.opened.settle(300)
        assert lab.page.evaluate("document.documentElement.scrollWidth") == 375
        box = lab.page.locator(".drawing").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375


def test_the_newest_of_many_moves_wins(visit: Any) -> None:
    lab = visit("elbo")
    sent: list[str] = []
    lab.page.on("request", lambda request: sent.append(request.url) if "theory/elbo" in request.url else None)
    lab.handle("Mean of q").focus()
    for _ in range(40):
        lab.page.keyboard.press("ArrowRight")
    lab.opened.settle(600)
    assert len(sent) <= 41
    mean = lab.at("Mean of q")
    ways = elbo_three_ways(bent(), OBSERVED, normal_density(mean, 0.5))
    assert mean == pytest.approx(1.42)
    assert lab.number("ELBO") == pytest.approx(float(ways.joint), abs=SHOWN)


def test_the_lab_is_loaded_when_it_is_opened(browser: Any, studio: StudioProcess) -> None:
    page = StudioPage.open(browser, studio)
    loaded = "performance.getEntriesByType('resource').some(each => each.name.includes('/lab-'))"
    assert not page.page.evaluate(loaded)
    page.page.get_by_role("tab", name="Theory").click()
    page.page.wait_for_selector(".explorable .figure")
    assert page.page.evaluate(loaded)
    page.close()
