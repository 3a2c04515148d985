"""What the core says of itself: one snapshot for API, metrics and operators."""

from typing import Final, NamedTuple, NewType

from chain.kept import Head
from chain.policy import AccountId
from consensus.outlook import Outlook
from consensus.state import Signing


class Counters(NamedTuple):
    """Since this process started."""

    blocks_produced: int
    blocks_imported: int  # applied to the head, own ones not counted
    blocks_refused: int
    reorganisations: int
    reorganisation_depth_max: int
    slots_missed: int  # slots of which our seat was primary and signed nothing
    import_seconds: float  # in all
    transactions_applied: int
    subscribers_dropped: int
    votes_seen: int  # of other seats, new and good
    votes_signed: int
    offences_seen: int  # proofs that a seat has contradicted itself


Sentence = NewType("Sentence", str)  # for people: it stands in the catalogue of translations


class SigningStatus(NamedTuple):
    """Whether this node signs blocks, and if not, why: one of the words below and a sentence."""

    state: str  # signs, no_seat, not_in_set, refused, catching_up, guarded, waits
    reason: str


_SIGNING: Final[dict[Signing, SigningStatus]] = {
    Signing.SIGNS: SigningStatus("signs", ""),
    Signing.NO_SEAT: SigningStatus("no_seat", Sentence("this node has no seat's keys")),
    Signing.STOPPED: SigningStatus(
        "refused",
        Sentence(
            "what seats have decided contradicts itself or the rules: this node signs nothing more "
            "and keeps the proof"
        ),
    ),
    Signing.REFUSED: SigningStatus(
        "refused",
        Sentence(
            "messages of this seat come that this machine has not signed: another machine has its "
            "keys"
        ),
    ),
    Signing.ASKING: SigningStatus(
        "waits", Sentence("it asks others which messages of its seat they saw last")
    ),
    Signing.NOT_IN_SET: SigningStatus(
        "not_in_set",
        Sentence("the seats that make blocks do not include this one with these keys"),
    ),
    Signing.LISTENING: SigningStatus(
        "waits", Sentence("it has just started and looks for a newer chain")
    ),
    Signing.GUARDED: SigningStatus(
        "guarded",
        Sentence("what others send is old when it comes: the clock of this machine may be wrong"),
    ),
    Signing.WAITS_FOR_OPERATOR: SigningStatus(
        "guarded",
        Sentence(
            "the clocks of five peers and more differ from this machine's by more than a minute: "
            "set it right, or confirm that it is"
        ),
    ),
    Signing.CATCHING_UP: SigningStatus(
        "catching_up", Sentence("it is fetching blocks that others have")
    ),
}


def describe_signing(signing: Signing) -> SigningStatus:
    """What is said of it."""
    return _SIGNING[signing]


class HeldBlocks(NamedTuple):
    """Which blocks of the chain that is followed are held here, and which were executed here."""

    from_height: int  # 1: all
    executed_from: int  # 1: all; else what came before was taken over as a proven snapshot
    fetching: bool  # whether those that are missing are being fetched


class CoreStatus(NamedTuple):
    """A snapshot for API, metrics and ``pai node status``."""

    head: Head
    state_root: bytes
    clock_slot: int  # may be negative before genesis
    seat: AccountId | None
    signing: SigningStatus
    mempool_transactions: int
    mempool_bytes: int
    offset_ms: int | None  # median of peers' clocks against ours; None below five peers
    counters: Counters
    blocks: HeldBlocks
    finality: Outlook
    voting: SigningStatus  # whether our seat votes, and if not, why
    activation_slot: int | None  # above which a key that lost its journal votes; None: it has not
