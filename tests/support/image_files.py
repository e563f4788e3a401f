"""Makes image files, and loads them at 8x8 pixels unless told otherwise."""

import io
import zipfile

import torch
from PIL import Image

from ganzoo.builtin.datasets.own_images import Folder, Zip

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)

torch.set_num_threads(1)


def png(colour=RED, size=(8, 8), mode="RGB"):
    stream = io.BytesIO()
    Image.new(mode, size, colour).save(stream, "PNG")
    return stream.getvalue()


def write(path, data=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png() if data is None else data)
    return path


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def load(path, image_size=8, **options):
    return Folder(str(path), image_size=image_size, **options).load()


def load_zip(path, image_size=8, **options):
    return Zip(str(path), image_size=image_size, **options).load()
