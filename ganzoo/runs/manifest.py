"""The manifest: versions, plugins, data and device of a run, compared with those of its continuation."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ganzoo.contracts import DataSpec, Samples
from ganzoo.data.listing import abridge
from ganzoo.errors import CheckpointError, PluginError
from ganzoo.runs.folder import timestamp
from ganzoo.runs.moved_data import NAME_PLACE
from ganzoo.runs.records import DataRecord, DeviceRecord, Manifest
from ganzoo.runs.typed import typed
from ganzoo.settings.kinds import KIND_INFO, KINDS, NAMED_KINDS, Kind
from ganzoo.settings.merge import Settings
from ganzoo.settings.sections import RunConfig
from ganzoo.training.device import Device, choose_device, has_bf16
from ganzoo.training.gan import GAN
from ganzoo.training.ranks import Ranks
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.installed import ENABLE, Plugin

_TORCH = str(torch.__version__)  # unlike the version of the package, it tells builds apart: 2.10.0+cpu


def describe(settings: Settings, zoo: Zoo, samples: Samples, gan: GAN, costs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a new run, as plain JSON values."""
    return {
        "created": timestamp(),
        "command": [sys.argv[0].rpartition("/")[2], *sys.argv[1:]],
        "seed": settings.run.train.seed,
        "origins": {key: origin.name for key, origin in settings.origins.items()},
        "components": describe_components(settings.run, zoo),
        "override": list(zoo.override),
        "data": describe_data(samples),
        "device": describe_device(gan.device, gan.ranks),
        "cost": dict(costs),
        "versions": {"torch": _TORCH} | {name: version(name) for name in ("ganzoo-torch", "numpy", "pillow")},
        "platform": describe_platform(),
    }


def describe_platform() -> dict[str, Any]:
    """Return the machine: Python, system, processor, cores and GPUs."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _name_processor(),
        "cores": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(gpu) for gpu in range(torch.cuda.device_count())],
    }


def _name_processor() -> str:
    """Return the model name of the processor on Linux, the architecture elsewhere."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe_data(samples: Samples) -> dict[str, Any]:
    """Return shape, classes, size and content hash of a dataset; what is rare only where it is so."""
    spec = samples.spec
    rare: dict[str, Any] = {"label_shape": list(spec.label_shape)} if spec.label_shape else {}
    rare |= {} if spec.images == DataSpec(spec.shape).images else {"images": spec.images}
    return {
        "shape": list(spec.shape),
        "classes": list(samples.class_names),
        "class_counts": list(samples.class_counts),
        "count": len(samples),
        "sha256": samples.digests.data,
        **rare,
    }


def read_spec(manifest: Manifest) -> DataSpec:
    """Return the spec of the data that a run was trained on. Raises CheckpointError if the manifest does not say."""
    data = _require_data(manifest)
    return DataSpec(data.shape, len(data.classes), data.label_shape, data.images)  # type: ignore[arg-type]


def _require_data(manifest: Manifest) -> DataRecord:
    """Return what a manifest says of the data. Raises CheckpointError for one without their shape or content."""
    data = manifest.data or DataRecord()
    lacking = [name for name in ("shape", "classes", "count", "sha256") if not getattr(data, name)]
    if lacking:
        what = f"manifest.json cannot be used: data.{lacking[0]} is missing"
        raise CheckpointError(what, where=manifest.place, hint="ganzoo run --out OTHER_FOLDER")
    return data


def read_classes(manifest: Manifest) -> list[str]:
    """Return the names of the classes of a run in the order of their numbers; none if its manifest has none."""
    return list(manifest.data.classes) if manifest.data else []


def describe_device(device: Device, ranks: Ranks) -> dict[str, Any]:
    """Return device, precision, threads and ranks, on which bit-exact continuation depends."""
    cuda = device.torch_device.type == "cuda"
    name = torch.cuda.get_device_name() if cuda else platform.machine()
    threads = torch.get_num_threads()
    kind = device.torch_device.type
    return {"type": kind, "name": name, "precision": device.precision, "threads": threads, "ranks": ranks.size}


OF_WEIGHTS: tuple[Kind, ...] = tuple(kind for kind in NAMED_KINDS if KIND_INFO[kind].setting.startswith("optim."))
"""Kinds of named components without which a run cannot go on."""


def describe_components(run: RunConfig, zoo: Zoo) -> list[dict[str, str]]:
    """Return kind, name, plugin and plugin version of every component of a run."""
    parts = [(kind, part.name) for kind in KINDS for part in run.choice(kind).parts()]
    parts += [(kind, named.name) for kind in OF_WEIGHTS for named in run.named(kind)]
    plugins = [zoo.plugin(zoo.entry(kind, name).plugin) for kind, name in parts]
    return [
        {"kind": kind, "name": name, "plugin": plugin.name, "version": plugin.version}
        for (kind, name), plugin in zip(parts, plugins, strict=True)
    ]


