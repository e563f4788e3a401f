"""Weights of extractors: where they come from, that they are checked before they are used, and downloads that fail."""

import http.server
import io
import os
import pickle
import socket
import threading
import time
from functools import partial
from importlib.metadata import version
from urllib.error import URLError

import pytest
import torch

from ganzoo.builtin.features import weights
from ganzoo.builtin.features.fidelity import CLIP, INCEPTION, VGG16, Inception
from ganzoo.data import download
from ganzoo.errors import EvaluationError, ResourceError
from support.weights import CPU, SMALL_STATE, make_images, publish, saved, sha256

pytestmark = pytest.mark.usefixtures("cache")


FROM_FILE = [Inception, VGG16, CLIP]


# Where weights come from. The network is a stand-in, which loads its file in the way of torch-fidelity.


def test_another_file_is_named_by_its_hash_and_never_counts_as_the_published_one(tmp_path, small):
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    extractor = Inception(weights=str(path)).load(CPU)
    digest = sha256(path.read_bytes())
    assert (extractor.label, extractor.inception_2015) == (f"inception@{digest[:8]}", False)
    assert extractor.fingerprint == {
        "network": "inception-v3-compat",
        "weights": digest,
        "resize": "TensorFlow 1.x bilinear to 299",
        "dtype": "float32",
        "torch-fidelity": version("torch-fidelity"),
    }
    white = torch.full((1, 3, 4, 4), 255, dtype=torch.uint8)
    torch.testing.assert_close(extractor.extract(white).rows[0], 255 * SMALL_STATE["fc.weight"].sum(dim=1))


@pytest.mark.parametrize("way", ["option", "environment", "cache"])
def test_the_published_file_is_inception_wherever_it_lies(tmp_path, monkeypatch, small, cache, way):
    data = saved(SMALL_STATE)
    publish(monkeypatch, sha256=sha256(data))
    path = cache / INCEPTION.file if way == "cache" else tmp_path / "any.pth"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if way == "environment":
        monkeypatch.setenv("GANZOO_INCEPTION_WEIGHTS", str(path))
    extractor = Inception(weights=str(path) if way == "option" else "").load(CPU)
    assert (extractor.label, extractor.inception_2015) == ("inception", True)


def test_the_option_goes_before_the_environment_and_that_before_the_cache(tmp_path, monkeypatch, small, cache):
    cache.mkdir(parents=True)
    files = {cache / INCEPTION.file: 1.0, tmp_path / "environment.pth": 2.0, tmp_path / "option.pth": 3.0}
    for path, value in files.items():
        path.write_bytes(saved({"fc.weight": torch.full((5, 3), value)}))
    publish(monkeypatch, sha256=sha256((cache / INCEPTION.file).read_bytes()))
    one = torch.ones(1, 3, 4, 4, dtype=torch.uint8)
    found = [Inception().load(CPU)]
    monkeypatch.setenv("GANZOO_INCEPTION_WEIGHTS", str(tmp_path / "environment.pth"))
    found += [Inception().load(CPU), Inception(weights=str(tmp_path / "option.pth")).load(CPU)]
    assert [extractor.extract(one).rows[0, 0].item() for extractor in found] == [3.0, 6.0, 9.0]


@pytest.mark.fault("the weights of Inception in the cache have other bytes", "exit 7, and they are not loaded", "F96")
def test_a_damaged_file_in_the_cache_is_refused(small, cache):
    cache.mkdir(parents=True)
    (cache / INCEPTION.file).write_bytes(saved(SMALL_STATE))
    with pytest.raises(EvaluationError, match=r"weights of inception are damaged: sha256 .*, not 6726825d") as caught:
        Inception().load(CPU)
    assert caught.value.where == str(cache / INCEPTION.file)
    assert "delete that file" in caught.value.hint
    assert small.files == []


@pytest.mark.parametrize("cls", FROM_FILE)
def test_a_file_that_is_not_there_is_named(tmp_path, cls):
    with pytest.raises(EvaluationError, match=r"cannot read the weights of .*: No such file") as caught:
        cls(weights=str(tmp_path / "none.pth")).load(CPU)
    assert caught.value.where == str(tmp_path / "none.pth")
    assert "FILE" in caught.value.hint


