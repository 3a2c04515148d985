"""Presets: constitutions without people, one TOML file each beside this room's code.

A preset fixes every figure, says in both languages for whom it is meant, and what a community of
its kind is usually founded with.
"""

from importlib.resources import files
from typing import Final, NamedTuple

from chain.genesis import GenesisFunds
from chain.parameters import Constants, KeepSchedule, Parameters
from genesis.schema import read_figures, read_funds, read_schedule
from genesis.table import parse_amount, parse_count, parse_text_of, parse_toml

PRESETS: Final = ("coop", "village-2010", "workshop", "demo")
ABOUT_BYTES_MAX: Final = 2_000


class Start(NamedTuple):
    """What a community is founded with unless its founders say otherwise; amounts in micropai."""

    balance: int  # of every member
    issue: int  # to one account that pays it out, such as a farm
    bond: int  # of every seat
    bond_term_periods: int
    attested_periods: int  # how long the founders' word on their members holds


class Preset(NamedTuple):
    """A constitution without people."""

    name: str
    about: dict[str, str]  # by language
    start: Start
    constants: Constants
    parameters: Parameters
    keep_schedule: KeepSchedule
    funds: GenesisFunds


def read_preset(name: str) -> Preset:
    """The preset of this name, one of ``PRESETS``."""
    file = files("genesis.presets").joinpath(f"{name}.toml")
    root = parse_toml(file.read_bytes(), file.name)
    about, start = root.table("about"), root.table("start")
    preset = Preset(
        name=name,
        about={
            language: about.read(language, parse_text_of(ABOUT_BYTES_MAX))
            for language in ("en", "ru")
        },
        start=Start(
            balance=start.read("balance", parse_amount),
            issue=start.read("issue", parse_amount),
            bond=start.read("bond", parse_amount),
            bond_term_periods=start.read("bond_term_periods", parse_count),
            attested_periods=start.read("attested_periods", parse_count),
        ),
        constants=read_figures(root.table("constants"), Constants),
        parameters=read_figures(root.table("parameters"), Parameters),
        keep_schedule=read_schedule(root),
        funds=read_funds(root),
    )
    for table in (about, start, root):
        table.close()
    return preset
