"""``pai market``: chains of trades, consent to them, deliveries, and the search for chains.

Before anybody consents he reads in words what happens to him. Who searches for chains does so on
his own machine, over what a node tells of the market, and proposes what he finds like anybody.
"""

from pathlib import Path
from typing import Final

import click

from chain.actions import (
    AcceptChain,
    DeclineChain,
    ProposeChain,
)
from chain.tables import Listing
from chain.units import format_pai
from node.cli.market_signing import act_once, get_until_slot
from node.exchange.market import ASKED, PROPOSAL_PERIODS, Market, Room, reserve
from node.exchange.matchmaker import Found, Terms, find_chains
from wallet.flow import (
    Hand,
    Intent,
    Manner,
    act,
    carry_out,
    get_names,
    run,
    tell_news,
    unlock,
)
from wallet.market import (
    ChainAnswer,
    ListingAnswer,
    RoomAnswer,
    compute_delta,
    compute_digest,
    read_chains,
    read_listings,
    read_prices,
    read_rooms,
    tell_chain,
)
from wallet.options import take_folder, take_hand, take_signing
from wallet.session import Session, open_session
from wallet.show import shorten_address, tell_pai
from wallet.terminal import Exit, Failure, Terminal, build_sheet
from wallet.words import Words

PROPOSED_MAX: Final = 16  # chains in one transaction


