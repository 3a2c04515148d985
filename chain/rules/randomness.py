"""The seed of an epoch: drawn from the VRF outputs of the epoch before the last.

seed(0), seed(1) come from the genesis; seed(e+2) = H("rand", seed(e+1), e+2, mix(e)), and mix(e)
takes the outputs of blocks in the first two thirds of epoch e. A producer can withhold a block, and
so choose between two seeds; he cannot compute one. Epochs without blocks mix nothing.
"""

from functools import lru_cache
from typing import Final

from chain.crypto import compute_hash, u64
from chain.errors import Code, Invalid
from chain.parameters import Constants
from chain.rules.context import Context
from chain.state import State
from chain.tables import CURRENT, Randomness

# A pause of so many epochs costs a replay a few seconds of hashing: 478 years of hours.
SKIPPED_EPOCHS_MAX: Final = 1 << 22


def build_first_randomness(chain: bytes) -> Randomness:
    """Randomness of epoch 0."""
    return Randomness(
        epoch=0,
        seed=compute_hash(b"rand", chain, u64(0)),
        next_seed=compute_hash(b"rand", chain, u64(1)),
        mix=_start_mix(0),
    )


def compute_randomness(current: Randomness, epoch: int) -> Randomness:
    """The randomness at the beginning of a later epoch; those between had no blocks."""
    if epoch <= current.epoch:
        return current
    if epoch - current.epoch > SKIPPED_EPOCHS_MAX:
        raise Invalid(Code.PAUSE_TOO_LONG, f"{epoch - current.epoch} epochs")
    return _skip_to(current, epoch)


@lru_cache(maxsize=16)  # after a long pause producers ask again in every slot
def _skip_to(current: Randomness, epoch: int) -> Randomness:
    number, seed, next_seed, mix = current.epoch, current.seed, current.next_seed, current.mix
    while number < epoch:
        seed, next_seed = next_seed, compute_hash(b"rand", next_seed, u64(number + 2), mix)
        number += 1
        mix = _start_mix(number)
    return Randomness(epoch=number, seed=seed, next_seed=next_seed, mix=mix)


def process_randomness(state: State, context: Context, output: bytes) -> None:
    """Enter the block's epoch if it is new, and mix in the author's VRF output."""
    current = compute_randomness(state.randomness.require(CURRENT), context.epoch)
    mixed = mix_output(current, context.constants, context.slot, output)
    state.randomness.put(CURRENT, mixed)


def mix_output(current: Randomness, constants: Constants, slot: int, output: bytes) -> Randomness:
    """The randomness of an epoch after a block of it with this VRF output."""
    if not is_mixing(constants, slot):
        return current
    mix = compute_hash(b"mix", current.mix, output)
    return Randomness(current.epoch, current.seed, current.next_seed, mix)


def is_mixing(constants: Constants, slot: int) -> bool:
    """Whether a block of this slot lies in the first two thirds of its epoch."""
    return 3 * (slot % constants.slots_per_epoch) < 2 * constants.slots_per_epoch


def _start_mix(epoch: int) -> bytes:
    return compute_hash(b"mix0", u64(epoch))
