"""Builds a busy chain, replays it in another ledger, and prints every root. Run by a test.

Nothing here is random, so that the roots may depend on nothing but the rules.
"""

import sys

from chain.actions import (
    Action,
    Bond,
    ChangePolicy,
    Pay,
    Prolong,
    RegisterSeat,
    Save,
    Unbond,
    Withdraw,
)
from chain.block import decode_block
from chain.checks import DirectChecks
from chain.errors import Invalid
from chain.genesis import GenesisDeposit
from chain.ledger import Ledger
from chain.parameters import KeepSegment
from chain.store import MemoryStore
from chain.transaction import SealedTransaction
from tests.community import (
    KEEP,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)

MEMBERS = ("ann", "boris", "emma", "farid", "galina", "hamit")
BLOCKS = 60


def choose_action(  # noqa: PLR0911 - a table of actions
    community: Community, name: str, number: int
) -> Action:
    """What a member does in a block: all kinds of actions in turn."""
    other = get_account_id(MEMBERS[(number + 1) % len(MEMBERS)])
    match (number + len(name)) % 9:
        case 0:
            return Save(PAI * (1 + number), 3)
        case 1:
            return Pay(get_account_id(f"newcomer{number % 7}"), PAI, "мир")
        case 2 if number > 10:
            return Withdraw(0, PAI)
        case 3:
            return Prolong(0, 4)
        case 4 if name == "emma":
            return ChangePolicy(get_policy(f"safe{number}"))
        case 5 if name == "farid" and number > 20:
            return Bond(0, PAI)
        case 6 if name == "farid" and number > 30:
            return Unbond(1)
        case 7 if name == "farid":
            return RegisterSeat(build_seat_keys("farid", chain=community.chain))
        case _ if get_account_id(name) != other:
            return Pay(other, 1_000 + number, "")
        case _:
            return Save(PAI, 5)


def choose_transactions(community: Community, number: int) -> list[SealedTransaction]:
    """One transaction of every member for whom the action is good."""
    chosen: list[SealedTransaction] = []
    for name in MEMBERS:
        sealed = community.sign(name, choose_action(community, name, number), fee_max=PAI)
        try:
            community.build_block([*chosen, sealed])
        except Invalid as error:
            print("refused", number, name, error, file=sys.stderr)
        else:
            chosen.append(sealed)
    return chosen


def main() -> None:
    """Print the roots of the chain as it is built and as it is replayed."""
    schedule = (*KEEP, KeepSegment(40, None), KeepSegment(60, 18_428_297_329_635_842_064))
    genesis = build_genesis(
        strangers=("stranger",), deposits=(GenesisDeposit(40 * PAI, 5),), keep_schedule=schedule
    )
    community = Community(genesis)
    blocks = []
    for number in range(BLOCKS):
        block = community.extend(choose_transactions(community, number), after=1 + number % 13)
        blocks.append(block.whole_bytes)
        print(block.hash.hex(), community.ledger.root.hex())
    again = Ledger(MemoryStore(), genesis)
    for data in blocks:
        block = decode_block(data)
        again.commit(again.execute(block, DirectChecks()), block, durable=False)
        print(again.root.hex())


if __name__ == "__main__":
    main()
