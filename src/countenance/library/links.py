"""Links to the web: given, followed, ended; and who enrols by an invitation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from countenance.audit.entry import Act
from countenance.catalog import binding, collections, links, people
from countenance.catalog.collections import Collection
from countenance.catalog.links import Link, LinkKind
from countenance.catalog.people import Person
from countenance.core.canonical import canonical_json
from countenance.core.ids import CollectionId, PersonId
from countenance.errors import NotFound, Refused, UsageError
from countenance.library.people import People
from countenance.library.records import Records
from countenance.library.searches import Searches
from countenance.people.consent import DEFAULT_DURATION, Consent
from countenance.people.guardians import AgeBand, Standing
from countenance.people.notice import load_notice
from countenance.people.purpose import RECOGNISING, Purpose, Wish

if TYPE_CHECKING:
    from countenance.enrol.enrol import Enrolment, Portrait, Seen


class LeadsNowhere(NotFound):
    """There is no such link, or it was ended, or its time or the consent it was for is over."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A link, and the token that stands in it: shown now, and never again."""

    link: Link
    token: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation invites to, and until when (exclusive) what is agreed to by it holds."""

    link: Link
    collection: Collection
    agreed_until: datetime


@dataclass(frozen=True, slots=True)
class Joining:
    """
    What somebody who was invited says: a name, what they tick, and whose rules hold.

    `guardian` is the name and the relation of who agrees for a child. `number` is what they wear.
    """

    name: str
    purposes: frozenset[Purpose]
    portraits: "Sequence[Portrait]" = ()
    band: AgeBand = AgeBand.ADULT
    guardian: tuple[str, str] | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who enrolled by an invitation, and their own link."""

    enrolment: "Enrolment"
    own: Issued


@dataclass(frozen=True, slots=True)
class Own:
    """
    Who follows a link of their own, and what they agree to now. `again` says that they have to
    give a picture again to be recognised: the models changed, and none of theirs was kept.
    """

    link: Link
    person: Person
    consents: tuple[Consent, ...]
    collection: Collection | None
    again: bool = False

    def agrees(self, purpose: Purpose) -> bool:
        return any(one.wish.purpose == purpose for one in self.consents)


