"""
Settings: the only reader of the environment and of `countenance.toml`.

A value comes from the environment, else from the library's `countenance.toml`, else it is the
default. A name in the file that nobody knows is an error, so that a misspelt setting is not
silently ignored. The table leaves out the `COUNTENANCE_` before each variable. The user's cache of
models is `~/.cache/countenance/models`, or what `XDG_CACHE_HOME` makes of it.

| Setting                | COUNTENANCE_           | Default                   | Is                 |
|------------------------|------------------------|---------------------------|--------------------|
| `pack`                 | `PACK`                 | `starter`                 | the model pack     |
| `workers`              | `WORKERS`              | the processors, at most 8 | photos at once     |
| `long_side`            | `LONG_SIDE`            | 1280                      | pixels to look in  |
| `device`               | `DEVICE`               | `auto`                    | of the networks    |
| `film_every_ms`        | `FILM_EVERY_MS`        | 500                       | between two looks  |
| `actor`                | `ACTOR`                | the user's login name     | who acts, logged   |
| `language`             | `LANGUAGE`             | `en`                      | of notices: en, sv |
| `models_dir`           | `MODELS`               | in the user's cache       | where models lie   |
| `keys_dir`             | `KEYS`                 | `gala.keys` beside `gala` | where the keys lie |
| `library_key`          | `LIBRARY_KEY`          | in `keys_dir`             | what opens them    |
| `historical_years`     | `HISTORICAL_YEARS`     | 10                        | years since death  |
| `false_hits`           | `FALSE_HITS`           | 1                         | in 1,000 searches  |
| `searches_per_account` | `SEARCHES_PER_ACCOUNT` | 60                        | by one, an hour    |
| `searches_per_library` | `SEARCHES_PER_LIBRARY` | 600                       | by all, an hour    |
| `operator`             | `OPERATOR`             | none                      | our page, to sites |
| `contact`              | `CONTACT`              | none                      | our mail, to sites |
| `scan_every`           | `SCAN_EVERY`           | 60                        | minutes; 0: never  |
| `address`              | `ADDRESS`              | none                      | our pages, to all  |
| `oidc_issuer`          | `OIDC_ISSUER`          | none                      | who vouches for us |
| `oidc_client`          | `OIDC_CLIENT`          | none                      | our name, to them  |
| `oidc_domains`         | `OIDC_DOMAINS`         | none                      | may come in anew   |
| `catalog`              | `CATALOG`              | a file in the library     | or PostgreSQL's    |
| `smtp`                 | `SMTP`                 | none                      | what sends mail    |
| `smtp_from`            | `SMTP_FROM`            | none                      | whom it is from    |
| `smtp_user`            | `SMTP_USER`            | none                      | who signs in there |

`device` is what the networks run on: `auto`, `cpu`, or a card that ONNX Runtime has a build for
(`countenance.vision.device`). `countenance doctor` says which it is.

`false_hits` is how many of 1,000 searches with a stranger's face may name somebody for sure, at
most; `likely` and `unsure` are 10 and 50 times as many. The limits follow from it, from the pack's
measured false-match rates, and from how many people are enrolled at that moment.

`oidc_domains` are domains of addresses of mail, with commas between them. Our secret towards the
provider, if it gave us one, is COUNTENANCE_OIDC_SECRET in the environment, and no setting.

`smtp` is a host with its port, such as `mail.example:587`; mail is off unless it, `smtp_from` and
`address` are set. The password is COUNTENANCE_SMTP_PASSWORD in the environment, and no setting.

`catalog` is where `init` and `restore` make catalogs, such as `postgresql://gala@db.example/gala`;
of no database, each library gets one of its own. A library keeps its address, and this setting says
how its server is reached now. Its password stands in no setting: PGPASSWORD has it, or `~/.pgpass`.

Credentials for buckets are read here too, by the names that their owners gave them, and are no
settings: they stand in no file of ours, and nothing shows them.

A library made when the keys lay in `keys` in its own folder has them there until they are moved.
"""

import getpass
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from countenance.errors import UsageError

SETTINGS_FILE = "countenance.toml"
LIBRARY_VARIABLE = "COUNTENANCE_LIBRARY"
LIBRARY_KEY_FILE = "library.key"
KEYS_OWNER_FILE = "library"
"""Beside the keys: the id of the library that they belong to."""

CATALOG_EXAMPLE = "postgresql://gala@db.example/gala"

