"""
The tables. A change here needs a migration; a test compares the two.

What a table holds of people is the first word of its `comment=`:

    personal  of somebody enrolled, or of who speaks for them: gone when the person is erased
    ids       random ids and times alone, which stay: the log and the receipts refer to them
    contact   of who acts or grants here in their own right, and words of theirs
    none      nothing that says who anybody is

A test fills a library, erases somebody, and looks for them in every column of every table.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_Id = String(32)
_Digest = String(64)

library = Table(
    "library",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("gallery_version", Integer, nullable=False, default=0),
    Column("photos_version", Integer, nullable=False, default=0, server_default="0"),
    Column("latest", Instant),
    Column("tombstone_key", _Id),
    Column("pack", String(64)),
    Column("false_hits", Float),
    comment="none: one row; gallery_version grows when somebody can newly be found, photos_version "
    "with each transaction that changes photos, where they stand, or erasures; latest is the "
    "latest instant of any act; tombstone_key is the key of the tombstones' marks; pack is the "
    "model pack that it is bound to, once it has changed it, or has begun to; false_hits is how "
    "many were allowed in 1,000 searches when photos were compared last",
)

collection = Table(
    "collection",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("recognition", Boolean, nullable=False, default=False),
    Column("ground", Text, nullable=False, default=""),
    Column("minors", Boolean, nullable=False, default=False),
    Column("changed_at", Instant, nullable=False),
    comment="none: which pictures belong together, and whether they recognise",
)

source = Table(
    "source",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("location", Text, nullable=False),
    Column("collection_id", ForeignKey(collection.c.id), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("options", JSON, nullable=False, default=dict),
    UniqueConstraint("kind", "location"),
    comment="none: where pictures come from",
)

grant = Table(
    "grant_",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey(source.c.id), nullable=False, index=True),
    Column("granted_by", Text, nullable=False),
    Column("scope", JSON, nullable=False),
    Column("purposes", JSON, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("evidence", _Digest),
    Column("revoked_at", Instant),
    Column("seen_until", Instant),
    comment="contact: who granted, kept as evidence",
)

site = Table(
    "site",
    metadata,
    Column("source_id", ForeignKey(source.c.id), primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Column("failing_since", Instant),
    Column("trouble", Text, nullable=False, default=""),
    Column("begun_at", Instant),
    Column("ended_at", Instant),
    comment="none: when the grant file of a web site was seen last, and how its listing stands",
)

grant_file = Table(
    "grant_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", ForeignKey(source.c.id), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("status", Integer, nullable=False),
    Column("certificate", String(64), nullable=False, default=""),
    Column("digest", _Digest, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="contact: every version of a site's grant file, as it came, kept as evidence",
)

page = Table(
    "page",
    metadata,
    Column("source_id", ForeignKey(source.c.id), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("etag", Text, nullable=False, default=""),
    Column("last_modified", Text, nullable=False, default=""),
    Column("asked_at", Instant, nullable=False),
    Column("found", JSON, nullable=False),
    comment="contact: what stood on the pages of a web site, so that none is asked for twice",
)

copy = Table(
    "copy",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("digest", _Digest),
    Column("size", Integer),
    Column("confirmed", Boolean, nullable=False, default=False),
    Column("made_at", Instant, nullable=False),
    Index("ix_copy_unconfirmed", "confirmed"),
    comment="none: the copy ledger. Every file of the vault has a row here before it has bytes",
)

photo = Table(
    "photo",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey(source.c.id), nullable=False),
    Column("digest", _Digest, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("pack", String(64), nullable=False),
    Column("compared_with", Integer, nullable=False, default=0),
    Column("preview_id", ForeignKey(copy.c.id)),
    Column("added_at", Instant, nullable=False),
    Column("kind", String(8), nullable=False, default="photo"),
    Column("seconds", Float),
    Column("taken_at", String(32), nullable=False, default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("title", Text, nullable=False, default=""),
    Column("caption", Text, nullable=False, default=""),
    Column("keywords", Text, nullable=False, default=""),
    Column("creator", Text, nullable=False, default=""),
    Column("licence", Text, nullable=False, default=""),
    Column("near", LargeBinary),
    Column("collection_id", _Id, nullable=False, default=""),
    Column("moment", String(32), nullable=False, default=""),
    UniqueConstraint("source_id", "digest"),
    Index("ix_photo_compared_with", "compared_with"),
    Index("ix_photo_moment", "moment", "id"),
    Index(
        "ix_photo_in_order",
        *("collection_id", "moment", "id", "source_id", "width", "height"),
    ),
    comment="contact: compared_with is the gallery version that the faces were last compared with; "
    "from taken_at to licence it is what the file says, the source's own word; near is its near "
    "hash, of which a blurred picture could be guessed. collection_id is its source's, and moment "
    "when it was taken by its own clock, or else added: what the collection is ordered by",
)

item = Table(
    "item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", ForeignKey(source.c.id), nullable=False),
    Column("locator", Text, nullable=False),
    Column("stamp", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", String(32)),
    Column("detail", Text),
    Column("photo_id", ForeignKey(photo.c.id), index=True),
    Column("grant_id", ForeignKey(grant.c.id)),
    Column("changed_at", Instant, nullable=False),
    Column("page", Text, nullable=False, default=""),
    Column("words", Text, nullable=False, default=""),
    Column("taken_by", String(80)),
    Column("taken_until", Instant),
    UniqueConstraint("source_id", "locator"),
    Index("ix_item_state_attempts", "state", "attempts", "id"),
    # Where a photo stands is asked of many photos at once, and of an index alone.
    Index("ix_item_photo_state", "photo_id", "state"),
    Index("ix_item_source_state_photo", "source_id", "state", "photo_id"),
    # What has no result, or only in part: few among many.
    Index(
        "ix_item_trouble",
        "source_id",
        "locator",
        sqlite_where=text("reason IS NOT NULL"),
    ),
    comment="contact: the ledger of what the sources list. A locator is the source's own word, and "
    "so are the page it stands on and the words around it there. taken_by is a worker of a run on "
    "several machines, and taken_until when what it took is free again",
)

shelf = Table(
    "shelf",
    metadata,
    # No foreign keys: it is a shadow of other tables, made anew whenever that is better.
    Column("collection_id", _Id, primary_key=True),
    Column("moment", String(32), primary_key=True),
    Column("photo_id", _Id, primary_key=True),
    Column("source_id", _Id, primary_key=True),
    Column("first", String(80), nullable=False),
    Column("photos", Integer, nullable=False),
    Column("ratios", Float, nullable=False),
    comment="ids: how many photos of each source stand in each stretch of a collection, which "
    "begins with the photo photo_id; first is when the first of that source was taken, and its id",
)

upload = Table(
    "upload",
    metadata,
    Column("source_id", ForeignKey(source.c.id), primary_key=True),
    Column("locator", Text, primary_key=True),
    Column("copy_id", ForeignKey(copy.c.id), nullable=False, index=True),
    comment="contact: pictures that the vault keeps for a source, and where it has them",
)

face = Table(
    "face",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("photo_id", ForeignKey(photo.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("x1", Float, nullable=False),
    Column("y1", Float, nullable=False),
    Column("x2", Float, nullable=False),
    Column("y2", Float, nullable=False),
    Column("points", JSON, nullable=False),
    Column("begins", Float),
    Column("ends", Float),
    Column("views", JSON(none_as_null=True)),
    Column("named", String(32), nullable=False, default=""),
    comment="none: a box and five points; no vector, no name. In a film: from when until when, and "
    "the points at the instants at which it is seen best. named is a keyed hash, another for each "
    "face, of the name that the source gives to it, if it gives one",
)

person = Table(
    "person",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False, index=True),
    Column("key_id", _Id),
    Column("enrolled_at", Instant, nullable=False),
    Column("age_band", String(16), nullable=False, default="adult"),
    Column("age_source", String(16), nullable=False, default="declared"),
    Column("died", Integer),
    Column("record", Text, nullable=False, default=""),
    Column("same_as", _Id, index=True),
    Column("again_since", Instant),
    comment="personal: the name and the age band. An erased person keeps the id alone. same_as is "
    "the enrolment of the same human that stands for this one, while they are merged; again_since "
    "is when the models changed without a picture of theirs, until they have enrolled again",
)

guardian = Table(
    "guardian",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("relation", String(100), nullable=False),
    Column("added_at", Instant, nullable=False),
    comment="personal: who may speak for a person. Gone when the person is erased",
)

objection = Table(
    "objection",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("by", Text, nullable=False, default=""),
    Column("role", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("lifted_at", Instant),
    comment="personal: who said no, for whom. Gone when the person is erased",
)

consent = Table(
    "consent",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("purpose", String(16), nullable=False, index=True),
    Column("channel", String(100), nullable=False, default=""),
    UniqueConstraint("person_id", "purpose", "channel"),
    comment="ids: identity of a consent; its state is in the events",
)

consent_event = Table(
    "consent_event",
    metadata,
    Column("consent_id", ForeignKey(consent.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("until", Instant),
    Column("notice", _Digest),
    Column("language", String(8), nullable=False, default=""),
    Column("evidence", _Digest),
    Column("role", String(16), nullable=False, default="self"),
    Column("authority", _Id),
    Index("ix_consent_event_until", "until"),
    comment="ids: append-only. It stays, for the log refers to it",
)

evidence = Table(
    "evidence",
    metadata,
    Column("copy_id", ForeignKey(copy.c.id), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("digest", _Digest, nullable=False),
    comment="personal: what shows that somebody agreed; the copy is sealed under their key",
)

notice = Table(
    "notice",
    metadata,
    Column("digest", _Digest, primary_key=True),
    Column("language", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("first_used", Instant, nullable=False),
    comment="none: the exact words that consents were given under",
)

roster = Table(
    "roster",
    metadata,
    Column("collection_id", ForeignKey(collection.c.id), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True, index=True),
    Column("added_at", Instant, nullable=False),
    Column("number", String(32), nullable=False, default=""),
    comment="personal: who belongs to a collection. Of minors nobody else is recognised there",
)

link = Table(
    "link",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), index=True),
    Column("digest", _Digest, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("collection_id", ForeignKey(collection.c.id)),
    Column("channel", String(100), nullable=False, default=""),
    Column("browse", Boolean, nullable=False, default=False),
    Column("made_at", Instant, nullable=False),
    Column("until", Instant),
    Column("agreed_until", Instant),
    Column("ended_at", Instant),
    Column("label", String(200), nullable=False, default=""),
    Column("used_at", Instant),
    Column("uses", Integer, nullable=False, default=0),
    comment="personal: links to the web, by the digest of what stands in them: invitations to a "
    "collection, which are of nobody, people's own, and those that show photos, of the desk or of "
    "a person",
)

telling = Table(
    "telling",
    metadata,
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("code", _Digest, unique=True),
    Column("state", String(16), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("tries", Integer, nullable=False, default=0),
    comment="personal: where a person is told of new pictures, sealed under their key; the code by "
    "which the address is confirmed, as its digest",
)

reference = Table(
    "reference",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("consent_id", ForeignKey(consent.c.id), nullable=False),
    Column("purpose", String(16), nullable=False, index=True),
    Column("pack", String(64), nullable=False),
    Column("key_id", _Id, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("weak", Boolean, nullable=False),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("person_id", "purpose", "pack"),
    comment="personal: templates, sealed under a key of the person's for one purpose; and for the "
    "purpose keep-picture, of no pack, the face out of the pictures that they gave",
)

sighting = Table(
    "sighting",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("photo_id", ForeignKey(photo.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), nullable=False),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("band", String(8)),
    Column("state", String(16), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("in_film", Boolean, nullable=False, default=False),
    UniqueConstraint("face_id", "person_id"),
    Index("ix_sighting_review", "state", "band", "id"),
    # A person is in a photo once; in how many faces of it they are not, is another matter. In a
    # film they are once at any instant, which no index can say.
    Index(
        "ix_sighting_once_in_a_photo",
        "photo_id",
        "person_id",
        unique=True,
        sqlite_where=text("state != 'rejected' AND NOT in_film"),
    ),
    comment="personal: this person in this face. A band, never a score; none if put by hand",
)

step = Table(
    "step",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("other_id", ForeignKey(person.c.id), index=True),
    # No foreign key: the model may see it anew, under another id.
    Column("sighting_id", _Id, index=True),
    Column("why", Text, nullable=False, default=""),
    Column("roster", JSON, nullable=False, default=list),
    Column("undone_at", Instant),
    comment="personal: what was decided at the desk, so that it can be taken back. Gone when one "
    "of the people it is about is erased",
)

step_sighting = Table(
    "step_sighting",
    metadata,
    Column("step_id", ForeignKey(step.c.id, ondelete="CASCADE"), primary_key=True),
    Column("id", _Id, primary_key=True),
    Column("after", Boolean, primary_key=True),
    Column("photo_id", ForeignKey(photo.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("band", String(8)),
    Column("state", String(16), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("in_film", Boolean, nullable=False),
    comment="personal: the sightings that a step changed, as they were before and after it",
)

job = Table(
    "job",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("sources", JSON, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("begun_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("what", String(64), nullable=False, default=""),
    Column("step_at", Instant, nullable=False),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("skipped", Integer, nullable=False, default=0),
    Column("counts", JSON, nullable=False, default=dict),
    Column("trouble", Text, nullable=False, default=""),
    comment="contact: runs of long work, and how far each is. trouble may name a source's place",
)

assessment = Table(
    "assessment",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("collection_id", ForeignKey(collection.c.id), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("digest", _Digest, nullable=False),
    comment="contact: impact assessments of recognition in a collection, and who made them",
)

demand = Table(
    "demand",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("places", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mail", Text, nullable=False),
    Column("of_a_child", Boolean, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text, nullable=False, default=""),
    Column("outcome", String(16), nullable=False, default=""),
    Column("answer", Text, nullable=False, default=""),
    comment="contact: demands of anybody to take something down, and who sent them. All but ids, "
    "times and our answer is emptied with that answer",
)

claim = Table(
    "claim",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False, index=True),
    Column("collection_id", ForeignKey(collection.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("number", String(32), nullable=False, default=""),
    Column("since", String(16), nullable=False, default=""),
    Column("until", String(16), nullable=False, default=""),
    Column("words", Text, nullable=False, default=""),
    Column("ended_at", Instant),
    Column("ended_by", Text, nullable=False, default=""),
    Column("outcome", String(16), nullable=False, default=""),
    Column("answer", Text, nullable=False, default=""),
    comment="personal: what people say of when and where they were, for the desk to look for them "
    "without their face. What they wrote is emptied with the answer",
)

entry = Table(
    "entry",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("payload", Text),
    Column("salt", LargeBinary),
    Column("hashes", LargeBinary, nullable=False),
    comment="ids: the audit log. seq is the index plus one; a redacted entry has hashes alone",
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("root", _Digest, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    comment="none: the signed heads of the audit log",
)

asked = Table(
    "asked",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("who", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_asked_who_at", "who", "at"),
    comment="contact: the searches and sign-ins of late, by digests of who, to count them",
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("trigger", String(16), nullable=False),
    Column("person_id", ForeignKey(person.c.id), index=True),
    Column("source_id", ForeignKey(source.c.id), index=True),
    # No foreign key: the case is remembered when the photo itself is gone.
    Column("photo_id", _Id),
    Column("consents", JSON, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("stage", String(16), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("key_id", _Id),
    Column("needles", LargeBinary),
    Column("keys", JSON, nullable=False),
    Column("copies", JSON, nullable=False),
    Column("salt", _Digest, nullable=False, default=""),
    Column("progress", JSON, nullable=False),
    comment="personal: cases. needles are sealed pieces of what is to go; else ids and counts",
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("source_id", ForeignKey(source.c.id), primary_key=True),
    Column("mark", _Digest, primary_key=True),
    Column("erasure_id", ForeignKey(erasure.c.id), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("lifted_at", Instant),
    comment="none: keyed hashes of erased bytes, to refuse them when offered again",
)

receipt = Table(
    "receipt",
    metadata,
    Column("erasure_id", ForeignKey(erasure.c.id), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", _Digest, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    comment="ids: counts and times, signed",
)

recipient = Table(
    "recipient",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("contact", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("endpoint", Text, nullable=False, default=""),
    Column("on_private_network", Boolean, nullable=False, default=False),
    Column("public_key", Text, nullable=False, default=""),
    Column("token_digest", _Digest, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("ended_at", Instant),
    comment="contact: whom pictures were given, and a token as a digest",
)

disclosure = Table(
    "disclosure",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("recipient_id", ForeignKey(recipient.c.id), nullable=False, index=True),
    # No foreign key: what was given out is remembered when the photo itself is gone.
    Column("photo_id", _Id, nullable=False, index=True),
    Column("source_id", ForeignKey(source.c.id), nullable=False, index=True),
    Column("channel", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    Column("file", _Digest, index=True),
    Column("covers", Integer, nullable=False, default=0),
    Column("uncovered", JSON, nullable=False, default=dict),
    Column("faces", JSON, nullable=False, default=list),
    comment="ids: one photo given to one recipient, the digest of the file, why somebody took a "
    "cover from a face, and what was said of each face, of nobody by id. It stays, for a recall "
    "must know it",
)

disclosed_person = Table(
    "disclosed_person",
    metadata,
    Column("disclosure_id", ForeignKey(disclosure.c.id), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True, index=True),
    Column("consent_id", ForeignKey(consent.c.id), nullable=False),
    comment="ids: who was shown in what was given out, and on which consent",
)

recall = Table(
    "recall",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", _Id, nullable=False, unique=True),
    Column("disclosure_id", ForeignKey(disclosure.c.id), nullable=False, index=True),
    Column("erasure_id", ForeignKey(erasure.c.id), nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_at", Instant),
    Column("trouble", Text, nullable=False, default=""),
    Column("ended_at", Instant),
    Column("acknowledgement", _Digest),
    Column("reason", Text, nullable=False, default=""),
    Column("ended_by", Text, nullable=False, default=""),
    UniqueConstraint("disclosure_id", "erasure_id"),
    comment="ids: demands to delete; seq is the cursor of the feed",
)

share_photo = Table(
    "share_photo",
    metadata,
    Column("link_id", ForeignKey(link.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("photo_id", ForeignKey(photo.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("shown", JSON, nullable=False),
    Column("covers", JSON, nullable=False),
    Column("disclosure_id", ForeignKey(disclosure.c.id)),
    comment="ids: which photos a link shows, which of their faces, and where a cover is over what "
    "the search passed over. Gone with the link, and with the photo",
)

backup = Table(
    "backup",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("location", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("gone_at", Instant),
    Column("reason", Text, nullable=False, default=""),
    Column("ended_by", Text, nullable=False, default=""),
    comment="none: where copies of database and vault stand, and until when",
)

account = Table(
    "account",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("login", String(200), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("person_id", ForeignKey(person.c.id), index=True),
    Column("recipient_id", ForeignKey(recipient.c.id)),
    Column("password", Text, nullable=False, default=""),
    Column("issuer", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("added_at", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    comment="personal: who may sign in, and the hash of their password. Of somebody enrolled, and "
    "of who speaks for nobody else, it goes when the person is erased",
)

account_tie = Table(
    "account_tie",
    metadata,
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("word", String(32), primary_key=True),
    comment="none: the roles of accounts, and the ids of sources and collections they were given",
)

account_ward = Table(
    "account_ward",
    metadata,
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True, index=True),
    comment="personal: for whom an account speaks. Gone when the person is erased",
)

passkey = Table(
    "passkey",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", Integer, nullable=False),
    Column("name", String(100), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("used_at", Instant),
    comment="contact: what verifies the passkeys of accounts, and what they call them. They go "
    "with their account",
)

session = Table(
    "session",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("token_digest", _Digest, nullable=False, unique=True),
    Column("how", String(16), nullable=False),
    Column("agent", String(200), nullable=False, default=""),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("proved_at", Instant, nullable=False),
    comment="contact: who is signed in, since when, with which program. It goes when it ends",
)

one_time = Table(
    "one_time",
    metadata,
    Column("secret_digest", _Digest, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), index=True),
    Column("bound_to", _Digest, nullable=False, default=""),
    Column("data", Text, nullable=False, default=""),
    Column("until", Instant, nullable=False, index=True),
    comment="none: digests of codes, links and challenges that are good for one use",
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("token_digest", _Digest, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("used_at", Instant),
    Column("ended_at", Instant),
    comment="contact: tokens of programs, as digests, and what they are called",
)
