"""What peers say to each other: names of topics and protocols, messages, and every byte limit.

Messages are canonical MessagePack records, decoded once at the door; whatever is above its cap
or not canonical is refused there. Names carry the version of these formats and the community, so
that strangers do not even hear each other. Nothing here sends or receives.
"""

from typing import Annotated, Final, Generic, NamedTuple, TypeVar

from msgspec import Meta

from chain.block import BLOCK_BYTES_MAX, Block
from chain.certificates import CERTIFICATE_BYTES_MAX, Finality, Justification
from chain.codec import Bytes32, Codec, Natural, Record, check_text
from chain.header import HEADER_BYTES_MAX, SignedHeader
from chain.transaction import TRANSACTION_BYTES_MAX

Q = TypeVar("Q")
A = TypeVar("A")

WIRE_VERSION: Final = 1

# One message costs every node about 1.7 ms however small it is, so transactions travel together.
BUNDLE_BYTES: Final = 64 * 1_024
BUNDLE_SECONDS: Final = 0.1
BUNDLE_TRANSACTIONS_MAX: Final = 512  # the smallest transaction is about 180 bytes
# A bundle is closed before the transaction that would exceed it, so this is never reached.
GOSSIP_BYTES_MAX: Final = BUNDLE_BYTES + TRANSACTION_BYTES_MAX
ANNOUNCEMENT_BYTES_MAX: Final = HEADER_BYTES_MAX + CERTIFICATE_BYTES_MAX + 16

ADDRESS_BYTES_MAX: Final = 256  # the longest honest one: a DNS name of 253, rarely met
STATUS_ADDRESSES_MAX: Final = 8  # IPv4, IPv6, a name, and some to spare
PEERS_ADDRESSES_MAX: Final = 32  # enough to join by; more would let one peer fill a book
STATUS_BYTES_MAX: Final = 640 + STATUS_ADDRESSES_MAX * (ADDRESS_BYTES_MAX + 8)
PEERS_BYTES_MAX: Final = 64 + PEERS_ADDRESSES_MAX * (ADDRESS_BYTES_MAX + 8)

LOCATOR_MAX: Final = 64  # ten, then doubling: 2**54 blocks
HEADERS_MAX: Final = 512  # half an hour of slots, about 220 kB
HEADERS_BYTES_MAX: Final = HEADERS_MAX * (HEADER_BYTES_MAX + 8)
BLOCKS_MAX: Final = 64  # empty blocks come many at a time
# Any one block fits, and a slow line (1 Mbit/s) moves it within the deadline of a request.
BLOCKS_BYTES_MAX: Final = BLOCK_BYTES_MAX + 512 * 1_024
OUTLINE_TRANSACTIONS_MAX: Final = 8_192  # block_units is voted up to 8,000, one unit at least each
OUTLINE_BYTES_MAX: Final = BLOCK_BYTES_MAX
INDEXES_BYTES_MAX: Final = OUTLINE_TRANSACTIONS_MAX * 3 + 64  # the longest list of indexes

Address = Annotated[str, Meta(min_length=1, max_length=ADDRESS_BYTES_MAX)]


class Head(Record, frozen=True):
    """The end of a peer's chain and what fork choice makes of it."""

    hash: Bytes32
    height: Natural
    slot: Natural
    score: Natural  # two for each primary block, one for each secondary


class Progress(Record, frozen=True):
    """How far finality is: the set in force and its hand-off's slot, and rounds of that set.

    ``contradicted``: two decisions that contradict each other are known there, so who knows only
    one of them has something to learn.
    """

    set: Bytes32
    base_slot: Natural
    lock_round: Natural  # of the newest that is justified
    final_round: Natural  # of the newest that is final
    contradicted: bool


class Status(Record, frozen=True):
    """Who we are and how far: asked and answered with the same message, every few seconds."""

    community: Bytes32
    genesis_version: Natural
    head: Head
    addresses: Annotated[tuple[Address, ...], Meta(max_length=STATUS_ADDRESSES_MAX)]
    time_ms: Natural  # the sender's wall clock, for measuring offsets; nobody obeys it
    progress: Progress

    def __post_init__(self) -> None:
        for address in self.addresses:
            check_text(address, ADDRESS_BYTES_MAX)


class PeersRequest(Record, frozen=True):
    """Asks whom else the peer knows."""


class PeersAnswer(Record, frozen=True):
    """Addresses that the sender has itself reached lately, each naming its peer."""

    addresses: Annotated[tuple[Address, ...], Meta(max_length=PEERS_ADDRESSES_MAX)]

    def __post_init__(self) -> None:
        for address in self.addresses:
            check_text(address, ADDRESS_BYTES_MAX)


class HeadersRequest(Record, frozen=True):
    """Headers after the first of these hashes that lies on your chain."""

    locator: Annotated[tuple[Bytes32, ...], Meta(min_length=1, max_length=LOCATOR_MAX)]
    limit: Annotated[int, Meta(ge=1, le=HEADERS_MAX)]


class HeadersAnswer(Record, frozen=True):
    """Linked headers, ascending; none when the sender knows none of the locator."""

    headers: Annotated[tuple[SignedHeader, ...], Meta(max_length=HEADERS_MAX)]


class BlocksRequest(Record, frozen=True):
    """These blocks, whole."""

    hashes: Annotated[tuple[Bytes32, ...], Meta(min_length=1, max_length=BLOCKS_MAX)]


