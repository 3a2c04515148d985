"""From a genesis to the state before the first block.

Everything a community is born with enters here: rules in force, authorities, accounts,
attestations, funds, and the first set with its weights. ``find_genesis_faults`` says on what no
community can be founded; ``genesis verify`` asks it, and so does every ledger.
"""

from collections import Counter, defaultdict
from typing import Final

from msgspec.structs import replace

from chain.address import is_prefix
from chain.checks import DirectChecks
from chain.crypto import u32
from chain.errors import Invalid
from chain.genesis import (
    GENESIS_VERSION,
    HOME_GROUP,
    Genesis,
    GenesisSeat,
)
from chain.parameters import find_faults
from chain.policy import AccountId, compute_account_id
from chain.rules.attestations import ATTESTED_UNTIL_MAX
from chain.rules.authorities import build_authority
from chain.rules.credit_days import NO_CREDIT
from chain.rules.electorate import put_register
from chain.rules.finality_record import found_record
from chain.rules.identity import PERSON_KIND, build_person, get_person_key
from chain.rules.payments import build_account
from chain.rules.randomness import build_first_randomness
from chain.rules.savings import DEPOSIT_MIN, build_deposit
from chain.rules.seats import BEFORE_GENESIS, check_seat_keys, put_seat
from chain.rules.sets import found_set
from chain.rules.settlement import BONDED, get_due_step
from chain.rules.weights import ONE, Standing, compute_raw, compute_stake, compute_weights
from chain.state import State
from chain.tables import (
    AUTHORITIES_MAX,
    CURRENT,
    Assembly,
    Attestation,
    Bonded,
    Deposit,
    Money,
    Roster,
    Rules,
    Savings,
    SetEntry,
    Tip,
)
from chain.units import SUPPLY_MAX, format_pai

GENESIS_TIME_MAX: Final = 253_402_300_799  # the last second that calendars of four digits can show
GROUP_MAX: Final = 2**32 - 1  # four bytes in the key of a person's row


def apply_genesis(state: State, genesis: Genesis, chain: bytes) -> None:
    """Write the rows of slot 0. The genesis must be without faults."""
    state.rules.put(CURRENT, Rules(genesis.parameters, genesis.keep_schedule))
    state.tips.put(CURRENT, Tip(slot=0, height=0, score=0))
    state.randomness.put(CURRENT, build_first_randomness(chain))
    state.assembly.put(CURRENT, Assembly(persons=0, proposals=0, open=(), passed=(), sharing=()))
    found_record(state, chain)
    _put_authorities(state, genesis)
    tags = _put_attestations(state, genesis)
    _put_accounts(state, genesis, tags)
    _put_seats(state, genesis, chain)
    _put_money(state, genesis)
    _put_credit(state, genesis, len(tags))


def _put_authorities(state: State, genesis: Genesis) -> None:
    attested = Counter(item.authority for item in genesis.attestations)
    rosters: dict[int, list[AccountId]] = defaultdict(list)
    for item in genesis.authorities:
        rosters[item.group].append(item.id)
        row = build_authority(item.name, item.jurisdiction, item.group, attested[item.id])
        state.authorities.put(item.id, row)
    for group, members in rosters.items():
        state.rosters.put(u32(group), Roster(tuple(members)))


def _put_attestations(state: State, genesis: Genesis) -> dict[AccountId, bytes]:
    """Write attestations and the persons they make; returns the tag of each home person."""
    groups = {authority.id: authority.group for authority in genesis.authorities}
    tags = {}
    numbers: dict[bytes, int] = {}
    for item in genesis.attestations:
        state.attestations.put(
            item.subject + item.authority,
            Attestation(
                kind=item.kind,
                jurisdiction=item.jurisdiction,
                commitment=item.commitment,
                tag=item.tag,
                from_slot=item.from_slot,
                until_slot=item.until_slot,
                revoked_slot=-1,
            ),
        )
        if item.kind == PERSON_KIND:
            group = groups[item.authority]
            if group == HOME_GROUP:
                tags[item.subject] = item.tag
                number = numbers.setdefault(item.tag, len(numbers))
            person = build_person(item.subject, number if group == HOME_GROUP else 0)
            state.persons.put(get_person_key(group, item.tag), person)
    put_register(state, list(numbers))
    return tags


def _put_accounts(state: State, genesis: Genesis, tags: dict[AccountId, bytes]) -> None:
    constants = genesis.constants
    steps = constants.slots_per_period // constants.slots_per_step
    bonds = {seat.account: seat for seat in genesis.seats}
    for item in genesis.accounts:
        deposits = [
            build_deposit(index, deposit.amount, 0, deposit.term_periods * steps)
            for index, deposit in enumerate(item.deposits)
        ]
        if item.id in bonds:
            deposits.append(_build_bond(bonds[item.id], len(deposits), steps))
        state.accounts.put(
            item.id,
            replace(
                build_account(0),
                settlement=item.balance,
                due_step=get_due_step(tuple(deposits)),
                deposits_made=len(deposits),
                person=tags.get(item.id),
            ),
        )
        if deposits:
            state.savings.put(item.id, Savings(tuple(deposits)))


