"""Executes blocks again, while the signatures of those that follow are verified beside.

``LookAhead`` hands blocks out in order, their signatures and VRF proofs checked by then; ``replay``
also executes and commits them, and names the first that does not hold exactly. What is checked
beside is guessed from the present state, and remembered by its very bytes: a wrong guess costs
time only.
"""

import gc
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

from chain.actions import ChangePolicy, Reveal
from chain.block import BlockParts, SealedBlock, decode_block
from chain.checks import LearnedChecks, SignatureChecks, VrfClaim
from chain.crypto import Signed
from chain.errors import Invalid, WrongStateRoot
from chain.header import BlockHash, get_header_message
from chain.ledger import Execution, Ledger
from chain.policy import AccountId, Policy
from chain.rules.finality_record import get_finality_claims
from chain.rules.lottery import get_alpha
from chain.rules.rollcall import get_attendance_claims
from chain.rules.transactions import get_claims
from chain.store import Batch
from chain.tables import CURRENT
from chain.transaction import SealedTransaction
from chain.verifier import Verifier, VerifierGone

# How far to read ahead, in signatures: enough for the other process to have work during a full
# block, and so little that blocks waiting in memory, and guesses from an old state, stay few.
AHEAD_WEIGHT_MAX: Final = 2_000
PROOF_WEIGHT: Final = 10  # a VRF proof takes as long as so many signatures
BYTES_PER_WEIGHT: Final = 512
POLICIES_MAX: Final = 20_000  # remembered from blocks ahead; about 4 MB

CHUNK_WEIGHT: Final = 256  # what is asked at once: some 16 milliseconds of work
ALONE_WEIGHT: Final = 512  # to start the other process takes longer than so little

# The thread that brings answers asks for the interpreter lock and gets it after this time; with
# Python's 5 ms the other process would have nothing to do while blocks are executed.
SWITCH_SECONDS: Final = 0.000_05

# Containers made before Python looks for cycles among them. Blocks have none: with its 700 this
# would be a tenth of the work. What lived before is not looked at until the end: a ledger is large.
COLLECT_AFTER: Final = 50_000


class Claims(NamedTuple):
    """What rules are likely to ask about one block."""

    proofs: Sequence[VrfClaim]
    signatures: Sequence[Signed]


class Replayed(NamedTuple):
    """A block that was executed and committed, and what it did."""

    block: SealedBlock
    execution: Execution


class ReplayFailed(Exception):
    """The first block that does not hold: which one, why, and where in it.

    ``hash`` is None for bytes that are no block, ``transaction`` for what concerns no single one;
    the roots are there when they differ.
    """

    def __init__(self, height: int, block_hash: BlockHash | None, error: Invalid) -> None:
        name = block_hash.hex() if block_hash else "bytes that are no block"
        super().__init__(f"block {height} ({name}): {error}")
        self.height = height
        self.hash = block_hash
        self.code = error.code
        self.detail = error.detail
        self.transaction = error.transaction
        self.computed_root = error.computed if isinstance(error, WrongStateRoot) else None
        self.expected_root = error.expected if isinstance(error, WrongStateRoot) else None


def replay(
    ledger: Ledger,
    blocks: Iterable[SealedBlock | bytes],
    *,
    get_index: Callable[[SealedBlock, Execution], Batch] = lambda _block, _execution: (),
) -> Generator[Replayed, None, None]:
    """Execute and commit blocks on top of the ledger, one by one. Raises ReplayFailed.

    ``get_index`` names what else to write in a block's batch. The disk is not waited for: call
    ``ledger.sync()`` when it matters; a crash before leaves an earlier block.
    """
    ahead = LookAhead(ledger)
    try:
        with closing(ahead.read(blocks)) as source:
            for block in source:
                execution = _execute(ledger, block, ahead.checks)
                index = get_index(block, execution)
                ledger.commit(execution, block, index=index, durable=False)
                yield Replayed(block, execution)
    except Invalid as error:
        raise ReplayFailed(ledger.head.height + 1, None, error) from error