@click.command("chains")
@click.argument("name")
@take_folder
@click.pass_obj
def _chains(terminal: Terminal, name: str, folder: Path) -> None:
    """Show, in words, the chains that wait and that you are part of."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            chains = [
                item for item in await read_chains(session.client, session.address) if item.trades
            ]
            if not chains:
                terminal.note(terminal.say("No chain of yours waits."))
            terminal.answer(
                {"chains": [_build_document(terminal, session, item) for item in chains]},
                *(
                    build_sheet(
                        _tell_pairs(terminal, session, item),
                        title=terminal.say("Chain {number}", number=item.number),
                    )
                    for item in chains
                ),
            )

    run(work)


@click.command("accept")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_hand
def _accept(hand: Hand, number: int) -> Exit:
    """Consent to a chain, after reading in words what it does."""

    async def draft(session: Session) -> Intent:
        chain = await _find_chain(session, number)
        return Intent(
            actions=(AcceptChain(number, compute_digest(session.community, chain)),),
            title=hand.terminal.say("Chain {number}", number=number),
            pairs=tuple(_tell_pairs(hand.terminal, session, chain)),
            gain=compute_delta(chain.trades, session.address),
            document=_build_document(hand.terminal, session, chain),
        )

    return act(hand, draft)


@click.command("decline")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_hand
def _decline(hand: Hand, number: int) -> Exit:
    """Refuse a chain that you are part of; it is gone for everybody."""
    return act_once(hand, lambda _: DeclineChain(number))


@click.command("match")
@click.argument("name")
@click.option("--dry", is_flag=True, help="Only show what was found.")
@take_signing
@click.pass_obj
def _match(
    terminal: Terminal,
    name: str,
    dry: bool,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Look for chains among everybody's offers and wants, and propose them."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            market = await _read_market(session)
            waiting = await read_chains(session.client)
            own = [item for item in waiting if item.proposer == session.address]
            legs = [leg for item in own for leg in item.legs]
            free = market._replace(listings=reserve(market.listings, legs))
            found = find_chains(free, [_get_terms(item) for item in waiting])
            document: dict[str, object] = {
                "found": len(found.chains),
                "value": format_pai(found.value),
                "bound": None if found.bound is None else format_pai(found.bound),
            }
            if dry or not found.chains:
                pairs = _tell_found(terminal, found)
                terminal.answer(document, build_sheet(pairs))
                return Exit.DONE
            expires_slot = get_until_slot(session, PROPOSAL_PERIODS)
            intent = Intent(
                actions=tuple(
                    ProposeChain(legs, expires_slot, None) for legs in found.chains[:PROPOSED_MAX]
                ),
                title=terminal.say("Chains to propose"),
                pairs=tuple(_tell_found(terminal, found)),
                document=document,
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


COMMANDS: Final = (_chains, _accept, _decline, _match)


async def _find_chain(session: Session, number: int) -> ChainAnswer:
    for item in await read_chains(session.client, session.address):
        if item.number == number and item.trades:
            return item
    raise Failure(Exit.USAGE, "No chain {number} of yours waits, or not any more.", number=number)


def _get_terms(chain: ChainAnswer) -> Terms:
    """By what a chain that waits is known again, so that it is not proposed twice."""
    return tuple(sorted((item.offer, item.want, int(item.price)) for item in chain.trades))


async def _read_market(session: Session) -> Market:
    listings = await read_listings(session.client)
    rooms = await read_rooms(session.client)
    return build_market(session, listings, rooms, await read_prices(session.client))


def build_market(
    session: Session,
    listings: list[ListingAnswer],
    rooms: list[RoomAnswer],
    references: dict[str, int],
) -> Market:
    """The market as the matchmaker takes it. Who has no standing order will be asked."""
    read = session.community.parse_address
    return Market(
        listings={
            item.number: Listing(
                account=read(item.account),
                is_want=item.is_want,
                good=item.good,
                unit=item.unit,
                price=int(item.price),
                left=item.left,
                place=item.place,
                until_slot=item.until_slot,
                note=item.note,
            )
            for item in listings
        },
        rooms={read(item.account): ASKED for item in listings}
        | {read(item.account): Room(int(item.give), int(item.take), item.chains) for item in rooms},
        references=references,
    )


def _tell_found(terminal: Terminal, found: Found) -> list[tuple[str, str]]:
    words = terminal.words
    pairs = [
        (words.say("Chains found"), words.number(len(found.chains))),
        (words.say("What they are worth"), tell_pai(words, found.value)),
    ]
    if found.bound is not None:
        bound = tell_pai(words, found.bound)
        pairs.append((words.say("No chains could be worth more than"), bound))
    return pairs


def _build_document(terminal: Terminal, session: Session, chain: ChainAnswer) -> dict[str, object]:
    delta = compute_delta(chain.trades, session.address)
    names = _get_names(session, chain)
    return {
        "chain": chain.number,
        "expires_slot": chain.expires_slot,
        "consented": session.address in chain.consented,
        "by_order": session.address in chain.covered,
        "people": len(chain.people),
        "waits_for": sorted(chain.waited_for),
        "change": ("-" if delta < 0 else "") + format_pai(abs(delta)),
        "told": tell_chain(terminal.words, chain.trades, session.address, names),
    }


def _tell_pairs(terminal: Terminal, session: Session, chain: ChainAnswer) -> list[tuple[str, str]]:
    words = terminal.words
    names = _get_names(session, chain)
    told = tell_chain(words, chain.trades, session.address, names)
    waited = [names[address] for address in sorted(chain.waited_for - {session.address})]
    if session.address in chain.waited_for:
        waited.insert(0, words.say("you"))
    return [
        (words.say("What happens"), "; ".join(told)),
        (words.say("Consented"), _tell_consents(words, chain)),
        (words.say("Waits for"), ", ".join(waited) or words.say("nobody")),
        (words.say("Open until"), words.date(session.community.get_time(chain.expires_slot))),
    ]


def _tell_consents(words: Words, chain: ChainAnswer) -> str:
    """How many have consented, a standing order being a consent, too."""
    given = len(chain.people) - len(chain.waited_for)
    some, by_order = words.number(given), len(chain.people & set(chain.covered))
    told = words.say("{some} of {all}", some=some, all=words.number(len(chain.people)))
    if not by_order:
        return told
    orders = words.say("by standing order: {n}", n=words.number(by_order))
    return f"{told} ({orders})"


def _get_names(session: Session, chain: ChainAnswer) -> dict[str, str]:
    """Names for everybody in a chain: as they are known here, else the ends of addresses."""
    known = get_names(session)
    return {address: known.get(address, shorten_address(address)) for address in chain.people}
