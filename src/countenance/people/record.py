"""
A person's own record: all that a library holds of them, for them to take away (P33).

As JSON-LD it follows the guide of the W3C Data Privacy Vocabulary to ISO/IEC TS 27560
(https://w3id.org/dpv/guides/consent-27560): a consent receipt that holds one consent record for
each purpose, with its processing, its parties and every event. What the guide has no word for
(pictures, searches) stands under names of our own, `countenance:`.

It holds no template and no score: bands, places and ids (P9).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from countenance.core.canonical import Digest, Json
from countenance.core.ids import DisclosureId, PersonId, PhotoId
from countenance.core.spans import Span
from countenance.people.consent import Consent, ConsentEvent, ConsentState, EventKind
from countenance.people.guardians import Guardian, Role, Standing
from countenance.people.notice import Notice
from countenance.people.purpose import RECOGNISING

KIND = "countenance-consent+jwt"

RECORD_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
RECEIPT_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"

CONTEXT: Mapping[str, str] = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "countenance": "urn:countenance:",
}

_STATUS = {
    EventKind.GIVEN: "dpv:ConsentGiven",
    EventKind.WITHDRAWN: "dpv:ConsentWithdrawn",
    EventKind.EXPIRED: "dpv:ConsentExpired",
    # The state in which somebody else than the person ended it; their own no is a withdrawal.
    EventKind.OBJECTED: "dpv:ConsentTerminated",
    EventKind.RECORDED: "dpv:ConsentUnknown",
}
_INDICATED_BY = {
    Role.SELF: "dpv:DataSubject",
    Role.GUARDIAN: "dpv:GuardianOfDataSubject",
    Role.DESCENDANT: "countenance:descendant",
    Role.ARCHIVE: "dpv:DataController",
    Role.SYSTEM: "dpv:DataController",
}


@dataclass(frozen=True, slots=True)
class Appearance:
    """
    A picture that the person is in. There is no `band` where somebody put it there by hand.

    `span` is from when to when, in seconds, if it is a film.
    """

    photo: PhotoId
    place: str
    collection: str
    state: str
    band: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One picture of the person, given to a third party. `recall` is how its recall stands."""

    id: DisclosureId
    recipient: str
    contact: str
    photo: PhotoId
    channel: str
    at: datetime
    recall: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked for the person, or had this record written."""

    at: datetime
    actor: str
    act: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class No:
    """An objection that stands: `by` is who made it, or empty for the person."""

    at: datetime
    role: Role
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    What `library` holds of `person` at `made_at`.

    `notices` are the texts that were agreed to, by their digest, and `key` is the library's public
    key, with which the signed forms verify.
    """

    library: str
    key: str
    made_at: datetime
    person: PersonId
    name: str
    enrolled_at: datetime
    standing: Standing
    guardians: tuple[Guardian, ...] = ()
    objections: tuple[No, ...] = ()
    consents: tuple[Consent, ...] = ()
    notices: Mapping[Digest, Notice]
    appearances: tuple[Appearance, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    looks: tuple[Look, ...] = ()


def as_json_ld(record: Record) -> dict[str, Json]:
    """The record as JSON-LD."""
    return {
        "@context": dict(CONTEXT),
        "@id": _name(record.library, record.person, _told(record.made_at)),
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": RECEIPT_PROFILE,
        "dct:created": _told(record.made_at),
        "dpv:hasIdentifier": f"{record.person}/{_told(record.made_at)}",
        "dpv:hasDataSubject": _subject(record),
        "dpv:hasDataController": _controller(record),
        "dpv:hasRecordOfActivity": [_consent(one, record) for one in record.consents],
        "dpv:hasNotice": [_notice(which, one) for which, one in sorted(record.notices.items())],
        "countenance:objections": [
            {
                "dct:date": _told(one.at),
                "countenance:role": one.role.value,
                "countenance:by": one.by,
            }
            for one in record.objections
        ],
        "countenance:appearances": [_appearance(one) for one in record.appearances],
        "countenance:deliveries": [_delivery(one) for one in record.deliveries],
        "countenance:looks": [_look(one) for one in record.looks],
    }


# --------------------------------------------------------------------------------------------


def _name(*ids: str) -> str:
    return f"countenance:{'/'.join(ids)}"


def _subject(record: Record) -> dict[str, Json]:
    standing = record.standing
    return {
        "@id": _name(record.library, record.person),
        "@type": "dpv:DataSubject",
        "dct:identifier": record.person,
        "dct:title": record.name,
        "dct:created": _told(record.enrolled_at),
        "countenance:age-band": standing.band.value,
        "countenance:age-source": standing.source.value,
        "countenance:died": standing.died,
        "countenance:record": standing.record,
        "countenance:guardians": [
            {"@id": _name(one.id), "dct:title": one.name, "countenance:relation": one.relation}
            for one in record.guardians
        ],
    }


def _controller(record: Record) -> dict[str, Json]:
    return {
        "@id": _name(record.library),
        "@type": "dpv:DataController",
        "dct:identifier": record.library,
        "countenance:key": record.key,
    }


def _consent(one: Consent, record: Record) -> dict[str, Json]:
    state = one.state(record.made_at)
    return {
        "@id": _name(record.library, one.id),
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": RECORD_PROFILE,
        "dct:identifier": one.id,
        "dpv:hasDataSubject": {"@id": _name(record.library, record.person)},
        "dpv:hasDataController": {"@id": _name(record.library)},
        "dpv:hasApplicableLaw": {"@id": "eu-gdpr:GDPR"},
        "countenance:state": state.value,
        "dpv:hasProcess": _process(one, state, record),
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dct:description": f"countenance person withdraw {record.person}",
        },
        "dpv:hasRight": {"@type": ["dpv:DataSubjectRight", "eu-gdpr:A7-3"]},
        "dpv:hasConsentStatus": [_event(event, record) for event in one.events],
    }


