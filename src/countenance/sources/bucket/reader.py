"""
The reader of buckets: object stores that speak the language of S3, of Google or of Azure.

Asking is `obstore`'s work. It infers much from the environment; here it is told everything, so that
nothing is asked elsewhere than the source says, and nobody's credentials are taken but those that
`settings` gave. Without any, it asks as anybody would. What it says of an error may hold the
address with a token in it, and so goes no further than this module.

Keys are labels and need not be paths. One that is none (`a//b.jpg`) cannot be asked for; obstore
does not list what holds such a key, so then the bucket is walked folder by folder, and the folder
with the key in it is said to be unlisted.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from obstore import exceptions
from obstore.exceptions import InvalidPathError
from obstore.store import AzureStore, GCSStore, S3Store

from countenance.errors import Error, Reason, Unavailable, Unreadable
from countenance.settings import BucketSecrets
from countenance.sources.bucket.place import DEFAULT_REGION, BucketPlace
from countenance.sources.names import is_hidden, is_picture, locator_of, name_of
from countenance.sources.source import Entry, Unlisted

Store = S3Store | GCSStore | AzureStore

_AT_ONCE = 1000
"""Objects of a listing handed over at once; a page of S3 has as many."""

_CLIENT = {"connect_timeout": timedelta(seconds=10), "timeout": timedelta(minutes=5)}
_RETRY = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}

# What obstore says of a listing that failed is one error, with the answer of the server in it.
_NOT_ALLOWED = ("status code: 401", "status code: 403")
_NO_SUCH_BUCKET = ("NoSuchBucket", "ContainerNotFound")


class BucketReader:
    """
    Reads the pictures below the prefix of a bucket.

    `covers` says of a locator whether a grant covers it now; it is asked at each listing and again
    at each reading. A locator is a key below the prefix.
    """

    def __init__(
        self, place: BucketPlace, *, secrets: BucketSecrets, covers: Callable[[str], bool]
    ) -> None:
        self._place = place
        self._secrets = secrets
        self._covers = covers

    def list(
        self, unlisted: Callable[[Unlisted], object], passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        """
        The pictures below the prefix, in the order of their keys.

        A stamp is the store's own tag of the object, or else its time and size. Raises
        `Unavailable` if the bucket cannot be listed.
        """
        seen: set[str] = set()
        for found in self._objects(unlisted):
            key = str(found["path"])[self._skip :]
            # A key that ends in a slash comes without it, and may be another object's then.
            if not key or key in seen or is_hidden(key):
                continue
            seen.add(key)
            locator = locator_of(key)
            if not self._covers(locator):
                continue
            if is_picture(key):
                yield Entry(locator, _stamp(found))
            elif found["size"]:
                passed_over(locator)

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The bytes of one object, if it is covered and not longer than `max_bytes`.

        Raises `Unreadable` with the reason, and `Unavailable` if the bucket cannot be asked.
        """
        if not self._covers(locator):
            raise Unreadable(Reason.NO_GRANT, f"{locator}: no grant in force covers it")
        with self._said_of(locator):
            found = self._store.get(self._key(locator))
            data = bytearray()
            if found.meta["size"] <= max_bytes:
                for part in found.stream():
                    data += part
                    if len(data) > max_bytes:
                        break
        if max(found.meta["size"], len(data)) > max_bytes:
            raise Unreadable(
                Reason.TOO_MANY_BYTES,
                f"{locator}: the object has more bytes than the {max_bytes:,} allowed",
            )
        if len(data) != found.meta["size"]:
            raise Unavailable(f"{self._place.location}: the connection ended early")
        return bytes(data)

    def url(self, locator: str) -> str:
        """The address of an object at its server, where it is public or one is signed in."""
        place, key = self._place, quote(self._key(locator))
        if place.scheme == "az":
            return f"{_azure(place)}/{place.bucket}/{key}"
        server = place.endpoint or (
            "https://storage.googleapis.com" if place.scheme == "gs" else _amazon(place)
        )
        return f"{server.rstrip('/')}/{place.bucket}/{key}"

    # ----------------------------------------------------------------------------------------------

    @property
    def _skip(self) -> int:
        """How many characters of a key are the prefix's."""
        return len(self._place.prefix) + 1 if self._place.prefix else 0

    def _key(self, locator: str) -> str:
        name = name_of(locator)
        return f"{self._place.prefix}/{name}" if self._place.prefix else name

    @cached_property
    def _store(self) -> Store:
        try:
            return _opened(self._place, self._secrets)
        except (ValueError, exceptions.BaseError):
            raise Unavailable(f"{self._place.location}: the credentials cannot be read") from None

    def _objects(self, unlisted: Callable[[Unlisted], object]) -> Iterator[Mapping[str, Any]]:
        prefix = self._place.prefix or None
        try:
            with self._said_of_all():
                for part in self._store.list(prefix, chunk_size=_AT_ONCE):
                    yield from part
        except InvalidPathError:
            yield from self._walk(prefix, unlisted)

    def _walk(
        self, folder: str | None, unlisted: Callable[[Unlisted], object]
    ) -> Iterator[Mapping[str, Any]]:
        """Folder by folder: what was listed before comes again, and is passed over."""
        try:
            with self._said_of_all():
                found = self._store.list_with_delimiter(folder)
        except InvalidPathError:
            below = (folder or "")[self._skip :]
            if not below:
                raise Unavailable(
                    f"{self._place.location}: a key in it is no path of proper names",
                    hint="a prefix that has none of it can be added as a source",
                ) from None
            unlisted(Unlisted(locator_of(below), "a key in it is no path of proper names"))
            return
        yield from found["objects"]
        for below in found["common_prefixes"]:
            yield from self._walk(below, unlisted)

    @contextmanager
    def _said_of_all(self) -> Iterator[None]:
        try:
            yield
        except InvalidPathError:
            raise
        except (exceptions.BaseError, OSError) as exc:
            raise self._unavailable(exc) from None

    @contextmanager
    def _said_of(self, locator: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as exc:
            if _says(exc, _NO_SUCH_BUCKET):
                raise self._unavailable(exc) from None
            raise Unreadable(Reason.VANISHED, f"{locator}: the object is gone") from None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
            raise Unreadable(
                Reason.NO_PERMISSION, f"{locator}: {self._whose} may not read it"
            ) from None
        except (InvalidPathError, ValueError):
            raise Unreadable(Reason.OUTSIDE, f"{locator!r} is no key below the prefix") from None
        except (exceptions.BaseError, OSError) as exc:
            raise self._unavailable(exc) from None

    @property
    def _whose(self) -> str:
        known = self._secrets.for_scheme(self._place.scheme)
        return "who has these credentials" if known else "who has no credentials"

    def _unavailable(self, exc: Exception) -> Error:
        """What went wrong, in our words: its own may hold a token."""
        where = self._place.location
        refused = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
        if isinstance(exc, refused) or _says(exc, _NOT_ALLOWED):
            names = ", ".join(BucketSecrets.VARIABLES[self._place.scheme])
            return Unavailable(
                f"{where}: {self._whose} may not list it",
                hint=f"credentials are taken from {names}",
            )
        if _says(exc, _NO_SUCH_BUCKET):
            return Unavailable(f"{where}: there is no such bucket")
        return Unavailable(f"{where}: cannot be reached", hint="is the network there?")


# --------------------------------------------------------------------------------------------------


def _stamp(found: Mapping[str, Any]) -> str:
    tag = found["e_tag"]
    return str(tag) if tag else f"{found['last_modified'].isoformat()}:{found['size']}"


def _says(exc: Exception, words: tuple[str, ...]) -> bool:
    return any(word in str(exc) for word in words)


def _amazon(place: BucketPlace) -> str:
    return f"https://s3.{place.region or DEFAULT_REGION}.amazonaws.com"


def _azure(place: BucketPlace) -> str:
    return place.endpoint.rstrip("/") or f"https://{place.account}.blob.core.windows.net"


def _opened(place: BucketPlace, secrets: BucketSecrets) -> Store:
    """The store of a place, told everything that it would look for in the environment."""
    known = secrets.for_scheme(place.scheme)
    client: Any = _CLIENT | {"allow_http": place.endpoint.startswith("http://")}
    config: Any = {**known, "skip_signature": not known}
    options: Any = {"client_options": client, "retry_config": _RETRY}
    if place.scheme == "gs":
        config |= {"base_url": place.endpoint} if place.endpoint else {}
        return GCSStore(place.bucket, config=config, **options)
    if place.scheme == "az":
        config |= {"account_name": place.account or "none", "endpoint": _azure(place)}
        return AzureStore(place.bucket, config=config, **options)
    server = place.endpoint or _amazon(place)
    # The second wins over the first where the environment has it, so it is said as well.
    config |= {"endpoint": server, "aws_endpoint_url_s3": server}
    config |= {"region": place.region or DEFAULT_REGION, "virtual_hosted_style_request": False}
    return S3Store(place.bucket, config=config, **options)
