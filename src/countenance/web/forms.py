"""
Forms, read within limits. Files in them stay in memory: the picture that somebody enrols from is
never written to a disk, not even to one for temporary files.
"""

from dataclasses import dataclass, field
from datetime import datetime

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from countenance.errors import UsageError
from countenance.web.security import BodyTooLong

MAX_FIELDS = 60
MAX_FILES = 12
MAX_FIELD_BYTES = 64 * 2**10
MAX_FILE_BYTES = 24 * 2**20


@dataclass(frozen=True, slots=True)
class File:
    """One file out of a form: what it was called there, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody filled in."""

    fields: FormData
    files: dict[str, list[File]]

    def text(self, name: str) -> str:
        """What stands in a field, without space around it; nothing if it is not there."""
        found = self.fields.get(name)
        return found.strip() if isinstance(found, str) else ""

    def verbatim(self, name: str) -> str:
        """What stands in a field as it was typed, space around it too: a password."""
        found = self.fields.get(name)
        return found if isinstance(found, str) else ""

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def every(self, name: str) -> list[str]:
        """All that stands in fields of this name."""
        return [one for one in self.fields.getlist(name) if isinstance(one, str)]


async def read_form(request: Request, *, max_files: int = MAX_FILES) -> Form:
    """
    The form in the body of `request`, of either encoding.

    Raises `UsageError` if it is none, or if there is too much in it, and `BodyTooLong` if that is
    by its bytes, or by those of a file in it.
    """
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            read = await _Parts(request, max_files=max_files).whole()
        else:
            read = await FormParser(request.headers, request.stream()).parse()
    except (MultiPartException, FormParserError, UnicodeError) as exc:
        # A form says itself how its words are encoded, and may say one that decodes nothing.
        raise UsageError("this form cannot be read") from exc
    try:
        files = {name: await _files(read, name) for name in set(read)}
    finally:
        await read.close()
    return Form(read, {name: found for name, found in files.items() if found})


def minute(text: str) -> datetime | None:
    """What a field for date and time holds. Raises `UsageError` if it is neither that nor empty."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as exc:
        raise UsageError("not a date and a time") from exc


# --------------------------------------------------------------------------------------------------


class _Parts(MultiPartParser):
    """A form in parts, which is read whole or not at all."""

    # The body has a limit of its own, so that all of it fits into memory.
    spool_max_size = MAX_FILE_BYTES * MAX_FILES

    def __init__(self, request: Request, *, max_files: int) -> None:
        super().__init__(
            request.headers,
            request.stream(),
            max_files=max_files,
            max_fields=MAX_FIELDS,
            max_part_size=MAX_FIELD_BYTES,
        )
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def whole(self) -> FormData:
        """Raises `MultiPartException` also if it is cut short: what is missing may be a no."""
        read = await self.parse()
        if not self._ended:
            for one in self._files_to_close_on_error:
                one.close()
            raise MultiPartException("cut short")
        return read


async def _files(read: FormData, name: str) -> list[File]:
    """The files under a name. A field that was left empty is none."""
    files = []
    for one in read.getlist(name):
        if not isinstance(one, UploadFile) or not one.filename:
            continue
        data = await one.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise BodyTooLong
        files.append(File(one.filename, data))
    return files
