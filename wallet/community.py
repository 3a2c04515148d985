"""Which community a folder of wallets belongs to: learned from the first node, then pinned.

A wallet must not sign for one community what was meant for another, nor show one's money as the
other's; so a node of another community is refused with a sentence.
"""

import time
from pathlib import Path
from typing import Final

import msgspec

from chain.address import decode_address, encode_address, is_prefix
from chain.policy import AccountId
from wallet.client import CommunityAnswer
from wallet.folder import build_damaged, open_folder, read_private, write_private
from wallet.terminal import Exit, Failure

FILE: Final = "community.json"
_ID_BYTES: Final = 32
_ID_SHOWN: Final = 16  # hexadecimal digits that people compare
_SECONDS_MAX: Final = 2**40


class Community(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A community's id, its prefix, and its measures of time."""

    id: str  # hexadecimal
    name: str
    prefix: str
    genesis_time: int
    slot_seconds: int
    slots_per_step: int
    slots_per_period: int
    transaction_life_slots: int

    @property
    def chain(self) -> bytes:
        """The community's id as signatures bind it."""
        return bytes.fromhex(self.id)

    @property
    def short_id(self) -> str:
        """As much of the id as people compare by eye."""
        return self.id[:_ID_SHOWN]

    def get_time(self, slot: int) -> int:
        """Seconds since 1970-01-01 UTC at which a slot begins."""
        return self.genesis_time + slot * self.slot_seconds

    def get_present_slot(self) -> int:
        """The slot of this moment by this machine's own clock, which no node can set."""
        return (get_now() - self.genesis_time) // self.slot_seconds

    def get_step_time(self, step: int) -> int:
        """Seconds since 1970-01-01 UTC at which a step begins."""
        return self.get_time(step * self.slots_per_step)

    def get_term_end(self, clock_step: int, periods: int) -> int:
        """When a deposit of so many periods, made now, falls due."""
        return self.get_step_time(
            clock_step + periods * self.slots_per_period // self.slots_per_step
        )

    def get_address(self, account: AccountId) -> str:
        """An account's address here."""
        return encode_address(self.prefix, account)

    def parse_address(self, text: str) -> AccountId:
        """The account of an address. Raises Failure with the sentence of chain.address."""
        try:
            return decode_address(self.prefix, text)
        except ValueError as error:
            raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None


def get_now() -> int:
    """Seconds since 1970-01-01 UTC, by this machine's clock."""
    return int(time.time())


def read_community(folder: Path) -> Community | None:
    """The community of a folder, or None when no node was asked yet."""
    path = folder / FILE
    data = read_private(path)
    if data is None:
        return None
    try:
        community = msgspec.json.decode(data, type=Community)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise build_damaged(path) from None
    if _find_fault(community):
        raise build_damaged(path)
    return community


def pin_community(folder: Path, answer: CommunityAnswer, url: str) -> tuple[Community, bool]:
    """The folder's community, now pinned if it was not; True when this was the first time.

    Raises Failure when the node serves another one.
    """
    told = Community(
        id=answer.id.hex(),
        name=answer.name,
        prefix=answer.prefix,
        genesis_time=answer.genesis_time,
        slot_seconds=answer.slot_seconds,
        slots_per_step=answer.slots_per_step,
        slots_per_period=answer.slots_per_period,
        transaction_life_slots=answer.transaction_life_slots,
    )
    if _find_fault(told):
        raise Failure(
            Exit.UNREACHABLE, "{url} does not describe a community: is it a node?", url=url
        )
    pinned = read_community(folder)
    if pinned is None:
        open_folder(folder)
        data = msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"
        write_private(folder / FILE, data, replace=False)
        return told, True
    if pinned != told:
        raise Failure(
            Exit.USAGE,
            "The node at {url} serves the community {other} ({other_id}); the wallets in {folder} "
            "belong to {name} ({id}). Name one of its nodes with --node, or another folder with "
            "--wallets.",
            url=url,
            other=told.name,
            other_id=told.short_id,
            folder=folder,
            name=pinned.name,
            id=pinned.short_id,
        )
    return pinned, False


def _find_fault(community: Community) -> bool:
    """Whether these figures would mislead whoever computes with them."""
    measures = (
        community.slot_seconds,
        community.slots_per_step,
        community.slots_per_period,
        community.transaction_life_slots,
    )
    try:
        right_id = len(community.chain) == _ID_BYTES
    except ValueError:
        return True
    return not (
        right_id
        and community.id == community.id.lower()
        and is_prefix(community.prefix)
        and 0 <= community.genesis_time < _SECONDS_MAX
        and all(0 < measure < _SECONDS_MAX for measure in measures)
        and community.slots_per_period % community.slots_per_step == 0
    )