def _process(one: Consent, state: ConsentState, record: Record) -> dict[str, Json]:
    recognises = one.wish.purpose in RECOGNISING
    recorded = state is ConsentState.RECORDED
    basis = ["eu-gdpr:A6-1-a", *(["eu-gdpr:A9-2-a"] if recognises else [])]
    data = [*(["pd:FacialPrint"] if recognises else []), "pd:Picture"]
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {"@id": f"countenance:{one.wish.purpose}", "@type": "dpv:Purpose"},
        "countenance:channel": one.wish.channel,
        "dpv:hasLegalBasis": [] if recorded else [{"@id": which} for which in basis],
        "dpv:hasPersonalData": [{"@id": which} for which in data],
        "dpv:hasRecipient": [
            {"@type": "dpv:ThirdParty", "dct:title": name}
            for name in sorted(_recipients(one, record))
        ],
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": {"@id": "dpv:WithinDevice"}},
            {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": {
                    "@type": "dpv:UntilEventDuration",
                    "dct:description": "until it is withdrawn, objected to, or its time has come",
                },
            },
        ],
    }


def _recipients(one: Consent, record: Record) -> set[str]:
    """Who received something under this consent: a channel is what pictures go out by."""
    given = (each for each in record.deliveries if each.channel == one.wish.channel)
    return {each.recipient for each in given}


def _event(event: ConsentEvent, record: Record) -> dict[str, Json]:
    own_no = event.kind is EventKind.OBJECTED and event.role is Role.SELF
    status = _STATUS[EventKind.WITHDRAWN if own_no else event.kind]
    expressed = event.kind is EventKind.GIVEN
    return {
        "@type": [status, *(["dpv:ExplicitlyExpressedConsent"] if expressed else [])],
        "dpv:isIndicatedAtTime": _told(event.at),
        "dpv:isIndicatedBy": {"@id": _INDICATED_BY[event.role]},
        "countenance:kind": event.kind.value,
        "countenance:role": event.role.value,
        "countenance:by": event.by,
        "countenance:authority": _guardian(event, record),
        "countenance:until": None if event.until is None else _told(event.until),
        "dpv:hasNotice": None if event.notice is None else {"@id": _digest(event.notice)},
        "dct:language": event.language or None,
        "countenance:evidence": None if event.evidence is None else _digest(event.evidence),
    }


def _guardian(event: ConsentEvent, record: Record) -> dict[str, Json] | None:
    if event.authority is None:
        return None
    known = {one.id: one for one in record.guardians}
    found = known.get(event.authority)
    return {"@id": _name(event.authority), "dct:title": "" if found is None else found.name}


def _notice(which: Digest, notice: Notice) -> dict[str, Json]:
    return {
        "@id": _digest(which),
        "@type": "dpv:ConsentNotice",
        "dct:language": notice.language,
        "dct:description": notice.text,
    }


def _appearance(one: Appearance) -> dict[str, Json]:
    return {
        "@id": _name(one.photo),
        "dct:source": one.place,
        "countenance:collection": one.collection,
        "countenance:state": one.state,
        "countenance:band": one.band or None,
        "countenance:seconds": None if one.span is None else list(one.span),
    }


def _delivery(one: Delivery) -> dict[str, Json]:
    return {
        "@id": _name(one.id),
        "dct:date": _told(one.at),
        "dpv:hasRecipient": {
            "@type": "dpv:ThirdParty",
            "dct:title": one.recipient,
            "dpv:hasContact": one.contact,
        },
        "countenance:photo": one.photo,
        "countenance:channel": one.channel,
        "countenance:recall": one.recall or None,
    }


def _look(one: Look) -> dict[str, Json]:
    return {
        "dct:date": _told(one.at),
        "countenance:actor": one.actor,
        "countenance:act": one.act,
        "countenance:purpose": one.purpose or None,
    }


def _digest(which: Digest) -> str:
    return f"countenance:sha256/{which}"


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
