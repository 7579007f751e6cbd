"""Files that are dropped on the page: the rows they come to, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from vael import VAE
from vael.errors import InputError
from vael.studio.loaded import TRAIN
from vael.studio.services.encoding_file import answer_file, read_row

from .conftest import finished, run_of


@pytest.fixture(scope="module")
def bytes_run(tmp_path_factory):
    """Images of bytes, as MNIST's are: strokes 12 pixels high in 20 x 20."""
    folder = tmp_path_factory.mktemp("bytes")
    rng = np.random.default_rng(0)
    X = np.zeros((120, 20, 20), np.uint8)
    for image in X:
        left = 8 + rng.integers(0, 2)
        image[4:16, left : left + 3] = rng.integers(200, 256)
    np.save(folder / "strokes.npy", X)
    estimator = VAE(2, hidden=(16,), max_epochs=2, likelihood="bernoulli")
    return run_of(folder / "run", folder / "strokes.npy", estimator, image_shape=(20, 20))


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def stroke(size=(200, 160), box=(20, 30, 40, 110), paper=0, ink=255, mode="L"):
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=ink)
    return picture


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


# -- the numbers ---------------------------------------------------------------------------------------


def test_a_file_is_encoded_as_its_row_is(digits, ask):
    found = finished(answer_file(digits, npy(digits.rows[3]), "three.npy"))
    expected = ask(digits, "encode", row=digits.rows[3].tolist())
    for name, array in expected.arrays.items():
        np.testing.assert_allclose(found.arrays[name], array, rtol=1e-6)
    assert found.facts == expected.facts
    np.testing.assert_allclose(
        found.arrays["mean"], digits.estimator.transform(digits.rows[3:4])[0], atol=1e-6
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_the_images_shape_is_its_row(digits, order):
    image = np.array(digits.rows[5].reshape(8, 8), order=order)
    np.testing.assert_array_equal(read_row(digits, npy(image), "5.npy"), digits.rows[5])


def test_bytes_are_bytes_in_every_way_of_giving_them(bytes_run, ask):
    row = bytes_run.rows[7]
    mean = ask(bytes_run, "encode", row_number=7).arrays["mean"]
    text = ",".join(map(str, row)).encode()
    picture = saved(Image.fromarray(row.reshape(20, 20)))
    for content in (npy(row), npy(row.astype(np.int64)), text, picture):
        np.testing.assert_array_equal(read_row(bytes_run, content, ""), row)
        found = finished(answer_file(bytes_run, content, ""))
        np.testing.assert_allclose(found.arrays["mean"], mean, atol=1e-6)
        np.testing.assert_array_equal(found.arrays["row"][0], row)
    evidence = bytes_run.estimator.score_samples(bytes_run.shaped(bytes_run.rows[7:8]), n_samples=512)
    assert found.facts["evidence"]["value"] == pytest.approx(evidence[0], abs=1e-3)


def test_a_row_of_a_table_with_or_without_its_head_in_any_order(wine):
    row = wine.rows[11]
    names = wine.run_data.feature_names
    numbers = [f"{x!r}" for x in row.tolist()]
    back = [*reversed(list(zip(names, numbers))), ("kind", "barolo"), ("id", "7")]
    for text in (
        ",".join(numbers),
        " ".join(numbers),
        "\t".join(numbers),
        ";".join(numbers),
        ",".join(names) + "\n" + ",".join(numbers) + "\n",
        "\ufeff" + ",".join(names) + "\r\n" + ",".join(numbers) + "\r\n\r\n",
        ",".join(n for n, _ in back) + "\n" + ",".join(v for _, v in back),
    ):
        np.testing.assert_array_equal(read_row(wine, text.encode(), "row.csv"), row)


# -- pictures brought to the data ----------------------------------------------------------------------


def expected_stroke(loaded):
    """20 x 80 pixels become 3 x 12, where the run's strokes have their mean mass."""
    X = loaded.rows.reshape(-1, 20, 20).astype(float)
    columns = (X.sum(1) @ np.arange(20)) / X.sum((1, 2))
    left = round(columns[loaded.parts == TRAIN].mean() - 1)
    image = np.zeros((20, 20))
    image[4:16, left : left + 3] = 255
    return image


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
@pytest.mark.parametrize(("paper", "ink"), [(0, 255), (255, 0), (40, 220), (230, 20)])
def test_a_sign_is_fitted_and_put_where_the_datas_are(bytes_run, kind, paper, ink):
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    for box in ((20, 30, 40, 110), (150, 70, 170, 150)):
        content = saved(stroke(box=box, paper=paper, ink=ink), kind, **options)
        row = read_row(bytes_run, content, "s").reshape(20, 20)
        expected = expected_stroke(bytes_run)
        if kind == "JPEG":  # a halo of a few shades widens the box
            assert np.corrcoef(row.ravel(), expected.ravel())[0, 1] > 0.9
        else:
            np.testing.assert_array_equal(row, expected)


def test_signs_are_dark_on_bright_where_the_datas_are(tmp_path):
    X = np.full((60, 12, 12), 1.0, np.float32)
    X[:, 2:10, 5:7] = np.linspace(0, 0.2, 60)[:, None, None]
    np.save(tmp_path / "ink.npy", X)
    run = run_of(
        tmp_path / "run", tmp_path / "ink.npy", VAE(2, hidden=(8,), max_epochs=1), image_shape=(12, 12)
    )
    expected = np.ones((12, 12), np.float32)
    expected[2:10, 5:7] = 0
    for paper, ink in ((0, 255), (255, 0)):
        row = read_row(run, saved(stroke((96, 96), (10, 8, 30, 88), paper, ink)), "s")
        np.testing.assert_array_equal(row.reshape(12, 12), expected)


def test_transparent_is_paper_and_sixteen_bits_are_eight(bytes_run):
    plain = read_row(bytes_run, saved(stroke(paper=255, ink=0)), "s")
    clear = stroke(paper=(0, 0, 0, 0), ink=(0, 0, 0, 255), mode="RGBA")
    np.testing.assert_array_equal(read_row(bytes_run, saved(clear), "s"), plain)
    deep = np.asarray(stroke(paper=255, ink=0)).astype(np.uint16) * 257
    np.testing.assert_array_equal(read_row(bytes_run, saved(Image.fromarray(deep)), "s"), plain)
    palette = stroke(paper=255, ink=0).convert("P")
    np.testing.assert_array_equal(read_row(bytes_run, saved(palette), "s"), plain)


def test_a_photograph_lies_as_its_camera_was_held(bytes_run):
    picture = stroke(paper=255, ink=0)
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown rotated by 90 degrees clockwise
    np.testing.assert_array_equal(
        read_row(bytes_run, saved(turned, exif=exif), "s"), read_row(bytes_run, saved(picture), "s")
    )


def test_colour_images_are_cropped_and_scaled(tmp_path):
    X = np.random.default_rng(0).random((50, 6, 8, 3)).astype(np.float32)
    np.save(tmp_path / "c.npy", X)
    run = run_of(
        tmp_path / "run", tmp_path / "c.npy", VAE(2, hidden=(8,), max_epochs=1), image_shape=(6, 8, 3)
    )
    content = saved(Image.new("RGB", (80, 90), (255, 51, 0)))
    row = read_row(run, content, "c").reshape(6, 8, 3)
    np.testing.assert_allclose(row, np.broadcast_to([1, 0.2, 0], (6, 8, 3)), atol=1e-6)


# -- what is refused -----------------------------------------------------------------------------------


def test_what_is_wrong_is_said_on_one_line(digits, wine):
    for loaded, content, said in (
        (digits, b"", "empty"),
        (digits, b"hello", "no picture"),
        (digits, b"1,2,3", "3 numbers, and a row of this run has 64"),
        (digits, npy(np.zeros(63)), "63 numbers"),
        (digits, npy(np.full(64, np.nan)), "not finite"),
        (digits, npy(np.array(["1"] * 64)), "not numbers"),
        (digits, npy(np.zeros(64, complex)), "not numbers"),
        (digits, npy(np.array([None] * 64), allow_pickle=True), "not numbers"),
        (digits, npy(np.zeros(64))[:-9], "cannot be read as an array"),
        (digits, b",".join([b"1"] * 63 + [b"x"]), "'x' where a number must be"),
        (digits, b",".join([b"1"] * 63 + [b"nan"]), "'nan' where a number must be"),
        (digits, b",".join([b"1"] * 63 + [b"1e999"]), "not finite"),
        (digits, b"\n".join([b",".join([b"1"] * 64)] * 2), "2 rows: give one"),
        (digits, b'"1', "cannot be read as a row"),
        (digits, b"1" * 200_000, "cannot be read as a row"),
        (digits, saved(Image.new("L", (50, 50), 128)), "empty"),
        (digits, saved(Image.new("L", (50, 50))), "empty"),
        (digits, saved(Image.new("L", (50, 50)), "TIFF"), "no picture"),
        (digits, saved(Image.new("L", (50, 50)))[:60], "no picture"),
        (digits, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a number must be"),
        (wine, saved(Image.new("L", (5, 5))), "no images"),
        (wine, b"alcohol,ash\n1,2", "2 numbers"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            read_row(loaded, content, "a\nfile" + "x" * 300)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300


def test_a_head_that_promises_more_than_memory_is_not_believed(digits):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    with pytest.raises(InputError, match="10000000000000 numbers"):
        read_row(digits, file.getvalue(), "bomb.npy")


def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(digits):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (5_000, 12_000, 60_000):
        head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        with pytest.raises(InputError, match="unpacks to more than 16777216 pixels"):
            read_row(digits, content, "bomb.png")


KINDS = {
    kind: saved(stroke((30, 30), (5, 5, 12, 25), 255, 0), kind)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP")
}
KINDS["NPY"] = npy(np.arange(64.0))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_broken_files_raise_one_line_and_nothing_else(digits, kind, data):
    content = bytearray(KINDS[kind])
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        row = read_row(digits, bytes(content), kind)
    except InputError as error:
        told = str(error)
    else:
        told = ""
        assert row.shape == (64,)
        assert np.isfinite(row).all()
    assert "\n" not in told
