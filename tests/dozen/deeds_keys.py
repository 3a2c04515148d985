"""What people try with keys, names and seats: owners, guardians, thieves and servers."""

from typing import Final

from msgspec.structs import replace

from chain.actions import (
    Action,
    Bond,
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    GiveUpAlias,
    RegisterAlias,
    RegisterSeat,
    ReleaseNotice,
    ReplaceSeatKeys,
    Reveal,
    SeatKeys,
    SetGuardians,
    StartRecovery,
    Takeover,
    Unbond,
)
from chain.crypto import KeyPair, sign
from chain.rules.seats import ROLES, get_possession_message
from chain.rules.takeover import get_takeover_message
from chain.tables import RECOVERIES, SEATS
from tests.community import _KNOWN_KEYS, PAI, get_account_id, get_key, get_policy
from tests.dozen.deeds import Deed, Said, find_deposits, pick_deposit, pick_fitting, pick_name
from tests.dozen.town import MEMBERS, Dice, Town
from tests.identity_world import set_guardians, start_recovery

ALIASES: Final = ("anna", "аппа", "boris-2", "вера", "Ann", "админ", "farm-1")


# Keys


def pick_policy(dice: Dice, name: str) -> str:
    return dice.pick((name, f"{name}/safe", f"2:{name}/a+{name}/b", "1:a+b+c"))


def reveal(_town: Town, dice: Dice) -> Said:
    name = pick_name(dice)
    return name, Reveal(get_policy(pick_name(dice) if dice.often(2) else name))


def change_policy(_town: Town, dice: Dice) -> Said:
    name = pick_name(dice)
    return name, ChangePolicy(get_policy(pick_policy(dice, name)))


def name_guardians(_town: Town, dice: Dice) -> Said:
    action = set_guardians(delay=dice.pick((3, 3, 4, 2)), cancels=dice.number(0, 2))
    if not dice.often(6):
        action = SetGuardians(None, 0, 0)
    return pick_name(dice), action


def begin_recovery(town: Town, dice: Dice) -> Said | None:
    guarded = [key for key, row in town.read(RECOVERIES) if row.guard]
    if not guarded:
        return None
    name = pick_fitting(dice, dice.pick(guarded))
    started = None if dice.often() else 0
    fresh = f"{name}/found{dice.number(0, 2)}"
    action = start_recovery(town.community, name, keys=fresh, started=started)
    if not dice.often():
        action = replace(action, policy=get_policy("thief"))
    return pick_name(dice), action


def find_pending(town: Town) -> list[bytes]:
    return [key for key, row in town.read(RECOVERIES) if row.pending]


def cancel_recovery(town: Town, dice: Dice) -> Said | None:
    pending = find_pending(town)
    if not pending or dice.often(2):  # let some of them run
        return None
    return pick_fitting(dice, dice.pick(pending)), CancelRecovery()


def complete_recovery(town: Town, dice: Dice) -> Said | None:
    pending = find_pending(town)
    if not pending:
        return None
    return pick_name(dice), CompleteRecovery(dice.pick(pending))


def take_name(_town: Town, dice: Dice) -> Said:
    return pick_name(dice), RegisterAlias(dice.pick(ALIASES), dice.pick((0, PAI, 5 * PAI)))


def give_up_name(_town: Town, dice: Dice) -> Said:
    return pick_name(dice), GiveUpAlias()


# Seats


def find_seated(town: Town) -> list[bytes]:
    return [key for key, _ in town.read(SEATS)]


def make_key(town: Town) -> KeyPair:
    town.keys_made += 1
    return get_key(f"dozen/{town.keys_made}")


def build_keys(town: Town, account_id: bytes) -> SeatKeys:
    """Three new keys, with proofs for this account."""
    keys = [make_key(town) for _ in ROLES]
    chain = town.community.chain
    proofs = [
        sign(key, get_possession_message(chain, account_id, role))
        for key, role in zip(keys, ROLES, strict=True)
    ]
    vote, vrf, standby = (key.public for key in keys)
    return SeatKeys(vote, vrf, standby, (proofs[0], proofs[1], proofs[2]))


def register_seat(town: Town, dice: Dice) -> Said:
    name = dice.pick(MEMBERS) if dice.often() else pick_name(dice)
    return name, RegisterSeat(build_keys(town, get_account_id(name)))


def bond(town: Town, dice: Dice) -> Said:
    name = pick_fitting(dice, dice.pick(find_seated(town)))
    free = [item for item in find_deposits(town, name) if not item.seat_bond]
    if free and dice.often():
        item = dice.pick(free)
        return name, Bond(item.id, dice.pick((1, item.amount, item.amount)))
    return name, Bond(pick_deposit(town, dice, name), dice.pick((PAI, 150 * PAI)))


def unbond(town: Town, dice: Dice) -> Said | None:
    name = pick_fitting(dice, dice.pick(find_seated(town)))
    bonded = [item.id for item in find_deposits(town, name) if item.seat_bond]
    return (name, Unbond(dice.pick(bonded))) if bonded and not dice.often() else None


def take_over(town: Town, dice: Dice) -> Said:
    seat = dice.pick(find_seated(town))
    row = town.state.seats.require(seat)
    standby, vrf = make_key(town), make_key(town)
    chain = town.community.chain
    proofs = (
        sign(standby, get_possession_message(chain, seat, "standby")),
        sign(vrf, get_possession_message(chain, seat, "vrf")),
    )
    action = Takeover(seat, row.vote_key, standby.public, vrf.public, proofs, bytes(64))
    signer = _KNOWN_KEYS[row.standby_key if dice.often() else row.vote_key]
    signature = sign(signer, get_takeover_message(chain, action))
    return pick_name(dice), replace(action, signature=signature)


def replace_seat_keys(town: Town, dice: Dice) -> Said:
    seat = dice.pick(find_seated(town))
    return pick_fitting(dice, seat), ReplaceSeatKeys(build_keys(town, seat))


def give_notice(town: Town, dice: Dice) -> Said:
    lock = town.slot + dice.number(1, 9)
    action = ReleaseNotice(lock + dice.number(-1, 9), lock, bytes(32))
    return pick_fitting(dice, dice.pick(find_seated(town))), action


KEYS: Final[dict[type[Action], Deed]] = {
    Reveal: reveal,
    ChangePolicy: change_policy,
    SetGuardians: name_guardians,
    StartRecovery: begin_recovery,
    CancelRecovery: cancel_recovery,
    CompleteRecovery: complete_recovery,
    RegisterAlias: take_name,
    GiveUpAlias: give_up_name,
    RegisterSeat: register_seat,
    Bond: bond,
    Unbond: unbond,
    Takeover: take_over,
    ReplaceSeatKeys: replace_seat_keys,
    ReleaseNotice: give_notice,
}
