"""Answers, questions, errors and exit codes as a person or a script meets them."""

import importlib
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from rich.console import Console

from chain.errors import BadGenesis, Code, Invalid
from node.cli.main import (
    NOUNS,
    build_program,
    end_by,
    find_noun,
    main,
    take_global_options,
)
from node.cli.usage import shorten_help
from wallet.terminal import (
    Column,
    Exit,
    Failure,
    Output,
    Terminal,
    build_sheet,
    build_table,
    make_harmless,
    open_terminal,
)
from wallet.words import Language

# The package's name for the function hides the module of the same name.
program_module = importlib.import_module("node.cli.main")
HOUSE = Path(__file__).resolve().parents[2]


def open_test_terminal(
    language: Language = Language.ENGLISH,
    output: Output = Output.TABLE,
    environ: dict[str, str] | None = None,
) -> tuple[Terminal, io.StringIO, io.StringIO]:
    out, errors = io.StringIO(), io.StringIO()
    terminal = open_terminal(
        language, output, None, environ=environ or {}, stdout=out, stderr=errors
    )
    return terminal, out, errors


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "node.cli", *arguments],
        cwd=HOUSE,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def test_an_answer_is_one_document_or_a_table() -> None:
    table = build_table([Column("name"), Column("pai", figures=True)], [["Эмма", "1"], ["B", "23"]])
    terminal, out, _ = open_test_terminal(output=Output.JSON)
    terminal.answer({"members": [{"name": "Эмма", "amount": "0.5"}]}, table)
    assert json.loads(out.getvalue()) == {"members": [{"name": "Эмма", "amount": "0.5"}]}
    assert "Эмма" in out.getvalue()
    terminal, out, _ = open_test_terminal()
    terminal.answer({}, "Members", table)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Members"
    assert any("Эмма" in line and "  1 " in line for line in lines)


def test_long_lines_and_addresses_are_not_broken() -> None:
    terminal, out, _ = open_test_terminal()
    terminal.answer({}, "x" * 500, build_sheet([("address", "pai1" + "q" * 58)]))
    assert "x" * 500 in out.getvalue()
    assert "pai1" + "q" * 58 in out.getvalue()


def test_a_sheet_folds_sentences_and_never_a_word() -> None:
    console = Console(file=io.StringIO(), width=40, color_system=None)
    address = "pai1" + "q" * 58
    sheet = build_sheet([("Address", address), ("Until", "no demurrage " * 5)], title="anna")
    console.print(sheet, crop=False)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert lines[:2] == ["anna", f"Address  {address}"]
    assert all(len(line) <= 40 for line in lines if address not in line)
    assert lines[2].startswith("Until    no demurrage")
    folded = " ".join(line[9:] for line in lines[2:])
    assert folded == " ".join(["no demurrage"] * 5)


def test_on_a_terminal_sentences_end_their_lines_between_words() -> None:
    terminal, _, _ = open_test_terminal()
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=40, color_system=None)
    terminal = replace(terminal, errors=console)
    address = "pai1" + "q" * 58
    terminal.note(f"no demurrage {'is ever due ' * 5}{address}\n  {'ab ' * 12}")
    lines = shown.getvalue().splitlines()
    assert address in lines
    assert all(len(line) <= 40 for line in lines if line != address)
    assert lines[-1] == f"  {'ab ' * 12}", "what fits stays as it is"
    assert " ".join(lines[:-2]) == f"no demurrage {'is ever due ' * 5}".rstrip()


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\x9b2J", "a\rb", "\u202eevil", "\u200bhidden", "\u2028", "\x07"]
)
def test_text_of_strangers_cannot_steer_the_terminal(text: str) -> None:
    steering = {character for character in text if not character.isprintable()}
    assert steering
    terminal, out, errors = open_test_terminal()
    table = build_table([Column(text)], [[text]], title=text)
    terminal.answer({}, text, table, build_sheet([(text, text)], title=text))
    terminal.note(text)
    terminal.fail(Failure(Exit.USAGE, "{text}", text=text))
    assert not steering & set(out.getvalue() + errors.getvalue())


def test_markup_in_texts_is_shown_as_it_is() -> None:
    terminal, out, _ = open_test_terminal()
    terminal.answer({}, "[red]memo[/red] :smile:", build_table([Column("a")], [["[bold]b"]]))
    assert "[red]memo[/red] :smile:" in out.getvalue()
    assert "[bold]b" in out.getvalue()


def test_harmless_keeps_what_people_write() -> None:
    assert make_harmless("Пай и 1\u00a0234, «да»\nё") == "Пай и 1\u00a0234, «да»\nё"


