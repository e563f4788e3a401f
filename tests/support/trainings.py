"""Trainings so small that one takes milliseconds."""

import torch

from ganzoo.runs import checkpoint
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from ganzoo.training.device import choose_device
from ganzoo.training.feed import Feed
from ganzoo.training.graphs import eager_updates
from ganzoo.training.loop import Command, Training, train
from ganzoo.training.randomness import seed_everything
from ganzoo.training.ranks import SINGLE
from support.datasets import Stripes
from support.states import same
from support.zoo import ZOO

CPU = choose_device("cpu", "fp32")
TINY = {"name": "mlp", "width": 6, "depth": 1, "z_dim": 3}


def make(
    seed=0, steps=6, model=TINY, optim=None, schedule=None, device=CPU, zoo=None, ranks=SINGLE, size=4, **names
) -> Training:
    tables = {kind: {"name": name} for kind, name in names.items()}
    optim = {"batch_size": 5, "n_critic": 2, "batch_size_g": 7, "lr_decay": "linear", **(optim or {})}
    train_ = {"steps": steps, "log_every": 1, "sample_every": 2, "save_every": 3, "seed": seed, **(schedule or {})}
    run = from_tables({"model": model, **tables, "optim": optim, "train": train_})
    seed_everything(seed)
    samples = Stripes(image_size=16 if model["name"] == "dcgan" else size).load()
    gan = build_gan(run, zoo or ZOO, samples.spec, device, ranks)
    return Training(run, gan, Feed(samples, seed, device.torch_device, ranks), eager_updates(gan))


class Notebook:
    """A journal that remembers everything, and asks to stop after a given step."""

    def __init__(self, stop_after=None, folder=None):
        self.stop_after, self.folder = stop_after, folder
        self.steps, self.records, self.sampled, self.saved = [], {}, [], []

    def step(self, step):
        self.steps.append(step)
        return Command.STOP if step == self.stop_after else Command.GO_ON

    def record(self, step, values):
        self.records[step] = dict(values)

    def sample(self, step, gan):
        self.sampled.append(step)

    def save(self, step, state):
        self.saved.append(step)
        if self.folder:
            checkpoint.save(self.folder, step, state)


def interrupted_equals_whole(folder, stop, **names) -> bool:
    whole = make(**names)
    log = Notebook()
    train(whole, log)
    first = Notebook(stop_after=stop, folder=folder)
    train(make(**names), first)
    second, continued = Notebook(), make(seed=names.pop("seed", 0), **names)
    torch.manual_seed(12345)  # whatever the process did before must not matter
    continued.load_state_dict(checkpoint.load(folder).state)
    train(continued, second)
    logs_agree = {**first.records, **second.records} == log.records
    return logs_agree and same(whole.state_dict(), continued.state_dict())
