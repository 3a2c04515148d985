"""The report's parts on credit, solvency, and who deals with whom.

Figures come from the rows at the end of a replay and from its history; nobody is named but
authorities, who are public.
"""

from decimal import Decimal

from chain.address import encode_address
from chain.parameters import BASIS_POINTS
from chain.tables import AUTHORITIES
from chain.units import format_pai
from node.audit.credit import CreditFigures, compute_solvency
from node.audit.evidence import Evidence, select
from node.audit.observatory import compute_gini
from node.audit.report_figures import get_ratio, get_share
from node.audit.report_types import Credit, Dealings, Solvency, YoungBase


def build_credit(evidence: Evidence, figures: CreditFigures) -> Credit:
    """What members owe at the end, who cannot owe more, and what was lost."""
    names = {key: row.name for key, row in select(evidence.rows, AUTHORITIES)}
    return Credit(
        debt=format_pai(figures.debt),
        debtors=figures.debtors,
        persons=figures.persons,
        at_limit=figures.at_limit,
        share_at_limit=get_share(figures.at_limit, figures.persons),
        stuck=figures.stuck,
        share_of_ten_debtors=get_share(figures.largest_debtors, BASIS_POINTS),
        share_of_ten_holders=get_share(figures.largest_holders, BASIS_POINTS),
        granted=format_pai(figures.granted),
        pledged=format_pai(figures.pledged),
        coverage=get_share(figures.coverage, BASIS_POINTS),
        overdue=format_pai(figures.overdue_whole),
        lost_360=format_pai(figures.lost),
        overdue_360=format_pai(figures.overdue),
        inflow_360=format_pai(figures.inflow),
        reserve=format_pai(figures.reserve),
        braked=figures.braked,
        drain=get_share(figures.drain, BASIS_POINTS),
        young_base=[
            YoungBase(
                encode_address(evidence.genesis.prefix, authority),
                names[authority],
                format_pai(amount),
            )
            for authority, amount in figures.young_base
        ],
        share_from_one_partner=get_share(figures.one_partner, BASIS_POINTS),
    )


def build_solvency(figures: CreditFigures, withdrawn: int, interest: int) -> Solvency:
    """Whether outside money must stand behind what was withdrawn, and how much."""
    solvency = compute_solvency(figures, withdrawn=withdrawn, interest=interest)
    return Solvency(
        loans=format_pai(solvency.loans),
        money=format_pai(solvency.money),
        withdrawn=format_pai(solvency.withdrawn),
        interest=format_pai(solvency.interest),
        room=format_pai(solvency.room),
    )


def build_dealings(evidence: Evidence) -> Dealings:
    """What of all turnover was within one identity, with strangers, and with foreigners."""
    history = evidence.history
    turnover = sum(period.turnover for period in history.periods)
    internal = sum(period.turnover_internal for period in history.periods)
    unidentified = sum(period.turnover_unidentified for period in history.periods)
    foreign = sum(period.turnover_foreign for period in history.periods)
    one = Decimal(1)
    return Dealings(
        turnover=format_pai(turnover),
        internal=format_pai(internal),
        share_internal=get_share(internal, turnover),
        unidentified=format_pai(unidentified),
        share_unidentified=get_share(unidentified, turnover),
        foreign=format_pai(foreign),
        share_foreign=get_share(foreign, turnover),
        gini_settlement=get_ratio(compute_gini(history.get_balances()), one),
        gini_turnover=get_ratio(compute_gini(history.received.values()), one),
    )
