"""What a node keeps on the disk of what was decided: certificates, and a contradiction.

Rows of the store outside the state root, so that after a start the node knows what is justified and
final without asking, and a contradiction is never forgotten. Justifications stay as long as whoever
signed them can be made to pay.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Final, NamedTuple

from chain.certificates import FINALITIES, JUSTIFICATIONS, Certificate, Finality, Justification
from chain.codec import Bytes32, Codec, Record, encode
from chain.crypto import u64
from chain.header import BlockHash
from chain.kept import INDEX
from chain.ledger import Ledger
from chain.records import Evidence
from chain.rules.evidence import read_charge
from chain.store import Store
from chain.tables.table import ROW_BYTES_MAX
from consensus.conflicts import is_witness
from consensus.effects import TellConflict
from p2p.wire_votes import WITNESSES_MAX

_JUSTIFIED: Final = INDEX + b"d"  # the newest justification
_FINAL: Final = INDEX + b"g"  # the newest finality
_CONFLICT: Final = INDEX + b"x"  # then a digit: two certificates that contradict each other
_GUILTY: Final = _CONFLICT + b"g"  # who contradicts himself
_EVIDENCE: Final = INDEX + b"v"  # set, seat and kind of offence -> the first proof of it
_WITNESS: Final = INDEX + b"p"  # round, set and target -> a justification
# From the round that is asked about upwards. The first justified after it is a witness, unless what
# it stands on is missing here, or it is of another branch.
WITNESSES_READ_MAX: Final = 64
FORGOTTEN_AT_ONCE: Final = 4_096  # a set justifies some 900 an hour; each is read to be dropped
_EVIDENCES: Final[Codec[Evidence]] = Codec(Evidence, ROW_BYTES_MAX)  # type: ignore[arg-type]  # a union


class Guilty(Record, frozen=True):
    """Seats that signed what contradicts itself, where two decisions do."""

    seats: tuple[Bytes32, ...]


_GUILTIES: Final = Codec(Guilty, ROW_BYTES_MAX)


class Decided(NamedTuple):
    """The newest certificates that were kept."""

    justification: Justification | None
    finality: Finality | None


def read_decided(store: Store) -> Decided:
    """The newest certificates that were kept; None: none of that kind."""
    return Decided(_read_justified(store), _read_final(store))


def keep_certificate(store: Store, certificate: Certificate) -> None:
    """Keep a certificate that was checked: the newest of its kind, and every justification."""
    is_justification = isinstance(certificate, Justification)
    newest = _read_justified(store) if is_justification else _read_final(store)
    rows = []
    if newest is None or certificate.body.round > newest.body.round:
        key = _JUSTIFIED if is_justification else _FINAL
        rows.append((key, encode(certificate)))
    if isinstance(certificate, Justification):
        rows.append(_build_witness_row(certificate))
    if rows:
        store.write(rows, durable=False)


def keep_witnesses(store: Store, justifications: Iterable[Justification]) -> None:
    """Keep justifications that were checked, so that others can be shown them."""
    store.write([_build_witness_row(item) for item in justifications], durable=False)


def find_witnesses(store: Store, set_hash: BlockHash, round_: int) -> list[Justification]:
    """What this set has justified in a round, or later from an earlier source; the first few."""
    rows = islice(store.items(_WITNESS, u64(round_)), WITNESSES_READ_MAX)
    kept = (JUSTIFICATIONS.decode(data) for _, data in rows)
    return list(islice((it for it in kept if is_witness(it, set_hash, round_)), WITNESSES_MAX))


def forget_witnesses(ledger: Ledger) -> None:
    """Drop justifications so old that no bond is locked any more for what was signed then.

    Called when a set is entered; what is too much for once goes at the next one.
    """
    constants = ledger.constants
    outdated = ledger.head.slot - constants.unbonding_periods * constants.slots_per_period
    if outdated <= 0:
        return
    end = _WITNESS + u64(outdated)
    oldest = islice(ledger.store.items(_WITNESS), FORGOTTEN_AT_ONCE)
    gone = [(key, None) for key, _ in takewhile(lambda row: row[0] < end, oldest)]
    if gone:
        ledger.store.write(gone, durable=False)


def _build_witness_row(justification: Justification) -> tuple[bytes, bytes]:
    body = justification.body
    return _WITNESS + u64(body.round) + body.set + body.target_hash, encode(justification)


def keep_conflict(store: Store, conflict: TellConflict) -> None:
    """Keep two certificates that contradict each other, for whoever has to judge."""
    rows = [
        (_CONFLICT + place + name, encode(certificate))
        for place, certificate in ((b"1", conflict.first), (b"2", conflict.second))
        for name, kind in ((b"j", Justification), (b"f", Finality))
        if isinstance(certificate, kind)
    ]
    store.write([*rows, (_GUILTY, encode(Guilty(conflict.guilty)))], durable=True)


def keep_evidence(store: Store, chain: bytes, evidence: Evidence) -> None:
    """Keep the first proof of an offence, so that a block can record it even after a start.

    A seat is accused once of a kind in a set, so there are no more than that.
    """
    charge = read_charge(chain, evidence)
    key = _EVIDENCE + charge.set + charge.seat + charge.kind.encode()
    if store.get(key) is None:
        store.write([(key, encode(evidence))], durable=False)


def forget_evidence(ledger: Ledger) -> None:
    """Drop proofs that no block can record any more: of sets of which the chain keeps nothing.

    A set of another branch is not kept either, so what it signed must be as old as that, too.
    """
    constants = ledger.constants
    kept_slots = constants.set_list_keep_periods * constants.slots_per_period
    outdated = ledger.head.slot - kept_slots
    gone: list[tuple[bytes, bytes | None]] = []
    for key, data in ledger.store.items(_EVIDENCE):
        charge = read_charge(ledger.chain, _EVIDENCES.decode(data))
        if charge.round < outdated and ledger.state.set_records.get(charge.set) is None:
            gone.append((key, None))
    if gone:
        ledger.store.write(gone, durable=False)


def read_evidence(store: Store) -> Iterator[Evidence]:
    """The proofs that are kept."""
    for _, data in store.items(_EVIDENCE):
        yield _EVIDENCES.decode(data)


def read_conflict(store: Store) -> TellConflict | None:
    """The two certificates, and who contradicts himself; None: nothing contradicts itself."""
    certificates = list(_read_conflict(store))
    if not certificates:
        return None
    first, second = certificates
    guilty = store.get(_GUILTY)
    return TellConflict(first, second, () if guilty is None else _GUILTIES.decode(guilty).seats)


def _read_justified(store: Store) -> Justification | None:
    data = store.get(_JUSTIFIED)
    return None if data is None else JUSTIFICATIONS.decode(data)


def _read_final(store: Store) -> Finality | None:
    data = store.get(_FINAL)
    return None if data is None else FINALITIES.decode(data)


def _read_conflict(store: Store) -> Iterator[Certificate]:
    for place in (b"1", b"2"):
        justified = store.get(_CONFLICT + place + b"j")
        final = store.get(_CONFLICT + place + b"f")
        if justified is not None:
            yield JUSTIFICATIONS.decode(justified)
        if final is not None:
            yield FINALITIES.decode(final)
