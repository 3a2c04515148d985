"""Help and usage errors of the command line in the person's language.

Commands are written in English with click's ordinary means. ``localise`` makes a copy of the whole
tree in which every help text is translated; what click itself says is retold sentence by sentence.
"""

import copy
import inspect
import re
from collections.abc import Sequence
from typing import Final

import click

from wallet.terminal import Output
from wallet.words import Language, Words, mark

# What click prints around our texts, at the beginning of a line.
_HEADINGS: Final = (
    mark("Usage:"),
    mark("Options:"),
    mark("Commands:"),
    mark("Positional arguments:"),
)
# What stands for an option's value.
_METAVARS: Final = (
    mark("TEXT"),
    mark("FILE"),
    mark("PATH"),
    mark("DIRECTORY"),
    mark("NUMBER"),
    mark("ADDRESS"),
    mark("AMOUNT"),
    mark("TIME"),
    mark("DIR"),
    mark("SECONDS"),
)
_KINDS: Final[dict[type, str]] = {
    type(click.STRING): "TEXT",
    type(click.INT): "NUMBER",
    type(click.FLOAT): "NUMBER",
    click.IntRange: "NUMBER",
    click.FloatRange: "NUMBER",
}
SHORT_HELP_MIN: Final = 16  # less than that says nothing
SHORT_HELP_MAX: Final = 62  # beside the longest name of a command on 80 columns
# How click calls a kind of value, and how people do.
_KIND_NAMES: Final = {
    "is not a valid integer range.": "is not a whole number.",
    "is not a valid integer.": "is not a whole number.",
    "is not a valid float range.": "is not a number.",
    "is not a valid float.": "is not a number.",
}


def build_global_options() -> list[click.Option]:
    """The options every command shows; their values are taken from the line beforehand."""
    return [
        click.Option(
            ["--output"],
            type=click.Choice([item.value for item in Output]),
            expose_value=False,
            help=mark("Answer as a table, or as one JSON document on stdout."),
        ),
        click.Option(
            ["--lang"],
            type=click.Choice([item.value for item in Language]),
            expose_value=False,
            help=mark("Language; by default that of the locale."),
        ),
        click.Option(
            ["--node"],
            metavar="URL",
            expose_value=False,
            help=mark("Address of the node to ask; by default PAI_NODE."),
        ),
    ]


def localise(
    command: click.Group, words: Words, global_options: Sequence[click.Option]
) -> click.Group:
    """A copy of the program's tree with all help texts in the person's language."""
    changed = _localise(command, words, global_options)
    assert isinstance(changed, click.Group)
    return changed


def normalise_help(text: str) -> str:
    """Help as it is translated: each paragraph one line, whatever the margin of the code."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def shorten_help(text: str) -> str:
    """The first sentence, for a list of commands; one too long for a line ends at a pause, if any.

    Click by itself would break it off in the middle of a thought.
    """
    sentence = re.split(r"(?<=[.!])\s", text, maxsplit=1)[0]
    if len(sentence) <= SHORT_HELP_MAX:
        return sentence
    pauses = (found.start() for found in re.finditer(r"[;:] ", sentence))
    ends = [end for end in pauses if SHORT_HELP_MIN <= end < SHORT_HELP_MAX]
    return f"{sentence[: ends[-1]]}." if ends else sentence


def show_help(context: click.Context, words: Words) -> str:
    """The help page of the context's command."""
    lines = []
    for line in context.get_help().splitlines():
        heading = next((item for item in _HEADINGS if line.startswith(item)), None)
        lines.append(line if heading is None else words.say(heading) + line[len(heading) :])
    text = "\n".join(lines)
    return text.replace("[required]", words.say("[required]")).replace(
        "[default:", words.say("[default:")
    )


def tell_usage_error(error: click.ClickException, words: Words) -> str:
    """What is wrong on the line, and where to read how it should be."""
    message = error.format_message()
    for kind, name in _KIND_NAMES.items():
        message = message.replace(kind, name)
    message = " ".join(words.retell(message).split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return message
    hint = words.say("See '{command} --help'.", command=context.command_path)
    return f"{message} {hint}"


def _localise(
    command: click.Command, words: Words, global_options: Sequence[click.Option]
) -> click.Command:
    changed = copy.copy(command)
    changed.help = words.say(normalise_help(command.help)) if command.help else None
    changed.short_help = None if changed.help is None else shorten_help(changed.help)
    changed.add_help_option = False
    if command.options_metavar == "[OPTIONS]":
        changed.options_metavar = words.say("[OPTIONS]")
    own = [_localise_parameter(item, words) for item in command.params]
    shared = [_localise_parameter(item, words) for item in global_options]
    changed.params = [*own, *shared, _build_help_option(words)]
    if isinstance(command, click.Group):
        assert isinstance(changed, click.Group)
        changed.subcommand_metavar = words.say("COMMAND [ARGUMENTS]...")
        changed.commands = {
            name: _localise(item, words, global_options) for name, item in command.commands.items()
        }
    return changed


def _localise_parameter(parameter: click.Parameter, words: Words) -> click.Parameter:
    changed = copy.copy(parameter)
    if isinstance(changed, click.Option):
        changed.help = words.say(normalise_help(changed.help)) if changed.help else None
        kind = changed.metavar or _KINDS.get(type(changed.type))
        if isinstance(changed.type, click.Path):
            kind = changed.metavar or changed.type.name.upper()
        if kind in _METAVARS and not changed.is_flag:
            changed.metavar = words.say(kind)
    return changed


def _build_help_option(words: Words) -> click.Option:
    def show(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            click.echo(show_help(context, words))
            context.exit()

    return click.Option(
        ["--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help=words.say("Show this message and exit."),
    )