MAX_WORKERS = 64
MIN_FILM_MS, MAX_FILM_MS = 40, 60_000  # between two frames of a film that are looked at
MAX_SCAN_MINUTES = 24 * 60  # a day: a source that ended its grant is to be heard by then
MAX_MAIL_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
MIN_FALSE_HITS, MAX_FALSE_HITS = 0.001, 20.0  # per 1,000 searches; 20: every stranger is unsure
MAX_SEARCHES = 1_000_000  # an hour; there is a limit always, for answers lead back to templates

_VARIABLES = {
    "pack": "COUNTENANCE_PACK",
    "workers": "COUNTENANCE_WORKERS",
    "long_side": "COUNTENANCE_LONG_SIDE",
    "device": "COUNTENANCE_DEVICE",
    "film_every_ms": "COUNTENANCE_FILM_EVERY_MS",
    "actor": "COUNTENANCE_ACTOR",
    "language": "COUNTENANCE_LANGUAGE",
    "models_dir": "COUNTENANCE_MODELS",
    "keys_dir": "COUNTENANCE_KEYS",
    "library_key": "COUNTENANCE_LIBRARY_KEY",
    "historical_years": "COUNTENANCE_HISTORICAL_YEARS",
    "false_hits": "COUNTENANCE_FALSE_HITS",
    "searches_per_account": "COUNTENANCE_SEARCHES_PER_ACCOUNT",
    "searches_per_library": "COUNTENANCE_SEARCHES_PER_LIBRARY",
    "operator": "COUNTENANCE_OPERATOR",
    "contact": "COUNTENANCE_CONTACT",
    "scan_every": "COUNTENANCE_SCAN_EVERY",
    "oidc_issuer": "COUNTENANCE_OIDC_ISSUER",
    "oidc_client": "COUNTENANCE_OIDC_CLIENT",
    "oidc_domains": "COUNTENANCE_OIDC_DOMAINS",
    "address": "COUNTENANCE_ADDRESS",
    "catalog": "COUNTENANCE_CATALOG",
    "smtp": "COUNTENANCE_SMTP",
    "smtp_from": "COUNTENANCE_SMTP_FROM",
    "smtp_user": "COUNTENANCE_SMTP_USER",
}


_FRACTIONS = frozenset({"false_hits"})
"""The settings that may be numbers with a point; all others are whole."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a library runs with. The table at the top of this module says what each field is."""

    pack: str
    workers: int
    long_side: int
    device: str
    film_every_ms: int
    actor: str
    language: str
    models_dir: Path
    keys_dir: Path
    library_key: Path
    historical_years: int
    false_hits: float
    searches_per_account: int
    searches_per_library: int
    scan_every: int
    operator: str
    contact: str
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_domains: str = ""
    address: str = ""
    catalog: str = ""
    smtp: str = ""
    smtp_from: str = ""
    smtp_user: str = ""

    def with_keys(self, folder: Path) -> "Settings":
        """The same for a library that may go again: all keys in `folder`, the catalog in a file."""
        return replace(self, keys_dir=folder, library_key=folder / LIBRARY_KEY_FILE, catalog="")

    def with_searches(self, an_hour: int) -> "Settings":
        """The same, with so many searches an hour."""
        return replace(self, searches_per_account=an_hour, searches_per_library=an_hour)


@dataclass(frozen=True, slots=True)
class BucketSecrets:
    """
    Credentials for buckets, by scheme and by what `obstore` calls them; never shown.

    A scheme that has none is asked as anybody would ask.
    """

    VARIABLES: ClassVar[Mapping[str, Mapping[str, str]]] = MappingProxyType(
        {
            "s3": {
                "AWS_ACCESS_KEY_ID": "access_key_id",
                "AWS_SECRET_ACCESS_KEY": "secret_access_key",
                "AWS_SESSION_TOKEN": "session_token",
            },
            "gs": {"GOOGLE_APPLICATION_CREDENTIALS": "application_credentials"},
            "az": {
                "AZURE_STORAGE_ACCOUNT_KEY": "account_key",
                "AZURE_STORAGE_SAS_TOKEN": "sas_key",
            },
        }
    )
    """What the environment calls each, and `obstore`."""

    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def for_scheme(self, scheme: str) -> Mapping[str, str]:
        return self.known.get(scheme, {})


def bucket_secrets(environment: Mapping[str, str] | None = None) -> BucketSecrets:
    """The credentials for buckets that the environment has."""
    variables = os.environ if environment is None else environment
    return BucketSecrets(
        {
            scheme: {word: variables[name] for name, word in names.items() if variables.get(name)}
            for scheme, names in BucketSecrets.VARIABLES.items()
        }
    )


