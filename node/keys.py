"""A seat's keys: made in one act with their journal and proofs, kept for their owner's eyes alone.

Three seeds lie in one file: for signing blocks and votes, for the lottery, and for taking over when
the first is lost. Whoever has the file can make the seat lose its bond.
"""

import secrets
import stat
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from chain import vrf
from chain.actions import SeatKeys, Takeover
from chain.crypto import KeyPair, build_key_pair, sign
from chain.policy import AccountId
from chain.rules.seats import BEFORE_GENESIS, ROLES, get_possession_message
from chain.rules.takeover import get_takeover_message
from consensus.journal import Journal, build_journal, has_signed
from consensus.state import OwnSeat
from node.home import FOLDER_MODE, HomeError, read_file, write_file
from node.journal import (
    JOURNAL_NAME,
    JournalKeeper,
    JournalLost,
    JournalOnDisk,
    read_journal,
)

KEYS_NAME: Final = "seat.keys"
KEYS_VERSION: Final = 1
_KEYS_BYTES_MAX: Final = 4_096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

_Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class SeatSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: seeds as hexadecimal, and whose seat it is."""

    version: int
    seat: _Hex32  # the owner's account id
    vote: _Hex32
    vrf: _Hex32
    standby: _Hex32


class SeatHolder(NamedTuple):
    """An opened seat: what consensus may know of it, its signing key, and its journal's keeper."""

    own: OwnSeat
    vote_key: KeyPair
    keeper: JournalKeeper


def make_seat_keys(owner: AccountId, folder: Path, *, chain: bytes = BEFORE_GENESIS) -> SeatKeys:
    """Make a seat's keys, their journal and their proofs of possession; returns what is public.

    ``chain``: the community the proofs are for; without one they are for a genesis to come. Raises
    HomeError when the folder has keys already: no seat's keys are ever overwritten.
    """
    keys_path, journal_path = folder / KEYS_NAME, folder / JOURNAL_NAME
    if keys_path.exists():
        raise HomeError(f"{keys_path} exists already: choose another folder")
    if journal_path.exists() and has_signed(read_journal(journal_path)):
        raise HomeError(f"{journal_path} belongs to keys that have signed: choose another folder")
    made = SeatSecrets(
        KEYS_VERSION,
        owner.hex(),
        secrets.token_hex(32),
        secrets.token_hex(32),
        secrets.token_hex(32),
    )
    _write_keys(made, folder)
    return build_seat_keys(made, chain)


def make_takeover(held: SeatSecrets, folder: Path, *, chain: bytes) -> Takeover:
    """Put keys into a new folder by which a seat's standby key takes over from its vote key.

    The standby key becomes the vote key there, with a fresh journal, for it has never voted; VRF
    and standby key are new. Keys that a former call has put there are used again. Raises HomeError.
    """
    if has_seat(folder):
        made = read_seat_secrets(folder / KEYS_NAME)
        if (made.seat, made.vote) != (held.seat, held.standby):
            raise HomeError(f"{folder / KEYS_NAME} exists already: choose another folder")
    else:
        made = SeatSecrets(
            KEYS_VERSION, held.seat, held.standby, secrets.token_hex(32), secrets.token_hex(32)
        )
        _write_keys(made, folder)
    seat = bytes.fromhex(held.seat)
    standby, vrf_key = _get_pair(made.standby), _get_pair(made.vrf)
    action = Takeover(
        seat=seat,
        old_vote=_get_pair(held.vote).public,
        standby=standby.public,
        vrf=vrf_key.public,
        proofs=(
            sign(standby, get_possession_message(chain, seat, "standby")),
            sign(vrf_key, get_possession_message(chain, seat, "vrf")),
        ),
        signature=bytes(64),
    )
    signature = sign(_get_pair(held.standby), get_takeover_message(chain, action))
    return replace(action, signature=signature)


def _write_keys(made: SeatSecrets, folder: Path) -> None:
    keys_path, journal_path = folder / KEYS_NAME, folder / JOURNAL_NAME
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        # The journal first: a key never lies there without one, whatever interrupts us.
        JournalOnDisk(journal_path).store(build_journal(_get_pair(made.vote).public))
        write_file(keys_path, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    except OSError as error:
        raise HomeError(f"cannot write to {folder}: {error.strerror}") from error


def read_seat_secrets(path: Path) -> SeatSecrets:
    """The secrets in a file. Raises HomeError when others may read it, or it is no such file."""
    data = read_file(path, _KEYS_BYTES_MAX)
    if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        raise HomeError(f"{path} can be read by others: 'chmod 600' it, and ask who has read it")
    try:
        found = msgspec.json.decode(data, type=SeatSecrets)
    except msgspec.MsgspecError as error:
        raise HomeError(f"{path} is not a file of seat keys") from error
    if found.version != KEYS_VERSION:
        raise HomeError(f"{path} is of version {found.version}, which this program cannot read")
    return found


def build_seat_keys(held: SeatSecrets, chain: bytes = BEFORE_GENESIS) -> SeatKeys:
    """The public keys and a proof by each for a community, or for a genesis to come."""
    seat = bytes.fromhex(held.seat)
    pairs = [_get_pair(seed) for seed in (held.vote, held.vrf, held.standby)]
    vote, vrf_proof, standby = (
        sign(pair, get_possession_message(chain, seat, role))
        for pair, role in zip(pairs, ROLES, strict=True)
    )
    return SeatKeys(
        vote=pairs[0].public,
        vrf=pairs[1].public,
        standby=pairs[2].public,
        proofs=(vote, vrf_proof, standby),
    )


def has_seat(folder: Path) -> bool:
    """Whether a seat's keys lie in this folder."""
    return (folder / KEYS_NAME).exists()


def open_seat(folder: Path) -> SeatHolder:
    """The seat whose keys and journal lie in a folder. Raises HomeError: then it signs nothing.

    A journal that is missing or damaged is lost: the seat asks others and begins anew.
    """
    held = read_seat_secrets(folder / KEYS_NAME)
    journal_path = folder / JOURNAL_NAME
    try:
        journal: Journal | None = read_journal(journal_path)
    except JournalLost:
        journal = None
    return build_seat_holder(held, journal, JournalOnDisk(journal_path))


def build_seat_holder(
    held: SeatSecrets, journal: Journal | None, keeper: JournalKeeper
) -> SeatHolder:
    """A seat from its secrets and its journal; nil: it is lost.

    Raises HomeError when these do not fit.
    """
    vote_key, vrf_seed = _get_pair(held.vote), bytes.fromhex(held.vrf)
    lost = journal is None
    if journal is None:
        journal = build_journal(vote_key.public)
    if journal.vote_key != vote_key.public:
        raise HomeError("the journal belongs to other keys: put the right one back")
    own = OwnSeat(
        id=bytes.fromhex(held.seat),
        vote_key=vote_key.public,
        vrf_key=_get_pair(held.vrf).public,
        prove=lambda alpha: vrf.prove(vrf_seed, alpha),
        journal=journal,
        lost=lost,
    )
    return SeatHolder(own, vote_key, keeper)


def _get_pair(seed: str) -> KeyPair:
    return build_key_pair(bytes.fromhex(seed))
