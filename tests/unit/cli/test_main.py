import inspect
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from countenance import errors
from countenance.cli import main as entry
from countenance.cli.command import Call, Command
from countenance.cli.main import COMMANDS, main, root
from countenance.errors import Error


def test_table_says_what_the_commands_say_of_themselves() -> None:
    """The line in `countenance --help` is the first sentence of the command's own help."""
    own = {path[0]: _about(command) for path, command in _walk(root()) if len(path) == 1}
    assert own == {name: place.about for name, place in COMMANDS.items()}


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`countenance --help` names each command with its line, in the order of the table."""
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out.split("Commands:")[1].splitlines()[1:]
    assert [line.split(maxsplit=1) for line in shown] == [
        [name, place.about] for name, place in COMMANDS.items()
    ]


def test_every_command_says_what_it_changes_and_gives_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example in a command's help is one that the command takes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "selfie.jpg",
        "probe.jpg",
        "face_detection_yunet_2023mar.onnx",
        "monday.checkpoint",
        "start-numbers.csv",
        "receipt.jws",
        "terms.txt",
        "answer.jws",
        "countenance-grant.json",
        "published.jpg",
    ):
        (tmp_path / name).write_bytes(b"")
    for path, command in _walk(root()):
        if isinstance(command, click.Group):
            continue
        assert isinstance(command, Command), path
        words = shlex.split(command.example)
        assert words[: len(path) + 1] == ["countenance", *path]
        # Users type a folder that is there; the shell, not click, knows what ~ is.
        rest = [str(tmp_path) if word.startswith("~") else word for word in words[len(path) + 1 :]]
        context = command.make_context(path[-1], rest, obj=Call())
        assert f"Changes:\n  {command.changes[:20]}" in command.get_help(context)
        assert f"Example:\n  {command.example}\n" in command.get_help(context) + "\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "--as", "eve", "config", "show"],
        ["config", "--json", "--as", "eve", "show"],
        ["config", "show", "--as", "eve", "--json"],
        ["--as", "adam", "config", "show", "--as", "eve", "--json"],
    ],
)
def test_shared_options_stand_anywhere(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shared option counts before and after a command's name, and the last one wins."""
    assert main([*words, "--library", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("{")
    assert '"value": "eve",\n      "origin": "command line"' in shown


@pytest.mark.parametrize(
    "error",
    [Error, *(one for one in Error.__subclasses__() if one.__module__ == errors.__name__)],
    ids=lambda error: error.__name__,
)
def test_errors_end_with_their_exit_code(
    error: type[Error], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is a sentence, a hint and its exit code; nothing of it goes to stdout."""
    raised = (
        errors.Unreadable(errors.Reason.EMPTY, "what happened", hint="what to do")
        if error is errors.Unreadable
        else error("what happened", hint="what to do")
    )
    _end_with(monkeypatch, raised)
    assert main(["doctor"]) == error.exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "countenance: what happened\ncountenance: what to do\n"


def test_a_bug_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw ends with exit code 1 and without a traceback."""
    _end_with(monkeypatch, KeyError("colour"))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().err
    assert "KeyError: 'colour'" in shown
    assert "Traceback" not in shown


def test_verbose_shows_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With `--verbose` an error comes with its traceback."""
    assert main(["find", "Ada", "--library", str(tmp_path), "--verbose"]) == 10
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C ends with 130 and a sentence."""
    _end_with(monkeypatch, KeyboardInterrupt())
    assert main(["ingest"]) == 130
    assert capsys.readouterr().err == "countenance: stopped; run it again and it goes on\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fnd"], "no such command 'fnd'"),
        (["find"], "missing argument 'PERSON'"),
        (["find", "Ada", "--sinc", "2026-01-01"], "no such option '--sinc'"),
        (["search", "--photo", "none.jpg", "--purpose", "find-me"], "'none.jpg' does not exist"),
        (["find", "Ada", "--purpose", "curiosity"], "curiosity: not a purpose"),
        (["ingest", "--workers", "many"], "'many' is not a valid integer"),
        (["init", "a", "--library", "b"], "named twice"),
        (["enrol", "Ada", "--consent", "find-me"], "no picture given"),
    ],
)
def test_wrong_usage_says_what(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A malformed command line ends with 2, in our style, before anything is touched."""
    assert main(words) == 2
    captured = capsys.readouterr()
    assert said in captured.err.lower().replace('"', "'") or said in captured.err
    assert captured.out == ""
    assert all(line.startswith("countenance: ") for line in captured.err.splitlines())


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`countenance` alone shows the help, on stderr, and is wrong usage."""
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Commands:" in captured.err


def test_hint_names_the_help_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A usage error points to the help of the command that was meant."""
    assert main(["source", "show"]) == 2
    assert "countenance source show --help" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------------


def _walk(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from _walk(command, (*above, name))


def _about(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").split("\n\n")[0]


def _end_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def raise_it(*_arguments: object) -> int:
        raise error

    monkeypatch.setattr(entry, "_run", raise_it)