class BlocksAnswer(Record, frozen=True):
    """The first of the blocks asked for, in that order, up to what fits or is held."""

    blocks: Annotated[
        tuple[Annotated[bytes, Meta(max_length=BLOCK_BYTES_MAX)], ...], Meta(max_length=BLOCKS_MAX)
    ]


class AncestorsRequest(Record, frozen=True):
    """A block of your chain, its parent, the parent's parent, and so on: answered as blocks."""

    hash: Bytes32
    limit: Annotated[int, Meta(ge=1, le=BLOCKS_MAX)]


class OutlineRequest(Record, frozen=True):
    """Asks what is in a freshly announced block."""

    hash: Bytes32


class Outline(Record, frozen=True):
    """A block whose transactions are named instead of told: ``frame`` has none of its own."""

    frame: Block
    leaves: Annotated[tuple[Bytes32, ...], Meta(max_length=OUTLINE_TRANSACTIONS_MAX)]

    def __post_init__(self) -> None:
        if self.frame.body.transactions:
            raise ValueError("the frame of an outline has no transactions")


class OutlineAnswer(Record, frozen=True):
    """The outline, or nil when the sender does not hold that block among its recent ones."""

    outline: Outline | None


class TransactionsRequest(Record, frozen=True):
    """Those transactions of a recent block, by their places in it."""

    hash: Bytes32
    indexes: Annotated[
        tuple[Annotated[int, Meta(ge=0, lt=OUTLINE_TRANSACTIONS_MAX)], ...],
        Meta(min_length=1, max_length=OUTLINE_TRANSACTIONS_MAX),
    ]

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.indexes, self.indexes[1:], strict=False)):
            raise ValueError("indexes ascend")


WholeTransaction = Annotated[bytes, Meta(min_length=1, max_length=TRANSACTION_BYTES_MAX)]


class TransactionsAnswer(Record, frozen=True):
    """The transactions asked for, in that order, all of them; none when the block is not held."""

    transactions: Annotated[tuple[WholeTransaction, ...], Meta(max_length=OUTLINE_TRANSACTIONS_MAX)]


class Bundle(Record, frozen=True):
    """Gossip: transactions of one node, as they travel."""

    transactions: Annotated[
        tuple[WholeTransaction, ...], Meta(min_length=1, max_length=BUNDLE_TRANSACTIONS_MAX)
    ]


class Announcement(Record, frozen=True):
    """Gossip: a new block by its header; the body is asked for.

    With it comes the certificate that the header names as its author's highest, of either kind;
    none when that is a set's beginning.
    """

    header: SignedHeader
    justification: Justification | None
    finality: Finality | None

    def __post_init__(self) -> None:
        if self.justification is not None and self.finality is not None:
            raise ValueError("two certificates")
        carried = self.justification or self.finality
        header = self.header.header
        if carried is not None and (carried.body.round, carried.body.target_hash) != (
            header.lock_round,
            header.lock_hash,
        ):
            raise ValueError("a certificate that the header does not name")


class Exchange(NamedTuple, Generic[Q, A]):
    """A question, its answer, and how long the answer may take."""

    subject: str
    question: Codec[Q]
    answer: Codec[A]
    timeout_seconds: float


# Status doubles as the sign of life: five seconds cover a bad line, three misses end a connection.
STATUS: Final = Exchange(
    "status", Codec(Status, STATUS_BYTES_MAX), Codec(Status, STATUS_BYTES_MAX), 5.0
)
PEERS: Final = Exchange("peers", Codec(PeersRequest, 16), Codec(PeersAnswer, PEERS_BYTES_MAX), 5.0)
HEADERS: Final = Exchange(
    "headers",
    Codec(HeadersRequest, 64 + LOCATOR_MAX * 34),
    Codec(HeadersAnswer, HEADERS_BYTES_MAX),
    10.0,
)
# The longest answer needs 13 seconds at 1 Mbit/s.
BLOCKS: Final = Exchange(
    "blocks",
    Codec(BlocksRequest, 64 + BLOCKS_MAX * 34),
    Codec(BlocksAnswer, BLOCKS_BYTES_MAX),
    20.0,
)
ANCESTORS: Final = Exchange(
    "ancestors", Codec(AncestorsRequest, 64), Codec(BlocksAnswer, BLOCKS_BYTES_MAX), 20.0
)
# A peer that is itself still fetching the block may take OUTLINE_WAIT_SECONDS of these.
OUTLINE: Final = Exchange(
    "outline", Codec(OutlineRequest, 64), Codec(OutlineAnswer, OUTLINE_BYTES_MAX), 4.0
)
OUTLINE_WAIT_SECONDS: Final = 1.5
TRANSACTIONS: Final = Exchange(
    "transactions",
    Codec(TransactionsRequest, INDEXES_BYTES_MAX),
    Codec(TransactionsAnswer, BLOCK_BYTES_MAX),
    10.0,
)

BUNDLE_TOPIC: Final = "bundles"
BUNDLE: Final = Codec(Bundle, GOSSIP_BYTES_MAX)
ANNOUNCEMENT_TOPIC: Final = "announcements"
ANNOUNCEMENT: Final = Codec(Announcement, ANNOUNCEMENT_BYTES_MAX)


def get_name(community: bytes, subject: str) -> str:
    """The name of a topic or protocol: formats' version, community, subject.

    Half the community's id is enough to keep strangers apart; the status carries all of it.
    """
    return f"/pai/{WIRE_VERSION}/{community[:16].hex()}/{subject}"
