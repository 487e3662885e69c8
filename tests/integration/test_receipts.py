"""The receipts of cases: what they say as levels are reached, and that they never say more."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from countenance.audit.receipt import verify_chain
from countenance.audit.statement import Level, RecallState, Statement, Trigger
from countenance.catalog.erasures import Stage
from countenance.core.ids import ErasureId
from countenance.erasure import case as case_module
from countenance.erasure.scanner import scan_here
from countenance.errors import NotFound, Unavailable
from countenance.library.cases import Cases
from countenance.people.purpose import Purpose
from countenance.vault.scan import Needles, Scanned, Unread
from tests.fakes.echo import Echo
from tests.fakes.gala import A_DAY, Gala

ADA, BO = 1, 2


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND)
        made.enrol("Bo", BO)
        made.ingest()
        yield made


@pytest.mark.promise("P24")
def test_a_withdrawal_that_nobody_else_has_part_in_reaches_every_level(gala: Gala) -> None:
    """One receipt, which says what went, what stays and why, and verifies by the key alone."""
    done = gala.library.withdraw("Ada")
    (said,) = _statements(gala, done.erasure)
    assert set(said.levels) == set(Level)
    assert (said.trigger, said.subject) == (Trigger.WITHDRAWN, done.person)
    assert said.destroyed == {"references": 2, "sightings": 1, "names": 1}
    assert said.keys_before == len(said.keys) == 3
    assert said.scan is not None
    assert said.scan.found_before == said.scan.objects == 4
    assert said.scan.found_after == 0
    assert {one.what for one in said.kept} == {"consent-events", "boxes", "log-entries"}
    (named,) = (one.count for one in said.kept if one.what == "log-entries")
    naming = [one for _, one in gala.library.trail.tail(100) if one and done.person in one.subjects]
    assert named == len(naming) > 1
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED


@pytest.mark.promise("P24")
def test_there_is_no_receipt_before_there_is_proof(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that was cut off has none, whatever it has done; the rest is said when it is so."""

    def die(*_: object) -> None:
        raise Unavailable("the program was stopped here")

    with monkeypatch.context() as patch:
        patch.setitem(case_module._STEPS, Stage.PURGED, die)
        done = gala.library.withdraw("Ada")
        assert gala.library.resume() == [gala.library.erasure(done.erasure)]
    with pytest.raises(NotFound, match="no receipt"):
        gala.library.receipts(done.erasure)
    gala.library.resume()
    assert len(_statements(gala, done.erasure)) == 1