def _build_bond(seat: GenesisSeat, deposit_id: int, steps_per_period: int) -> Deposit:
    deposit = build_deposit(deposit_id, seat.bond, 0, seat.bond_term_periods * steps_per_period)
    return replace(deposit, seat_bond=BONDED)


def _put_seats(state: State, genesis: Genesis, chain: bytes) -> None:
    standings = [_get_standing(genesis, seat) for seat in genesis.seats]
    for seat, standing in zip(genesis.seats, standings, strict=True):
        put_seat(state, seat.account, seat.keys, registered_epoch=0, bond=seat.bond, duty=ONE)
        row = state.seats.require(seat.account)
        state.seats.put(seat.account, replace(row, held=standing.raw))
    entries = tuple(
        SetEntry(seat.account, seat.keys.vote, seat.keys.standby, seat.keys.vrf, weight)
        for seat, weight in zip(genesis.seats, compute_weights(standings), strict=True)
        if weight
    )
    found_set(state, chain, entries)
    minimum = genesis.constants.bond_min
    bonded = tuple(seat.account for seat in genesis.seats if seat.bond >= minimum)
    state.bonded_seats.put(CURRENT, Bonded(bonded))


def _get_standing(genesis: Genesis, seat: GenesisSeat) -> Standing:
    stake = compute_stake(seat.bond, genesis.constants.bond_min)
    return Standing(stake=stake, activity=0, raw=compute_raw(stake, ONE, 0))


def _put_money(state: State, genesis: Genesis) -> None:
    state.money.put(
        CURRENT,
        Money(
            issued=compute_issued(genesis),
            burned=0,
            accounts=len(genesis.accounts),
            seats_bonded=sum(seat.bond >= genesis.constants.bond_min for seat in genesis.seats),
            pot=0,
            reserve=genesis.funds.reserve,
            social=genesis.funds.social,
            operators=genesis.funds.operators,
            active=0,
            municipality=0,
            claims=0,
        ),
    )


def _put_credit(state: State, genesis: Genesis, persons: int) -> None:
    """Nobody owes and nothing is lent yet; those identified by the genesis are not young."""
    saved = sum(deposit.amount for item in genesis.accounts for deposit in item.deposits)
    state.credit.put(CURRENT, replace(NO_CREDIT, saved=saved, persons=persons))


def compute_issued(genesis: Genesis) -> int:
    """All money a community is born with: balances, savings, bonds and funds."""
    return (
        sum(
            item.balance + sum(deposit.amount for deposit in item.deposits)
            for item in genesis.accounts
        )
        + sum(seat.bond for seat in genesis.seats)
        + sum(genesis.funds.get_amounts())
    )


def find_genesis_faults(genesis: Genesis) -> list[str]:
    """Everything for which no community can be founded on this genesis; each a sentence."""
    if genesis.version != GENESIS_VERSION:
        fault = (
            f"this genesis has rules of version {genesis.version}, this program knows version "
            f"{GENESIS_VERSION}: install the version of Pai that the community uses"
        )
        return [fault]
    faults = find_faults(genesis.constants, genesis.parameters, genesis.keep_schedule)
    if not is_prefix(genesis.prefix):
        faults.append("the prefix of addresses is 1 to 16 small Latin letters and digits")
    if not 0 <= genesis.genesis_time <= GENESIS_TIME_MAX:
        faults.append("the genesis time must lie before the year 10000")
    issued = compute_issued(genesis)
    if issued > SUPPLY_MAX:
        faults.append(f"{format_pai(issued)} pai are more than a community can issue")
    return (
        faults
        + _find_account_faults(genesis)
        + _find_identity_faults(genesis)
        + _find_seat_faults(genesis)
    )


def _find_account_faults(genesis: Genesis) -> list[str]:
    faults = []
    accounts = [item.id for item in genesis.accounts]
    if accounts != sorted(set(accounts)):
        faults.append("accounts must be sorted by id, each once")
    limit = genesis.parameters.deposits_max
    bonded = {seat.account for seat in genesis.seats}
    if any(len(item.deposits) + (item.id in bonded) > limit for item in genesis.accounts):
        faults.append(f"an account has more than {limit} deposits")
    low, high = genesis.parameters.savings_min_periods, genesis.parameters.savings_max_periods
    terms = [deposit.term_periods for item in genesis.accounts for deposit in item.deposits]
    terms += [seat.bond_term_periods for seat in genesis.seats]
    if any(not low <= term <= high for term in terms):
        faults.append(f"the terms of deposits and bonds must lie between {low} and {high} periods")
    amounts = [deposit.amount for item in genesis.accounts for deposit in item.deposits]
    if min(amounts, default=DEPOSIT_MIN) < DEPOSIT_MIN:
        faults.append(f"a deposit must hold at least {format_pai(DEPOSIT_MIN)} pai")
    if min([*genesis.funds.get_amounts(), *(item.balance for item in genesis.accounts)]) < 0:
        faults.append("no account and no fund can begin below zero")
    return faults


