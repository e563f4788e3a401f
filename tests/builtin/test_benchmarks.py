"""Benchmarks that torchvision reads, from files made here; nothing needs a network."""

import gzip
import http.server
import pickle
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.builtin.datasets import benchmarks, register_datasets
from ganzoo.builtin.datasets.benchmarks import CIFAR10, CIFAR100, MNIST, STL10, SVHN, default_root
from ganzoo.data import download
from ganzoo.errors import DataError, ResourceError
from support.checkout import ROOT

torch.set_num_threads(1)
REAL_MNIST = ROOT.parent / "shared" / "data" / "MNIST" / "raw"
BENCHMARKS = ["mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "stl10"]


def test_data_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("GANZOO_DATA", raising=False)
    assert default_root() == Path("/home/ada/.cache/ganzoo/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert default_root() == Path("/cache/ganzoo/data")
    monkeypatch.setenv("GANZOO_DATA", "/data")
    assert default_root() == Path("/data")


def test_without_any_home_a_folder_must_be_named(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("GANZOO_DATA", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DataError, match="--data-root DIR"):
        default_root()


@pytest.mark.fault(
    "a benchmark is not there and no download is asked for", "exit 3 with the folder and the ways out", "F82"
)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_an_absent_benchmark_says_where_it_looked_and_the_ways_out(tmp_path, name):
    with pytest.raises(DataError) as caught:
        register_datasets()[name](root=str(tmp_path)).load()
    assert name in caught.value.what
    assert caught.value.where == str(tmp_path)
    assert all(way in caught.value.hint for way in ("--download", "--data-root", "digits", "folder:PATH"))


def test_the_split_that_is_not_trained_on_is_held_out():
    assert MNIST(split="train", root="here").held_out() == MNIST(split="test", root="here")
    assert STL10(split="unlabeled").held_out().split == SVHN().held_out().split == "test"
    assert CIFAR10(split="test").held_out().split == "train"


def test_a_torchvision_that_does_not_import_is_worded(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(DataError, match="dataset mnist needs torchvision, which cannot be imported"):
        MNIST().load()


def test_real_mnist_loads_in_the_published_order(tmp_path):
    if not REAL_MNIST.is_dir():
        pytest.skip("shared/data with MNIST is not beside this checkout")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in REAL_MNIST.glob("*.gz"):
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    train, test = (
        MNIST(image_size=28, root=str(tmp_path)).load(),
        MNIST(root=str(tmp_path), split="test").load(),
    )
    assert train.x.shape == (60_000, 1, 28, 28)
    assert train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert train.y.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert train.x.float().mean().item() == pytest.approx(33.318, abs=1e-3)  # 0.1307 of 255, as published
    assert (test.x.shape, test.y[:5].tolist()) == ((10_000, 1, 32, 32), [7, 2, 1, 0, 4])
    assert test.notes == ("resized from 28 to 32 pixels",)


def write_idx(root, images=4, labels=4, magic=0x0803):
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for split in ("train", "t10k"):
        header = np.array([magic, images, 28, 28], ">u4").tobytes()
        (raw / f"{split}-images-idx3-ubyte").write_bytes(header + bytes(images * 28 * 28))
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(np.array([0x0801, labels], ">u4").tobytes() + bytes(labels))
    return raw


@pytest.mark.fault("the files of MNIST are cut short, empty or garbage", "exit 3 with the file")
@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "labels missing"])
def test_a_damaged_mnist_is_named(tmp_path, damage):
    raw = write_idx(tmp_path, labels=3 if damage == "labels missing" else 4)
    images = raw / "train-images-idx3-ubyte"
    content = {"truncated": images.read_bytes()[:-9], "empty": b"", "garbage": b"<html>404</html>"}
    images.write_bytes(content.get(damage, images.read_bytes()))
    with pytest.raises(DataError, match="dataset mnist is damaged") as caught:
        MNIST(root=str(tmp_path)).load()
    assert caught.value.where == str(tmp_path)


def test_a_benchmark_too_large_for_memory_is_refused(tmp_path, monkeypatch):
    write_idx(tmp_path)
    monkeypatch.setattr("ganzoo.machine.limits.available_bytes", lambda: 2**20)
    with pytest.raises(ResourceError, match="4 images of 1024x1024"):
        MNIST(image_size=1024, root=str(tmp_path)).load()


class OldType:
    """Pickles a dtype with integers for booleans, as NumPy did in 2009; NumPy 2.4 warns of it."""

    def __reduce__(self):
        return np.dtype, ("u1", 0, 0), (3, "|", None, None, None, -1, -1, 0)


def write_cifar(folder, names, key, classes):
    """One image per file: 1024 red, 1024 green, 1024 blue values, row by row."""
    folder.mkdir()
    pixels = np.arange(3072, dtype=np.uint32).astype(np.uint8)[None]
    for label, name in enumerate(names):
        batch = {"data": pixels, key: [label], "old": OldType()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    for meta, entry in (("batches.meta", "label_names"), ("meta", "fine_label_names")):
        (folder / meta).write_bytes(pickle.dumps({entry: classes}))


@pytest.mark.parametrize(
    ("dataset", "folder", "train", "key"),
    [
        (CIFAR10, "cifar-10-batches-py", [f"data_batch_{i}" for i in range(1, 6)], "labels"),
        (CIFAR100, "cifar-100-python", ["train"], "fine_labels"),
    ],
)
def test_cifar_files_give_channels_rows_columns(tmp_path, monkeypatch, dataset, folder, train, key):
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)  # the hashes
    write_cifar(tmp_path / folder, train, key, ["plane", "car"])
    samples = dataset(root=str(tmp_path)).load()
    assert samples.y.tolist() == list(range(len(train)))
    assert samples.class_names == ("plane", "car")
    assert samples.x[0].flatten().tolist() == [value % 256 for value in range(3072)]


def test_svhn_calls_its_label_ten_zero(tmp_path, monkeypatch):
    scipy_io = pytest.importorskip("scipy.io", reason="SciPy reads SVHN")
    monkeypatch.setattr("torchvision.datasets.svhn.check_integrity", lambda *_: True)
    pixels = np.zeros((32, 32, 3, 2), np.uint8)
    pixels[1, 2, 0, 1] = 9  # row 1, column 2, red, second image
    scipy_io.savemat(tmp_path / "train_32x32.mat", {"X": pixels, "y": np.array([[10], [3]], np.uint8)})
    samples = SVHN(root=str(tmp_path)).load()
    assert samples.y.tolist() == [0, 3]
    assert samples.x.nonzero().tolist() == [[1, 0, 1, 2]]


def test_svhn_without_scipy_is_worded(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.svhn.check_integrity", lambda *_: True)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DataError, match="dataset svhn needs scipy"):
        SVHN(root=str(tmp_path)).load()


def test_what_is_missing_after_a_download_is_worded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "require_answer", lambda *_: None)
    monkeypatch.setattr("torchvision.datasets.svhn.check_integrity", lambda *_: (tmp_path / "done").exists())
    monkeypatch.setattr("torchvision.datasets.svhn.download_url", lambda *_: (tmp_path / "done").touch())
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DataError, match="dataset svhn needs scipy"):
        SVHN(root=str(tmp_path), download=True).load()


def test_stl10_pixels_run_down_the_columns_and_unlabelled_images_are_one_class(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.stl10.check_integrity", lambda *_: True)
    (tmp_path / "stl10_binary").mkdir()
    pixels = np.zeros((2, 3, 96, 96), np.uint8)
    pixels[1, 2, 5, 7] = 200  # stored column 5, row 7
    for name in ("train_X.bin", "unlabeled_X.bin"):
        (tmp_path / "stl10_binary" / name).write_bytes(pixels.tobytes())
    (tmp_path / "stl10_binary" / "train_y.bin").write_bytes(bytes([1, 10]))
    samples = STL10(image_size=96, root=str(tmp_path)).load()
    assert (samples.y.tolist(), samples.spec.num_classes) == ([0, 9], 10)
    assert samples.x.nonzero().tolist() == [[1, 2, 7, 5]]
    unlabelled = STL10(root=str(tmp_path), split="unlabeled").load()
    assert (unlabelled.y.tolist(), unlabelled.class_names) == ([0, 0], ("unlabelled",))
    assert unlabelled.x.shape == (2, 3, 64, 64)


@pytest.fixture
def server():
    """Serve garbage at every address of this machine's own port."""

    class Garbage(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            self.wfile.write(b"garbage")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Garbage) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()


def redirect(monkeypatch, url):
    from torchvision import datasets

    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [url])
    monkeypatch.setattr(benchmarks.MNIST, "source", url)


@pytest.mark.fault("a download has other bytes", "exit 3, hash mismatch", "F83")
def test_a_download_with_a_wrong_hash_is_refused(tmp_path, monkeypatch, server):
    redirect(monkeypatch, server)
    with pytest.raises(DataError, match="download of mnist is damaged: hash mismatch"):
        MNIST(root=str(tmp_path), download=True).load()


@pytest.mark.fault("a download without a network", "exit 3 at once, with a dataset that needs none", "F82")
def test_a_download_without_a_network_is_refused_at_once_and_restores_the_timeout(tmp_path, monkeypatch):
    redirect(monkeypatch, "http://127.0.0.1:1/")  # nothing listens there
    socket.setdefaulttimeout(7.0)
    with pytest.raises(DataError, match=r"cannot download mnist \(no network\)") as caught:
        MNIST(root=str(tmp_path), download=True).load()
    assert "--dataset digits (which needs no network)" in caught.value.hint
    assert socket.getdefaulttimeout() == 7.0
    socket.setdefaulttimeout(None)


@pytest.mark.fault("a server accepts and says nothing", "exit 3 in seconds", "F82")
def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        redirect(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        start = time.perf_counter()
        with pytest.raises(DataError, match=r"cannot download mnist \(no network\)"):
            MNIST(root=str(tmp_path), download=True).load()
    assert time.perf_counter() - start < 5


def test_a_present_benchmark_needs_no_network(tmp_path, monkeypatch):
    redirect(monkeypatch, "http://127.0.0.1:1/")
    write_idx(tmp_path)
    assert len(MNIST(root=str(tmp_path), download=True).load()) == 4


def test_a_full_disk_is_a_matter_of_resources(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "require_answer", lambda *_: None)
    with (
        pytest.raises(ResourceError, match="disk full while downloading mnist"),
        download.downloading("mnist", "http://x/", tmp_path, "hint"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
