"""Images of more than 8 bits per value, in every kind of file, scaled to numbers known by hand."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.depth import RangeError, count_bits, scale
from ganzoo.errors import DataError
from support.image_files import load, write

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by the number of channels
VALUES = np.random.default_rng(0).integers(0, 65536, (8, 8, 4), dtype=np.uint16)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png16(values, key=None):
    """A PNG of 16 bits per value, (H, W, C), with a transparent colour if there is a key."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPES[channels], 0, 0, 0)
    transparent = b"" if key is None else chunk(b"tRNS", np.array(key, ">u2").tobytes())
    body = chunk(b"IHDR", header) + transparent + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff16(values, order, photometric=2):
    """An uncompressed TIFF of 16 bits per value, (H, W, C), in either byte order."""
    height, width, channels = values.shape
    data = values.astype(order + "u2").tobytes()
    start = 8 + 2 + 12 * 9 + 4  # of what the tags point to
    sizes = struct.pack(f"{order}{channels}H", *[16] * channels)
    short = {256: width, 257: height, 259: 1, 262: photometric, 277: channels, 278: height}
    long = {273: start + len(sizes), 279: len(data)}
    tags = {258: struct.pack(order + "HHI", 258, 3, channels) + (struct.pack(order + "I", start))}
    if channels == 1:
        tags = {258: struct.pack(order + "HHIHH", 258, 3, 1, 16, 0)}
    tags |= {tag: struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in short.items()}
    tags |= {tag: struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in long.items()}
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, 9)
    return head + b"".join(tags[tag] for tag in sorted(tags)) + bytes(4) + sizes + data


def rounded(values, top=65535):
    return torch.from_numpy(np.rint(values.astype(float) * 255 / top).astype(np.uint8)).permute(2, 0, 1)


