from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import vael

Quick = Callable[..., vael.VAE]

FITS: dict[str, dict[str, Any]] = {
    "plain": {},
    "full": {"posterior": "full", "network": "gated"},
    "iwae": {"preset": "iwae", "objective": vael.objectives.IWELBO(3), "learning_rate": 1e-2},
    "ppca": {"preset": "ppca", "max_epochs": 20},
    "autoencoder": {"preset": "autoencoder"},
    "likelihood": {"likelihood": vael.models.FixedGaussian(0.5), "random_state": np.random.RandomState(3)},
}


@pytest.mark.parametrize("fit", FITS)
def test_what_is_loaded_gives_the_same_bits(quick: Quick, X: np.ndarray, tmp_path: Path, fit: str) -> None:
    vae = quick(**FITS[fit]).fit(X)
    vae.save(tmp_path / "run")
    loaded = vael.load(tmp_path / "run")
    assert type(loaded) is type(vae)
    np.testing.assert_array_equal(loaded.transform(X), vae.transform(X))
    np.testing.assert_array_equal(loaded.reconstruct(X), vae.reconstruct(X))
    if fit != "autoencoder":
        np.testing.assert_array_equal(loaded.score_samples(X), vae.score_samples(X))
        np.testing.assert_array_equal(loaded.sample(5, random_state=0), vae.sample(5, random_state=0))
    for name in ("history_", "likelihood_", "bound_", "best_epoch_", "n_iter_", "stopped_", "settings_"):
        assert getattr(loaded, name) == getattr(vae, name)
    for name in ("schema_", "objective_", "n_train_", "n_validation_", "n_features_in_", "image_shape_"):
        assert getattr(loaded, name) == getattr(vae, name)
    assert repr(loaded).split("#")[1] == repr(vae).split("#")[1]
    assert {k: v for k, v in loaded.get_params().items() if k not in ("random_state", "likelihood")} == {
        k: v for k, v in vae.get_params().items() if k not in ("random_state", "likelihood")
    }
    assert loaded.citation() == vae.citation()
    assert not loaded.model_.training


def test_images_and_names_come_back(quick: Quick, images: np.ndarray, X: np.ndarray, tmp_path: Path) -> None:
    quick(network="convolutional", hidden=(4, 8)).fit(images).save(tmp_path / "images")
    loaded = vael.load(tmp_path / "images")
    assert loaded.image_shape_ == (8, 8)
    assert loaded.reconstruct(images).dtype == np.uint8
    frame = pd.DataFrame(X, columns=list("abcdef"))
    quick().fit(frame).save(tmp_path / "frame")
    loaded = vael.load(tmp_path / "frame")
    assert list(loaded.feature_names_in_) == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.transform(frame.rename(columns={"a": "z"}))


def test_an_autoencoder_comes_back(X: np.ndarray, tmp_path: Path) -> None:
    model = vael.Autoencoder(2, hidden=8, max_epochs=3, random_state=0, device="cpu").fit(X)
    model.save(tmp_path / "run")
    loaded = vael.load(tmp_path / "run")
    assert isinstance(loaded, vael.Autoencoder)
    assert loaded.score(X) == model.score(X)


def test_a_loaded_estimator_saves_refits_and_clones(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Callable[[Any], bytes]
) -> None:
    vae = quick(hidden=[9, 8]).fit(X)
    vae.save(tmp_path / "a")
    loaded = vael.load(tmp_path / "a")
    loaded.save(tmp_path / "b")
    np.testing.assert_array_equal(vael.load(tmp_path / "b").transform(X), vae.transform(X))
    assert (tmp_path / "a" / "config.json").read_text() == (tmp_path / "b" / "config.json").read_text()
    assert weight_bytes(loaded.fit(X)) == weight_bytes(vae)


def test_the_folder_holds_no_place_of_the_machine_and_no_pickle(
    quick: Quick, X: np.ndarray, tmp_path: Path
) -> None:
    quick().fit(X).save(tmp_path / "run")
    assert sorted(f.name for f in (tmp_path / "run").rglob("*") if f.is_file()) == [
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
    ]
    text = (tmp_path / "run" / "config.json").read_text()
    for place in (str(Path.home()), str(Path.cwd()), str(tmp_path), sys.prefix):
        assert place not in text
    config = json.loads(text)
    assert config["format"] == 1
    assert config["facts"]["likelihood_"] == "gaussian"
    assert config["split"] == {"train": 108, "validation": 12}


def test_an_existing_folder_is_never_overwritten_unless_told(
    quick: Quick, X: np.ndarray, tmp_path: Path
) -> None:
    first, second = quick().fit(X), quick(random_state=1).fit(X)
    first.save(tmp_path / "run")
    before = {f: f.read_bytes() for f in (tmp_path / "run").iterdir() if f.is_file()}
    with pytest.raises(vael.RunError, match="run exists already: choose another folder"):
        second.save(tmp_path / "run")
    assert {f: f.read_bytes() for f in before} == before
    second.save(tmp_path / "run", overwrite=True)
    np.testing.assert_array_equal(vael.load(tmp_path / "run").transform(X), second.transform(X))


