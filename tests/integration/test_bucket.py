"""The reader of buckets, against a real S3 server on loopback."""

import traceback
from collections.abc import Iterator, Mapping

import pytest

from countenance.errors import Reason, Unavailable, Unreadable, UsageError
from countenance.settings import BucketSecrets, bucket_secrets
from countenance.sources.bucket.place import BucketPlace
from countenance.sources.bucket.reader import BucketReader
from countenance.sources.source import Reader, Unlisted
from tests.fakes.s3_server import KEY, SECRET, S3Server, s3_server

_ENOUGH = 1_000_000
_SECRETS = BucketSecrets({"s3": {"access_key_id": KEY, "secret_access_key": SECRET}})
_NOBODY = BucketSecrets()


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture(autouse=True)
def _somebody_elses_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names another server and other credentials: neither may be used."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")


@pytest.fixture
def bucket(server: S3Server, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own."""
    name = f"b{abs(hash(request.node.name)) % 10**12}"
    server.make(name)
    return name


def test_pictures_below_the_prefix_are_listed_in_order(server: S3Server, bucket: str) -> None:
    """Only what is below the prefix, only pictures, none that is hidden; the rest is said."""
    keys = ("gala/b.jpg", "gala/day 2/a.JPG", "gala/notes.txt", "gala/.x.jpg", "gala2/c.jpg")
    server.put(bucket, {key: key.encode() for key in keys} | {"gala/empty/": b""})
    passed: list[str] = []
    reader: Reader = _reader(server, f"{bucket}/gala")
    listed = [entry.locator for entry in reader.list(_no_problem, passed.append)]
    assert listed == ["b.jpg", "day 2/a.JPG"]
    assert passed == ["notes.txt"]
    assert [reader.read(one, max_bytes=_ENOUGH) for one in listed] == [
        b"gala/b.jpg",
        b"gala/day 2/a.JPG",
    ]


def test_without_a_prefix_all_of_the_bucket_is_listed(server: S3Server, bucket: str) -> None:
    """A bucket may be granted whole."""
    server.put(bucket, {"a.jpg": b"a", "b/c.jpg": b"c"})
    reader = _reader(server, bucket)
    assert _listed(reader) == ["a.jpg", "b/c.jpg"]
    assert reader.read("b/c.jpg", max_bytes=_ENOUGH) == b"c"


def test_more_than_a_page_is_listed(server: S3Server, bucket: str) -> None:
    """S3 lists a thousand at a time: those behind are asked for, each once."""
    server.put(bucket, {f"p/{number:04}.jpg": b"x" for number in range(1103)})
    assert _listed(_reader(server, f"{bucket}/p")) == [f"{n:04}.jpg" for n in range(1103)]


def test_odd_keys_are_read_by_their_locators(server: S3Server, bucket: str) -> None:
    """Spaces, signs that addresses give a meaning, letters of other alphabets."""
    keys = ["100%41.jpg", "a+b.jpg", "a\\b.jpg", "day 2/ö 写真.jpg", "x?y#z&.jpg", "~*[]{}^'.jpg"]
    server.put(bucket, {f"p/{key}": key.encode() for key in keys})
    reader = _reader(server, f"{bucket}/p")
    listed = _listed(reader)
    assert len(listed) == len(keys)
    read = {reader.read(one, max_bytes=_ENOUGH).decode() for one in listed}
    assert read == set(keys)


def test_a_key_that_is_no_path_hides_its_folder_only(server: S3Server, bucket: str) -> None:
    """What cannot be asked for is said, and what lies beside its folder is listed all the same."""
    server.put(
        bucket,
        {"p/a.jpg": b"a", "p/odd//b.jpg": b"b", "p/odd/c.jpg": b"c", "p/z/d.jpg": b"d"},
    )
    unlisted: list[Unlisted] = []
    listed = [one.locator for one in _reader(server, f"{bucket}/p").list(unlisted.append, print)]
    assert listed == ["a.jpg", "z/d.jpg"]
    assert [one.locator for one in unlisted] == ["odd"]
    server.put(bucket, {"p//e.jpg": b"e"})
    with pytest.raises(Unavailable, match="no path of proper names"):
        _listed(_reader(server, f"{bucket}/p"))


def test_a_key_that_ends_in_a_slash_is_no_second_object(server: S3Server, bucket: str) -> None:
    """A mark of a folder does not stand in the list as a picture beside the picture."""
    server.put(bucket, {"p/d.jpg": b"d", "p/d.jpg/": b""})
    assert _listed(_reader(server, f"{bucket}/p")) == ["d.jpg"]


@pytest.mark.promise("P1")
def test_what_is_not_covered_is_neither_listed_nor_read(server: S3Server, bucket: str) -> None:
    """The grant is asked at the listing and at each reading."""
    server.put(bucket, {"a.jpg": b"a", "b.jpg": b"b"})
    allowed = {"a.jpg"}
    reader = _reader(server, bucket, allowed=allowed)
    assert _listed(reader) == ["a.jpg"]
    assert reader.read("a.jpg", max_bytes=_ENOUGH) == b"a"
    allowed.clear()
    assert _listed(reader) == []
    assert _refusal(reader, "a.jpg") is Reason.NO_GRANT
    assert _refusal(reader, "b.jpg") is Reason.NO_GRANT


def test_an_object_that_vanished_has_that_reason(server: S3Server, bucket: str) -> None:
    """It was listed and is gone when it is asked for: a line in the report, and no more."""
    server.put(bucket, {"a.jpg": b"a", "b.jpg": b"b"})
    reader = _reader(server, bucket)
    assert _listed(reader) == ["a.jpg", "b.jpg"]
    server.delete(bucket, "a.jpg")
    assert _refusal(reader, "a.jpg") is Reason.VANISHED
    assert _listed(reader) == ["b.jpg"]


def test_a_stamp_is_the_stores_own_tag(server: S3Server, bucket: str) -> None:
    """An object that is written again with other bytes is seen to be another."""
    server.put(bucket, {"a.jpg": b"a", "b.jpg": b"b"})
    reader = _reader(server, bucket)
    before = _stamps(reader)
    server.put(bucket, {"a.jpg": b"other"})
    after = _stamps(reader)
    assert before["a.jpg"] != after["a.jpg"]
    assert before["b.jpg"] == after["b.jpg"]


def test_an_object_of_too_many_bytes_is_refused(server: S3Server, bucket: str) -> None:
    """An object is held to the limit of a picture, exactly; an empty one is read."""
    server.put(bucket, {"a.jpg": bytes(1000), "empty.jpg": b""})
    reader = _reader(server, bucket)
    assert _refusal(reader, "a.jpg", max_bytes=999) is Reason.TOO_MANY_BYTES
    assert len(reader.read("a.jpg", max_bytes=1000)) == 1000
    assert reader.read("empty.jpg", max_bytes=1000) == b""


def test_a_bucket_that_is_not_there_is_unavailable(server: S3Server) -> None:
    """What was in it has not vanished: the bucket has."""
    reader = _reader(server, "there-is-none")
    with pytest.raises(Unavailable, match="there is no such bucket"):
        _listed(reader)
    with pytest.raises(Unavailable, match="there is no such bucket"):
        reader.read("a.jpg", max_bytes=_ENOUGH)


def test_a_network_that_is_away_is_unavailable() -> None:
    """Nobody answers: an hour without a network loses no pictures."""
    reader = _reader(S3Server("http://127.0.0.1:9"), "gala")
    with pytest.raises(Unavailable, match="cannot be reached"):
        _listed(reader)
    with pytest.raises(Unavailable, match="cannot be reached"):
        reader.read("a.jpg", max_bytes=_ENOUGH)


def test_without_credentials_it_asks_as_anybody(server: S3Server, bucket: str) -> None:
    """A public object is read, a private one is not, and nobody looks for credentials."""
    server.put(bucket, {"public.jpg": b"p"}, public=True)
    server.put(bucket, {"private.jpg": b"x"})
    reader = _reader(server, bucket, secrets=_NOBODY)
    assert reader.read("public.jpg", max_bytes=_ENOUGH) == b"p"
    assert _refusal(reader, "private.jpg") is Reason.NO_PERMISSION


def test_wrong_credentials_are_said_and_never_shown(server: S3Server, bucket: str) -> None:
    """Who may not list is told so, and neither the message nor what caused it has the secret."""
    server.put(bucket, {"a.jpg": b"a"})
    key, secret = server.only_for_users()
    try:
        right = BucketSecrets({"s3": {"access_key_id": key, "secret_access_key": secret}})
        assert _listed(_reader(server, bucket, secrets=right)) == ["a.jpg"]
        wrong = BucketSecrets({"s3": {"access_key_id": key, "secret_access_key": SECRET}})
        reader = _reader(server, bucket, secrets=wrong)
        with pytest.raises(Unavailable, match="may not list it") as caught:
            _listed(reader)
        assert "AWS_ACCESS_KEY_ID" in caught.value.hint
        shown = "".join(traceback.format_exception(caught.value)) + repr(wrong)
        assert SECRET not in shown
        assert key not in shown
        assert _refusal(reader, "a.jpg") is Reason.NO_PERMISSION
    finally:
        server.for_everybody()


@pytest.mark.parametrize(
    ("place", "environment"),
    [
        (BucketPlace("gs://gala"), {"GOOGLE_APPLICATION_CREDENTIALS": "/there/is/none"}),
        (BucketPlace("az://gala", account="club"), {"AZURE_STORAGE_ACCOUNT_KEY": f"!{SECRET}"}),
    ],
)
def test_credentials_that_are_none_are_said_and_never_shown(
    place: BucketPlace, environment: Mapping[str, str]
) -> None:
    """Nobody is asked anything with them."""
    reader = BucketReader(place, secrets=bucket_secrets(environment), covers=bool)
    with pytest.raises(Unavailable, match="the credentials cannot be read") as caught:
        _listed(reader)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_addresses_of_other_stores_are_of_their_services() -> None:
    """A person can open them, if the store lets them."""
    cases = {
        BucketPlace("s3://gala/2026", region="eu-north-1"): (
            "https://s3.eu-north-1.amazonaws.com/gala/2026/day%202/a.jpg"
        ),
        BucketPlace("gs://gala"): "https://storage.googleapis.com/gala/day%202/a.jpg",
        BucketPlace("az://gala/x/", account="club"): (
            "https://club.blob.core.windows.net/gala/x/day%202/a.jpg"
        ),
        BucketPlace("s3://gala", endpoint="http://127.0.0.1:9000"): (
            "http://127.0.0.1:9000/gala/day%202/a.jpg"
        ),
    }
    for place, address in cases.items():
        reader = BucketReader(place, secrets=_NOBODY, covers=bool)
        assert reader.url("day 2/a.jpg") == address


def test_google_speaks_the_same_language(server: S3Server, bucket: str) -> None:
    """Its listing and its reading are those of S3, at another address."""
    server.put(bucket, {"p/a.jpg": b"a"}, public=True)
    place = BucketPlace(f"gs://{bucket}/p", endpoint=server.url)
    reader = BucketReader(place, secrets=_NOBODY, covers=bool)
    assert _listed(reader) == ["a.jpg"]
    assert reader.read("a.jpg", max_bytes=_ENOUGH) == b"a"


@pytest.mark.parametrize(
    "said",
    [
        {"address": "http://gala/x"},
        {"address": "s3://"},
        {"address": "s3:///x"},
        {"address": "s3://key:secret@gala/x"},
        {"address": "s3://gala/../x"},
        {"address": "s3://gala/a//b"},
        {"address": "az://gala"},
        {"address": "s3://gala", "endpoint": "ftp://server"},
        {"address": "s3://gala", "endpoint": "https://key:secret@server"},
    ],
)
def test_what_is_no_place_is_refused(said: Mapping[str, str]) -> None:
    """Neither is a place with a secret in its address: it would be kept."""
    with pytest.raises(UsageError):
        BucketPlace(**said)


def test_places_are_told_apart() -> None:
    """The same place said otherwise is the same; one within another overlaps it."""
    gala = BucketPlace("s3://club/gala")
    assert BucketPlace("s3://club/gala/").location == gala.location
    assert BucketPlace.read(gala.options).location == gala.location
    assert gala.overlaps(BucketPlace("s3://club"))
    assert BucketPlace("s3://club").overlaps(gala)
    for other in (
        BucketPlace("s3://club/gala2"),
        BucketPlace("gs://club/gala"),
        BucketPlace("s3://club/gala", endpoint="http://127.0.0.1:9000"),
    ):
        assert not gala.overlaps(other)
        assert gala.location != other.location


def test_credentials_are_of_the_environment_and_are_not_shown() -> None:
    """They are found by their owners' names, each for its own kind of store."""
    environment = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": SECRET, "OTHER": "x"}
    found = bucket_secrets(environment)
    assert found.for_scheme("s3") == {"access_key_id": "id", "secret_access_key": SECRET}
    assert found.for_scheme("gs") == {}
    assert SECRET not in f"{found} {found!r}"


# --------------------------------------------------------------------------------------------------


def _reader(
    server: S3Server,
    where: str,
    *,
    secrets: BucketSecrets = _SECRETS,
    allowed: set[str] | None = None,
) -> BucketReader:
    place = BucketPlace(f"s3://{where}", endpoint=server.url)
    covers = bool if allowed is None else allowed.__contains__
    return BucketReader(place, secrets=secrets, covers=covers)


def _stamps(reader: Reader) -> dict[str, str]:
    return {entry.locator: entry.stamp for entry in reader.list(_no_problem, _no_matter)}


def _listed(reader: Reader) -> list[str]:
    return [entry.locator for entry in reader.list(_no_problem, _no_matter)]


def _refusal(reader: Reader, locator: str, *, max_bytes: int = _ENOUGH) -> Reason:
    with pytest.raises(Unreadable, match=r"\S") as caught:
        reader.read(locator, max_bytes=max_bytes)
    return caught.value.reason


def _no_problem(part: Unlisted) -> None:
    raise AssertionError(part)


def _no_matter(_: object) -> None:
    """For calls that do not matter."""