def _execute(ledger: Ledger, block: SealedBlock, checks: SignatureChecks) -> Execution:
    try:
        return ledger.execute(block, checks)
    except Invalid as error:
        raise ReplayFailed(block.header.height, block.hash, error) from error


def predict_claims(
    ledger: Ledger, block: SealedBlock, policies: Mapping[AccountId, Policy] | None = None
) -> Claims:
    """What executing this block will ask for, as far as the present state tells.

    ``policies`` are those that blocks in between will have changed.
    """
    header = block.header
    proofs: tuple[VrfClaim, ...] = ()
    signatures: list[Signed] = []
    entries = ledger.seat_set.entries
    entry = next((item for item in entries if item.seat == header.seat), None)
    if entry is not None:
        message = get_header_message(block.header_bytes)
        signatures.append(Signed(entry.vote_key, message, block.block.signature))
        seed = _predict_seed(ledger, header.slot)
        if seed is not None:
            alpha = get_alpha(ledger.chain, seed, header.slot)
            proofs = (VrfClaim(entry.vrf_key, alpha, header.vrf_proof),)
    for sealed in block.transactions:
        policy = _predict_policy(ledger, sealed, policies or {})
        if policy is not None:
            try:
                signatures.extend(get_claims(ledger.chain, policy, sealed))
            except Invalid:
                continue  # the rules will say so in their turn
    signatures.extend(_predict_record_claims(ledger, block.parts))
    return Claims(proofs, signatures)


def _predict_record_claims(ledger: Ledger, parts: BlockParts) -> list[Signed]:
    """What records claim, by the sets and the seats as they stand now."""
    claims: list[Signed] = []
    try:
        if parts.finality is not None:
            claims += get_finality_claims(ledger.state, parts.finality)
        if parts.roll_call is not None:
            claims += get_attendance_claims(ledger.state, ledger.chain, parts.roll_call)
    except Invalid:
        return claims  # the rules will say so in their turn
    return claims


def _predict_seed(ledger: Ledger, slot: int) -> bytes | None:
    """The seed of a slot's epoch, if it is this one or the next: those are settled."""
    current = ledger.state.randomness.require(CURRENT)
    epoch = slot // ledger.constants.slots_per_epoch
    if epoch == current.epoch:
        return current.seed
    return current.next_seed if epoch == current.epoch + 1 else None


def _predict_policy(
    ledger: Ledger, sealed: SealedTransaction, policies: Mapping[AccountId, Policy]
) -> Policy | None:
    body = sealed.signed.body
    first = body.actions[0]
    if isinstance(first, Reveal):
        return first.policy
    if body.account in policies:
        return policies[body.account]
    account = ledger.state.accounts.get(body.account)
    return account.policy if account else None


_Task = tuple["Future[None] | None", Claims]  # checks, and who does them; None: nobody yet


class _Ahead(NamedTuple):
    """A block that waits for its turn, and what has to be checked for it, perhaps beside."""

    block: SealedBlock | Invalid
    weight: int
    tasks: list[_Task]