class Malicious:
    """Unpickled by a careless reader, it makes a folder."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.mark.fault("a file of weights is a pickle that runs code", "exit 7, and nothing runs")
@pytest.mark.parametrize("cls", FROM_FILE)
@pytest.mark.parametrize("form", [pickle.dumps, lambda thing: saved({"fc.weight": thing})], ids=["pickle", "zip"])
def test_code_in_a_file_of_weights_never_runs(tmp_path, cls, form):
    marker, path = tmp_path / "marker", tmp_path / "evil.pth"
    path.write_bytes(form(Malicious(marker)))
    with pytest.raises(EvaluationError, match=r"evil\.pth has no weights of"):
        cls(weights=str(path)).load(CPU)
    assert not marker.exists()
    unsafe = pickle.load if form is pickle.dumps else partial(torch.load, weights_only=False)
    with path.open("rb") as file:
        unsafe(file)
    assert marker.exists()  # where it does


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>404</html>", saved([torch.zeros(2)]), saved({"fc.weight": 1}), saved({0: torch.zeros(2)})],
    ids=["empty", "page", "list", "number", "unnamed"],
)
def test_what_is_no_state_dict_is_refused(tmp_path, small, data):
    path = tmp_path / "mine.pth"
    path.write_bytes(data)
    with pytest.raises(EvaluationError, match=r"mine\.pth has no weights of inception"):
        Inception(weights=str(path)).load(CPU)
    assert small.files == []


def test_a_file_that_changes_after_the_check_is_not_read_again(tmp_path, monkeypatch, library, small):
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    checked = sha256(path.read_bytes())

    def swap(name, layers, file):
        path.write_bytes(saved({"fc.weight": torch.zeros(5, 3)}))
        return small(name, layers, file)

    monkeypatch.setattr(library, "FeatureExtractorInceptionV3", swap)
    extractor = Inception(weights=str(path)).load(CPU)
    assert extractor.fingerprint["weights"] == checked != sha256(path.read_bytes())
    assert extractor.extract(make_images(1)).rows.abs().min() > 0


def test_the_library_unpickles_only_what_was_written_anew(tmp_path, small):
    path = tmp_path / "old.pth"
    torch.save(SMALL_STATE, path, _use_new_zipfile_serialization=False)
    Inception(weights=str(path)).load(CPU)
    (given,) = small.files
    assert (given[:2], path.read_bytes()[:2]) == (b"PK", b"\x80\x02")  # a zip file, from a bare pickle
    assert torch.equal(torch.load(io.BytesIO(given), weights_only=True)["fc.weight"], SMALL_STATE["fc.weight"])


# Downloads.


WAYS_OUT = ("--features digits-cnn", "--inception-weights FILE", "GANZOO_INCEPTION_WEIGHTS=FILE", "run it once")


@pytest.mark.fault("no weights of Inception and no network", "exit 7 with three ways out", "F96")
def test_offline_without_weights_one_message_has_the_three_ways_out(small, cache):
    with pytest.raises(EvaluationError, match=r"no weights: cannot download inception \(no network\)") as caught:
        Inception().load(CPU)
    assert all(way in caught.value.hint for way in WAYS_OUT)
    assert caught.value.exit_code == 7
    assert not (cache / INCEPTION.file).exists()


@pytest.mark.parametrize("cls", FROM_FILE)
def test_a_download_that_fails_has_the_same_ways_out(monkeypatch, cls):
    def fail(*_, **__):
        raise URLError("unplugged")

    monkeypatch.setattr(download, "require_answer", lambda *_: None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(EvaluationError, match=r"no weights: cannot download .*unplugged") as caught:
        cls().load(CPU)
    assert all(way in caught.value.hint for way in ("digits-cnn", "weights", "FILE", "_WEIGHTS=FILE", "run it once"))


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publish(monkeypatch, url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        start = time.perf_counter()
        with pytest.raises(EvaluationError, match="no network"):
            Inception().load(CPU)
    assert time.perf_counter() - start < 5


def test_a_full_disk_is_a_matter_of_resources(monkeypatch):
    def fill(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "require_answer", lambda *_: None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", fill)
    with pytest.raises(ResourceError, match="disk full while downloading inception") as caught:
        Inception().load(CPU)
    assert "TORCH_HOME" in caught.value.hint


@pytest.fixture
def server():
    """Serve weights of the stand-in at every address, and count."""

    class Weights(http.server.BaseHTTPRequestHandler):
        data, sent = saved(SMALL_STATE), 0

        def do_HEAD(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.data)))
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            self.wfile.write(self.data)
            type(self).sent += 1

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Weights) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        Weights.url = f"http://127.0.0.1:{httpd.server_port}/w.pth"
        yield Weights
        httpd.shutdown()


@pytest.mark.fault("downloaded weights have another hash", "they never reach the cache", "F96")
def test_a_download_with_another_hash_never_reaches_the_cache(monkeypatch, small, cache, server):
    publish(monkeypatch, url=server.url)
    with pytest.raises(EvaluationError, match="no weights: cannot download inception: invalid hash") as caught:
        Inception().load(CPU)
    assert server.sent == 1
    assert all(way in caught.value.hint for way in WAYS_OUT)
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == []
    assert small.files == []


def test_a_download_is_kept_for_the_next_time(monkeypatch, small, cache, server):
    publish(monkeypatch, url=server.url, sha256=sha256(server.data))
    extractors = [Inception().load(CPU), Inception().load(CPU)]
    assert [(e.label, e.inception_2015) for e in extractors] == [("inception", True)] * 2
    assert (cache / INCEPTION.file).read_bytes() == server.data
    assert server.sent == 1


def test_a_process_that_waited_for_the_download_of_another_does_not_repeat_it(cache, server):
    published = INCEPTION._replace(url=server.url, sha256=sha256(server.data))
    for _ in range(2):  # the second finds the file once it holds the lock
        weights.download(published, cache / INCEPTION.file)
    assert server.sent == 1