def test_a_failure_is_one_sentence_in_the_persons_language() -> None:
    terminal, out, errors = open_test_terminal(Language.RUSSIAN, Output.JSON)
    failure = Failure(Exit.USAGE, "The password file {path} is empty.", path=Path("/p"))
    assert terminal.fail(failure) is Exit.USAGE
    assert errors.getvalue() == "Файл пароля /p пуст.\n"
    assert out.getvalue() == ""
    assert str(failure) == "The password file /p is empty."


def test_nobody_is_asked_without_a_terminal() -> None:
    terminal, _, errors = open_test_terminal()
    terminal.confirm("Pay?", yes=True)
    with pytest.raises(Failure) as caught:
        terminal.confirm("Pay?", yes=False)
    assert caught.value.code is Exit.USAGE
    with pytest.raises(Failure) as caught:
        terminal.ask_password("Password:", file=None)
    assert caught.value.code is Exit.USAGE
    with pytest.raises(Failure) as caught:
        terminal.ask("Which?")
    assert caught.value.code is Exit.USAGE
    assert errors.getvalue() == ""


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), ("YES\n", True), ("да\n", True), ("\n", False), ("n\n", False), ("", False)],
)
def test_a_person_agrees_or_declines(
    answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.StringIO(answer)
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    terminal, out, errors = open_test_terminal(Language.RUSSIAN)
    if agreed:
        terminal.confirm("Платить?", yes=False)
    else:
        with pytest.raises(Failure) as caught:
            terminal.confirm("Платить?", yes=False)
        assert caught.value.code is Exit.DECLINED
    assert errors.getvalue() == "Платить? [д/Н] "
    assert out.getvalue() == ""


def test_passwords_of_files_and_environment(tmp_path: Path) -> None:
    terminal, _, _ = open_test_terminal(environ={"PAI_PASSWORD": "of the environment"})
    assert terminal.ask_password("?", file=None) == "of the environment"
    file = tmp_path / "password"
    file.write_text("пароль с пробелом \n")
    assert terminal.ask_password("?", file=file) == "пароль с пробелом "
    for content in (b"", b"\n", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(Failure) as caught:
            terminal.ask_password("?", file=file)
        assert caught.value.code is Exit.USAGE
    with pytest.raises(Failure):
        terminal.ask_password("?", file=tmp_path / "absent")


def test_progress_is_silent_without_a_terminal() -> None:
    terminal, out, errors = open_test_terminal()
    with terminal.progress("blocks", 10) as advance:
        advance(10)
    assert (out.getvalue(), errors.getvalue()) == ("", "")


def test_progress_is_shown_on_a_terminal() -> None:
    terminal, out, _ = open_test_terminal()
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80, color_system=None)
    terminal = Terminal(
        terminal.words, Output.TABLE, None, True, {}, console=terminal.console, errors=console
    )
    with terminal.progress("blocks", 10) as advance:
        advance(10)
    assert "10/10" in shown.getvalue()
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("line", "wishes", "rest"),
    [
        ("--lang ru wallet list", {"--lang": "ru"}, "wallet list"),
        (
            "wallet list --lang=ru --output json",
            {"--lang": "ru", "--output": "json"},
            "wallet list",
        ),
        ("wallet --node http://a list", {"--node": "http://a"}, "wallet list"),
        ("wallet list --lang fr", {}, "wallet list --lang fr"),
        ("wallet list --output", {}, "wallet list --output"),
        ("wallet -- --lang ru", {}, "wallet -- --lang ru"),
        ("demo --nodes 4", {}, "demo --nodes 4"),
    ],
)
def test_global_options_stand_anywhere(line: str, wishes: dict[str, str], rest: str) -> None:
    assert take_global_options(line.split()) == (wishes, rest.split())


def test_every_end_has_its_code_and_a_sentence() -> None:
    cases: list[tuple[BaseException, Exit, str]] = [
        (Failure(Exit.UNREACHABLE, "Once more:"), Exit.UNREACHABLE, "Once more:"),
        (Invalid(Code.PAYMENT_TO_SELF), Exit.REFUSED, "[303 PAYMENT_TO_SELF]"),
        (BadGenesis("level_epochs must rise"), Exit.USAGE, "level_epochs must rise"),
        (click.UsageError("wrong"), Exit.USAGE, "wrong"),
        (PermissionError(13, "Permission denied", "/x"), Exit.USAGE, "/x: Permission denied"),
        (ExceptionGroup("", [Failure(Exit.FOUND, "Once more:")]), Exit.FOUND, "Once more:"),
        (KeyError("x"), Exit.FAULT, "a fault of the program"),
    ]
    for error, code, text in cases:
        terminal, out, errors = open_test_terminal()
        assert end_by(terminal, error) is code
        assert text in errors.getvalue()
        assert errors.getvalue().count("\n") == 1
        assert out.getvalue() == ""
        assert "Traceback" not in errors.getvalue()