def ray_address(environment: Mapping[str, str] | None = None) -> str:
    """Where the cluster of Ray is that work is spread over, as Ray itself is told; or nothing."""
    variables = os.environ if environment is None else environment
    return variables.get("RAY_ADDRESS", "")


def oidc_secret(environment: Mapping[str, str] | None = None) -> str:
    """Our secret towards the provider that vouches for people, or the empty string."""
    variables = os.environ if environment is None else environment
    return variables.get("COUNTENANCE_OIDC_SECRET", "")


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """The environment for another program of ours that is started from this one, with `more`."""
    return os.environ | dict(more)


def is_mail_address(text: str) -> bool:
    """Whether mail may be sent there, as far as one can see: one box, one host, in ASCII."""
    box, at, host = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not set(text) & set(' ,;:<>()[]"\\')
    return plain and bool(box and at and host.strip(".-")) and len(text) <= MAX_MAIL_ADDRESS


def smtp_password(environment: Mapping[str, str] | None = None) -> str:
    """What `smtp_user` signs in with where mail is sent from, or the empty string."""
    variables = os.environ if environment is None else environment
    return variables.get("COUNTENANCE_SMTP_PASSWORD", "")


def load_settings(
    library: Path,
    *,
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, str | int | float] | None = None,
) -> Settings:
    """
    The settings of the library in the folder `library`, which need not exist yet.

    `given` wins over everything: it is what the command line said. Raises `UsageError` if a setting
    is unknown or is not what it should be.
    """
    values: dict[str, str | int | float] = {}
    for layer in _layers(library, environment, given):
        values.update({name: value for name, (value, _) in layer.items()})
    keys_dir = library / Path(str(values["keys_dir"])).expanduser()
    library_key = str(values["library_key"]) or str(keys_dir / LIBRARY_KEY_FILE)
    return Settings(
        pack=str(values["pack"]),
        workers=_whole_number("workers", values["workers"], low=1, high=MAX_WORKERS),
        long_side=_whole_number("long_side", values["long_side"], low=320, high=4096),
        device=str(values["device"]),
        film_every_ms=_whole_number(
            "film_every_ms", values["film_every_ms"], low=MIN_FILM_MS, high=MAX_FILM_MS
        ),
        actor=str(values["actor"]),
        language=str(values["language"]),
        models_dir=Path(str(values["models_dir"])).expanduser(),
        keys_dir=keys_dir,
        library_key=library / Path(library_key).expanduser(),
        historical_years=_whole_number(
            "historical_years", values["historical_years"], low=0, high=200
        ),
        false_hits=_false_hits(values["false_hits"]),
        searches_per_account=_searches("searches_per_account", values),
        searches_per_library=_searches("searches_per_library", values),
        operator=str(values["operator"]),
        contact=str(values["contact"]),
        scan_every=_whole_number("scan_every", values["scan_every"], low=0, high=MAX_SCAN_MINUTES),
        oidc_issuer=str(values["oidc_issuer"]),
        oidc_client=str(values["oidc_client"]),
        oidc_domains=str(values["oidc_domains"]),
        address=_address(str(values["address"])),
        catalog=_catalog(str(values["catalog"])),
        smtp=_host_and_port("smtp", str(values["smtp"])),
        smtp_from=_mail_address("smtp_from", str(values["smtp_from"])),
        smtp_user=str(values["smtp_user"]),
    )


def setting_origins(
    library: Path,
    *,
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, str | int | float] | None = None,
) -> dict[str, str]:
    """
    Where each setting's value comes from: `default`, the file, a variable, or `command line`.

    The arguments, and what it raises, are those of `load_settings`.
    """
    origins: dict[str, str] = {}
    for layer in _layers(library, environment, given):
        origins.update({name: origin for name, (_, origin) in layer.items()})
    return origins


def keys_beside(library: Path) -> Path:
    """
    The folder of the keys of the library in `library`, if nothing else is said: beside it.

    What copies the data folder, a backup above all, does not copy the keys with it.
    """
    folder = library.resolve()
    return folder.parent / f"{folder.name}.keys"


def library_folder(given: Path | None, *, environment: Mapping[str, str] | None = None) -> Path:
    """The library's folder: the one given, else the environment's, else the one one stands in."""
    variables = os.environ if environment is None else environment
    return (given or Path(variables.get(LIBRARY_VARIABLE) or ".")).expanduser().absolute()


# --------------------------------------------------------------------------------------------


_Layer = Mapping[str, tuple[str | int | float, str]]
"""Values with where they come from, by the name of the setting."""


