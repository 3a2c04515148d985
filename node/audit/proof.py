"""One account's row, proved: by a Merkle proof under a state root that a seat's server has signed.

Nothing is replayed and nobody is believed: the community is named by its genesis, the block by its
author's signature, the row by the hashes from the block's state root down to it. That the block is
the community's and not one server's alone, other nodes' blocks at the same height show.
"""

from itertools import islice
from typing import Any, Final, NamedTuple

from chain.address import encode_address
from chain.block import SealedBlock, decode_block
from chain.codec import Codec
from chain.crypto import Signed, is_signed
from chain.errors import Invalid
from chain.genesis import Genesis, compute_chain_id
from chain.header import get_header_message
from chain.ledger import Ledger
from chain.merkle import Proof, verify_proof
from chain.policy import AccountId
from chain.store import MemoryStore
from chain.tables import ACCOUNTS, Account
from chain.tables.table import RowT
from chain.units import format_pai
from node.audit.findings import AuditStopped, Check, Finding, Sentence
from node.audit.source import NodeReader, ProofAnswer, SourceError

PROOF_BYTES_MAX: Final = 64 * 1_024  # 64 nodes of 512 bytes, and a neighbour's row
_PROOFS: Final[Codec[Proof]] = Codec(Proof, PROOF_BYTES_MAX)
_GENESIS_HEIGHT: Final = 0


class ProvenAccount(NamedTuple):
    """What was proved, or why it was not: ``findings`` is empty when the proof holds."""

    height: int
    block: SealedBlock | None
    state_root: bytes
    account: Account | None
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        """Whether everything fits."""
        return not self.findings

    def build_document(self) -> dict[str, Any]:
        """The same for programs; amounts as of the row's own step."""
        row = self.account
        return {
            "holds": self.holds,
            "height": self.height,
            "block": None if self.block is None else self.block.hash.hex(),
            "seat": None if self.block is None else self.block.header.seat.hex(),
            "state_root": self.state_root.hex(),
            "exists": row is not None,
            "settlement": None if row is None else format_pai(row.settlement),
            "touched_step": None if row is None else row.touched_step,
            "sequence": None if row is None else row.sequence,
            "findings": self.findings,
        }


def prove_account(node: NodeReader, genesis: Genesis, account_id: AccountId) -> ProvenAccount:
    """Ask a node for an account's proof, and check every step of it. Raises SourceError."""
    answer = node.get_proof(encode_address(genesis.prefix, account_id))
    root = _from_hex(answer.state_root)
    block = _fetch_block(node, answer.height)
    findings = [
        *_check_row(answer, root, account_id),
        *(_check_beginning(genesis, root) if block is None else ()),
        *(() if block is None else _check_block(genesis, block, answer.height, root)),
    ]
    row = None if answer.row is None else _decode(ACCOUNTS.codec, answer.row)
    return ProvenAccount(answer.height, block, root, row, findings)


def _check_row(answer: ProofAnswer, root: bytes, account_id: AccountId) -> list[Finding]:
    key = ACCOUNTS.prefix + account_id
    row = None if answer.row is None else _from_hex(answer.row)
    proof = _decode(_PROOFS, answer.proof)
    if _from_hex(answer.key) == key and verify_proof(root, key, row, proof):
        return []
    detail = Sentence("the proof does not lead from the state root to the account's row")
    return [
        Finding(
            check=Check.MERKLE_ROOT,
            detail=detail,
            height=answer.height,
            table=ACCOUNTS.name,
            key=account_id.hex(),
        )
    ]


def _check_beginning(genesis: Genesis, root: bytes) -> list[Finding]:
    """Nobody signs the state before the first block: it follows from the genesis itself."""
    expected = Ledger(MemoryStore(), genesis).root
    if expected == root:
        return []
    detail = Sentence("the proof is not for the state with which the genesis begins")
    return [
        Finding(
            check=Check.STATE_ROOT,
            detail=detail,
            height=_GENESIS_HEIGHT,
            expected=expected.hex(),
            found=root.hex(),
        )
    ]


def _check_block(genesis: Genesis, block: SealedBlock, height: int, root: bytes) -> list[Finding]:
    """The block is the community's, carries this root, and a seat of the genesis signed it."""
    header = block.header
    keys = {seat.account: seat.keys.vote for seat in genesis.seats}
    message = get_header_message(block.header_bytes)
    problems = []
    if header.chain != compute_chain_id(genesis):
        problems.append(Sentence("the block belongs to another community"))
    if header.height != height:
        problems.append(Sentence("the block is of another height than the proof"))
    if header.state_root != root:
        problems.append(Sentence("the proof is not for the state root of the block"))
    key = keys.get(header.seat)
    if key is None or not is_signed(Signed(key, message, block.block.signature)):
        problems.append(Sentence("no seat of the genesis has signed the block"))
    return [
        Finding(
            check=Check.BLOCK,
            detail=detail,
            height=header.height,
            block=block.hash.hex(),
            seat=header.seat.hex(),
        )
        for detail in problems
    ]


def _fetch_block(node: NodeReader, height: int) -> SealedBlock | None:
    if height == _GENESIS_HEIGHT:
        return None
    try:
        with node.stream_export(height) as objects:
            found = list(islice(objects, 2))
        if len(found) < 2:
            raise SourceError(f"{node.url} does not hand out its block {height}")
        return decode_block(found[1])
    except (AuditStopped, Invalid) as error:
        raise SourceError(f"{node.url} hands out a block that is none: {error}") from error


def _decode(codec: Codec[RowT], text: str) -> RowT:
    try:
        return codec.decode(_from_hex(text))
    except Invalid as error:
        raise SourceError(f"the node's proof cannot be read: {error}") from error


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise SourceError("the node's proof is not hexadecimal") from None
