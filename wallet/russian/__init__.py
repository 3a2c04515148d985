"""The Russian catalogue: one file a room, so that whoever writes a room writes its words.

Each file holds ``TEXTS``: the English text as it stands in the code, and its Russian, or the three
forms of a plural under the English singular. ``core`` and ``sentences`` hold what the lower rooms
say, with ``{0} {1} ...`` for the figures. A test finds what is missing, dead, twice, or has other
placeholders.
"""

from typing import Final

from wallet.russian import (
    audit,
    core,
    credit,
    demo,
    epochs,
    exchange,
    finality,
    genesis,
    identity,
    identity_tools,
    loans,
    market,
    market_tools,
    node,
    observatory,
    parameters,
    program,
    proofs,
    refusals,
    seat,
    sentences,
    statement,
    vote_tool,
    votes,
    wallet,
    wallet_money,
)
from wallet.words import Texts, Translation

ROOMS: Final[tuple[Texts, ...]] = (
    program.TEXTS,
    refusals.TEXTS,
    finality.TEXTS,
    identity.TEXTS,
    identity_tools.TEXTS,
    genesis.TEXTS,
    parameters.TEXTS,
    seat.TEXTS,
    wallet.TEXTS,
    wallet_money.TEXTS,
    node.TEXTS,
    audit.TEXTS,
    observatory.TEXTS,
    demo.TEXTS,
    proofs.TEXTS,
    credit.TEXTS,
    epochs.TEXTS,
    votes.TEXTS,
    market.TEXTS,
    market_tools.TEXTS,
    vote_tool.TEXTS,
    loans.TEXTS,
    statement.TEXTS,
    exchange.TEXTS,
)


def load_texts() -> Texts:
    """All texts of all rooms."""
    texts: dict[str, Translation] = {}
    for room in ROOMS:
        texts.update(room)
    return texts


def load_sentences() -> dict[str, str]:
    """The templates of the lower rooms' sentences."""
    return {
        **core.SENTENCES,
        **sentences.TEXTS,
        **finality.SENTENCES,
        **credit.SENTENCES,
        **epochs.SENTENCES,
        **proofs.SENTENCES,
        **identity.SENTENCES,
        **votes.SENTENCES,
        **identity_tools.SENTENCES,
        **exchange.SENTENCES,
        **market.SENTENCES,
    }
