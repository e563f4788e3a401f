"""Words of other packages for options and commands, and what they are here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from ganzoo.settings.spelling import fold

_OPTIONS: Mapping[str, str] = {
    "--batch-size {}": "batch b bs batchsize batch-sz minibatch",
    "--steps {}": "s iters iterations n-iter num-steps max-steps total-steps num-iterations niter max-iter",
    "--steps 10000 (an epoch is one step per batch of the data)": "e epochs n-epochs num-epochs epoch max-epochs",
    "--data-root {}": "dataset-dir data-dir dataroot root dataset-root datadir data-folder",
    "--dataset {}": "data d dataset-name data-path dataset-path train-data images input datapath",
    "--out {}": "output o save outdir output-dir save-dir log-dir logdir results-dir run-dir result-dir exp-dir",
    "--image-size {}": "img-size imsize size resolution res imagesize image-width crop-size resize",
    "--lr {}": "learning-rate rate alpha",
    "--set optim.lr_g={}": "g-lr glr lrg generator-lr lr-generator lr-gen",
    "--set optim.lr_d={}": "d-lr dlr lrd discriminator-lr lr-discriminator critic-lr lr-critic lr-dis lr-disc",
    "--set optim.n_critic={}": "critic-iters n-dis num-d-steps d-steps critic-steps disc-iters dis-iters",
    "--optimizer {}": "optimiser optim opt solver",
    "--set optim.beta1={}": "b1 beta-1 adam-beta1",
    "--set optim.beta2={}": "b2 beta-2 adam-beta2",
    "--set optim.weight_decay={}": "weight-decay wd decay l2",
    "--set optim.lr_decay={}": "lr-decay lr-schedule lr-scheduler scheduler schedule lr-policy",
    "--set lipschitz.weight={}": "lambda lambda-gp gp-weight gp-lambda penalty-weight gradient-penalty-weight lambd",
    "--set lipschitz.gamma={}": "gamma r1-gamma r1-weight",
    "--set lipschitz.limit={}": "clip-value clip weight-clip clip-limit",
    "--set model.z_dim={}": "z-dim nz latent-dim zdim z-size latent noise-dim latent-size dim-z",
    "--set model.width={}": "ngf ndf nf channels width base-channels conv-dim hidden-dim",
    "--set model.depth={}": "depth n-layers layers num-layers",
    "--set dataset.workers={}": "workers num-workers n-workers n-cpu threads nthreads j",
    "--device cuda": "gpu gpus gpu-id gpu-ids cuda n-gpu ngpu use-cuda use-gpu",
    "--device cpu": "no-cuda cpu no-gpu",
    "--precision bf16": "amp fp16 mixed-precision half bf16 use-amp",
    "--precision {}": "dtype",
    "--set train.save_every={}": "save-freq checkpoint-interval save-interval snap checkpoint-every save-steps",
    "--set train.sample_every={}": "sample-interval sample-freq display-freq vis-freq image-interval",
    "--set train.log_every={}": "log-interval log-freq print-freq print-every",
    "--set train.ema_decay={}": "ema ema-beta ema-rate",
    "--eval-every {}": "eval-freq eval-interval metrics-every",
    "--samples {}": "n-samples num-samples fid-samples num-images n-fid",
    "--features {}": "extractor feature-extractor backbone",
    "--metrics {}": "metric metrics",
    "--set eval.metrics={}": "metric metrics",
    "--model {}": "m arch architecture net network backbone-model generator netg netd",
    "--loss {}": "l gan-loss criterion adv-loss loss-type gan-mode gan-type objective adversarial-loss",
    "--lipschitz {}": "penalty constraint gp-type enforcer",
    "--lipschitz sn": "sn spectral-norm use-sn",
    "--lipschitz gp": "gp use-gp gradient-penalty",
    "--conditioner {}": "cond conditioning conditional-type condition",
    "--conditioner cgan": "conditional cgan class-cond",
    "--augment {}": "aug augmentation augmentations augpipe",
    "--augment diffaug": "diffaug use-diffaug",
    "--augment ada": "ada",
    "--regularizer {}": "regulariser reg regularization regularisation",
    "--regularizer lecam": "lecam use-lecam apply-lecam",
    "--regularizer bcr": "bcr cr apply-bcr apply-cr",
    "--regularizer zcr": "zcr apply-zcr",
    "--seed {}": "manual-seed random-seed manualseed",
    "--seeds {}": "seed seed-list n-seeds num-seeds manual-seed",
    "--jobs {}": "parallel n-jobs max-workers num-jobs",
    "--init-from {}": "pretrained load finetune from-checkpoint transfer init",
    "--download": "dl",
    "-n {}": "n-images number num nimg",
    "-o {}": "output outfile outdir output-dir",
    "--truncation {}": "trunc psi truncation-psi",
    "--class {}": "label y category class-idx",
    "--step {}": "checkpoint ckpt iteration snapshot-step",
    "--format {}": "fmt style output-format",
    "--dry-run": "dry test-run debug check",
    "--json": "as-json machine-readable",
    "--no-scores": "no-eval skip-eval no-fid no-metrics",
}
"""Flags of ganzoo, with {} for the value that was typed -> the same in other packages, without dashes."""

COMMANDS: Mapping[str, str] = {
    "run": "train fit start learn training launch go main execute",
    "evaluate": "eval test score fid metrics validate measure",
    "sample": "generate gen samples infer predict inference draw synthesize images make interpolate",
    "compare": "grid sweep benchmark ablate experiment",
    "tune": "search optimize optimise hpo hyperopt optuna",
    "resume": "continue restart restore extend",
    "export": "onnx convert save-generator torchscript deploy trace",
    "push": "upload publish share push-to-hub",
    "table": "results summary leaderboard summarize summarise",
    "report": "plot html view visualize visualise dashboard figures",
    "diagnose": "debug doctor inspect analyse analyze why",
    "list": "ls components zoo available methods models losses datasets recipes",
    "runs": "status ps jobs experiments history",
    "explain": "what define glossary about man",
    "show": "info describe details",
    "config show": "settings cfg configuration options",
    "new plugin": "create init scaffold",
    "bench": "speed time profile perf",
    "verify": "fsck repair",
    "--help": "help usage h",
    "--version": "version",
}
"""Command of ganzoo -> words that people type for it."""


def find_flags(option: str, value: str) -> list[str]:
    """Return what an option of another package is here, best first, with the value that was typed."""
    word = fold(option.lstrip("-"))
    found = [flag for flag, words in _OPTIONS.items() if word in map(fold, words.split())]
    return [flag.format(value or "VALUE") for flag in [*found, *_settings(word)]]


def _settings(word: str) -> list[str]:
    """Return assignments for the settings of this name."""
    from ganzoo.settings.sections import SECTIONS

    same = [f"{section}.{f.name}" for section, schema in SECTIONS.items() for f in fields(schema)]
    return [f"--set {key}={{}}" for key in same if fold(key.partition(".")[2]) == word]


def find_command(word: str) -> str:
    """Return the command that a word of another package means; empty for a word that nobody knows."""
    plain = word.lstrip("-").lower()
    return next((command for command, words in COMMANDS.items() if plain in words.split()), "")
