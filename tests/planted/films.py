"""Plants in films (P1, P6, P12, P29): what takes minutes, and what is seen for a stretch."""

import pytest

from countenance.catalog import sightings
from countenance.catalog.photos import Face
from countenance.ingest import film, writer
from countenance.ingest.stage import PhotoStage
from tests.planted.plant import edit, instead, plant

FILMS = "tests/integration/test_film_walks.py"


@plant(
    "P1",
    "A film is watched to its end under a grant that was asked at its beginning.",
    f"{FILMS}::test_a_grant_that_ends_while_a_film_is_watched_ends_it",
)
def grant_asked_once_a_film(patch: pytest.MonkeyPatch) -> None:
    edit(patch, film.watch_film, "opened.require()", "opened.file.tell()")


@plant(
    "P6",
    "Templates of everybody in a film are made where nobody is looked for.",
    f"{FILMS}::test_where_nobody_is_looked_for_no_template_is_made",
)
def films_always_measured(patch: pytest.MonkeyPatch) -> None:
    edit(patch, PhotoStage._watch_opened, "source in self._recognises", "bool(source)")


@plant(
    "P6",
    "The templates of the tracks of a film are kept in a file, for the next comparison.",
    f"{FILMS}::test_no_template_of_a_film_is_in_any_file",
)
def track_templates_in_a_file(patch: pytest.MonkeyPatch) -> None:
    body = """
        if record.seconds is not None and record.templates is not None:
            with (self.stores.blobs._folder / "tracks").open("ab") as file:
                file.write(record.templates.vectors.astype("<f4").tobytes())
        return original(self, tx, record)
    """
    instead(patch, writer.Writer._add, body)


@plant(
    "P12",
    "A face beside a confirmed one, at the same instant, is taken for the same person again.",
    f"{FILMS}::test_a_person_is_in_a_film_once_at_any_instant",
)
def twice_at_one_instant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, writer._beside, "if one.face not in taken\n", "if True\n")
    edit(patch, Face.meets, "return meet(", "return not meet(")


@plant(
    "P12",
    "What somebody confirmed in one stretch of a film takes the person out of every other.",
    f"{FILMS}::test_what_was_decided_in_a_film_holds_for_its_stretch",
    f"{FILMS}::test_a_person_is_in_a_film_once_at_any_instant",
)
def one_stretch_speaks_for_the_film(patch: pytest.MonkeyPatch) -> None:
    edit(patch, sightings._never_with, "own.begins is None", "own is not None")


@plant(
    "P29",
    "A film at another place of its source is watched again.",
    f"{FILMS}::test_a_film_is_not_watched_twice",
)
def films_watched_again(patch: pytest.MonkeyPatch) -> None:
    edit(patch, PhotoStage._known_already, "(source, known_by) in self._known", "known_by is None")