def test_a_fit_into_an_existing_folder_is_refused_before_it_starts(
    quick: Quick, X: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(vael.RunError, match="exists already"):
        quick(run=tmp_path, max_epochs=10**6).fit(X)
    assert [f.name for f in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "metrics.jsonl"])
def test_a_full_disk_is_one_clear_error_and_loses_nothing(
    quick: Quick, X: np.ndarray, tmp_path: Path, file: str
) -> None:
    vae = quick().fit(X)
    vae.save(tmp_path)
    before = {f: f.read_bytes() for f in tmp_path.iterdir() if f.is_file()}
    (tmp_path / f".{file}.tmp").symlink_to("/dev/full")
    with pytest.raises(vael.RunError, match=rf"^cannot write .*{file}: No space left on device; free some"):
        vae.save(tmp_path, overwrite=True)
    assert {f: f.read_bytes() for f in tmp_path.iterdir() if f.is_file()} == before
    np.testing.assert_array_equal(vael.load(tmp_path).transform(X), vae.transform(X))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that takes no folders")
def test_a_place_that_cannot_be_written_is_said_before_training(quick: Quick, X: np.ndarray) -> None:
    with pytest.raises(vael.RunError, match=r"^cannot write into /proc/vael: .*; choose another folder$"):
        quick(run="/proc/vael", max_epochs=10**6).fit(X)


@pytest.fixture
def saved(quick: Quick, X: np.ndarray, tmp_path: Path) -> Path:
    quick().fit(X).save(tmp_path / "run")
    return tmp_path / "run"


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(format=2, vael="9.0"), r"has run format 2, this vael reads format 1: .*\(9.0\)"),
        (lambda c: c.update(finished=False), r"was not finished: go on with it by resume=True"),
        (
            lambda c: c.update(estimator="GAN"),
            "unknown estimator 'GAN': this run was written by another version",
        ),
        (lambda c: c.pop("schema"), "is damaged or not a run of this version: 'schema'"),
        (lambda c: c["schema"].pop("scaling"), "is damaged or not a run of this version: 'scaling'"),
        (
            lambda c: c["schema"]["scaling"].pop("kind"),
            "is damaged or not a run of this version: a scaling has",
        ),
        (lambda c: c["parameters"].update(colour="red"), "is damaged or not a run of this version: .*colour"),
        (
            lambda c: c["settings"].update(max_epochs=-1),
            "is damaged or not a run of this version: max_epochs",
        ),
        (lambda c: c["model"]["encoder"].update(part="Warp"), "unknown part 'Warp'"),
        (
            lambda c: c["model"]["decoder"]["net"].update(out_features=7),
            "damaged or not a run of this version",
        ),
        (lambda c: c.pop("facts"), "is damaged or not a run of this version: 'facts'"),
        (lambda c: c["facts"].pop("n_iter_"), "is damaged or not a run of this version: .*n_iter_"),
    ],
)
def test_a_configuration_that_is_not_ours_is_one_clear_error(
    saved: Path, change: Callable[[dict[str, Any]], Any], said: str
) -> None:
    edit(saved, change)
    with pytest.raises(vael.RunError, match=said):
        vael.load(saved)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "config.json").write_text("{"), "cannot read .*config.json"),
        (lambda run: (run / "config.json").unlink(), "config.json is missing: is .* a run folder of vael"),
        (
            lambda run: (run / "model.safetensors").write_bytes(b"PK\x03\x04"),
            "cannot read .*model.safetensors",
        ),
        (lambda run: (run / "model.safetensors").unlink(), "was not finished"),
        (lambda run: (run / "metrics.jsonl").write_text("{"), "cannot read .*metrics.jsonl"),
    ],
)
def test_a_damaged_folder_is_one_clear_error(saved: Path, damage: Callable[[Path], Any], said: str) -> None:
    damage(saved)
    with pytest.raises(vael.RunError, match=said):
        vael.load(saved)


def test_a_module_that_the_model_does_not_ask_for_is_refused(saved: Path) -> None:
    """Else a person would take the loaded encoder for the one that was given."""
    with pytest.raises(
        vael.RunError, match=r"^this model's encoder holds no module of yours: leave encoder="
    ):
        vael.load(saved, encoder=torch.nn.Linear(6, 4))


def test_no_folder_and_no_run_are_said(tmp_path: Path) -> None:
    with pytest.raises(vael.RunError, match="absent is no folder: give the folder of a run"):
        vael.load(tmp_path / "absent")
    with pytest.raises(vael.RunError, match=r"config.json is missing: is .* a run folder of vael\?"):
        vael.load(tmp_path)


def test_what_is_not_fitted_is_not_saved(quick: Quick, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        quick().save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_loading_touches_no_global_generator(saved: Path) -> None:
    torch.manual_seed(4)
    state = torch.get_rng_state()
    vael.load(saved)
    assert torch.equal(torch.get_rng_state(), state)
