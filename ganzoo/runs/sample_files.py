"""Files of samples, what `ganzoo sample` writes: a picture, a film, a folder or an npz file, as the suffix says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.data.films import FILMS, check_film
from ganzoo.data.listing import abridge, printable
from ganzoo.errors import ConfigError, FolderError
from ganzoo.files import require_writable
from ganzoo.runs.films import write_course, write_walk
from ganzoo.runs.pictures import count_per_class, write_grid
from ganzoo.runs.run import Run
from ganzoo.runs.sample_sets import write_folder, write_npy, write_npz
from ganzoo.runs.sample_stream import SampleOptions as SampleOptions
from ganzoo.runs.sample_stream import count_classes, explain_class
from ganzoo.zoo.catalogue import Zoo

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Suffixes of one picture."""
SETS = (".npz", ".npy")
"""Suffixes of files of numpy, which hold samples as numbers."""
OPAQUE = (".jpg", ".jpeg", ".bmp")
"""Suffixes of pictures without transparency."""
DEFAULT_COUNT = 64
ROWS = 8
"""Rows of a picture in which samples of a row belong together."""


@dataclass(frozen=True)
class Target:
    """Kind and place of the file that `ganzoo sample` writes."""

    out: Path | None = None
    """None for a place in the folder of the run."""
    as_folder: bool = False
    course: bool = False
    """True for a film of training, made of its sample grids."""
    interpolate: bool = False
    fps: int = 20
    scale: int = 0
    """Pixels of a picture or a film for each pixel of a sample; 0 enlarges small ones."""
    caption: bool = True
    """False for a picture of samples alone."""
    follow_links: bool = False
    """Write into the folder of the run though parts of it are links."""

    @property
    def suffix(self) -> str:
        """Suffix of the file, in small letters; empty without a name."""
        return "" if self.out is None else self.out.suffix.lower()

    @property
    def is_film(self) -> bool:
        """Return whether the file is a film: of training, or of an interpolation if its suffix is one of films."""
        return self.course or (self.interpolate and not self.as_folder and self.suffix in FILMS)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Suffixes that can hold what is asked; none for a folder."""
        if self.as_folder:
            return ()
        return FILMS if self.course else (*PICTURES, *SETS, *([".mp4"] if self.interpolate else []))

    def check(self) -> None:
        """Raise ConfigError for a name that is not one of what is to be written, or a film that cannot be made."""
        if self.out is None:
            return
        name, stem = printable(self.out.name), printable(self.out.stem)
        if self.as_folder and self.suffix in (*PICTURES, *FILMS, *SETS):
            raise ConfigError(f"{name} is the name of a file, and --folder writes a folder", hint=f"-o {stem}")
        if not self.as_folder and self.suffix not in self.suffixes:
            what = "film" if self.course else "picture"
            found = f"the suffix {self.suffix}" if self.suffix else "no suffix"
            hint = f"-o {stem}.gif" if self.course else f"-o {stem}.png, or --folder (for single images)"
            hint = f"--interpolate -o {self.out}" if self.suffix == ".mp4" else hint
            where = f"it takes {', '.join(self.suffixes)}"
            raise ConfigError(f"cannot write the {what}: {name} has {found}", where=where, hint=hint)
        if self.is_film:
            check_film(self.out, self.fps)


def write_samples(
    path: Path,
    zoo: Zoo,
    options: SampleOptions,
    target: Target,
    *,
    count: int | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write `count` samples of a run where `target` says, and return the path; `note` takes remarks.

    Raises ConfigError, also for a suffix that cannot hold what is asked, before anything is read; CheckpointError;
    ResourceError; FolderError for a file that cannot be written; EvaluationError for samples that cannot be drawn.
    """
    target.check()
    run = Run(path, zoo, dataset_path=options.dataset_path, follow_links=target.follow_links)
    out = target.out or _choose_place(run, options, target, note)
    if target.course:
        return write_course(run, out, target.fps, target.scale)
    _check_channels(run, out)
    options = replace(options, count=_default_count(run, options) if count is None else count)
    for remark in _remarks(run, options, target):
        note(remark)
    if target.as_folder:
        return write_folder(run, options, out)
    if target.is_film:
        return write_walk(run, options, out, target.fps, target.scale)
    if target.suffix in SETS:
        return (write_npz if target.suffix == ".npz" else write_npy)(run, options, out)
    return write_grid(run, options, out, scale=target.scale, caption=target.caption)


def _choose_place(run: Run, options: SampleOptions, target: Target, note: Callable[[str], None]) -> Path:
    """Return a place in the folder of the run, or in the working folder, with a remark, if a run is read-only."""
    run.folder.require_own_parts()
    name = "interpolation" if options.interpolate else "classes" if options.per_class else "sample"
    name = "code-" + "-".join(map(str, dict.fromkeys(options.code))) if options.code else name
    out = run.folder.samples / ("training.gif" if target.course else f"{name}-{options.seed}.png")
    if target.as_folder:
        out = run.path / f"images-{options.seed}"
    try:
        require_writable(out.parent)
    except OSError as error:
        here = Path(f"{run.path.resolve().name}-{out.name}")
        note(f"not kept in {run.path}: {error.strerror or error}; see {here} in this folder")
        return here
    return out


def _check_channels(run: Run, out: Path) -> None:
    """Raise FolderError if images have a transparency that the format does not."""
    if run.data.images and run.data.shape[0] == 4 and out.suffix.lower() in OPAQUE:
        what = f"cannot write the picture: {out.suffix} has no transparency, and the images of the run have"
        raise FolderError(what, where=str(out), hint=f"-o {out.stem}.png")


def _default_count(run: Run, options: SampleOptions) -> int:
    if options.row:
        return ROWS * options.row
    return run.require_classes() * count_per_class(run) if options.per_class else DEFAULT_COUNT


def _names(run: Run) -> str:
    """Return the names of the classes in order, abridged; empty if they are 0, 1, 2, ..."""
    names = run.class_names
    return "" if names == [str(k) for k in range(len(names))] else abridge(names, 12)


def _remarks(run: Run, options: SampleOptions, target: Target) -> list[str]:
    remarks = []
    if isinstance(options.label, str):
        remarks.append(explain_class(run, options.label))
    elif target.is_film and run.num_classes > 1:
        remarks.append(f"a film of class {printable(run.class_names[0])}; --class K for another")
    elif not (options.per_class or options.row or options.labels == "balanced"):
        remarks.append(count_classes(run)[1])
    if target.suffix == ".npy" and (run.num_classes > 1 or run.data.label_shape):
        remarks.append("an npy file holds no labels; -o FILE.npz holds both")
    if options.per_class and (names := _names(run)):
        remarks.append(f"the classes are {names}")
    if options.per_class and options.count < (classes := run.require_classes()):
        remarks.append(f"-n {options.count} shows {options.count} of {classes} classes; -n {classes} shows all")
    return [remark for remark in remarks if remark]
