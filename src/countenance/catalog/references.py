"""
References at rest and in memory: the one place where templates are sealed, opened and gathered.

A reference is sealed under its person's key and bound to library, person, purpose, consent and
model pack: opened as anything else it fails (P5). In memory it lives in a `Gallery`, and only for
people whose consent is in force.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from countenance.catalog import people
from countenance.catalog.people import SealedReference
from countenance.core.canonical import canonical_json
from countenance.core.ids import ConsentId, KeyId, PersonId, ReferenceId, new_id
from countenance.errors import NotFound, VerificationError
from countenance.gallery.gallery import Gallery, GalleryEntry
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.people.purpose import Purpose
from countenance.vault.keys import KeyStore
from countenance.vault.seal import seal, unseal
from countenance.vision.pack import Pack

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class OpenGallery:
    """
    The references in force for some purposes, opened into memory.

    `version` is the catalog's gallery version at that moment, and `rests_on` the consent behind
    each person's presence.
    """

    gallery: Gallery
    version: int
    rests_on: Mapping[PersonId, Consent]


@dataclass(frozen=True, slots=True, eq=False)
class OwnTemplates:
    """
    Templates of somebody who enrols: `vectors` `(k, d)` float32 unit rows, one a picture.

    `pack` made them. `weak` says that not one picture was as good as a reference should be.
    """

    vectors: Float32
    pack: str
    weak: bool


def seal_templates(
    tx: Connection, keys: KeyStore, key: KeyId, consent: Consent, templates: OwnTemplates
) -> SealedReference:
    """
    A reference from `templates`, sealed under `key`, the person's, for the purpose of `consent`.

    Nothing is stored: `people.add_reference` does. Raises as `KeyStore.read` does.
    """
    bound = _bound(tx, consent.person, consent.wish.purpose, consent.id, templates.pack)
    return SealedReference(
        id=ReferenceId(new_id("r")),
        person=consent.person,
        consent=consent.id,
        purpose=consent.wish.purpose,
        pack=templates.pack,
        key=key,
        sealed=seal(keys.read(key), templates.vectors.astype("<f4").tobytes(), bound=bound),
        weak=templates.weak,
    )


def open_templates(
    tx: Connection, keys: KeyStore, reference: SealedReference, *, dimensions: int
) -> Float32:
    """
    The templates of a reference, `(k, dimensions)` float32.

    Raises `VerificationError` if the reference was changed, or sealed for something else, and as
    `KeyStore.read` does.
    """
    bound = _bound(tx, reference.person, reference.purpose, reference.consent, reference.pack)
    plain = unseal(keys.read(reference.key), reference.sealed, bound=bound)
    if not plain or len(plain) % (4 * dimensions):
        raise VerificationError(f"{reference.id}: not templates of {dimensions} numbers")
    return np.frombuffer(plain, "<f4").reshape(-1, dimensions).astype(np.float32)


def open_gallery(
    tx: Connection,
    keys: KeyStore,
    *,
    purposes: Collection[Purpose],
    pack: Pack,
    at: datetime,
) -> OpenGallery:
    """
    Everybody who may be recognised for one of `purposes` at `at`, as a gallery of `pack`.

    A person with references for several of them stands in it once, and of two enrolments that are
    merged the one that stands for both. Raises `VerificationError` if a
    reference or its key is missing or damaged: nobody is passed over in silence (P27).
    """
    consents = people.consents(tx, purposes=purposes)
    live = {one: admitted(consents, purposes=(one,), at=at) for one in purposes}
    rests_on: dict[PersonId, Consent] = {}
    held = {one.id for one in people.list_all(tx) if one.same_as is None}
    entries: dict[PersonId, GalleryEntry] = {}
    for reference in people.references(tx, purposes=purposes, pack=pack.id):
        who = reference.person
        consent = live[reference.purpose].get(who)
        if who in entries or who not in held or consent is None:
            continue
        templates = _opened(tx, keys, reference, pack)
        rests_on[who] = consent
        entries[who] = GalleryEntry(who, templates, weak=reference.weak)
    gallery = Gallery.of(list(entries.values()), dims=pack.embedder.dimensions)
    return OpenGallery(gallery, people.gallery_version(tx), rests_on)


# --------------------------------------------------------------------------------------------


def _opened(tx: Connection, keys: KeyStore, reference: SealedReference, pack: Pack) -> Float32:
    try:
        return open_templates(tx, keys, reference, dimensions=pack.embedder.dimensions)
    except (NotFound, VerificationError) as exc:
        raise VerificationError(
            f"{reference.person}: the reference for {reference.purpose} does not open: "
            f"{exc.message}",
            hint="countenance doctor says what is damaged; enrolling the person with --again, or "
            "withdrawing, takes it away",
        ) from exc


def _bound(
    tx: Connection, person: PersonId, purpose: Purpose, consent: ConsentId, pack: str
) -> bytes:
    return canonical_json(
        {
            "library": people.library_id(tx),
            "person": person,
            "purpose": purpose.value,
            "consent": consent,
            "pack": pack,
        }
    )
