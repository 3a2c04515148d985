"""What a peer's claim of its head and its finality is worth, before anything is asked."""

from typing import Final

from p2p.wire import Head, Progress

FRESH_ROUNDS: Final = 2  # what was justified so lately is still being told


def is_possible(head: Head) -> bool:
    """Whether any chain can end like this: each block adds one or two to the score."""
    return head.height <= head.score <= 2 * head.height and head.height <= head.slot


def is_further(theirs: Progress | None, ours: Progress) -> bool:
    """Whether somebody has seen justified what we may lack: his chain counts, whatever its score.

    What is a round or two newer is on its way to us. Who has seen decisions contradict each other
    may follow the one that we do not know.
    """
    if theirs is not None and theirs.contradicted and not ours.contradicted:
        return True
    if theirs is None or theirs.set != ours.set:
        return theirs is not None and theirs.base_slot > ours.base_slot
    return theirs.lock_round > ours.lock_round + FRESH_ROUNDS
