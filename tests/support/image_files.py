"""Makes image files, and loads them at 8x8 pixels unless told otherwise."""

import io
import tarfile
import zipfile

import torch
from PIL import Image

from ganzoo.builtin.datasets.own_images import Folder, Tar, Zip

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


def make_tar(path, members, mode="w"):
    """Write files, and an empty folder for each name that ends with "/"."""
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(entry, io.BytesIO(data))
    return path


def make_folder(path, members):
    for name, data in members.items():
        (path / name).mkdir(parents=True) if name.endswith("/") else write(path / name, data)
    return path


def load(path, image_size=8, **options):
    return Folder(str(path), image_size=image_size, **options).load()


def load_zip(path, image_size=8, **options):
    return Zip(str(path), image_size=image_size, **options).load()


def load_tar(path, image_size=8, **options):
    return Tar(str(path), image_size=image_size, **options).load()


TREES = {
    "folder": (make_folder, load),
    "zip": (make_zip, load_zip),
    "tar": (make_tar, load_tar),
}
"""Functions that write a tree of files and that load it, for each kind of tree."""
