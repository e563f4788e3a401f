"""The pictures of all runs as cards, one per row, and what is to be said about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ganzoo.results.comparison import Row
from ganzoo.results.report.columns import label_row
from ganzoo.results.report.pictures import Album, Picture, limits, read_album

Albums = Mapping[str, Sequence[Album]]


def make_cards(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return cards, seeds, positions of the slider and remarks, as plain values for the template."""
    albums = _read_albums(rows)
    shown = {key: filled for key, own in albums.items() if (filled := [album for album in own if album.pictures])}
    seeds = sorted({album.seed for own in shown.values() for album in own})
    cards = [_make_card(key, label_row(rows[key]), own, seeds[0]) for key, own in shown.items()]
    times = max((len(album.pictures) for own in shown.values() for album in own), default=1)
    return {"cards": cards, "seeds": seeds, "times": times, "picture_remarks": list(_remark(rows, albums))}


def _read_albums(rows: Mapping[str, Row]) -> dict[str, list[Album]]:
    """Return the pictures of every run, small enough for a page that has all of them."""
    begun = sum(run.path is not None for row in rows.values() for run in row.results)
    times, size = limits(begun)
    with ThreadPoolExecutor() as pool:  # encoding takes nearly all the time of a report, and lets go of the GIL
        albums = {key: [pool.submit(read_album, run, times, size) for run in row.results] for key, row in rows.items()}
        return {key: [album.result() for album in own] for key, own in albums.items()}


def _make_card(key: str, label: str, albums: Sequence[Album], seed: int) -> dict[str, Any]:
    opened = next((album for album in albums if album.seed == seed), albums[0])
    pictures = [
        _describe(picture, album, label, picture is opened.pictures[-1])
        for album in albums
        for picture in album.pictures
    ]
    return {"id": key, "label": label, "when": _when(opened.pictures[-1], opened), "pictures": pictures}


def _describe(picture: Picture, album: Album, label: str, shown: bool) -> dict[str, Any]:
    about: dict[str, Any] = {
        "seed": album.seed,
        "share": f"{picture.share:.4f}",
        "when": _when(picture, album),
        "shown": shown,
    }
    alt = f"Samples of {label}, seed {album.seed}, at step {picture.step}"
    size = {"width": picture.width, "height": picture.height, "reduced": picture.reduced}
    return {**about, **size, "uri": picture.uri, "alt": alt}


def _when(picture: Picture, album: Album) -> str:
    ending = "" if album.state == "complete" else f", {album.state}"
    return f"seed {album.seed}, step {picture.step} of {album.steps}{ending}"


def _remark(rows: Mapping[str, Row], albums: Albums) -> Iterator[str]:
    """Say which rows have no pictures, which files could not be read, and what the pictures lost."""
    if without := [label_row(rows[key]) for key, own in albums.items() if not any(album.pictures for album in own)]:
        yield f"Without pictures: {'; '.join(without)}."
    if torn := [f"{album.name}/{file}" for own in albums.values() for album in own for file in album.unreadable]:
        yield f"Left out, for they cannot be read: {', '.join(torn)}."
    pictures = [picture for own in albums.values() for album in own for picture in album.pictures]
    if any(picture.reduced for picture in pictures):
        yield "To keep this file small, some pictures have fewer pixels than the PNG files of their runs."
    if any(picture.lossy for picture in pictures):
        yield "To keep this file small, pictures are compressed with loss; the PNG files of the runs are exact."
