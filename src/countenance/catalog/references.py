"""
References at rest and in memory: the one place where templates are sealed, opened and gathered.

A reference is sealed under its person's key and bound to library, person, purpose, consent and
model pack: opened as anything else it fails (P5). In memory it lives in a `Gallery`, and only for
people whose consent is in force.
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from countenance.catalog import people
from countenance.catalog.people import ReferenceToOpen, SealedReference
from countenance.core.canonical import canonical_json
from countenance.core.ids import ConsentId, KeyId, PersonId, ReferenceId, new_id
from countenance.errors import NotFound, VerificationError
from countenance.gallery.gallery import Gallery, mean_templates
from countenance.people.consent import Consent
from countenance.people.gate import permits
from countenance.people.purpose import Purpose
from countenance.vault.keys import KeyStore, OpenKeys
from countenance.vault.seal import Unsealer, seal, unseal
from countenance.vision.pack import Pack

Float32 = NDArray[np.float32]

_PEOPLE_AT_ONCE = 256
"""Whose templates are brought to their means together: few enough for the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenGallery:
    """
    The references in force for some purposes, opened into memory.

    `version` is the catalog's gallery version at that moment, and `rests_on` the consent behind
    each person's presence.
    """

    gallery: Gallery
    version: int
    rests_on: Mapping[PersonId, ConsentId]


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
    library = people.library_id(tx)
    bound = bound_to(library, consent.person, consent.wish.purpose, consent.id, templates.pack)
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
    library = people.library_id(tx)
    bound = bound_to(
        library, reference.person, reference.purpose, reference.consent, reference.pack
    )
    plain = unseal(keys.read(reference.key), reference.sealed, bound=bound)
    _check_length(plain, dimensions)
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
    opened = _Opened(keys.open_many(), people.library_id(tx), pack)
    for purpose in sorted(purposes):
        for reference in people.references_to_open(tx, purpose=purpose, pack=pack.id):
            if reference.person not in opened.rests_on and permits(reference.last, at=at):
                opened.add(reference)
    return OpenGallery(opened.gallery(), people.gallery_version(tx), opened.rests_on)


def bound_to(
    library: str, person: PersonId, purpose: Purpose, consent: ConsentId, pack: str
) -> bytes:
    """What a sealed reference is bound to: opened as anything else it fails (P5)."""
    return canonical_json(
        {
            "library": library,
            "person": person,
            "purpose": purpose.value,
            "consent": consent,
            "pack": pack,
        }
    )


# --------------------------------------------------------------------------------------------


class _Opened:
    """The references of one library and pack that were opened, many in one go."""

    def __init__(self, keys: OpenKeys, library: str, pack: Pack) -> None:
        self.rests_on: dict[PersonId, ConsentId] = {}
        self._keys = keys
        self._library = library
        self._pack = pack.id
        self._dims = pack.embedder.dimensions
        self._frames: dict[Purpose, tuple[bytes, bytes, bytes]] = {}
        self._plains: list[bytes] = []
        self._means: deque[Float32] = deque()
        self._weak: list[bool] = []

    def add(self, reference: ReferenceToOpen) -> None:
        """Raises `VerificationError` that says whose does not open."""
        try:
            key = self._keys.read(reference.key)
            plain = Unsealer(key).unseal(reference.sealed, bound=self._bound(reference))
            _check_length(plain, self._dims)
        except (NotFound, VerificationError) as exc:
            raise VerificationError(
                f"{reference.person}: the reference for {reference.purpose} does not open: "
                f"{exc.message}",
                hint="countenance doctor says what is damaged; enrolling the person with --again, "
                "or withdrawing, takes it away",
            ) from exc
        self._plains.append(plain)
        self._weak.append(reference.weak)
        self.rests_on[reference.person] = reference.consent
        if len(self._plains) == _PEOPLE_AT_ONCE:
            self._take_means()

    def gallery(self) -> Gallery:
        """Everybody who was added, by id; asked for once, at the end."""
        self._take_means()
        persons = list(self.rests_on)
        order = sorted(range(len(persons)), key=persons.__getitem__)
        places = np.empty(len(order), np.intp)
        places[order] = np.arange(len(order))
        matrix, first = np.empty((len(order), self._dims), np.float32), 0
        while self._means:  # each let go once it stands in its place: all of them are large
            means = self._means.popleft()
            matrix[places[first : first + len(means)]] = means
            first += len(means)
        weak = np.array(self._weak, np.bool_)[order]
        return Gallery.made(tuple(persons[row] for row in order), matrix, weak)

    def _take_means(self) -> None:
        """Templates that became a mean are held no longer."""
        templates = np.frombuffer(b"".join(self._plains), "<f4").reshape(-1, self._dims)
        counts = np.array([len(one) // (4 * self._dims) for one in self._plains], np.intp)
        self._plains.clear()
        self._means.append(mean_templates(templates.astype(np.float32, copy=False), counts))

    def _bound(self, reference: ReferenceToOpen) -> bytes:
        """
        The same bytes as `bound_to` makes, of which only the ids differ from one to the next. No id
        here has a sign that JSON writes otherwise; one that had would not open.
        """
        before, between, after = self._frames.get(reference.purpose) or self._frame(
            reference.purpose
        )
        return b"".join(
            (before, reference.consent.encode(), between, reference.person.encode(), after)
        )

    def _frame(self, purpose: Purpose) -> tuple[bytes, bytes, bytes]:
        whole = bound_to(self._library, _SOMEBODY, purpose, _SOME_CONSENT, self._pack)
        before, rest = whole.split(_SOME_CONSENT.encode())
        between, after = rest.split(_SOMEBODY.encode())
        self._frames[purpose] = before, between, after
        return before, between, after


_SOMEBODY, _SOME_CONSENT = PersonId("p_uuuuuuuuuuuuuuuu"), ConsentId("n_uuuuuuuuuuuuuuuu")
"""In the places of ids. No id holds a u."""


def _check_length(plain: bytes, dimensions: int) -> None:
    if not plain or len(plain) % (4 * dimensions):
        raise VerificationError(f"not templates of {dimensions} numbers")
