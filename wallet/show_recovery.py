"""How an account's guardians and its recovery look: a document for programs, a sheet for people."""

from chain.units import format_pai
from wallet.community import Community
from wallet.identity import Guard, Recovery
from wallet.terminal import Terminal, build_sheet
from wallet.words import Words


def answer_recovery(
    terminal: Terminal, community: Community, status: Recovery, own: str | None
) -> None:
    """Guardians now and those who follow, and the recovery that runs.

    ``own``: the wallet whose account it is; None: somebody else's.
    """
    words, pending = terminal.words, status.pending
    document = {
        "address": status.address,
        "guard": _describe(status.guard),
        "following": _describe(status.following),
        "following_slot": status.following_slot,
        "started": status.started,
        "recovered_slot": status.recovered_slot,
        "pending": None
        if pending is None
        else {
            "threshold": pending.policy.threshold,
            "keys": [key.hex() for key in pending.policy.keys],
            "lender": pending.lender,
            "bond": format_pai(pending.bond),
            "ends_slot": pending.ends_slot,
            "ends_time": pending.ends_time,
            "cancels_left": pending.cancels_left,
        },
    }
    pairs = [(words.say("Guardians"), _tell(words, status.guard))]
    if status.following_slot is not None:
        pairs += [
            (words.say("Then"), _tell(words, status.following)),
            (words.say("From"), words.date(community.get_time(status.following_slot))),
        ]
    if pending is None:
        pairs.append((words.say("Recovery"), words.say("none runs")))
    else:
        pairs += [
            (words.say("Recovery"), words.say("runs until {when}",
                                              when=words.date(pending.ends_time))),
            *((words.say("New key"), key.hex()) for key in pending.policy.keys),
            (words.say("Stops left"), words.number(pending.cancels_left)),
        ]  # fmt: skip
        if own is not None:
            cancel = f"pai wallet recover cancel {own}"
            pairs.append((words.say("If you did not ask for it"), cancel))
    terminal.answer(document, build_sheet(pairs, title=status.address))


def _describe(guard: Guard | None) -> dict[str, object] | None:
    if guard is None:
        return None
    return {
        "guardians": guard.guardians.hex(),
        "delay_periods": guard.delay_periods,
        "cancels_max": guard.cancels_max,
    }


def _tell(words: Words, guard: Guard | None) -> str:
    if guard is None:
        return words.say("nobody")
    return words.say(
        "known only to the owner ({hash}…); delay, periods: {delay}; stops allowed: {cancels}",
        hash=guard.guardians.hex()[:16],
        delay=guard.delay_periods,
        cancels=guard.cancels_max,
    )
