"""Who is who in the report: demurrage by kinds of holder, and what authorities attest."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from chain.address import encode_address
from chain.genesis import HOME_GROUP
from chain.policy import AccountId
from chain.tables import (
    ACCOUNTS,
    ATTESTATIONS,
    AUTHORITIES,
    SAVINGS,
    SEATS,
    Attestation,
    Authority,
)
from chain.units import format_pai
from node.audit.evidence import Evidence, select
from node.audit.registry import PERSON_KIND, find_identified
from node.audit.report_figures import format_exact, get_share
from node.audit.report_types import (
    AuthorityRow,
    Bearer,
    Demurrage,
    Identity,
    Payer,
)

TOP_PAYERS: Final = 10
# Kinds of holders, in the order in which they are told; an account is of the first that fits.
KINDS: Final = ("seat_owner", "authority", "member", "organisation", "unidentified")
# Authorities choose their words freely; of very many the rest stands without one.
CALLED_MAX: Final = 12


class Holder(NamedTuple):
    """Whose an account is, of ``KINDS``, and what lies there, in micropai."""

    kind: str
    money: int
    called: str | None  # as what, other than a person, authorities attest it


def build_demurrage(evidence: Evidence, holders: Mapping[AccountId, Holder]) -> Demurrage:
    """Who bore demurrage, by kinds; the largest sums without names; what it paid for."""
    history = evidence.history
    charged = history.charged.total()
    amounts: Counter[tuple[str, str | None]] = Counter()
    numbers: Counter[tuple[str, str | None]] = Counter()
    called = Counter[str]()
    for account, amount in history.charged.items():
        word = _get_holder(holders, account).called
        called.update({word: amount} if word else {})
    told = {word for word, _ in called.most_common(CALLED_MAX)}
    for account, amount in history.charged.items():
        holder = _get_holder(holders, account)
        group = holder.kind, holder.called if holder.called in told else None
        amounts[group] += amount
        numbers[group] += 1
    shared = history.shared
    early = sum(period.early_returns for period in history.periods)
    return Demurrage(
        charged=format_pai(charged),
        early_returns=format_pai(early),
        waiting=format_exact(max(Decimal(0), history.books.melted - (charged - early))),
        exact=format_exact(history.books.melted),
        borne_by=[
            Bearer(*group, numbers[group], format_pai(amount), get_share(amount, charged))
            for kind in KINDS
            for group, amount in amounts.most_common()
            if group[0] == kind
        ],
        top_payers=[
            Payer(
                rank,
                _get_holder(holders, account).kind,
                format_pai(amount),
                get_share(amount, charged),
            )
            for rank, (account, amount) in enumerate(
                history.charged.most_common(TOP_PAYERS), start=1
            )
        ],
        funded={
            name: format_pai(getattr(shared, name))
            for name in ("reserve", "social", "operators", "active", "municipality", "burned")
        },
        left_in_pot=format_pai(evidence.money.pot),
    )


def build_identity(evidence: Evidence, holders: Mapping[AccountId, Holder]) -> Identity:
    """Which share of accounts and of members' money is identified, and by whom."""
    authorities = dict(select(evidence.rows, AUTHORITIES))
    known = {account for account, holder in holders.items() if holder.kind != "unidentified"}
    money = sum(holder.money for holder in holders.values())
    known_money = sum(holders[account].money for account in known)
    subjects: dict[bytes, set[AccountId]] = {key: set() for key in authorities}
    for key, item in select(evidence.rows, ATTESTATIONS):
        if _is_alive(item, evidence.slot) and key[32:] in subjects:
            subjects[key[32:]].add(key[:32])
    return Identity(
        accounts=len(holders),
        identified=len(known),
        share_of_accounts=get_share(len(known), len(holders)),
        money=format_pai(money),
        identified_money=format_pai(known_money),
        share_of_money=get_share(known_money, money),
        authorities=[
            _build_authority(evidence, key, row, subjects[key], holders)
            for key, row in sorted(authorities.items())
        ],
    )


def _build_authority(
    evidence: Evidence,
    key: bytes,
    row: Authority,
    subjects: set[AccountId],
    holders: Mapping[AccountId, Holder],
) -> AuthorityRow:
    money = sum(holders[account].money for account in subjects if account in holders)
    return AuthorityRow(
        authority=encode_address(evidence.genesis.prefix, key),
        name=row.name,
        jurisdiction=row.jurisdiction,
        home=row.group == HOME_GROUP,
        accounts=len(subjects),
        money=format_pai(money),
    )


def find_holders(evidence: Evidence) -> dict[AccountId, Holder]:
    """Everybody's kind and money, savings and bonds included."""
    rows = evidence.rows
    seats = {key for key, _ in select(rows, SEATS)}
    authorities = dict(select(rows, AUTHORITIES))
    identified = find_identified(
        select(rows, ATTESTATIONS),
        authorities,
        evidence.parameters,
        evidence.genesis.constants.slots_per_period,
    )
    persons = {
        account
        for account, row in select(rows, ACCOUNTS)
        if row.person is not None and identified.get((account, row.person), 0) > evidence.slot
    }
    called: dict[AccountId, set[str]] = {}
    for key, item in select(rows, ATTESTATIONS):
        if item.kind != PERSON_KIND and _is_alive(item, evidence.slot):
            called.setdefault(key[:32], set()).add(item.kind)
    savings = {key: sum(item.amount for item in row.deposits) for key, row in select(rows, SAVINGS)}
    holders = {}
    for account, row in select(rows, ACCOUNTS):
        fitting = (
            account in seats,
            account in authorities,
            account in persons,
            account in called,
            True,
        )
        kind = KINDS[fitting.index(True)]
        word = ", ".join(sorted(called.get(account, ()))) or None
        holders[account] = Holder(kind, row.settlement + savings.get(account, 0), word)
    return holders


def _get_holder(holders: Mapping[AccountId, Holder], account: AccountId) -> Holder:
    """An account that is gone was nobody's: only such accounts are removed."""
    return holders.get(account) or Holder("unidentified", 0, None)


def _is_alive(item: Attestation, slot: int) -> bool:
    return item.revoked_slot < 0 and item.until_slot > slot
