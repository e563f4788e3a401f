"""Extractors of torch-fidelity: their features are the library's own, their weights are checked before they are used.

Inception runs for real, on random weights; CLIP, DINOv2 and VGG-16 run the library's code around networks made small.
"""

import copy
import hashlib
import http.server
import io
import os
import pickle
import socket
import sys
import threading
import time
import warnings
from functools import partial
from importlib.metadata import version
from typing import get_args, get_type_hints
from urllib.error import URLError

import pytest
import torch
from torch import nn

from ganzoo.builtin.features import fidelity, register_features, weights
from ganzoo.builtin.features.fidelity import CLIP, INCEPTION, VGG16, VGG16_IMAGENET, DINOv2, Inception
from ganzoo.data import download
from ganzoo.errors import EvaluationError, ResourceError

torch.set_num_threads(1)
CPU = torch.device("cpu")
FROM_FILE = [Inception, VGG16, CLIP]
pytestmark = pytest.mark.xdist_group("torchvision")  # one worker pays for importing it


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def make_images(count, channels=3, size=32):
    """Noise around another brightness in each image."""
    noise = torch.randint(0, 100, (count, channels, size, size), generator=torch.Generator().manual_seed(1))
    return (noise + torch.linspace(0, 155, count).reshape(-1, 1, 1, 1)).to(torch.uint8)


@pytest.fixture(scope="session")
def inception(weights_file):
    return Inception(weights=str(weights_file)).load(CPU)


@pytest.fixture(scope="session")
def peer(library, weights_file):
    """torch-fidelity's own extractor, asked for features and logits as its metrics do."""
    names = ["2048", "logits_unbiased"]
    return library.FeatureExtractorInceptionV3("inception-v3-compat", names, str(weights_file))


def test_inception_gives_what_torch_fidelity_gives(inception, peer):
    images = make_images(3)
    rows, logits, _ = inception.extract(images)
    assert (rows.shape, logits.shape, rows.dtype, logits.dtype) == ((3, 2048), (3, 1008), torch.float32, torch.float32)
    own_rows, own_logits = peer(images)
    assert torch.equal(rows, own_rows)
    assert torch.equal(logits, own_logits)
    assert rows.std(dim=0).mean() > 0.01  # the images differ in their features, so equality says something


def test_float64_is_float64_and_float32_is_near_it(inception, peer, weights_file):
    images = make_images(1)
    exact = Inception(weights=str(weights_file), dtype="float64").load(CPU)
    rows, logits, _ = exact.extract(images)
    double = copy.deepcopy(peer).double()
    double.feature_extractor_internal_dtype = torch.float64
    assert rows.dtype == torch.float32
    assert torch.equal(rows, double(images)[0])
    near = inception.extract(images)
    assert not torch.equal(near.rows, rows)
    torch.testing.assert_close(near.rows, rows, rtol=0, atol=1e-5)  # features have a mean of 0.4
    torch.testing.assert_close(near.logits, logits, rtol=0, atol=1e-5)
    assert (inception.fingerprint["dtype"], exact.fingerprint["dtype"]) == ("float32", "float64")


def test_grey_is_colour_with_three_equal_channels(inception):
    grey = make_images(2, channels=1)
    rows = inception.extract(grey).rows
    assert torch.equal(rows, inception.extract(grey.repeat(1, 3, 1, 1)).rows)


def test_features_do_not_depend_on_the_batch(inception):
    images = make_images(3)
    together = inception.extract(images).rows
    alone = torch.cat([inception.extract(image[None]).rows for image in images])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_features_carry_no_gradient(inception):
    assert not inception.extract(make_images(1)).rows.requires_grad


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"layer.weight": torch.zeros(2)}, path)
    with pytest.raises(EvaluationError, match=r"other\.pth has no weights of inception: .*Missing key") as caught:
        Inception(weights=str(path)).load(CPU)
    assert caught.value.where == str(path)


