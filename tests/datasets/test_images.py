"""Folders of images."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vael.datasets import load
from vael.errors import InputError

RNG = np.random.default_rng(0)


def picture(*shape, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype)


def save(folder, name, pixels, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".pgm"])
def test_a_flat_folder_of_greys(tmp_path, suffix):
    pictures = [picture(4, 6) for _ in range(3)]
    for index, pixels in enumerate(pictures):
        save(tmp_path, f"{index}{suffix}", pixels)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.png").write_text("no image")
    dataset = load(tmp_path)
    assert dataset.X.dtype == np.uint8
    assert np.array_equal(dataset.X.reshape(3, 4, 6), pictures)
    assert (dataset.image_shape, dataset.y, dataset.name) == ((4, 6), None, tmp_path.name)


def test_one_folder_a_label(tmp_path):
    shown = {name: [picture(3, 5, 3) for _ in range(2)] for name in ("dog", "cat")}
    for name, pictures in shown.items():
        for index, pixels in enumerate(pictures):
            save(tmp_path, f"{name}/{index}.png", pixels)
    (tmp_path / "empty").mkdir()
    dataset = load(tmp_path)
    assert dataset.y.tolist() == ["cat", "cat", "dog", "dog"]
    assert dataset.image_shape == (3, 5, 3)
    assert np.array_equal(dataset.X.reshape(4, 3, 5, 3), shown["cat"] + shown["dog"])
    assert dataset.feature_names[4] == "pixel_0_1_1"


def test_folders_that_are_numbers_give_numbers(tmp_path):
    for name in ("0", "7", "10"):
        save(tmp_path, f"{name}/a.png", picture(2, 2))
    labels = load(tmp_path).y
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 10, 7]
    save(tmp_path, "07/a.png", picture(2, 2))  # 7 and 07 must stay two labels
    assert load(tmp_path).y.tolist() == ["0", "07", "10", "7"]


def test_a_mixture_of_grey_and_colour_becomes_colour(tmp_path):
    grey, colour = picture(2, 2), picture(2, 2, 3)
    save(tmp_path, "a.png", grey)
    save(tmp_path, "b.png", colour)
    images = load(tmp_path).X.reshape(2, 2, 2, 3)
    assert np.array_equal(images[0], np.repeat(grey[..., None], 3, axis=-1))
    assert np.array_equal(images[1], colour)


def test_one_bit_and_palette_images_keep_their_greys_and_colours(tmp_path):
    bits = RNG.integers(0, 2, (4, 4)).astype(bool)
    save(tmp_path / "grey", "bits.png", bits)
    ramp = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4) * 17).convert("P")
    ramp.save(tmp_path / "grey" / "ramp.png")
    grey = load(tmp_path / "grey")
    assert grey.image_shape == (4, 4)
    assert grey.X.tolist() == [(bits.ravel() * 255).tolist(), (np.arange(16) * 17).tolist()]
    colour = np.zeros((4, 4, 3), np.uint8)
    colour[:2] = (255, 0, 0)
    quantised = Image.fromarray(colour).quantize(2)
    (tmp_path / "colour").mkdir()
    quantised.save(tmp_path / "colour" / "a.png")
    assert np.array_equal(load(tmp_path / "colour").X.reshape(4, 4, 3), colour)


def test_sixteen_bit_greys_stay_sixteen_bit(tmp_path):
    pixels = picture(3, 3, dtype=np.uint16)
    save(tmp_path, "a.png", pixels)
    dataset = load(tmp_path)
    assert dataset.X.dtype == np.uint16
    assert np.array_equal(dataset.X, pixels.reshape(1, 9))
    save(tmp_path, "b.png", picture(3, 3))
    with pytest.raises(InputError, match=r"several depths: .*a\.png is uint16, .*b\.png is uint8"):
        load(tmp_path)


def test_a_camera_that_lay_on_its_side(tmp_path):
    pixels = picture(2, 4, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    save(tmp_path, "a.png", pixels, exif=exif)
    dataset = load(tmp_path)
    assert dataset.image_shape == (4, 2, 3)
    assert np.array_equal(dataset.X.reshape(4, 2, 3), np.rot90(pixels, -1))


def test_a_tiff_that_lies_on_its_side(tmp_path):
    pixels = picture(2, 4)
    # Compressed: Pillow 13 itself misreads a plain one whose height and width are to be swapped.
    save(tmp_path, "a.tiff", pixels, tiffinfo={0x0112: 6}, compression="tiff_lzw")
    assert np.array_equal(load(tmp_path).X.reshape(4, 2), np.rot90(pixels, -1))


def test_an_opaque_alpha_channel_is_left_out_and_a_transparent_one_refused(tmp_path):
    pixels = picture(2, 2, 4)
    pixels[..., 3] = 255
    save(tmp_path, "a.png", pixels)
    assert np.array_equal(load(tmp_path).X.reshape(2, 2, 3), pixels[..., :3])
    pixels[0, 0, 3] = 10
    save(tmp_path, "b.png", pixels)
    with pytest.raises(InputError, match=r"b\.png is transparent in places"):
        load(tmp_path)


def test_images_of_several_sizes_are_named(tmp_path):
    save(tmp_path, "a/one.png", picture(4, 6))
    save(tmp_path, "b/two.png", picture(4, 7))
    with pytest.raises(InputError, match=r"one\.png is 4 x 6, .*two\.png is 4 x 7 \(height x width\)"):
        load(tmp_path)


@pytest.mark.parametrize("kept", [10, 60, 0.5, 0.9, -12, -20])
def test_a_truncated_png_is_named(tmp_path, kept):
    save(tmp_path, "a.png", picture(32, 32))
    path = save(tmp_path, "b.png", picture(32, 32))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(InputError, match=r"b\.png is truncated"):
        load(tmp_path)


def test_an_image_with_several_frames_is_refused(tmp_path):
    first, second = (Image.fromarray(picture(2, 2)) for _ in range(2))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    with pytest.raises(InputError, match=r"a\.gif has several frames"):
        load(tmp_path)


def test_images_beside_folders_of_images_are_refused(tmp_path):
    save(tmp_path, "a.png", picture(2, 2))
    save(tmp_path, "dog/b.png", picture(2, 2))
    with pytest.raises(InputError, match=r"holds images \(a\.png\) and folders of images \(dog\)"):
        load(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no images"):
        load(tmp_path)
    save(tmp_path, "a.png", picture(2, 2))
    with pytest.raises(InputError, match="labels in its folders' names"):
        load(tmp_path, label="kind")
