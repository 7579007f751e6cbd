"""What a run keeps of its data, and how it is found and checked again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from vael import VAE, InputError, RunError
from vael.datasets import Dataset, load
from vael.estimators.run_data import RunData, read, record


def _archive(folder: Path, **changed: np.ndarray) -> Path:
    rng = np.random.default_rng(3)
    arrays = {
        "X": rng.normal(size=(30, 6)),
        "y": np.array(["cat", "dog", "eel"] * 10),
        "X_test": rng.normal(size=(8, 6)),
        "y_test": np.array(["cat", "dog"] * 4),
    }
    path = folder / "pets.npz"
    np.savez(path, **(arrays | changed))
    return path


@pytest.fixture
def fitted(tmp_path: Path) -> tuple[VAE, Dataset, Path]:
    source = _archive(tmp_path)
    dataset = load(source, image_shape=(2, 3))
    vae = VAE(2, hidden=4, max_epochs=1, random_state=0, image_shape=(2, 3), validation_fraction=0.2)
    return vae.fit(dataset.X), dataset, source


def _recorded(fitted: tuple[VAE, Dataset, Path], folder: Path) -> RunData:
    vae, dataset, source = fitted
    folder.mkdir(exist_ok=True)
    return record(folder, vae, dataset, source, image_shape=(2, 3))


def test_what_is_read_is_what_was_recorded(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    vae, dataset, source = fitted
    written = _recorded(fitted, tmp_path / "run")
    found = read(tmp_path / "run")
    for name, value in vars(written).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(found, name), value)
            assert getattr(found, name).dtype == value.dtype
        else:
            assert getattr(found, name) == value
    assert found.path == str(source.resolve())
    assert found.sha256 == dataset.sha256()
    assert found.image_shape == (2, 3)
    assert found.feature_names == dataset.feature_names
    assert found.licence == dataset.licence
    assert dataset.X_test is not None
    np.testing.assert_array_equal(found.latents, vae.transform(dataset.X))
    np.testing.assert_array_equal(found.latents_test, vae.transform(dataset.X_test))
    np.testing.assert_array_equal(found.labels, dataset.y)
    np.testing.assert_array_equal(found.labels_test, dataset.y_test)


def test_the_split_is_the_estimators(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    vae, dataset, _ = fitted
    data = _recorded(fitted, tmp_path / "run")
    np.testing.assert_array_equal(data.validation_rows, vae.validation_rows_)
    assert len(data.validation_rows) == 6
    both = np.concatenate([data.train_rows, data.validation_rows])
    np.testing.assert_array_equal(np.sort(both), np.arange(len(dataset.X)))
    assert (np.diff(data.train_rows) > 0).all()


def test_the_data_come_back(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    _, dataset, source = fitted
    _recorded(fitted, tmp_path / "run")
    again = read(tmp_path / "run").dataset()
    np.testing.assert_array_equal(again.X, dataset.X)
    assert again.image_shape == (2, 3)
    moved = shutil.move(source, tmp_path / "moved.npz")
    with pytest.raises(InputError, match=r"no longer at .*pets\.npz: .*--data PATH"):
        read(tmp_path / "run").dataset()
    np.testing.assert_array_equal(read(tmp_path / "run").dataset(moved).X, dataset.X)


def test_a_folder_that_moved_with_its_data(
    fitted: tuple[VAE, Dataset, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae, dataset, _ = fitted
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    record("run", vae, dataset, "pets.npz", image_shape=(2, 3))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("run", "pets.npz"):
        shutil.move(name, elsewhere)
    monkeypatch.chdir(elsewhere)
    np.testing.assert_array_equal(read("run").dataset().X, dataset.X)


@pytest.mark.parametrize("part", ["X", "y", "X_test", "y_test"])
def test_a_change_anywhere_is_found(part: str, fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    _, dataset, source = fitted
    _recorded(fitted, tmp_path / "run")
    changed = np.array(getattr(dataset, part))
    changed[-1] = changed[0]
    if part.startswith("y"):
        changed[-1] = "owl"
    _archive(tmp_path, **{part: changed})
    with pytest.raises(InputError, match=r"have changed since the run was fitted .*SHA-256"):
        read(tmp_path / "run").dataset()
    with pytest.raises(InputError, match="are not the run's"):
        read(tmp_path / "run").dataset(source)


def test_data_with_a_name_have_no_path(tmp_path: Path) -> None:
    dataset = load("digits")
    vae = VAE(2, hidden=4, max_epochs=1, random_state=0, likelihood="categorical").fit(dataset.X)
    data = record(tmp_path, vae, dataset, "Digits")
    assert data.path is None
    np.testing.assert_array_equal(read(tmp_path).dataset().X, dataset.X)
    assert data.latents_test is None
    assert data.sha256_test is None


def test_labels_in_a_file_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    X = np.random.default_rng(0).normal(size=(20, 3))
    np.save(tmp_path / "data" / "X.npy", X)
    (tmp_path / "labels.txt").write_text("\n".join("ab" * 10))
    monkeypatch.chdir(tmp_path)
    dataset = load("data/X.npy", label="labels.txt")
    vae = VAE(2, hidden=4, max_epochs=1, random_state=0).fit(dataset.X)
    record(tmp_path, vae, dataset, "data/X.npy", label="labels.txt")
    monkeypatch.chdir(tmp_path / "data")
    np.testing.assert_array_equal(read(tmp_path).dataset().y, dataset.y)


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"keeps nothing of its data: .*--resume"):
        read(tmp_path)


def test_latents_of_other_weights_are_not_kept(tmp_path: Path) -> None:
    """A run made longer, and killed before its data were recorded anew, has no latents for a while."""
    dataset = load(_archive(tmp_path))

    def fit(epochs: int) -> VAE:
        settings = {"max_epochs": epochs, "random_state": 0, "run": tmp_path / "run", "resume": True}
        return VAE(2, hidden=4, **settings).fit(dataset.X)

    first = fit(2)
    record(tmp_path / "run", first, dataset, tmp_path / "pets.npz")
    fit(2)  # nothing to do
    np.testing.assert_array_equal(read(tmp_path / "run").latents, first.transform(dataset.X))
    fit(20)
    with pytest.raises(RunError, match=r"keeps nothing of its data: .*--resume"):
        read(tmp_path / "run")


def test_a_run_of_another_format_is_not_read(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    _recorded(fitted, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(json.dumps({"format": 99, "vael": "9.0"}))
    with pytest.raises(RunError, match=r"has run format 99, this vael reads format 1: use the vael .*9\.0"):
        read(tmp_path / "run")


def test_the_split_of_a_loaded_estimator_is_not_known(
    fitted: tuple[VAE, Dataset, Path], tmp_path: Path
) -> None:
    import vael

    vae, dataset, source = fitted
    vae.save(tmp_path / "saved")
    with pytest.raises(InputError, match="right after fit"):
        record(tmp_path / "saved", vael.load(tmp_path / "saved"), dataset, source)


def test_damage_is_told(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    _recorded(fitted, run)
    facts, arrays = run / "data.json", run / "latents.npz"
    good = facts.read_text(), arrays.read_bytes()

    def restore() -> None:
        facts.write_text(good[0])
        arrays.write_bytes(good[1])

    arrays.write_bytes(good[1][: len(good[1]) // 2])
    with pytest.raises(RunError, match=r"cannot read .*latents\.npz"):
        read(run)
    arrays.unlink()
    with pytest.raises(RunError, match=r"cannot read .*latents\.npz"):
        read(run)
    restore()
    facts.write_text(json.dumps({k: v for k, v in json.loads(good[0]).items() if k != "sha256"}))
    with pytest.raises(RunError, match=r"data\.json is damaged or of another version"):
        read(run)
    facts.write_text("{")
    with pytest.raises(RunError, match=r"data\.json"):
        read(run)
    facts.write_text("[]")
    with pytest.raises(RunError, match=r"data\.json"):
        read(run)
    restore()
    np.savez(arrays, rows=np.arange(2), validation_rows=np.arange(0), latents=np.zeros((3, 2)))
    with pytest.raises(RunError, match="3 latents of 2 rows"):
        read(run)


def test_a_pickle_is_not_read(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    _recorded(fitted, run)
    np.savez(run / "latents.npz", rows=np.array([print], dtype=object))
    with pytest.raises(RunError, match="cannot read"):
        read(run)


def test_the_same_data_give_the_same_bytes(fitted: tuple[VAE, Dataset, Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        _recorded(fitted, tmp_path / name)
    for file in ("data.json", "latents.npz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert not list(tmp_path.rglob("*.tmp"))