@pytest.mark.promise("P24")
def test_what_the_scan_did_not_find_before_is_not_claimed(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan that cannot find what is there proves nothing by finding nothing later."""
    blind = gala.library._scanner
    monkeypatch.setattr(
        gala.library, "_scanner", lambda _files, needles, tell: blind([], needles, tell)
    )
    done = gala.library.withdraw("Ada")
    (said,) = _statements(gala, done.erasure)
    assert said.level is Level.KEYS_DESTROYED
    assert gala.library.erasure(done.erasure).stage is Stage.BYTES_GONE


@pytest.mark.promise("P22")
@pytest.mark.promise("P24")
def test_a_backup_of_before_holds_a_level_back_until_it_is_gone(gala: Gala, tmp_path: Path) -> None:
    """It is named with its date; a backup of afterwards has no part in it."""
    gala.library.back_up(tmp_path / "backups", days=30)
    done = gala.library.withdraw("Ada")
    gala.clock.advance(A_DAY)
    gala.library.back_up(tmp_path / "later", days=30)
    (first,) = _statements(gala, done.erasure)
    assert Level.BACKUPS_AGED_OUT not in first.levels
    assert [one.expires_at - one.made_at for one in first.backups] == [30 * A_DAY]
    gala.clock.advance(30 * A_DAY)
    gala.library.prune_backups()
    _, last = _statements(gala, done.erasure)
    assert set(last.levels) == set(Level)
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED


@pytest.mark.promise("P23")
@pytest.mark.promise("P24")
def test_a_recipient_holds_a_level_back_until_somebody_answers(tmp_path: Path) -> None:
    """What was given out is recalled by the withdrawal itself; a typed reason ends it, too."""
    echo = Echo.make(tmp_path)
    library = echo.gala.library
    echo.gala.put("a.jpg", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    echo.give("a.jpg")
    done = library.withdraw("Ada")
    (recall,) = library.recalls()
    assert (recall.erasure, recall.state) == (done.erasure, RecallState.OPEN)
    (first,) = _statements(echo.gala, done.erasure)
    assert Level.RECIPIENTS_ACKNOWLEDGED not in first.levels
    echo.wait(A_DAY)
    library.close_recall(recall.id, reason="the firm was wound up last year")
    _, second = _statements(echo.gala, done.erasure)
    assert set(second.levels) == set(Level)
    echo.wait(A_DAY)
    library.acknowledge(echo.says(recall.id))
    last = _statements(echo.gala, done.erasure)[-1]
    assert last.recipients[0].state is RecallState.ACKNOWLEDGED
    assert last.levels == second.levels
    library.close()


@pytest.mark.promise("P24")
def test_a_takedown_names_its_pictures_to_who_has_them(gala: Gala) -> None:
    """By marks under a salt: nobody without it can tell which pictures they are."""
    done = gala.library.take_down(gala.source.id)
    (said,) = _statements(gala, done.erasure)
    assert (said.trigger, said.subject) == (Trigger.REVOKED, gala.source.id)
    assert len(said.items) == 1
    assert said.destroyed["photos"] == said.destroyed["previews"] == 1


@pytest.mark.promise("P23")
@pytest.mark.promise("P24")
def test_a_takedown_demands_back_what_was_given_out(tmp_path: Path) -> None:
    """Whoever gave the source takes back what was passed on, too, and the receipt says so."""
    echo = Echo.make(tmp_path)
    library = echo.gala.library
    echo.gala.put("a.jpg", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    echo.give("a.jpg")
    done = library.take_down(echo.gala.source.id)
    assert echo.the_recall().erasure == done.erasure
    (said,) = _statements(echo.gala, done.erasure)
    assert [(one.recall, one.state) for one in said.recipients] == [
        (echo.the_recall().id, RecallState.OPEN)
    ]
    library.close()


@pytest.mark.promise("P21")
def test_what_could_not_be_read_keeps_the_case_open(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file that was not read nobody knows what is in it: no receipt until it was."""
    with monkeypatch.context() as patch:
        patch.setattr(gala.library, "_scanner", _half_blind)
        done = gala.library.withdraw("Ada")
    assert gala.library.erasure(done.erasure).stage is Stage.PURGED
    assert gala.library.receipts() == []
    gala.library.resume()
    assert len(_statements(gala, done.erasure)) == 1


@pytest.mark.promise("P24")
def test_a_key_that_is_there_is_not_named_as_destroyed(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the case did: before the receipt is written the folder of keys is looked into."""
    kept = {path: path.read_bytes() for path in gala.keys.glob("*.key")}
    with monkeypatch.context() as patch:
        patch.setattr(Cases, "_settle", lambda *_: None)
        done = gala.library.withdraw("Ada")
    back = next(path for path in kept if not path.exists())
    back.write_bytes(kept[back])
    gala.library.resume()
    (said,) = _statements(gala, done.erasure)
    assert said.level is Level.INVISIBLE
    assert back.stem not in said.keys


# --------------------------------------------------------------------------------------------


def _statements(gala: Gala, erasure: ErasureId) -> tuple[Statement, ...]:
    """What the receipts of a case say, each verified, and all of them as a chain."""
    texts = [one.text for one in gala.library.receipts(erasure)]
    return verify_chain(texts, gala.library.trail.key())


def _half_blind(
    files: Sequence[Path], needles: Needles, progress: Callable[[int, int], object]
) -> Scanned:
    """Reads all files but one."""
    *rest, last = files
    seen = scan_here(rest, needles, progress)
    return Scanned(seen.hits, (Unread(last, "Input/output error"),), seen.files, seen.bytes_read)