class LookAhead:
    """Blocks in order, each handed out when its signatures have been checked.

    Execute them with ``checks``, and commit each before asking for the next one.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.checks = LearnedChecks()
        self._ledger = ledger
        self._verifier: Verifier | None = None
        self._is_alone = False  # there is no other process to be had
        self._weight_read = 0
        self._policies: dict[AccountId, Policy] = {}

    def read(self, blocks: Iterable[SealedBlock | bytes]) -> Generator[SealedBlock, None, None]:
        """The blocks one by one. Raises Invalid at bytes that are no block, in their turn.

        The other process lives until it is exhausted or closed; ``for`` closes it.
        """
        source = iter(blocks)
        ahead: deque[_Ahead] = deque()
        pool = ThreadPoolExecutor(1, thread_name_prefix="verify")
        try:
            with _brisk_interpreter():
                while self._fill(ahead, source, pool):
                    first = ahead.popleft()
                    if isinstance(first.block, Invalid):
                        raise first.block
                    self._finish(first.tasks, ahead)
                    yield first.block
        finally:
            pool.shutdown(cancel_futures=True)
            if self._verifier is not None:
                self._verifier.close()
                self._verifier = None

    def _fill(
        self,
        ahead: deque[_Ahead],
        source: Iterator[SealedBlock | bytes],
        pool: ThreadPoolExecutor,
    ) -> bool:
        """Read as far ahead as is useful; whether there is any block left."""
        weight = sum(item.weight for item in ahead)
        while weight < AHEAD_WEIGHT_MAX and (item := next(source, None)) is not None:
            ahead.append(self._submit(item, pool))
            weight += ahead[-1].weight
        return bool(ahead)

    def _submit(self, item: SealedBlock | bytes, pool: ThreadPoolExecutor) -> _Ahead:
        try:
            block = decode_block(item) if isinstance(item, bytes) else item
        except Invalid as error:
            return _Ahead(error, AHEAD_WEIGHT_MAX, [])  # nothing after it matters
        proofs, signatures = predict_claims(self._ledger, block, self._policies)
        self._note_policies(block)
        weight = (
            len(signatures)
            + PROOF_WEIGHT * len(proofs)
            + len(block.whole_bytes) // BYTES_PER_WEIGHT
        )
        self._weight_read += weight
        chunks = [Claims(proofs, signatures[:CHUNK_WEIGHT])]
        chunks += [
            Claims((), signatures[begin : begin + CHUNK_WEIGHT])
            for begin in range(CHUNK_WEIGHT, len(signatures), CHUNK_WEIGHT)
        ]
        if self._weight_read < ALONE_WEIGHT:
            return _Ahead(block, weight, [(None, chunk) for chunk in chunks])
        return _Ahead(block, weight, [(pool.submit(self._ask, chunk), chunk) for chunk in chunks])

    def _finish(self, tasks: list[_Task], ahead: Iterable[_Ahead]) -> None:
        """Have a block's checks done: those that are not begun here, the last first.

        While the rest is being done beside, there is time for what later blocks need.
        """
        while self._take_last(tasks):
            pass
        begun = [future for future, _ in tasks if future is not None]
        for later in ahead:
            while not all(future.done() for future in begun) and self._take_last(later.tasks):
                pass
        for future in begun:
            future.result()

    def _take_last(self, tasks: list[_Task]) -> bool:
        """Do the last of these checks here, unless it is begun; whether there was one to do."""
        if not tasks:
            return False
        future, claims = tasks[-1]
        if future is not None and not future.cancel():
            return False
        tasks.pop()
        self._learn(claims)
        return True

    def _ask(self, claims: Claims) -> None:
        """Have the other process check these. Runs in the only thread beside."""
        if not self._is_alone:
            try:
                if self._verifier is None:
                    self._verifier = Verifier()
                outputs, verdicts = self._verifier.ask(claims.proofs, claims.signatures)
            except VerifierGone:
                self._is_alone = True
            else:
                self.checks.note_vrf(claims.proofs, outputs)
                self.checks.note(claims.signatures, verdicts)
                return
        self._learn(claims)

    def _learn(self, claims: Claims) -> None:
        for proof in claims.proofs:
            self.checks.learn_vrf(proof)
        self.checks.learn(claims.signatures)

    def _note_policies(self, block: SealedBlock) -> None:
        """Remember the policies that will have changed when later blocks come."""
        if len(self._policies) > POLICIES_MAX:
            self._policies.clear()
        for sealed in block.transactions:
            body = sealed.signed.body
            for action in body.actions:
                if isinstance(action, Reveal | ChangePolicy):
                    self._policies[body.account] = action.policy


@contextmanager
def _brisk_interpreter() -> Iterator[None]:
    pace, (young, *older) = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(COLLECT_AFTER, *older)
    gc.freeze()
    try:
        yield
    finally:
        sys.setswitchinterval(pace)
        gc.unfreeze()
        gc.set_threshold(young, *older)
