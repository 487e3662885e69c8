"""
Export: the file of a photo that is given out, made from its pixels alone, and checked itself.

1. The photo is checked, and what a person decided is added: what is painted, what is seen.
2. Covers are painted on the pixels; those are packed anew, with what may be said of them.
3. The bytes are written beside where they belong, under a name that nobody takes for a picture.
4. What was written is read again and looked through: for leaks, for covers that are not flat, and
   for faces that nobody answered for. If it fails, it is removed, and nothing was given.
5. The disclosure is recorded, and each face judged once more, in one transaction.
6. Only then the file gets its name. If we die between 5 and 6, the ledger says of a file that it
   was given, and it was not: that is the side to err on.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from countenance.catalog.disclosures import Disclosure, FaceSaid
from countenance.catalog.photos import Photo
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest, digest
from countenance.core.ids import ConsentId, DisclosureId, PersonId, new_id
from countenance.errors import Unavailable, Unreadable, VerificationError
from countenance.extract.extractor import Extractor
from countenance.media.colour import in_srgb
from countenance.media.cover import (
    OF_JPEG,
    OF_WEBP,
    cover_mask,
    covered,
    is_flat,
    overlap,
    part_under,
)
from countenance.media.decode import Pixels, read_profile
from countenance.media.leaks import find_leaks
from countenance.media.metadata import read_metadata
from countenance.media.release import Packing, Release, ReleaseStatus, released
from countenance.publish.check import Checked, check
from countenance.publish.disclose import Handling, disclose, granted, receiving
from countenance.publish.plan import Hand, Plan, plan
from countenance.vault.files import sync_folder, unavailable, write_file

ANSWERED_FOR = 0.5
"""Of the smaller of two boxes: a face found in the file lies so far in one that may be seen."""

MOSTLY = 0.6
"""The part of a box that lies under covers, from which no face is in it."""


@dataclass(frozen=True, slots=True)
class Order:
    """
    What is published: `photo`, given to `recipient` to be shown in `channel`, into `folder`.

    A film has a format of its own, whatever the `packing` of photos is.
    """

    photo: Photo
    recipient: str
    channel: str
    folder: Path
    hand: Hand
    packing: Packing = Packing.JPEG


@dataclass(frozen=True, slots=True)
class Published:
    """
    A file that was given out. It is named by its disclosure, which a recall names too.

    `shown` are those to be seen in it, each on which consent, and `covers` how many covers it has.
    """

    disclosure: Disclosure
    path: Path
    digest: Digest
    size: int
    covers: int
    shown: Mapping[PersonId, ConsentId]


def publish(
    order: Order, data: bytes, *, extractor: Extractor, actor: str, stores: Stores
) -> Published:
    """
    Make the file of an order from the photo's bytes `data`, check it, and record what was given.

    Raises `Refused` and its kinds as `disclose` and `plan` do, `VerificationError` if the file that
    was made fails its own check, and `Unavailable` if it cannot be written. Whatever it raises,
    there is no file, and but for the last step's failure no disclosure.
    """
    with stores.database.read() as tx:
        receiving(tx, order.recipient)
        granted(tx, order.photo, at=stores.now(tx))
    pixels = extractor.decoder(data, half=False).pixels
    see, limits = extractor.vision, extractor.decoder.limits
    checked = check(order.photo, pixels, order.channel, vision=see, actor=actor, stores=stores)
    planned = plan(checked, order.hand)
    which = DisclosureId(new_id("x"))
    # Covers are painted on what is converted: their own colour stays what it is.
    pixels = in_srgb(pixels, read_profile(data, limits), limits=limits)
    made = _made(which, planned, pixels, data, order)
    hidden = order.folder / f".{which}.part"
    try:
        with unavailable(f"{order.folder}: nothing can be written there"):
            order.folder.mkdir(parents=True, exist_ok=True)
            write_file(hidden, made, flags=os.O_CREAT | os.O_EXCL, durable=True)
            written = hidden.read_bytes()
        require_sound(written, planned, extractor, order.packing)
        handling = Handling(
            planned.hidden,
            planned.bare,
            len(planned.covers),
            digest(written),
            faces=said_of(checked, planned),
        )
        done = disclose(
            order.photo.id,
            order.recipient,
            order.channel,
            handling=handling,
            which=which,
            actor=actor,
            stores=stores,
        )
        path = order.folder / f"{which}{order.packing.ending}"
        give_name(hidden, path, which)
    finally:
        hidden.unlink(missing_ok=True)
    return Published(
        done.disclosure, path, digest(written), len(written), len(planned.covers), done.shown
    )


def require_sound(
    data: bytes, planned: Plan, extractor: Extractor, packing: Packing = Packing.JPEG
) -> None:
    """
    Raises `VerificationError` unless the file `data` is what was planned, and nothing more.

    It is one plain picture of the right size; every cover is of one colour; and every face that is
    found in it is one that may be seen.
    """
    if found := find_leaks(data):
        raise VerificationError(f"the file is more than a picture: {found[0].said}")
    left, top, right, bottom = planned.part
    try:
        pixels = extractor.decoder(data, half=False).pixels
    except Unreadable as exc:
        raise VerificationError(f"the file is no whole picture: {exc.message}") from exc
    if pixels.shape[:2] != (bottom - top, right - left):
        raise VerificationError("the file is a picture of another size")
    for cover in planned.covers:
        mask = cover_mask(planned.size[::-1], [cover])[top:bottom, left:right]
        if not is_flat(pixels, mask, _FLATNESS[packing]):
            raise VerificationError("a cover in the file is not of one colour")
    under = cover_mask(planned.size[::-1], planned.covers)[top:bottom, left:right]
    may_be_seen = planned.within_part(planned.open)
    for row in extractor.vision.find(pixels).boxes:
        box = (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
        # What is mostly under covers of one colour is none: their outline was taken for one.
        if part_under(under, box) < MOSTLY and not any(
            overlap(box, one) >= ANSWERED_FOR for one in may_be_seen
        ):
            raise VerificationError(
                "in the file a face is found that nobody answers for, at "
                f"{', '.join(f'{side:.0f}' for side in box)}",
                hint="add a cover there by hand",
            )


def said_of(checked: Checked, planned: Plan) -> tuple[FaceSaid, ...]:
    """What the check said of each face, and which of them are to be seen; from left to right."""
    seen = frozenset(planned.open)
    return tuple(
        FaceSaid(one.id, one.verdict, one.ground, seen=one.box in seen) for one in checked.faces
    )


def give_name(hidden: Path, path: Path, which: DisclosureId) -> None:
    """
    Give a file that was recorded as `which` its name. Durable when it returns.

    Raises `Unavailable` if it cannot have it; then it is gone.
    """
    try:
        with unavailable(f"{path}: cannot be written"):
            hidden.rename(path)
            sync_folder(path.parent)
    except Unavailable as exc:
        path.unlink(missing_ok=True)
        raise Unavailable(
            exc.message,
            hint=f"no file was given, though the ledger has it as {which}: publish it again",
        ) from exc


# --------------------------------------------------------------------------------------------


_FLATNESS = {Packing.JPEG: OF_JPEG, Packing.WEBP: OF_WEBP}


def _made(which: DisclosureId, planned: Plan, pixels: Pixels, data: bytes, order: Order) -> bytes:
    left, top, right, bottom = planned.part
    painted = covered(pixels, planned.covers, order.hand.colour)[top:bottom, left:right]
    covers = planned.within_part(planned.covers)
    release = Release(which, _status(planned), read_metadata(data), covers)
    return released(painted, release, order.packing)


def _status(planned: Plan) -> ReleaseStatus:
    if planned.shows:
        return ReleaseStatus.LIMITED
    return ReleaseStatus.NONE if planned.covers or planned.bare else ReleaseStatus.NOBODY
