"""Compare the speed of four workloads with that of the baseline loop. Run it on a machine that does nothing else.

    python docs/benchmarks/speed.py
    python docs/benchmarks/speed.py --device cuda --batch-size 64 256

The data are the digits of ganzoo, because the content of an image does not change how long a step takes.
"""

import argparse
import json
import subprocess
import sys

WORKS = {
    "resnet 32 px, hinge, sn": ["sngan", "--image-size", "32"],
    "resnet 32 px, wgan, gp": ["wgan_gp", "--image-size", "32"],
    "dcgan 64 px, bce": ["dcgan", "--image-size", "64"],
    "dcgan 64 px, wgan, gp": ["wgan_gp", "--model", "dcgan", "--image-size", "64"],
}
HEADER = """\
| workload | batch | images/s | eager | ratio | lowest, highest | of the ceiling | at the ceiling | memory |
|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure all workloads and print a table."""
    args = _parse()
    print(HEADER)
    for size in args.batch_size:
        for name, recipe in WORKS.items():
            print(f"| {name} | {size} | {describe(measure(recipe, size, args))} |", flush=True)


def measure(recipe: list[str], size: int, args: argparse.Namespace) -> dict:
    """Return the JSON object that `ganzoo bench --against eager --json` prints."""
    command = [sys.executable, "-m", "ganzoo", "bench", *recipe, "--dataset", "digits", "--batch-size", str(size)]
    command += ["--set", f"optim.batch_size_g={size}", "--device", args.device, "--precision", args.precision]
    command += ["--repeats", str(args.repeats), "--seconds", str(args.seconds), "--against", "eager", "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603


def describe(speed: dict) -> str:
    """Return the columns of one row after the batch size."""
    baseline, ratio = speed["against"], speed["against"]["ratio"]
    cells = [f"{speed['images_per_s']['median']:.1f}", f"{baseline['images_per_s']['median']:.1f}"]
    cells += [f"{ratio['median']:.2f}", f"{ratio['low']:.2f}, {ratio['high']:.2f}"]
    cells += [f"{speed['share']:.0%} of {speed['ceiling'] / 1e9:,.0f} GFLOP/s ({speed['precision']})"]
    return " | ".join([*cells, f"{baseline['bound']:.2f}", f"{speed['memory_mb']:,.0f} MB"])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, nargs="+", default=[64])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
