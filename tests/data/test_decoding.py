"""Images of every mode, depth, orientation and size, decoded to numbers known by hand."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.decoding import resize_images
from ganzoo.errors import DataError
from support.image_files import BLUE, GREEN, RED, load, png, write


def load_one(path, image, name="a.png", **options):
    """Save one Pillow image, load the folder, return its pixels uint8 (C, S, S)."""
    path.mkdir(exist_ok=True)
    image.save(path / name)
    return load(path, **options).x[0]


# Modes


@pytest.mark.fault("images of 16 bits", "they are scaled, never clipped", "F71")
def test_a_16_bit_ramp_keeps_its_levels_and_ends_at_255(tmp_path):
    ramp = np.linspace(0, 65535, 1024).round().astype(np.uint16).reshape(32, 32)
    x = load_one(tmp_path, Image.fromarray(ramp), image_size=32)
    assert x.shape == (1, 32, 32)
    assert (x.min(), x.max()) == (0, 255)
    assert len(x.unique()) >= 200
    expected = torch.from_numpy((ramp.astype(np.float64) / 257).round().astype(np.uint8))
    assert torch.equal(x[0], expected)


def test_a_deep_pgm_is_scaled_as_a_16_bit_image(tmp_path):
    values = np.full(64, 257 * 100, ">u2").tobytes()
    write(tmp_path / "a.pgm", b"P5 8 8 65535\n" + values)
    samples = load(tmp_path)
    assert samples.x.unique().tolist() == [100]
    assert samples.notes == ("1 of 1 images reduced from 16 to 8 bits",)


@pytest.mark.fault("images of floating point or long integers", "exit 3 with the mode and a depth to give", "F72")
@pytest.mark.parametrize("mode", ["F", "I"])
def test_modes_of_unknown_range_are_refused_by_name(tmp_path, mode):
    Image.new(mode, (8, 8)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=rf"a\.tif \(mode {mode}: "):
        load(tmp_path)


@pytest.mark.fault("images with transparency", "they are composited on the background, and a note counts them", "F72")
@pytest.mark.parametrize(("background", "value"), [("white", 255), ("black", 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_show_the_background(tmp_path, mode, background, value):
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode)
    if mode == "P":
        image = Image.new("P", (8, 8), 0)
        image.info["transparency"] = 0
    assert load_one(tmp_path, image, background=background).unique().tolist() == [value]
    assert load(tmp_path, background=background).notes == (f"1 of 1 images composited on {background}",)


def test_half_transparent_red_on_white_is_pink(tmp_path):
    x = load_one(tmp_path, Image.new("RGBA", (8, 8), (255, 0, 0, 128)))
    assert x[:, 0, 0].tolist() == [255, 127, 127]


def test_an_opaque_alpha_channel_changes_nothing(tmp_path):
    assert load_one(tmp_path, Image.new("RGBA", (8, 8), (10, 20, 30, 255)))[:, 0, 0].tolist() == [10, 20, 30]
    assert load(tmp_path).notes == ()


@pytest.mark.fault("CMYK, palette and one-bit images", "their colours are kept", "F72")
def test_cmyk_palette_and_one_bit_images_keep_their_colours(tmp_path):
    cyan = load_one(tmp_path / "cmyk", Image.new("CMYK", (8, 8), (255, 0, 0, 0)), "a.tif")
    assert cyan[:, 0, 0].tolist() == [0, 255, 255]
    green = load_one(tmp_path / "palette", Image.new("RGB", (8, 8), GREEN).convert("P"), "a.gif")
    assert green[:, 0, 0].tolist() == [0, 255, 0]
    white = load_one(tmp_path / "bit", Image.new("1", (8, 8), 1))
    assert white.unique().tolist() == [255]


def test_auto_mode_is_grey_only_if_every_image_is(tmp_path):
    write(tmp_path / "a.png", png(7, mode="L"))
    write(tmp_path / "b.png", png((9, 9, 9)))
    grey = load(tmp_path).x
    assert grey.shape == (2, 1, 8, 8)
    assert grey[:, 0, 0, 0].tolist() == [7, 9]
    write(tmp_path / "c.png", png((9, 9, 10)))
    assert load(tmp_path).x.shape == (3, 3, 8, 8)


def test_mode_option_fixes_the_channels(tmp_path):
    write(tmp_path / "a.png", png(GREEN))
    write(tmp_path / "b.png", png(5, mode="L"))
    assert load(tmp_path, mode="grey").x[:, 0, 0, 0].tolist() == [150, 5]  # 0.587 x 255
    (tmp_path / "a.png").unlink()
    assert load(tmp_path, mode="rgb").x[0, :, 0, 0].tolist() == [5, 5, 5]


def test_the_first_frame_of_an_animation_counts(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    samples = load(tmp_path)
    assert samples.x[0, :, 0, 0].tolist() == [255, 0, 0]
    assert samples.notes == ("1 of 1 images reduced to their first frame",)


# Geometry


@pytest.mark.fault("a photograph says that it is turned", "it is turned", "F73")
def test_exif_orientation_6_turns_the_image_clockwise(tmp_path):
    image = Image.new("L", (8, 8), 0)
    image.paste(255, (0, 0, 8, 4))  # bright on top
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=100)
    x = load(tmp_path).x[0, 0]
    assert x[:, 4:].min() > 250  # bright on the right
    assert x[:, :4].max() < 5


@pytest.mark.fault(
    "images of mixed sizes, some smaller than the target", "cropped to the centre, with notes of both", "F74", "F75"
)
def test_mixed_sizes_are_cropped_to_the_centre_and_enlarged_images_are_noted(tmp_path):
    stripes = Image.new("RGB", (32, 16), RED)
    stripes.paste(GREEN, (8, 0, 24, 16))
    stripes.save(tmp_path / "a.png")
    write(tmp_path / "b.png", png(BLUE, (8, 20)))
    write(tmp_path / "c.png", png(BLUE, (64, 64)))
    samples = load(tmp_path, image_size=16)
    assert samples.x.shape == (3, 3, 16, 16)
    assert samples.x[0].amin((1, 2)).tolist() == [0, 255, 0]  # the red sides are cut off
    assert samples.notes == (
        "2 of 3 images cropped to the centre square",
        "1 of 3 images upsampled to 16x16",
    )


def test_shrinking_does_not_alias(tmp_path):
    checkers = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    x = load_one(tmp_path, Image.fromarray(checkers), image_size=8).float()
    assert (x - 127.5).abs().max() <= 2.0  # nearest neighbour would give 0 or 255


# Tensors


def test_resizing_clamps_where_bicubic_overshoots():
    edge = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    edge[..., 4:] = 255
    resized = resize_images(edge, 32)
    assert (resized[..., :12] == 0).all()  # unclamped, -18 would wrap round to 238
    assert (resized[..., 20:] == 255).all()


def test_resizing_in_batches_equals_resizing_one_by_one():
    images = torch.randint(0, 256, (1030, 1, 10, 10), dtype=torch.uint8)
    assert torch.equal(resize_images(images, 12)[1024:], resize_images(images[1024:], 12))


# Squares


def stripes():
    """An image of 16 x 8 pixels: red on the left, green in the middle, blue on the right."""
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :4], image[:, 4:12], image[:, 12:] = RED, GREEN, BLUE
    return Image.fromarray(image)


@pytest.mark.parametrize(("background", "bar"), [("white", 255), ("black", 0)])
def test_padding_shows_the_whole_image_between_bars(tmp_path, background, bar):
    x = load_one(tmp_path, stripes(), fit="pad", background=background, image_size=16)
    assert (x[:, :4] == bar).all() and (x[:, 12:] == bar).all()
    assert torch.equal(x[:, 4:12], torch.from_numpy(np.array(stripes())).permute(2, 0, 1))
    assert load(tmp_path, fit="pad", image_size=16).notes == ("1 of 1 images padded to a square",)


def test_stretching_shows_the_whole_image_squeezed(tmp_path):
    x = load_one(tmp_path, stripes(), fit="stretch")
    assert [x[:, 4, column].tolist() for column in (0, 4, 7)] == [list(RED), list(GREEN), list(BLUE)]
    assert load(tmp_path, fit="stretch").notes == ("1 of 1 images stretched to a square",)


def test_cropping_is_what_happens_unless_told(tmp_path):
    x = load_one(tmp_path, stripes())
    assert (x == torch.tensor(GREEN).reshape(3, 1, 1)).all()
    assert load(tmp_path).notes == ("1 of 1 images cropped to the centre square",)


def test_each_way_to_make_squares_has_its_own_entry_in_the_cache(tmp_path, place):
    for fit in ("crop", "pad", "stretch", "crop"):
        assert torch.equal(load_one(tmp_path, stripes(), fit=fit, cache=True), load(tmp_path, fit=fit).x[0])


# Transparency


def test_mode_rgba_keeps_transparency(tmp_path):
    image = Image.new("RGBA", (8, 8), (200, 100, 50, 128))
    x = load_one(tmp_path, image, mode="rgba")
    assert x[:, 0, 0].tolist() == [200, 100, 50, 128]
    assert load(tmp_path, mode="rgba").notes == ()
    Image.new("L", (8, 8), 7).save(tmp_path / "b.png")
    assert load(tmp_path, mode="rgba").x[1, :, 0, 0].tolist() == [7, 7, 7, 255]


def test_bars_of_an_image_with_transparency_are_transparent(tmp_path):
    x = load_one(tmp_path, stripes(), mode="rgba", fit="pad", image_size=16)
    assert x[:, 0, 0].tolist() == [255, 255, 255, 0]
    assert (x[3, 4:12] == 255).all()


def test_shrinking_does_not_mix_the_hidden_colour_of_transparent_pixels(tmp_path):
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, ::2] = (255, 0, 0, 255)
    pixels[:, 1::2] = (0, 255, 0, 0)
    x = load_one(tmp_path, Image.fromarray(pixels), mode="rgba")
    assert (x[0] == 255).all() and (x[1] == 0).all()
