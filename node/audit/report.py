"""The report on a community: what there is, who bore demurrage, what it paid for, how money moves.

``build_report`` draws it from the evidence of a replay, with no name of anybody in it.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from chain.address import encode_address
from chain.genesis import compute_chain_id
from chain.rules.settlement import OWN
from chain.tables import (
    ACCOUNTS,
    RECOVERIES,
    SAVINGS,
)
from chain.units import format_pai
from node.audit.clearing import build_set_off_row
from node.audit.credit import compute_credit_figures
from node.audit.evidence import Evidence, select, sum_escrows, sum_funds
from node.audit.findings import Finding, Sentence
from node.audit.history import Period
from node.audit.replay import Walk
from node.audit.report_credit import build_credit, build_dealings, build_solvency
from node.audit.report_exchange import build_chain_row, build_exchange, count_trade
from node.audit.report_figures import format_exact, get_ratio, get_share
from node.audit.report_members import build_demurrage, build_identity, find_holders
from node.audit.report_types import (
    Community,
    FundRow,
    PeriodRow,
    Report,
    ServerRow,
    Servers,
    Supply,
    Velocity,
)

MONTH_PERIODS: Final = 28  # velocity is told for four weeks of the community's days, too

VELOCITY_DEFINITION: Final = Sentence(
    "payments between accounts in a period, divided by the mean over its slots of all positive "
    "settlement balances; external: without transfers between accounts of one identity; persons: "
    "only payments between two different identified persons; net: without what two accounts sent "
    "to and fro within the period"
)


FUNDS: Final = ("reserve", "social", "operators", "active", "municipality", "claims")
FUND_REASONS: Final = (
    "demurrage", "fees", "fines", "votes", "rewards", "set_offs", "shares", "losses", "shifted",
)  # fmt: skip


def build_report(
    evidence: Evidence,
    walk: Walk,
    findings: Iterable[Finding],
    *,
    withdrawn: int = 0,
    interest: int = 0,
) -> Report:
    """The report on a replayed chain.

    What was withdrawn into outside money and the interest on it, in micropai, stand in no chain.
    """
    history = evidence.history
    payments = sum(period.payments for period in history.periods)
    head = walk.ledger.head
    holders = find_holders(evidence)
    figures = compute_credit_figures(evidence.rows, walk.ledger.get_context(evidence.slot + 1))
    return Report(
        community=Community(
            id=compute_chain_id(evidence.genesis).hex(),
            name=evidence.genesis.name,
            height=head.height,
            slot=evidence.slot,
            hash=head.hash.hex(),
            state_root=evidence.state_root.hex(),
            blocks=head.height,
            transactions=history.transactions,
            payments=payments,
        ),
        supply=build_supply(evidence),
        demurrage=build_demurrage(evidence, holders),
        funds=build_funds(evidence),
        velocity=build_velocity(evidence),
        credit=build_credit(evidence, figures),
        solvency=build_solvency(figures, withdrawn, interest),
        dealings=build_dealings(evidence),
        fees=format_pai(sum(history.fees.values())),
        identity=build_identity(evidence, holders),
        servers=build_servers(evidence),
        periods=[build_period(evidence, period) for period in history.periods],
        set_offs=[build_set_off_row(item) for item in history.set_offs],
        exchange=build_exchange(evidence),
        chains=[build_chain_row(item) for _, item in sorted(history.market.chains.items())],
        findings=list(findings),
    )


def build_supply(evidence: Evidence) -> Supply:
    """All money there is, by where it lies."""
    money, rows = evidence.money, evidence.rows
    settlement = sum(row.settlement for _, row in select(rows, ACCOUNTS))
    settlement += sum_escrows(rows)
    deposits = [item for _, row in select(rows, SAVINGS) for item in row.deposits]
    savings = sum(item.amount for item in deposits if item.seat_bond in OWN)
    bonds = sum(item.amount for item in deposits if item.seat_bond not in OWN)
    bonds += sum(row.pending.bond for _, row in select(rows, RECOVERIES) if row.pending)
    total = settlement + savings + bonds + sum_funds(money)
    return Supply(
        issued=format_pai(money.issued),
        burned=format_pai(money.burned),
        settlement=format_pai(settlement),
        savings=format_pai(savings),
        bonds=format_pai(bonds),
        reserve=format_pai(money.reserve),
        social=format_pai(money.social),
        operators=format_pai(money.operators),
        active=format_pai(money.active),
        municipality=format_pai(money.municipality),
        claims=format_pai(money.claims),
        pot=format_pai(money.pot),
        sum=format_pai(total),
        difference=format_pai(total - (money.issued - money.burned)),
    )


def build_funds(evidence: Evidence) -> list[FundRow]:
    """What each common fund got and gave, to the micropai."""
    begun, money = evidence.genesis.funds, evidence.money
    rows = []
    for fund in FUNDS:
        moved = {reason: evidence.history.moves[fund, reason] for reason in FUND_REASONS}
        opening, closing = getattr(begun, fund, 0), getattr(money, fund)
        rows.append(
            FundRow(
                fund=fund,
                opening=format_pai(opening),
                **{reason: format_pai(amount) for reason, amount in moved.items()},
                closing=format_pai(closing),
                difference=format_pai(closing - opening - sum(moved.values())),
            )
        )
    return rows


def build_velocity(evidence: Evidence) -> Velocity:
    """How often the mean settlement was paid from hand to hand."""
    history, constants = evidence.history, evidence.genesis.constants
    slots = evidence.slot + 1
    mean = history.books.settlement_slots_whole / slots
    count = Decimal(slots) / constants.slots_per_period
    turnover = sum(period.turnover for period in history.periods)
    persons = sum(period.turnover_persons for period in history.periods)
    net = sum(period.turnover_net for period in history.periods)
    internal = sum(period.turnover_internal for period in history.periods)
    return Velocity(
        definition=VELOCITY_DEFINITION,
        mean_settlement=format_exact(mean),
        turnover=format_pai(turnover),
        turnovers=get_ratio(Decimal(turnover), mean),
        a_period=get_ratio(turnover / count, mean),
        in_28_periods=get_ratio(MONTH_PERIODS * turnover / count, mean),
        external_a_period=get_ratio((turnover - internal) / count, mean),
        persons_a_period=get_ratio(persons / count, mean),
        net_a_period=get_ratio(net / count, mean),
    )


def build_period(evidence: Evidence, period: Period) -> PeriodRow:
    """One period's figures. A period begun is told for the slots that have passed."""
    constants = evidence.genesis.constants
    mean = period.settlement_slots / period.slots if period.slots else Decimal(0)
    # Slot 0 is the genesis: nobody could make a block in it.
    could = period.slots - (1 if period.number == 0 else 0)
    stocks, market = period.stocks, evidence.history.market.get_period(period.number)
    return PeriodRow(
        period=period.number,
        complete=period.slots == constants.slots_per_period,
        blocks=period.blocks,
        missed_slots=could - period.blocks,
        transactions=period.transactions,
        payments=period.payments,
        turnover=format_pai(period.turnover),
        mean_settlement=format_exact(mean),
        turnover_internal=format_pai(period.turnover_internal),
        turnover_unidentified=format_pai(period.turnover_unidentified),
        turnover_foreign=format_pai(period.turnover_foreign),
        velocity=get_ratio(Decimal(period.turnover), mean),
        velocity_external=get_ratio(Decimal(period.turnover - period.turnover_internal), mean),
        velocity_persons=get_ratio(Decimal(period.turnover_persons), mean),
        velocity_net=get_ratio(Decimal(period.turnover_net), mean),
        active_members=period.active_members,
        demurrage=format_pai(period.demurrage),
        early_returns=format_pai(period.early_returns),
        fees=format_pai(period.fees),
        saved=format_pai(period.saved),
        withdrawn=format_pai(period.withdrawn),
        matured=format_pai(period.matured),
        savings=format_pai(period.savings),
        debt=format_pai(stocks.debt),
        debtors=stocks.debtors,
        at_limit=stocks.at_limit,
        share_at_limit=get_share(stocks.at_limit, stocks.persons),
        granted=format_pai(stocks.granted),
        overdue=format_pai(stocks.overdue),
        lost_360=format_pai(stocks.lost),
        reserve=format_pai(stocks.reserve),
        drain=get_share(stocks.savings, stocks.debt),
        braked=stocks.braked,
        gini_settlement=get_ratio(period.gini_settlement, Decimal(1)),
        gini_turnover=get_ratio(period.gini_turnover, Decimal(1)),
        chains_proposed=market.proposed,
        chains=market.chains,
        chains_traded=format_pai(market.traded),
        chains_moved=format_pai(market.moved),
        chains_delivered=format_pai(market.delivered),
        chains_undelivered=format_pai(market.undelivered),
        set_off=format_pai(market.cleared),
        set_off_moved=format_pai(market.lent),
        without_money=get_share(*count_trade([period], [market])),
    )


def build_servers(evidence: Evidence) -> Servers:
    """Blocks by seat, beside what its weight would lead one to expect."""
    servers = evidence.history.servers
    blocks = sum(server.blocks for server in servers.values())
    weight = sum(server.weight for server in servers.values())
    return Servers(
        seats=[
            ServerRow(
                seat=encode_address(evidence.genesis.prefix, seat),
                blocks=server.blocks,
                primaries=server.primaries,
                share=get_share(server.blocks, blocks),
                expected_share=get_share(server.weight, weight),
                service=server.service,
            )
            for seat, server in sorted(servers.items())
        ],
        slots=evidence.slot,
        missed_slots=evidence.slot - blocks,
    )