def _find_identity_faults(genesis: Genesis) -> list[str]:
    faults = []
    authorities = [item.id for item in genesis.authorities]
    if authorities != sorted(set(authorities)):
        faults.append("authorities must be sorted by id, each once")
    faults.extend(
        f"the authority {item.name!r} has an id that is not its policy's"
        for item in genesis.authorities
        if compute_account_id(item.policy) != item.id
    )
    if max(Counter(item.group for item in genesis.authorities).values(), default=0) > (
        AUTHORITIES_MAX
    ):
        faults.append(f"a group has at most {AUTHORITIES_MAX} authorities")
    if any(item.group > GROUP_MAX for item in genesis.authorities):
        faults.append(f"groups of authorities are numbered from 0 to {GROUP_MAX}")
    keys = [(item.authority, item.subject) for item in genesis.attestations]
    if keys != sorted(set(keys)):
        faults.append("attestations must be sorted by authority and subject, each pair once")
    if not {item.authority for item in genesis.attestations} <= set(authorities):
        faults.append("an attestation names an authority that the genesis does not have")
    if not {item.subject for item in genesis.attestations} <= {
        item.id for item in genesis.accounts
    }:
        faults.append("an attestation names a subject without an account")
    if any(
        item.from_slot != 0 or not 0 < item.until_slot <= ATTESTED_UNTIL_MAX
        for item in genesis.attestations
    ):
        faults.append(
            f"an attestation runs from slot 0 to a slot between 1 and {ATTESTED_UNTIL_MAX}"
        )
    return faults + _find_tag_faults(genesis)


def _find_tag_faults(genesis: Genesis) -> list[str]:
    """Within a group a tag is one person with one account."""
    groups = {authority.id: authority.group for authority in genesis.authorities}
    subject_of: dict[tuple[int, bytes], AccountId] = {}
    tag_of: dict[tuple[int, AccountId], bytes] = {}
    for item in genesis.attestations:
        if item.kind != PERSON_KIND:
            continue
        group = groups.get(item.authority, -1)
        if (
            subject_of.setdefault((group, item.tag), item.subject) != item.subject
            or tag_of.setdefault((group, item.subject), item.tag) != item.tag
        ):
            return ["within a group of authorities a person has one tag and one account"]
    return []


def _find_seat_faults(genesis: Genesis) -> list[str]:
    faults = []
    accounts = {item.id for item in genesis.accounts}
    seats = [seat.account for seat in genesis.seats]
    if not seats:
        faults.append("a community needs at least one seat: make one with 'pai seat keys'")
    if seats != sorted(set(seats)):
        faults.append("seats must be sorted by account, each once")
    if len(seats) > genesis.parameters.seats_max:
        faults.append(f"there are more than {genesis.parameters.seats_max} seats")
    identified = _get_identified(genesis)
    used: set[bytes] = set()
    for seat in genesis.seats:
        name = seat.account.hex()[:16]
        if seat.account not in accounts:
            faults.append(f"the seat {name} has no account")
        if seat.account not in identified:
            faults.append(f"the seat {name} has no owner identified by the home group")
        if seat.bond < genesis.constants.bond_min:
            faults.append(
                f"the seat {name} needs a bond of {format_pai(genesis.constants.bond_min)} pai"
            )
        keys = {seat.keys.vote, seat.keys.vrf, seat.keys.standby}
        if keys & used:
            faults.append(f"the seat {name} has a key that another seat has")
        used |= keys
        try:
            check_seat_keys(DirectChecks(), BEFORE_GENESIS, seat.account, seat.keys)
        except Invalid as error:
            faults.append(f"the keys of seat {name}: {error}")
    return faults


def _get_identified(genesis: Genesis) -> set[AccountId]:
    """Whom as many authorities of the home group attest as the community asks for."""
    home = {item.id for item in genesis.authorities if item.group == HOME_GROUP}
    attested = Counter(
        item.subject
        for item in genesis.attestations
        if item.authority in home and item.kind == PERSON_KIND
    )
    threshold = genesis.parameters.identity_threshold
    return {subject for subject, count in attested.items() if count >= threshold}