def test_weights_of_another_shape_are_refused(tmp_path, weights_file):
    state = torch.load(weights_file, weights_only=True)
    path = tmp_path / "narrow.pth"
    torch.save(state | {"fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(EvaluationError, match=r"size mismatch for fc\.bias"):
        Inception(weights=str(path)).load(CPU)


# Where weights come from. The network is a stand-in, which loads its file in the way of torch-fidelity.


class Small(nn.Module):
    """Average colour, times a matrix."""

    INPUT_IMAGE_SIZE = 299
    files: list

    def __init__(self, name, layers, path):
        super().__init__()
        warnings.warn("deprecated", FutureWarning, stacklevel=2)
        sys.stderr.write("Downloading")
        self.fc = nn.Linear(3, 5, bias=False)
        self.files.append(path.getvalue())
        self.load_state_dict(torch.load(path, weights_only=False))

    def forward(self, x):
        rows = self.fc(x.to(self.feature_extractor_internal_dtype).mean((2, 3)))
        return rows.float(), rows.float()


SMALL_STATE = {"fc.weight": torch.linspace(-1, 1, 15).reshape(5, 3)}


@pytest.fixture
def small(library, monkeypatch):
    monkeypatch.setattr(library, "FeatureExtractorInceptionV3", Small)
    monkeypatch.setattr(Small, "files", [], raising=False)
    return Small


def saved(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of torch, and no way to any server."""
    for variable in ("TORCH_HUB", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for name in ("INCEPTION", "VGG16", "CLIP"):
        monkeypatch.delenv(f"GANZOO_{name}_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    publish(monkeypatch, url="http://127.0.0.1:1/")  # nothing listens there
    return tmp_path / "torch" / "hub" / "checkpoints"


def publish(monkeypatch, **changes):
    """Change what counts as published."""
    monkeypatch.setattr(fidelity, "INCEPTION", fidelity.INCEPTION._replace(**changes))


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


# What an extractor reads, and what it leaves alone.


@pytest.fixture
def extractor(tmp_path, small):
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    return Inception(weights=str(path)).load(CPU)


@pytest.mark.parametrize(
    ("images", "fault"),
    [
        (torch.zeros(2, 3, 8, 8), "not torch.float32 4-D"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), "not torch.uint8 3-D"),
        (torch.zeros(2, 2, 8, 8, dtype=torch.uint8), "2 channels"),
        (torch.zeros(2, 4, 8, 8, dtype=torch.uint8), "4 channels"),
    ],
)
def test_images_that_were_not_quantised_or_have_other_channels_are_refused(extractor, images, fault):
    with pytest.raises(EvaluationError, match=fault):
        extractor.extract(images)


def test_autocast_around_it_changes_nothing(extractor):
    images = make_images(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rows = extractor.extract(images).rows
    assert torch.equal(rows, extractor.extract(images).rows)


def test_loading_leaves_random_states_alone_and_says_nothing(tmp_path, small, capfd):
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    before = torch.get_rng_state()
    Inception(weights=str(path)).load(CPU)  # a warning would be an error here
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def test_a_torch_fidelity_that_does_not_import_is_worded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    with pytest.raises(EvaluationError, match="inception-v3-compat needs torch_fidelity, which cannot be imported"):
        Inception(weights=str(path)).load(CPU)


# The other three: the library's code, with networks made small.


def bare(module):
    """Keep the tensors of a module and leave out its code, which TorchScript would want to compile."""
    kept = nn.Module()
    for name, tensor in module.named_parameters(recurse=False):
        kept.register_parameter(name, tensor)
    for name, child in module.named_children():
        kept.add_module(name, bare(child))
    return kept


@pytest.fixture
def clip_file(tmp_path, monkeypatch, library):
    """A CLIP of one layer of width 64, on 8x8 pixels, with 10 features; it counts as published."""
    clip = library.feature_extractor_clip
    torch.manual_seed(0)
    network = nn.Module()
    download.visual = clip.VisionTransformer(8, 4, 64, layers=1, heads=1, output_dim=10)
    download.text_projection = nn.Parameter(torch.zeros(7, 10))
    path = tmp_path / "clip.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is on its way out; the published files stay
        torch.jit.script(bare(network)).save(str(path))
    monkeypatch.setitem(clip.MODEL_METADATA["clip-vit-b-32"], "hash", sha256(path.read_bytes()))
    return path


def test_clip_gives_what_torch_fidelity_gives(library, clip_file):
    extractor = CLIP(weights=str(clip_file)).load(CPU)
    rows, logits, _ = extractor.extract(make_images(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        own = library.FeatureExtractorCLIP("clip-vit-b-32", ["clip"], str(clip_file))
    assert torch.equal(rows, own(make_images(2))[0])
    assert (rows.shape, logits, extractor.label) == ((2, 10), None, "clip-vit-b-32")
    assert not extractor.inception_2015
    assert extractor.fingerprint["resize"] == "TensorFlow 1.x bilinear to 8"
    assert extractor.fingerprint["weights"] == sha256(clip_file.read_bytes())


def test_clip_in_float64_is_near_float32(clip_file):
    extractors = [CLIP(weights=str(clip_file), dtype=dtype).load(CPU) for dtype in ("float32", "float64")]
    rows = [extractor.extract(make_images(2)).rows for extractor in extractors]
    assert not torch.equal(*rows)
    torch.testing.assert_close(*rows, rtol=0, atol=1e-5)


def test_clip_opens_no_program_but_the_published_one(monkeypatch, clip_file):
    clip_file.write_bytes(clip_file.read_bytes() + b"\0")
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(EvaluationError, match="is not the published one, and a TorchScript file can run any code"):
        CLIP(weights=str(clip_file)).load(CPU)


@pytest.fixture
def hub(monkeypatch):
    """What torch.hub was asked for; it answers with half the sum of all pixels."""
    asked = []

    def load(*names):
        asked.append(names)
        network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 1, bias=False))
        nn.init.constant_(network[1].weight, 0.5)
        return network

    monkeypatch.setattr(torch.hub, "load", load)
    monkeypatch.setenv("XFORMERS_DISABLED", "1")  # torch-fidelity sets it for good
    return asked


def test_dinov2_gives_what_torch_fidelity_gives(library, hub):
    rows, logits, _ = DINOv2().load(CPU).extract(make_images(2))
    own = library.FeatureExtractorDinoV2("dinov2-vit-l-14", ["dinov2"])
    assert torch.equal(rows, own(make_images(2))[0])
    assert logits is None
    assert hub[0] == ("facebookresearch/dinov2", "dinov2_vitl14")


def test_dinov2_is_known_by_the_names_and_bytes_of_its_tensors(hub):
    halves = torch.full((3 * 224 * 224,), 0.5).numpy().tobytes()
    for dtype in ("float32", "float64"):
        extractor = DINOv2(variant="dinov2-vit-s-14", dtype=dtype).load(CPU)
        assert extractor.fingerprint["weights"] == sha256(b"model.1.weight" + halves)
        assert extractor.label == extractor.fingerprint["network"] == "dinov2-vit-s-14"


@pytest.mark.parametrize("kind", [URLError, RuntimeError, pickle.UnpicklingError])
def test_dinov2_offline_names_the_ways_that_it_has(monkeypatch, hub, kind):
    def fail(*_):
        raise kind("unplugged")

    monkeypatch.setattr(torch.hub, "load", fail)
    with pytest.raises(EvaluationError, match=r"no weights: cannot load dinov2-vit-s-14 .*unplugged") as caught:
        DINOv2(variant="dinov2-vit-s-14").load(CPU)
    assert all(way in caught.value.hint for way in ("--features digits-cnn", "run it once"))
    assert "FILE" not in caught.value.hint


class SmallVGG(nn.Module):
    """Features, and a classifier of which torch-fidelity deletes the last three layers."""

    def __init__(self, **_):
        super().__init__()
        self.features = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 6))
        self.classifier = nn.Sequential(*[nn.Identity() for _ in range(4)], *[nn.Linear(6, 6) for _ in range(3)])

    def forward(self, x):
        return self.classifier(self.features(x))


def test_vgg16_gives_what_torch_fidelity_gives(tmp_path, monkeypatch, library):
    monkeypatch.setattr("torchvision.models.vgg16", SmallVGG)
    torch.manual_seed(0)
    path = tmp_path / "vgg.pth"
    torch.save(SmallVGG().state_dict(), path)
    extractor = VGG16(weights=str(path)).load(CPU)
    rows, logits, _ = extractor.extract(make_images(2))
    own = library.FeatureExtractorVGG16("vgg16", ["fc2_relu"], str(path))
    assert torch.equal(rows, own(make_images(2))[0])
    assert (rows.shape, logits, rows.min().item()) == ((2, 6), None, 0.0)  # after ReLU
    assert extractor.label == f"vgg16@{sha256(path.read_bytes())[:8]}"


# Names and addresses, which are written down here and there.


def test_what_is_published_is_what_the_libraries_name(library):
    from torchvision.models import VGG16_Weights

    assert INCEPTION.url == library.feature_extractor_inceptionv3.URL_INCEPTION_V3
    assert VGG16_IMAGENET.url == VGG16_Weights.IMAGENET1K_V1.url
    for published in (INCEPTION, VGG16_IMAGENET):
        assert published.file == published.url.split("/")[-1]
        assert published.sha256[:8] in published.file
        assert len(published.sha256) == 64
    clip = CLIP(variant="clip-rn50").published()
    assert clip.sha256 in clip.file
    assert clip.sha256 in clip.url


@pytest.mark.parametrize(("cls", "module"), [(CLIP, "feature_extractor_clip"), (DINOv2, "feature_extractor_dinov2")])
def test_variants_are_those_of_torch_fidelity(library, cls, module):
    assert set(get_args(get_type_hints(cls)["variant"])) == set(getattr(library, module).MODEL_METADATA)


def test_six_extractors_of_images_are_registered():
    images = [name for name, extractor in register_features().items() if extractor.reads == "images"]
    assert sorted(set(images) - {"stacked-digits"}) == [
        *("clip", "digits-cnn", "dinov2", "inception", "photos-cnn", "vgg16"),
    ]
