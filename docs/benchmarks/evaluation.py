"""Compare the time of an evaluation with that of torch-fidelity, on the same images and weights.

    python docs/benchmarks/evaluation.py --inception-weights FILE --images 2100 --pairs 3

Both compute FID, IS, KID, precision and recall of the images of one generator against as many random images, by
Inception. ganzoo has its reference cached; torch-fidelity runs without its cache and extracts the features of the
reference too. The two alternate, because the speed of a machine varies, but hardly within one pair. Any weights do,
even random ones. With fewer images than the 2,048 features, the covariance is singular and both take longer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ganzoo import Zoo, load_zoo
from ganzoo.builtin.models.dcgan import DCGAN
from ganzoo.contracts import DataSpec, Samples
from ganzoo.data.images import to_uint8
from ganzoo.evaluation.evaluator import Evaluator, open_evaluator
from ganzoo.evaluation.run_evaluator import describe_images
from ganzoo.settings.sections import Choice, EvalConfig
from ganzoo.training.sampling import GeneratedImages

METRICS = "fid,is,kid,prc"


class Generator(nn.Module):
    """DCGAN generator with the interface of torch-fidelity: z -> uint8 colour images."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        return to_uint8(self.network(z, z.new_empty(len(z), 0))).expand(-1, 3, -1, -1)


class Pixels(TensorDataset):
    """Real images with the interface of torch-fidelity."""

    def __getitem__(self, index: int) -> Tensor:
        return self.tensors[0][index].expand(3, -1, -1)


class Unlabelled(nn.Module):
    """The same generator with the interface of ganzoo: (z, y) -> samples."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.network(z, z.new_empty(len(z), 0))


def main() -> None:
    """Measure and print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inception-weights", type=Path, required=True)
    parser.add_argument("--images", type=int, default=2100, help="number of generated images, and of real ones")
    parser.add_argument("--pairs", type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(0)
    network = DCGAN().generator(DataSpec((1, 32, 32)), 0).eval()
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    zoo, x = load_zoo(), torch.randint(0, 256, (args.images, 1, 32, 32), dtype=torch.uint8)
    samples = Samples(x, torch.zeros(args.images, dtype=torch.int64), ("random",))
    ratios, shares = [], []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GANZOO_CACHE"] = cache
        open_inception(samples, zoo, args)  # fills the cache
        for _ in range(args.pairs):
            theirs = time_torch_fidelity(network, samples.x, args)
            ours, share = time_ganzoo(network, samples, zoo, args)
            ratios.append(ours / theirs)
            shares.append(share)
            print(
                f"torch-fidelity {theirs:.1f} s   ganzoo {ours:.1f} s   ratio {ours / theirs:.3f}   "
                f"neither generator nor extractor {share:.1%}",
                flush=True,
            )
    print(f"median ratio {statistics.median(ratios):.3f}, median share {statistics.median(shares):.1%}")


def time_torch_fidelity(network: nn.Module, real: Tensor, args: argparse.Namespace) -> float:
    """Return the seconds of torch-fidelity's calculate_metrics without a cache."""
    import torch_fidelity

    start = time.perf_counter()
    torch_fidelity.calculate_metrics(
        input1=torch_fidelity.GenerativeModelModuleWrapper(Generator(network), 100, "normal", 0),
        input1_model_num_samples=args.images, input2=Pixels(real), fid=True, isc=True, kid=True, prc=True,
        feature_extractor="inception-v3-compat", feature_extractor_weights_path=str(args.inception_weights),
        kid_subset_size=min(1000, args.images), cuda=torch.cuda.is_available(), cache=False, verbose=False,
    )  # fmt: skip
    return time.perf_counter() - start


def time_ganzoo(network: nn.Module, samples: Samples, zoo: Zoo, args: argparse.Namespace) -> tuple[float, float]:
    """Return the seconds of an evaluation with its set-up, and the share spent outside generator and extractor."""
    start = time.perf_counter()
    evaluator = open_inception(samples, zoo, args)
    images = GeneratedImages(Unlabelled(network), 100, 1, args.images)
    report = evaluator.score(images, describe_images(images, "raw", 0))
    total = time.perf_counter() - start
    return total, 1 - report.seconds["images"] / total


def open_inception(samples: Samples, zoo: Zoo, args: argparse.Namespace) -> Evaluator:
    """Load the weights, and the reference from the cache if it is cached."""
    features = Choice("inception", {"weights": str(args.inception_weights)})
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = EvalConfig(metrics=METRICS, memorisation=False)
    return open_evaluator(samples, Choice("digits"), features, settings, zoo, device)


if __name__ == "__main__":
    main()
