"""Fashion-MNIST, fetched when it is first asked for."""

from __future__ import annotations

import numpy as np

from vael.datasets.dataset import Dataset
from vael.datasets.download import RemoteFile, data_folder, fetch
from vael.datasets.idx import read_idx

__all__ = ["FILES", "load_fashion_mnist"]

_ADDRESSES = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)


def _remote(name: str, sha256: str, size: int) -> RemoteFile:
    return RemoteFile(name, tuple(address + name for address in _ADDRESSES), sha256, size)


# Digests and sizes as TensorFlow Datasets has them (url_checksums/fashion_mnist.txt).
FILES = {
    "X": _remote(
        "train-images-idx3-ubyte.gz",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        26_421_880,
    ),
    "y": _remote(
        "train-labels-idx1-ubyte.gz",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        29_515,
    ),
    "X_test": _remote(
        "t10k-images-idx3-ubyte.gz",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        4_422_102,
    ),
    "y_test": _remote(
        "t10k-labels-idx1-ubyte.gz",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        5_148,
    ),
}


def load_fashion_mnist(files: dict[str, RemoteFile] = FILES) -> Dataset:
    """Pictures of clothes, 28 x 28 bytes: 60000 train and 10000 test rows, labels 0 to 9.

    The labels are T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag and ankle
    boot. The four files lie in ``data_folder()/fashion-mnist``. Raises ``DownloadError``.
    Source: Xiao, Rasul and Vollgraf, https://arxiv.org/abs/1708.07747.
    """
    folder = data_folder() / "fashion-mnist"
    arrays = {key: read_idx(fetch(file, folder)) for key, file in files.items()}
    rows, *image_shape = arrays["X"].shape
    return Dataset(
        X=arrays["X"].reshape(rows, -1),
        y=arrays["y"].astype(np.int64),
        X_test=arrays["X_test"].reshape(len(arrays["X_test"]), -1),
        y_test=arrays["y_test"].astype(np.int64),
        name="fashion-mnist",
        image_shape=tuple(image_shape),
        licence="MIT",
        source="Zalando Research, https://github.com/zalandoresearch/fashion-mnist",
    )
