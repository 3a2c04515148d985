"""Proofs of finality as a stranger meets them: asked of a node or read from a file, then checked.

What is trusted is a genesis or a checkpoint, and nothing else; checking needs no network.
"""

from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from chain.checks import SignatureChecks
from chain.codec import encode
from chain.errors import Invalid
from chain.genesis import Genesis
from chain.header import BlockHash
from chain.policy import AccountId
from chain.proof import (
    PROOF_BYTES_MAX,
    PROOFS,
    Checkpoint,
    FinalityProof,
    Proven,
    begin_at,
    verify_finality,
)
from chain.tables import ACCOUNTS, Account
from chain.units import format_pai
from node.audit.source import NodeReader, SourceError
from node.founding import check_age
from node.home import HomeError, read_file


class Trusted(NamedTuple):
    """Where trust begins, and the genesis if it is at hand: it tells what time it is there."""

    checkpoint: Checkpoint
    genesis: Genesis | None


class Checked(NamedTuple):
    """A proof that holds: what it shows, and what it took. ``is_fresh`` is None without a clock.

    ``account`` is the row's, nil when the proof shows that there is none.
    """

    proven: Proven
    trusted: Checkpoint
    account_id: AccountId | None
    account: Account | None
    size_bytes: int
    milliseconds: float
    is_fresh: bool | None

    def build_document(self) -> dict[str, Any]:
        """The same for programs; amounts as of the row's own step."""
        proven, row = self.proven, self.account
        header, end = proven.header, proven.checkpoint
        sealed = proven.transaction
        return {
            "holds": True,
            "community": end.chain.hex(),
            "height": end.height if header is None else header.height,
            "slot": end.slot if header is None else header.slot,
            "block": proven.block_hash.hex(),
            "state_root": proven.state_root.hex(),
            "final_height": end.height,
            "final_block": end.block_hash.hex(),
            "level": proven.level,
            "hand_offs": proven.hand_offs,
            "seats": len(proven.entries),
            "account": None if self.account_id is None else self.account_id.hex(),
            "exists": None if self.account_id is None else row is not None,
            "settlement": None if row is None else format_pai(row.settlement),
            "touched_step": None if row is None else row.touched_step,
            "sequence": None if row is None else row.sequence,
            "transaction": None if sealed is None else sealed.id.hex(),
            "sender": None if sealed is None else sealed.body.account.hex(),
            "trusted_height": self.trusted.height,
            "trusted_slot": self.trusted.slot,
            "fresh": self.is_fresh,
            "bytes": self.size_bytes,
            "milliseconds": f"{self.milliseconds:.1f}",
        }


def read_proof(path: Path) -> FinalityProof:
    """The proof in a file. Raises HomeError."""
    data = read_file(path, PROOF_BYTES_MAX)
    try:
        return PROOFS.decode(data)
    except Invalid as error:
        raise HomeError(f"{path} is no proof: {error}") from None


def ask_proof(node: NodeReader, query: dict[str, str], set_hash: BlockHash) -> FinalityProof | None:
    """A node's proof from a set on; None: no final block covers what is asked. Raises SourceError.

    A node that began with a snapshot may not know the set; then its proof begins where it can.
    """
    data = node.get_finality({**query, "from": set_hash.hex()})
    if data is None:
        data = node.get_finality(query)
    if data is None:
        return None
    try:
        return PROOFS.decode(data)
    except Invalid as error:
        raise SourceError(f"the node's proof cannot be read: {error}") from error


def check_proof(
    trusted: Trusted, proof: FinalityProof, checks: SignatureChecks, slot: int | None
) -> Checked:
    """What a proof shows to whoever trusts this. Raises Invalid at what it does not.

    ``slot`` is the present one, if that can be said.
    """
    began = perf_counter()
    proven = verify_finality(trusted.checkpoint, begin_at(proof, trusted.checkpoint.set), checks)
    milliseconds = (perf_counter() - began) * 1_000
    account_id = account = None
    if proven.row is not None and proven.row[0].startswith(ACCOUNTS.prefix):
        account_id = proven.row[0][len(ACCOUNTS.prefix) :]
        account = None if proven.row[1] is None else ACCOUNTS.codec.decode(proven.row[1])
    return Checked(
        proven,
        trusted.checkpoint,
        account_id,
        account,
        len(encode(proof)),
        milliseconds,
        _is_fresh(trusted, slot),
    )


def _is_fresh(trusted: Trusted, slot: int | None) -> bool | None:
    """Whether the bonds of those whom the checkpoint's set trusts cannot have been taken back."""
    if slot is None or trusted.genesis is None:
        return None
    try:
        check_age(trusted.checkpoint, trusted.genesis, slot)
    except Invalid:
        return False
    return True
