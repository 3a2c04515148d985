"""What a node keeps on the disk of what was decided: the newest certificates, and a contradiction.

Rows of the store outside the state root, so that after a start the node knows what is justified and
final without asking, and a contradiction is never forgotten.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from chain.certificates import FINALITIES, JUSTIFICATIONS, Certificate, Finality, Justification
from chain.codec import Bytes32, Codec, Record, encode
from chain.kept import INDEX
from chain.ledger import Ledger
from chain.records import Evidence
from chain.rules.evidence import read_charge
from chain.store import Store
from chain.tables.table import ROW_BYTES_MAX
from consensus.events import TellConflict

_JUSTIFIED: Final = INDEX + b"d"  # the newest justification
_FINAL: Final = INDEX + b"g"  # the newest finality
_CONFLICT: Final = INDEX + b"x"  # then a digit: two certificates that contradict each other
_GUILTY: Final = _CONFLICT + b"g"  # who contradicts himself
_EVIDENCE: Final = INDEX + b"v"  # set, seat and kind of offence -> the first proof of it
_EVIDENCES: Final[Codec[Evidence]] = Codec(Evidence, ROW_BYTES_MAX)  # type: ignore[arg-type]  # a union


class Guilty(Record, frozen=True):
    """Seats that signed two certificates which contradict each other."""

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
    """Keep a certificate that was checked, if it is the newest of its kind."""
    is_justification = isinstance(certificate, Justification)
    newest = _read_justified(store) if is_justification else _read_final(store)
    if newest is None or certificate.body.round > newest.body.round:
        key = _JUSTIFIED if is_justification else _FINAL
        store.write([(key, encode(certificate))], durable=False)


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