def test_usage_errors_speak_the_persons_language() -> None:
    for arguments, told in [
        (["nonsense"], "Нет команды"),
        (["completion"], "Не хватает аргумента"),
        (["completion", "tcsh"], "Не годится значение"),
        (["completion", "bash", "zsh"], "Лишний аргумент"),
        (["--nonsense"], "Нет параметра"),
        (["--lang", "ru", "completion", "--output"], "нужно значение"),
    ]:
        done = run(*arguments, LANG="ru_RU.UTF-8")
        assert done.returncode == Exit.USAGE
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_help_is_quick_and_imports_no_noun() -> None:
    code = (
        "import sys; from node.cli import main; main(['--help']); "
        "sys.exit(any(name.split('.')[0] in ('libp2p', 'trio', 'httpx', 'plyvel') "
        "for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(noun in done.stdout for noun in NOUNS)


@pytest.mark.parametrize("noun", NOUNS)
def test_no_noun_waits_for_the_libraries_of_the_network(noun: str) -> None:
    code = (
        "import sys; from node.cli import main; "
        f"code = main([{noun!r}, '--help']); sys.exit(code or 'libp2p' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"pai {noun}" in done.stdout


def test_help_in_russian() -> None:
    done = run("--help", "--lang", "ru")
    assert done.returncode == 0
    assert "Как вызвать: pai" in done.stdout
    assert "Параметры:" in done.stdout
    assert "Options" not in done.stdout
    assert "Show" not in done.stdout


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Pay.\n\nTo one or many.", "Pay."),
        ("Ask for new keys. Guardians only.", "Ask for new keys."),
        (f"Consent to what is told; {'and so on ' * 6}.", "Consent to what is told."),
        (f"Ask: {'for this and that ' * 5}.", f"Ask: {'for this and that ' * 5}."),
    ],
)
def test_a_list_of_commands_breaks_no_sentence_off(text: str, short: str) -> None:
    assert shorten_help(text) == short


def test_a_bare_noun_shows_its_help_and_is_wrong_usage() -> None:
    done = run()
    assert done.returncode == Exit.USAGE
    assert done.stderr.startswith("Usage: pai")


def test_optimised_python_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-O", "-m", "node.cli", "--version"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.USAGE
    assert "without python -O" in done.stderr


def test_another_package_named_chain_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys, importlib, chain; door = importlib.import_module('node.cli.main'); "
        f"chain.__file__ = {str(tmp_path / 'chain' / '__init__.py')!r}; "
        "sys.exit(door.main(['--version']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.USAGE
    assert str(tmp_path) in done.stderr


def test_ctrl_c_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def wait() -> None:
        raise KeyboardInterrupt

    program = click.Group("pai", commands={"wait": wait})
    monkeypatch.setattr(program_module, "build_program", lambda *_: program)
    assert main(["wait"]) == Exit.INTERRUPTED
    told = capsys.readouterr()
    assert told.out + told.err.strip() == ""


def test_commands_end_with_the_code_they_return(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def find() -> Exit:
        return Exit.FOUND

    program = click.Group("pai", commands={"find": find})
    monkeypatch.setattr(program_module, "build_program", lambda *_: program)
    assert main(["find"]) == Exit.FOUND


def test_a_reader_who_leaves_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "node.cli", "genesis", "presets"],
        cwd=HOUSE,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == Exit.INTERRUPTED


def test_version() -> None:
    done = run("--version", "--output", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout).keys() == {"version"}


def test_completion_offers_nouns_options_and_values() -> None:
    for words, word, offered in [
        ("pai wal", "1", "wallet"),
        ("pai --out", "1", "--output"),
        ("pai --output j", "2", "json"),
        ("pai completion z", "2", "zsh"),
    ]:
        done = run(COMP_WORDS=words, COMP_CWORD=word, _PAI_COMPLETE="bash_complete")
        assert offered in done.stdout
    for shell in ("bash", "zsh", "fish"):
        done = run("completion", shell)
        assert done.returncode == 0
        assert "_PAI_COMPLETE" in done.stdout


def test_commands_of_modules_stay_as_they_were_written() -> None:
    russian, _, _ = open_test_terminal(Language.RUSSIAN)
    english, _, _ = open_test_terminal()
    in_russian = build_program(russian, None)
    in_english = build_program(english, None)
    assert in_russian.commands["completion"].help != in_english.commands["completion"].help
    assert (in_english.commands["completion"].help or "").startswith("Print what makes")


def test_the_noun_of_a_line_or_of_a_line_to_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_noun(["wallet", "list"]) == "wallet"
    assert find_noun(["--help", "genesis", "new", "demo"]) == "genesis"
    assert find_noun(["--version"]) is None
    monkeypatch.setenv("_PAI_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pai --lang ru genesis ne")
    assert find_noun([]) == "genesis"


def test_main_takes_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("pai ")