FILES = {
    "a.png": lambda values: png16(values),
    "little.tif": lambda values: tiff16(values, "<"),
    "big.tif": lambda values: tiff16(values, ">"),
    "a.ppm": lambda values: b"P6 8 8 65535\n" + values.astype(">u2").tobytes(),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("depth", [0, 12, 10])
def test_colour_of_16_bits_is_scaled_and_rounded(tmp_path, name, depth):
    values = VALUES[..., :3] >> (16 - depth if depth else 0)
    write(tmp_path / name, FILES[name](values))
    samples = load(tmp_path, depth=depth)
    assert torch.equal(samples.x[0], rounded(values, 2**depth - 1 if depth else 65535))
    assert samples.notes == ("1 of 1 images reduced from 16 to 8 bits",)


@pytest.mark.parametrize(("mode", "channels"), [("rgb", 4), ("rgba", 4), ("rgba", 2)])
def test_transparency_of_16_bits_is_kept_or_shows_the_background(tmp_path, mode, channels):
    values = VALUES[..., :channels].copy()
    values[0, :, -1], values[1:, :, -1] = 0, 65535
    write(tmp_path / "a.png", png16(values))
    x = load(tmp_path, mode=mode).x[0]
    expected = rounded(values[..., [0, 0, 0, 1]] if channels == 2 else values)
    assert torch.equal(x[:3, 1:], expected[:3, 1:])
    assert torch.equal(x[3], expected[3]) if mode == "rgba" else (x[:, 0] == 255).all()


def test_a_transparent_colour_of_16_bits_shows_the_background(tmp_path):
    for number, channels in enumerate((1, 3)):
        values = VALUES[..., :channels].copy()
        values[2, 3] = 1000
        values[2, 4] = 1001  # the same in 8 bits, and opaque
        write(tmp_path / f"{number}/a.png", png16(values, key=[1000] * channels))
        x = load(tmp_path / str(number), mode="rgb").x[0]
        assert x[:, 2, 3].tolist() == [255] * 3
        assert x[:, 2, 4].tolist() == [4] * 3


@pytest.mark.parametrize("depth", [0, 12])
def test_grey_of_12_bits_in_files_of_16(tmp_path, depth):
    ramp = np.linspace(0, 4095, 1024).round().astype(np.uint16).reshape(32, 32, 1)
    write(tmp_path / "a.png", png16(ramp))
    samples = load(tmp_path, image_size=32, depth=depth)
    assert torch.equal(samples.x[0], rounded(ramp, 4095 if depth else 65535))
    assert len(samples.x.unique()) == (256 if depth else 17)
    words = (
        "the largest value of 1 images of 16 bits is 4,095 of 65,535: at most 17 of 256 grey levels remain; if they "
        "hold 12 bits: --set dataset.depth=12"
    )
    assert samples.notes[1:] == (() if depth else (words,))


def test_the_range_is_that_of_the_set_and_values_beyond_the_depth_are_refused_with_one_that_fits(tmp_path, place):
    for name, value in {"a": 1000, "b": 5000}.items():
        write(tmp_path / f"{name}.png", png16(np.full((8, 8, 1), value, np.uint16)))
    for cached in (False, True, True):
        assert "is 5,000 of 65,535" in load(tmp_path, cache=cached).notes[-1]
    with pytest.raises(DataError, match=r"1 of 2 images unreadable: b\.png \(value 5000 is beyond 12 bits") as caught:
        load(tmp_path, depth=12)
    assert caught.value.hint == "--set dataset.depth=13"
    assert load(tmp_path, depth=13, cache=True).x[:, 0, 0, 0].tolist() == [31, 156]  # 1000 and 5000 of 8191


def test_a_depth_without_a_deep_image_is_noted(tmp_path):
    write(tmp_path / "a.png")
    assert load(tmp_path, depth=12).notes == ("dataset.depth=12 changes nothing: no image has more than 8 bits",)


def test_a_file_that_says_which_value_is_white_is_not_asked_again(tmp_path):
    for number, kind in enumerate(("P5", "P6")):
        values = np.full(64 * (1 if kind == "P5" else 3), 4095, ">u2").tobytes()
        write(tmp_path / f"{number}/a.pnm", f"{kind} 8 8 4095\n".encode() + values)
        assert load(tmp_path / str(number)).x.unique().tolist() == [255]


def test_floating_point_and_long_integers_are_read_with_a_depth_and_refused_without(tmp_path):
    fractions = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    for number, (values, depth) in enumerate([(fractions, 1), ((fractions * 4095).astype(np.int32), 12)]):
        write(tmp_path / f"{number}/a.tif")
        Image.fromarray(values).save(tmp_path / f"{number}/a.tif")
        with pytest.raises(DataError, match="of unknown range, 0 to") as caught:
            load(tmp_path / str(number))
        assert caught.value.hint == f"--set dataset.depth={depth}"
        x = load(tmp_path / str(number), depth=depth).x[0]
        assert torch.equal(x, rounded(values[..., None], 2**depth - 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_values_that_are_no_brightness_are_refused(value):
    with pytest.raises(RangeError, match=r"no numbers|negative"):
        scale(np.array([value], np.float32), 8)


def test_a_tiff_in_which_zero_is_white_is_not_inverted(tmp_path):
    write(tmp_path / "a.tif", tiff16(VALUES[..., :1], "<", photometric=0))
    assert torch.equal(load(tmp_path).x[0], 255 - rounded(VALUES[..., :1]))


def test_compressed_tiffs_and_turned_images_keep_their_values(tmp_path):
    grey = Image.fromarray(VALUES[..., 0])
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    grey.save(tmp_path / "a.tif", compression="tiff_lzw")
    grey.save(tmp_path / "b.png", exif=exif)
    x = load(tmp_path).x
    assert torch.equal(x[0], rounded(VALUES[..., :1]))
    assert torch.equal(x[1], rounded(VALUES[::-1, ::-1, :1]))


def test_bits_that_values_need():
    assert [count_bits(peak) for peak in (0.5, 1, 255, 256, 4095, 4096, 65535)] == [1, 1, 8, 9, 12, 13, 16]


# Kinds of files


@pytest.mark.parametrize(
    ("name", "kind"), [("a.avif", "AVIF"), ("a.jp2", "JPEG2000"), ("a.tga", "TGA"), ("a.pnm", "PPM")]
)
def test_other_kinds_of_files_are_read(tmp_path, name, kind):
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 40, 80)).save(stream, kind)
    write(tmp_path / name, stream.getvalue())
    samples = load(tmp_path)
    assert samples.x[0, :, 0, 0].tolist() == pytest.approx([200, 40, 80], abs=3)
    assert samples.notes == ()


def test_bytes_of_another_kind_than_the_suffix_says_are_read_with_a_note(tmp_path):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 40, 80)).save(stream, "PNG")
    write(tmp_path / "a.jpg", stream.getvalue())
    samples = load(tmp_path)
    assert samples.x[0, :, 0, 0].tolist() == [200, 40, 80]
    assert samples.notes == ("1 of 1 images hold PNG, which their suffix does not say",)


def test_images_of_kinds_that_are_not_read_are_named_as_such(tmp_path):
    for name in ("a.png", "b.HEIC", "c.txt"):
        write(tmp_path / name)
    assert load(tmp_path).notes == (
        "ignored, no images: c.txt",
        "ignored, images of a kind that is not read: b.HEIC",
    )