class Links(People, Searches, Records):
    """What is done with links."""

    def invite(
        self,
        collection: str,
        *,
        until: datetime | None = None,
        agreed_until: datetime | None = None,
        channel: str = "",
        browse: bool = False,
    ) -> Issued:
        """
        A new invitation to a collection; `catalog.links.Link` says what its parts are.

        Raises `NotFound` if there is no such collection, and `UsageError` if it would be over
        before it begins, or is to be browsed and of minors.
        """
        with self._database.write() as tx:
            where = collections.get(tx, collection)
            if browse and where.minors:
                raise UsageError("a collection of minors is not looked through by link")
            new = self._link(tx, LinkKind.INVITATION, where.id, until)
            made = replace(new, channel=channel.strip(), browse=browse, agreed_until=agreed_until)
            return self._issue(tx, made)

    def link_for(self, who: str, *, until: datetime | None = None) -> Issued:
        """
        A new link of a person's own, for who lost theirs; earlier ones go on.

        Raises `NotFound` if there is no such person.
        """
        with self._database.write() as tx:
            return self._issue(tx, self._own_link(tx, people.get(tx, who), until))

    def links(self) -> list[Link]:
        """
        Every way in there was, the oldest first, without what stands in it. `shares` gives those
        that show photos.
        """
        with self._database.read() as tx:
            return [one for one in links.list_all(tx) if one.kind is not LinkKind.SHARE]

    def end_link(self, which: str) -> Link:
        """
        End a link: from now on it leads nowhere. What was agreed to by it goes on.

        Raises `NotFound` if there is no such link.
        """
        with self._database.write() as tx:
            found = links.get(tx, which)
            links.end(tx, found.id, at=self._stores.now(tx))
            self._log(tx, Act.LINK_ENDED, subjects=(found.id,))
            ended = links.get(tx, which)
        self._did_act()
        return ended

    # --- followed ---------------------------------------------------------------------------

    def invitation(self, token: str) -> Invitation:
        """Raises `LeadsNowhere` if it does, whatever the reason."""
        with self._database.read() as tx:
            return self._invitation(tx, token)

    def own(self, token: str) -> Own:
        """
        Who follows a link of their own.

        Raises `LeadsNowhere` if it does: there is no such link, it was ended, its time has
        come, or they agree to nothing any more.
        """
        with self._database.read() as tx:
            return self._own(tx, token)

    def try_pictures(self, token: str, portraits: "Sequence[Portrait]") -> "tuple[Seen, ...]":
        """
        What is to be said of pictures before anybody joins by them. Nothing of them is kept, and
        no template is made.

        Raises `LeadsNowhere` if the invitation does, and `Refused` where nobody is recognised.
        """
        from countenance.enrol.enrol import try_out

        if not self.invitation(token).collection.recognises:
            raise Refused("nobody is recognised in this collection")
        return try_out(portraits, self.extractor)

    def try_other_pictures(self, token: str, portraits: "Sequence[Portrait]") -> "tuple[Seen, ...]":
        """
        The same, of pictures that somebody may put in the place of theirs, by their own link.

        Raises `LeadsNowhere` if it does, and `UsageError` if they agree to nothing that takes one.
        """
        from countenance.enrol.enrol import try_out

        _recognising(self.own(token))
        return try_out(portraits, self.extractor)

    def join(self, token: str, joining: Joining) -> Joined:
        """
        Enrol somebody by an invitation, and give them a link of their own.

        Their pictures are not searched for yet: `search_again` does that. Raises `LeadsNowhere` if
        the invitation does, `UsageError` if nothing is agreed to, `Refused` if a picture is given
        where nobody is recognised, and else as `enrol` does.
        """
        invitation = self.invitation(token)
        wishes = tuple(sorted(_wishes(invitation, joining)))
        if all(one.purpose is Purpose.KEEP_PICTURE for one in wishes):
            raise UsageError("nothing was agreed to, and nothing was stored")
        if joining.portraits and not invitation.collection.recognises:
            raise Refused("nobody is recognised in this collection")
        recognised = any(one.purpose in RECOGNISING for one in wishes)
        if not (recognised and joining.portraits):
            wishes = tuple(one for one in wishes if one.purpose is not Purpose.KEEP_PICTURE)
        with self.acting_as(invitation.link.id):
            done = self.enrol(
                joining.name,
                joining.portraits if recognised else (),
                wishes,
                until=invitation.agreed_until,
                evidence=self._evidence(invitation, wishes),
                standing=Standing(joining.band),
                guardian=joining.guardian,
                namesake=True,
                search=False,
            )
            who = done.enrolment.person
            if joining.number.strip() and not invitation.collection.minors:
                self._wear(invitation.collection, who.id, joining.number.strip())
            with self._database.write() as tx:
                new = self._link(tx, LinkKind.OWN, invitation.collection.id, None)
                made = replace(new, person=who.id, browse=invitation.link.browse)
                return Joined(done.enrolment, self._issue(tx, made))

    def give_pictures(
        self, token: str, portraits: "Sequence[Portrait]", *, keep: bool = False
    ) -> "Enrolment":
        """
        Put other pictures in the place of those that somebody enrolled from, by their own link.
        With `keep` their face is kept from now on; where it is, it is replaced.

        Raises `LeadsNowhere` if it does, and else as `enrol` does.
        """
        own = self.own(token)
        wishes = _recognising(own)
        if keep and not own.agrees(Purpose.KEEP_PICTURE):
            wishes = (*wishes, Wish(Purpose.KEEP_PICTURE))
        ends = [one.events[-1].until for one in own.consents]
        with self.acting_as(own.person.id):
            done = self.enrol(
                own.person.id,
                portraits,
                wishes,
                until=min(one for one in ends if one is not None),
                evidence=canonical_json({"link": own.link.id, "pictures": len(portraits)}),
                again=True,
                search=False,
            )
        return done.enrolment

    # ----------------------------------------------------------------------------------------

    def _link(
        self,
        tx: Connection,
        kind: LinkKind,
        collection: CollectionId | None,
        until: datetime | None,
    ) -> Link:
        at = self._stores.now(tx)
        if until is not None and until <= at:
            raise UsageError(f"it would be over before it begins: until {until:%Y-%m-%d %H:%M} UTC")
        return Link(links.new_link_id(), kind, None, collection, at, until=until)

    def _own_link(self, tx: Connection, who: Person, until: datetime | None) -> Link:
        """A link of somebody's own, as they got it when they came."""
        every = (one for one in links.list_all(tx) if one.kind is LinkKind.OWN)
        own = [one for one in every if one.person == who.id]
        came = own[0] if own else None
        new = self._link(tx, LinkKind.OWN, came.collection if came else None, until)
        return replace(new, person=who.id, browse=bool(came and came.browse))

    def _issue(self, tx: Connection, made: Link) -> Issued:
        token = links.new_token()
        links.add(tx, made, token)
        about = [one for one in (made.person, made.collection) if one is not None]
        self._log(tx, Act.LINK_ISSUED, subjects=(made.id, *about))
        return Issued(made, token)

    def _invitation(self, tx: Connection, token: str) -> Invitation:
        found, at = links.followed(tx, token, LinkKind.INVITATION), self._stores.now(tx)
        if found is None or not found.leads(at) or found.collection is None:
            raise LeadsNowhere("this link leads nowhere")
        if found.agreed_until is not None and found.agreed_until <= at:
            raise LeadsNowhere("this link leads nowhere")
        where = collections.get(tx, found.collection)
        return Invitation(found, where, found.agreed_until or at + DEFAULT_DURATION)

    def _own(self, tx: Connection, token: str) -> Own:
        found, at = links.followed(tx, token, LinkKind.OWN), self._stores.now(tx)
        # Where there is none it takes the same steps, of an id that nobody has.
        who = found.person if found is not None and found.leads(at) else None
        own = people.consents(tx, people=[who or PersonId("")])
        live = tuple(one for one in own if one.in_force(at))
        known = people.named(tx, who or "")
        if found is None or not live or len(known) != 1:
            raise LeadsNowhere("this link leads nowhere")
        where = None if found.collection is None else collections.get(tx, found.collection)
        return Own(found, known[0], live, where, binding.is_to_enrol_again(tx, known[0].id))

    def _wear(self, where: Collection, who: PersonId, number: str) -> None:
        """Put somebody on a roster with the number they say; not if somebody else said it."""
        with self._database.write() as tx:
            taken = collections.wearing(tx, where.id, number) is not None
            collections.add_to_roster(
                tx, where.id, who, at=self._stores.now(tx), number="" if taken else number
            )
            self._log(tx, Act.ROSTER_CHANGED, subjects=(where.id, who))

    def _evidence(self, invitation: Invitation, wishes: tuple[Wish, ...]) -> bytes:
        """What shows that they agreed: what was shown, and what was ticked."""
        notice = load_notice(self._settings.language)
        return canonical_json(
            {
                "invitation": invitation.link.id,
                "language": notice.language,
                "notice": notice.digest,
                "ticked": [str(one) for one in wishes],
                "until": invitation.agreed_until.isoformat(timespec="seconds"),
            }
        )


# --------------------------------------------------------------------------------------------


def _recognising(own: Own) -> tuple[Wish, ...]:
    """What somebody agrees to that takes a picture. Raises `UsageError` if that is nothing."""
    wishes = tuple(sorted(one.wish for one in own.consents if one.wish.purpose in RECOGNISING))
    if not wishes:
        raise UsageError("nothing is agreed to that takes a picture")
    return wishes


def _wishes(invitation: Invitation, joining: Joining) -> set[Wish]:
    """What was ticked, of what an invitation asks for."""
    asked = {Wish(Purpose.FIND_ME), Wish(Purpose.TELL_ME), Wish(Purpose.KEEP_PICTURE)}
    if invitation.link.channel:
        asked.add(Wish(Purpose.MAY_PUBLISH, invitation.link.channel))
    return {one for one in asked if one.purpose in joining.purposes}
