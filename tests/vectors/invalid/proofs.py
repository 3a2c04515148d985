"""Refusals of proofs, checkpoints and snapshots, which need no state but what is trusted."""

from collections.abc import Callable, Iterator
from typing import Final

from chain.checks import DirectChecks
from chain.codec import Codec, Record, encode
from chain.errors import Code, Invalid
from chain.proof import CHECKPOINTS, PROOFS, check_set_age, verify_finality
from chain.snapshot import OUTLINE_BYTES_MAX, PARTS, Place, Split, check_part, list_places
from tests.unit import test_proof, test_snapshot
from tests.vectors.invalid.scenes import Vector

SLOTS_MAX: Final = 100


class Splits(Record, frozen=True):
    """The splits of an outline, as they stand in it."""

    splits: tuple[Split, ...]


SPLITS: Final = Codec(Splits, OUTLINE_BYTES_MAX)


def find_code(attempt: Callable[[], object]) -> Code | None:
    """The code with which something is refused; None: it passes."""
    try:
        attempt()
    except Invalid as error:
        return error.code
    return None


def judge_proof(trusted: str, proof: str) -> Code | None:
    """What a proof's bytes are worth to whoever trusts this checkpoint."""
    start = CHECKPOINTS.decode(bytes.fromhex(trusted))
    return find_code(
        lambda: verify_finality(start, PROOFS.decode(bytes.fromhex(proof)), DirectChecks())
    )


def judge_age(trusted: str, slot: int, slots_max: int) -> Code | None:
    """Whether a checkpoint may still be trusted in a slot, when bonds are locked that long."""
    start = CHECKPOINTS.decode(bytes.fromhex(trusted))
    return find_code(lambda: check_set_age(start, slot, slots_max))


def judge_outline(state_root: str, splits: str) -> Code | None:
    """Whether the splits hang on a state root."""
    items = SPLITS.decode(bytes.fromhex(splits)).splits
    return find_code(lambda: list_places(bytes.fromhex(state_root), items))


def judge_part(prefix: str, digest: str, part: str) -> Code | None:
    """Whether rows are all that stand at a place."""
    place = Place(prefix, bytes.fromhex(digest))
    return find_code(lambda: check_part(place, PARTS.decode(bytes.fromhex(part))))


def build_proofs() -> Iterator[Vector]:
    """Proofs of finality, and checkpoints that are too old; what passes stands beside the first."""
    way = test_proof.WAY
    accepted = encode(way.proof).hex()
    for name, (code, change) in test_proof.REFUSALS.items():
        bad = change(way)
        trusted, refused = encode(bad.trusted).hex(), encode(bad.proof).hex()
        assert judge_proof(trusted, refused) is code, name
        vector = {"name": name, "kind": "proof", "code": int(code)}
        vector |= {"trusted": trusted, "refused": refused}
        yield vector | ({"accepted": accepted} if name == "version" else {})
    old, young = (way.trusted.slot + SLOTS_MAX + late for late in (1, 0))
    trusted = encode(way.trusted).hex()
    assert judge_age(trusted, old, SLOTS_MAX) is Code.CHECKPOINT_TOO_OLD
    yield {
        "name": "a checkpoint older than bonds stay locked",
        "kind": "age",
        "code": int(Code.CHECKPOINT_TOO_OLD),
        "trusted": trusted,
        "slots_max": SLOTS_MAX,
        "refused": old,
        "accepted": young,
    }


def build_snapshots() -> Iterator[Vector]:
    """Outlines that do not hang on the root, and parts that are not the state; as above."""
    root, splits, _ = test_snapshot.lay_out(test_snapshot.build_rows(6_000, 800))
    accepted = encode(Splits(splits)).hex()
    for name, change in test_snapshot.OUTLINES.items():
        refused = encode(Splits(change(splits))).hex()
        assert judge_outline(root.hex(), refused) is Code.BAD_SNAPSHOT, name
        vector = {"name": name, "kind": "outline", "code": int(Code.BAD_SNAPSHOT)}
        vector |= {"state_root": root.hex(), "refused": refused}
        yield vector | ({"accepted": accepted} if name == "no root" else {})
    root, splits, shelf = test_snapshot.lay_out(test_snapshot.build_rows(100, 30))
    place = max(
        list_places(root, splits),
        key=lambda item: len(test_snapshot.read_part(shelf, item.prefix).rows),
    )
    part = test_snapshot.read_part(shelf, place.prefix)
    for name, alter in test_snapshot.CHANGES.items():
        refused = encode(alter(part)).hex()
        digest = place.hash.hex()
        assert judge_part(place.prefix, digest, refused) is Code.BAD_SNAPSHOT_ROWS, name
        vector = {"name": name, "kind": "part", "code": int(Code.BAD_SNAPSHOT_ROWS)}
        vector |= {"prefix": place.prefix, "hash": digest}
        yield vector | {"refused": refused, "accepted": encode(part).hex()}
