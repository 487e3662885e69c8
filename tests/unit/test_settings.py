"""Settings: where each value comes from, and what is no setting."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from countenance.errors import UsageError
from countenance.settings import (
    KEYS_OWNER_FILE,
    SETTINGS_FILE,
    Settings,
    library_folder,
    load_settings,
    setting_origins,
)

VALUES: Mapping[str, tuple[str, str]] = {
    "pack": ("COUNTENANCE_PACK", "starter"),
    "workers": ("COUNTENANCE_WORKERS", "3"),
    "long_side": ("COUNTENANCE_LONG_SIDE", "640"),
    "device": ("COUNTENANCE_DEVICE", "cpu"),
    "film_every_ms": ("COUNTENANCE_FILM_EVERY_MS", "1000"),
    "actor": ("COUNTENANCE_ACTOR", "ada"),
    "language": ("COUNTENANCE_LANGUAGE", "sv"),
    "models_dir": ("COUNTENANCE_MODELS", "/models"),
    "keys_dir": ("COUNTENANCE_KEYS", "/keys"),
    "library_key": ("COUNTENANCE_LIBRARY_KEY", "/stick/library.key"),
    "historical_years": ("COUNTENANCE_HISTORICAL_YEARS", "70"),
    "false_hits": ("COUNTENANCE_FALSE_HITS", "0.5"),
    "searches_per_account": ("COUNTENANCE_SEARCHES_PER_ACCOUNT", "7"),
    "searches_per_library": ("COUNTENANCE_SEARCHES_PER_LIBRARY", "70"),
    "scan_every": ("COUNTENANCE_SCAN_EVERY", "15"),
    "oidc_issuer": ("COUNTENANCE_OIDC_ISSUER", "https://login.example"),
    "oidc_client": ("COUNTENANCE_OIDC_CLIENT", "faces"),
    "oidc_domains": ("COUNTENANCE_OIDC_DOMAINS", "club.example"),
    "operator": ("COUNTENANCE_OPERATOR", "https://finder.example/"),
    "contact": ("COUNTENANCE_CONTACT", "mail@finder.example"),
    "address": ("COUNTENANCE_ADDRESS", "https://faces.example"),
    "smtp": ("COUNTENANCE_SMTP", "mail.example:587"),
    "smtp_from": ("COUNTENANCE_SMTP_FROM", "photos@club.example"),
    "smtp_user": ("COUNTENANCE_SMTP_USER", "photos"),
}

_ELSEWHERE: Mapping[str, str] = {
    "workers": "4",
    "long_side": "960",
    "film_every_ms": "250",
    "historical_years": "50",
    "false_hits": "0.25",
    "searches_per_account": "8",
    "searches_per_library": "80",
    "scan_every": "0",
    "address": "http://[::1]:8765",
    "smtp": "[::1]:25",
    "smtp_from": "faces@club.example",
}


def _load(library: Path, **environment: str) -> Settings:
    return load_settings(library, environment=environment)


def _write(library: Path, text: str) -> None:
    (library / SETTINGS_FILE).write_text(text, encoding="utf-8")


def test_the_defaults_need_nothing(tmp_path: Path) -> None:
    """A library that does not exist yet, in an empty environment, has settings."""
    settings = load_settings(tmp_path / "new", environment={"XDG_CACHE_HOME": "/cache"})
    assert settings.pack == "starter"
    assert 1 <= settings.workers <= 8
    assert settings.keys_dir == tmp_path / "new.keys"
    assert settings.library_key == tmp_path / "new.keys" / "library.key"
    assert settings.models_dir == Path("/cache/countenance/models")
    assert settings.actor


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_found_in_the_environment_then_the_file(tmp_path: Path, name: str) -> None:
    """The file wins over the default, the environment over the file, what is typed over both."""
    variable, value = VALUES[name]
    elsewhere = _ELSEWHERE.get(name, "/else")
    default = getattr(_load(tmp_path), name)
    _write(tmp_path, f'{name} = "{value}"')
    from_file = getattr(_load(tmp_path), name)
    assert str(from_file) == value
    assert str(default) != value or name == "pack"
    assert str(getattr(_load(tmp_path, **{variable: elsewhere}), name)) == elsewhere
    assert getattr(_load(tmp_path, **{variable: ""}), name) == from_file
    typed = load_settings(tmp_path, environment={variable: elsewhere}, given={name: value})
    assert str(getattr(typed, name)) == value


def test_every_value_knows_where_it_comes_from(tmp_path: Path) -> None:
    """The origin that is shown is the place whose value is used."""
    _write(tmp_path, 'workers = 2\nactor = "file"\nlanguage = "sv"')
    environment = {"COUNTENANCE_ACTOR": "env", "COUNTENANCE_LANGUAGE": "en"}
    given = {"language": "sv"}
    origins = setting_origins(tmp_path, environment=environment, given=given)
    assert origins["pack"] == "default"
    assert origins["workers"] == str(tmp_path / SETTINGS_FILE)
    assert origins["actor"] == "COUNTENANCE_ACTOR"
    assert origins["language"] == "command line"
    settings = load_settings(tmp_path, environment=environment, given=given)
    assert (settings.workers, settings.actor, settings.language) == (2, "env", "sv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worker = 2", "worker: no such setting"),
        ("workers = 0", "workers: expected a whole number from 1 to 64, got 0"),
        ("workers = 65", "workers: expected"),
        ('workers = "many"', "workers: expected a whole number"),
        ("workers = 1.5", "workers: expected text or a whole number, got 1.5"),
        ("false_hits = 0", "false_hits: expected a number from 0.001 to 20"),
        ("false_hits = 21.5", "false_hits: expected a number from 0.001 to 20"),
        ('false_hits = "few"', "false_hits: expected a number from 0.001 to 20"),
        ("workers = true", "workers: expected text or a whole number, got True"),
        ("long_side = 319", "long_side: expected a whole number from 320 to 4096"),
        ("[workers]", "workers: expected text or a whole number"),
        ("workers =", "not a file of settings"),
        ("workers = 1\nworkers = 2", "not a file of settings"),
    ],
)
def test_what_is_no_setting_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A misspelt name or a wrong value is an error that says which, and in which file."""
    _write(tmp_path, text)
    with pytest.raises(UsageError, match=said):
        _load(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, and a folder in the file's place, are told in our words."""
    (tmp_path / SETTINGS_FILE).write_bytes(b"actor = '\xff'")
    with pytest.raises(UsageError, match="not a file of settings"):
        _load(tmp_path)
    (tmp_path / SETTINGS_FILE).unlink()
    (tmp_path / SETTINGS_FILE).mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        _load(tmp_path)


def test_paths_may_begin_at_home_or_in_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` is the user's home, and keys with a relative path lie below the library."""
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    settings = _load(tmp_path, COUNTENANCE_KEYS="~/keys", COUNTENANCE_MODELS="~/models")
    assert settings.keys_dir == tmp_path / "me" / "keys"
    assert settings.models_dir == tmp_path / "me" / "models"
    own = _load(tmp_path, COUNTENANCE_KEYS="mine")
    assert (own.keys_dir, own.library_key) == (tmp_path / "mine", tmp_path / "mine" / "library.key")
    apart = replace(own, catalog="postgresql://db.example/").with_keys(tmp_path)
    assert (apart.library_key, apart.catalog) == (tmp_path / "library.key", "")


def test_keys_lie_beside_the_library_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder, the one stood in, or a link to it: the keys are in one place, and not in it."""
    library = tmp_path / "gala"
    library.mkdir()
    (tmp_path / "link").symlink_to(library)
    monkeypatch.chdir(library)
    for named in (library, Path(), tmp_path / "link"):
        assert _load(named).keys_dir == tmp_path / "gala.keys"


def test_an_older_librarys_keys_are_used_where_they_are(tmp_path: Path) -> None:
    """Keys in the library's own folder count until there is a folder beside it."""
    within = tmp_path / "gala" / "keys"
    within.mkdir(parents=True)
    assert _load(tmp_path / "gala").keys_dir == tmp_path / "gala.keys"
    (within / KEYS_OWNER_FILE).write_text("l_1")
    assert _load(tmp_path / "gala").keys_dir == within
    (tmp_path / "gala.keys").mkdir()
    assert _load(tmp_path / "gala").keys_dir == tmp_path / "gala.keys"


def test_the_library_is_the_one_given_then_the_environment_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option wins over the variable, the variable over the folder one stands in."""
    monkeypatch.chdir(tmp_path)
    environment = {"COUNTENANCE_LIBRARY": "/env"}
    assert library_folder(Path("given"), environment=environment) == tmp_path / "given"
    assert library_folder(None, environment=environment) == Path("/env")
    assert library_folder(None, environment={}) == tmp_path