def _layers(
    library: Path,
    environment: Mapping[str, str] | None,
    given: Mapping[str, str | int | float] | None,
) -> tuple[_Layer, ...]:
    """What says what a setting is; each wins over those before it."""
    variables = os.environ if environment is None else environment
    file = library / SETTINGS_FILE
    return (
        {name: (value, "default") for name, value in _defaults(library, variables).items()},
        {name: (value, str(file)) for name, value in _from_file(file).items()},
        {name: (variables[v], v) for name, v in _VARIABLES.items() if variables.get(v)},
        {name: (value, "command line") for name, value in (given or {}).items()},
    )


def _defaults(library: Path, variables: Mapping[str, str]) -> dict[str, str | int | float]:
    cache = variables.get("XDG_CACHE_HOME") or "~/.cache"
    return {
        "pack": "starter",
        "workers": min(8, os.cpu_count() or 1),
        "long_side": 1280,
        "device": "auto",
        "film_every_ms": 500,
        "actor": _login_name(),
        "language": "en",
        "models_dir": f"{cache}/countenance/models",
        "keys_dir": str(_default_keys_dir(library)),
        "library_key": "",
        "historical_years": 10,
        "false_hits": 1,
        "searches_per_account": 60,
        "searches_per_library": 600,
        "operator": "",
        "contact": "",
        "scan_every": 60,
        "oidc_issuer": "",
        "oidc_client": "",
        "oidc_domains": "",
        "address": "",
        "catalog": "",
        "smtp": "",
        "smtp_from": "",
        "smtp_user": "",
    }


def _default_keys_dir(library: Path) -> Path:
    beside, within = keys_beside(library), library / "keys"
    if (within / KEYS_OWNER_FILE).is_file() and not beside.exists():
        return within
    return beside


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without an entry has no name
        return "unknown"


def _from_file(path: Path) -> dict[str, str | int | float]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path}: not a file of settings: {exc}") from exc
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror}") from exc
    for name, value in read.items():
        if name not in _VARIABLES:
            raise UsageError(f"{path}: {name}: no such setting; there are {', '.join(_VARIABLES)}")
        number = int | float if name in _FRACTIONS else int
        if not isinstance(value, str | number) or isinstance(value, bool):
            raise UsageError(f"{path}: {name}: expected text or a whole number, got {value!r}")
    return read


def _false_hits(value: str | float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not MIN_FALSE_HITS <= number <= MAX_FALSE_HITS:
        raise UsageError(
            f"false_hits: expected a number from {MIN_FALSE_HITS:g} to {MAX_FALSE_HITS:g}, of "
            f"false hits per 1,000 searches, got {value!r}"
        )
    return number


def _searches(name: str, values: Mapping[str, str | int | float]) -> int:
    return _whole_number(name, values[name], low=1, high=MAX_SEARCHES)


def _host_and_port(name: str, text: str) -> str:
    """A host with its port, such as `mail.example:587`; or nothing."""
    try:
        parts = urlsplit(f"//{text}")
        plain = parts.hostname and parts.port and parts.netloc == text and "@" not in text
    except ValueError:
        plain = False
    if text and not plain:
        raise UsageError(f"{name}: expected one such as mail.example:587, got {text!r}")
    return text


def _mail_address(name: str, text: str) -> str:
    if text and not is_mail_address(text):
        raise UsageError(f"{name}: expected one such as photos@club.example, got {text!r}")
    return text


def _catalog(text: str) -> str:
    """The address of a server of PostgreSQL, with a database or without; or nothing."""
    try:
        parts = urlsplit(text)
        secret = parts.password is not None or "password" in parse_qs(parts.query)
        known = parts.scheme in ("postgresql", "postgres") and "\n" not in text
    except ValueError:
        secret, known = True, False
    if text and secret:
        raise UsageError(
            "catalog: an address without a password, and without an @ in it",
            hint="the password is read from PGPASSWORD in the environment, or from ~/.pgpass",
        )
    if text and not known:
        raise UsageError(f"catalog: expected one such as {CATALOG_EXAMPLE}, got {text!r}")
    return text


def _address(text: str) -> str:
    """The address of a server alone, such as `https://faces.example`; or nothing."""
    parts = urlsplit(text)
    plain = parts.scheme in ("http", "https") and parts.hostname and not parts.path.strip("/")
    if text and not plain:
        raise UsageError(f"address: expected one such as https://faces.example, got {text!r}")
    return text.rstrip("/")


def _whole_number(name: str, value: str | float, *, low: int, high: int) -> int:
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise UsageError(f"{name}: expected a whole number from {low} to {high}, got {value!r}")
    return number