def check_plugins(manifest: Manifest, zoo: Zoo) -> None:
    """Raise PluginError unless every component of a run comes from the plugin that it began with."""
    for part in manifest.components:
        kind, name, plugin = part.kind, part.name, part.plugin
        present = [p for p in zoo.plugins if p.name == plugin] or [p for p in zoo.plugins if p.answers_to(plugin)]
        if not present or present[0].state != "ok":
            what = f"{kind} {name!r} needs plugin {plugin} {part.version}".rstrip()
            raise PluginError(what + _why_not(present), hint=_how_to_bring(plugin, present))
        now = zoo.plugin(zoo.entry(kind, name).plugin)
        if now.name not in {p.name for p in present}:
            what = f"{kind} {name!r} of the run came from plugin {plugin}, but here it comes from {now.name}"
            raise PluginError(what, hint=_how_to_choose(present[0], now, zoo))


def _why_not(present: Sequence[Plugin]) -> str:
    """Return why an installed plugin cannot be used; empty if it is not installed."""
    if not present:
        return ""
    return f", which failed to load: {present[0].fault}" if present[0].fault else ", which is disabled"


def _how_to_bring(plugin: str, present: Sequence[Plugin]) -> str:
    if present:
        return f"ganzoo plugins --traceback {plugin}" if present[0].fault else ENABLE
    return f"--plugin {plugin}" if plugin.endswith(".py") else f"pip install {plugin}, or ganzoo plugins"


def _how_to_choose(then: Plugin, now: Plugin, zoo: Zoo) -> str:
    """Return the option with which a name means the component of `then` again."""
    if any(now.answers_to(name) for name in zoo.override):
        return f"without --override {now.name}"
    return f"ganzoo --override {then.name}, before the command; load_zoo(override=[{then.name!r}]) in Python"


def note_versions(manifest: Manifest, zoo: Zoo) -> Iterator[str]:
    """Yield a remark for each plugin of a run that has another version now."""
    for part in manifest.components:
        plugin = zoo.plugin(part.plugin)
        if part.version and plugin.version != part.version:  # files had no version once
            what = f"{part.kind} {part.name!r} began with {plugin.name} {part.version}"
            yield f"maybe not bit-exact: {what}, this is {plugin.version}"


def check_data(manifest: Manifest, samples: Samples) -> None:
    """Raise CheckpointError if the dataset is not the one that a run began with."""
    then, now = _require_data(manifest), typed(DataRecord, describe_data(samples))
    if then.classes != now.classes and then.count == now.count:
        what = f"the classes of the run were {abridge(list(then.classes))}, and are {abridge(list(now.classes))}"
        hint = "dataset.labels, dataset.split or dataset.path in its recipe.toml"
        raise CheckpointError(what, hint=hint)
    if then.sha256 != now.sha256:
        what = f"the dataset differs from the run's: {then.count} -> {now.count} samples, or other content"
        raise CheckpointError(what, hint=NAME_PLACE)


def keep_precision(run: RunConfig, manifest: Manifest) -> str:
    """Return the precision that a run began with, if that was chosen by measuring and this device has it too.

    Choosing again would mean measuring again, and two measurements may differ. Otherwise the setting decides: "".
    """
    began = manifest.device or DeviceRecord()
    here = choose_device(run.train.device, "fp32").torch_device.type
    if run.train.precision != "auto" or began.type != here or not began.precision:
        return ""
    if began.precision == "bf16" and here == "cpu" and not has_bf16():
        return ""
    return began.precision


def note_differences(manifest: Manifest, gan: GAN) -> Iterator[str]:
    """Yield why a continuation is not bit-exact: another torch, thread count, device, precision or number of ranks."""
    then, now = manifest.device or DeviceRecord(), describe_device(gan.device, gan.ranks)
    if then.ranks != now["ranks"]:
        yield f"not bit-exact: the run began on {then.ranks} rank{'s' * (then.ranks > 1)}, this is {now['ranks']}"
    for what in ("type", "name", "precision", "threads"):
        if (before := getattr(then, what)) != now[what]:
            yield f"not bit-exact: the run began with {what} {before}, this is {now[what]}"
    if (torch_then := manifest.versions.get("torch")) != _TORCH:
        yield f"not bit-exact: the run began with torch {torch_then}, this is {_TORCH}"
