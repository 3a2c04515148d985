"""What somebody sends that cannot be good: a payment with one thing wrong about it.

Each is refused at the door with its own code, and nobody is blamed: it came from a member.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from chain.actions import Pay, RegisterSeat, Reveal, Save
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from tests.community import build_seat_keys, get_key, get_policy

NOWHERE: Final = bytes(range(32))

Spoil = Callable[[Transaction], Transaction]

SPOILS: Final[dict[str, Spoil]] = {
    "WRONG_VERSION": lambda body: replace(body, version=TRANSACTION_VERSION + 1),
    "EXPIRED": lambda body: replace(body, valid_until_slot=1),
    "EXPIRY_TOO_FAR": lambda body: replace(body, valid_until_slot=10**6),
    "UNKNOWN_REF": lambda body: replace(body, ref=NOWHERE[:16]),
    "UNKNOWN_VIA": lambda body: replace(body, via=NOWHERE),
    "FUTURE_SEQUENCE": lambda body: replace(body, sequence=body.sequence + 1_000),
    "WRONG_SEQUENCE": lambda body: replace(body, sequence=max(body.sequence - 1, 0)),
    "UNKNOWN_ACCOUNT": lambda body: replace(body, account=NOWHERE),
    "POLICY_ALREADY_KNOWN": lambda body: replace(
        body, actions=(*body.actions, Reveal(get_policy("emma")))
    ),
    "FIRST_PAYMENT_TOO_SMALL": lambda body: replace(
        body, actions=(*body.actions[:-1], Pay(NOWHERE, 1, ""))
    ),
    "DEPOSIT_TOO_SMALL": lambda body: replace(body, actions=(*body.actions[:-1], Save(1, 30))),
    "KEY_USED_BEFORE": lambda body: replace(
        body,
        actions=(*body.actions[:-1], RegisterSeat(build_seat_keys("ann", chain=body.ref))),
    ),
}


CODES: Final = (*SPOILS, "BAD_SIGNATURE", "WRONG_SIGNATURES")


def spoil(chain: bytes, payer: str, body: Transaction, code: str) -> SealedTransaction:
    """The payment as it would be refused with this code."""
    if code == "BAD_SIGNATURE":
        return sign_transaction(chain, body, [(0, get_key(f"{payer}/another"))])
    if code == "WRONG_SIGNATURES":
        return sign_transaction(chain, body, [(1, get_key(payer))])
    return sign_transaction(chain, SPOILS[code](body), [(0, get_key(payer))])
