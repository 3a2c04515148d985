"""The report on a community as a document: its parts and their keys, which are stable.

Amounts are exact decimal strings of pai; ratios are decimal strings of six places; nobody is named.
"""

import msgspec

from node.audit.findings import Finding


class Part(msgspec.Struct, frozen=True):
    """Base of the report's parts."""


class Supply(Part, frozen=True):
    """What there is. ``sum`` of settlement, savings, bonds and funds equals issued - burned."""

    issued: str
    burned: str
    settlement: str
    savings: str
    bonds: str
    reserve: str
    social: str
    operators: str
    active: str
    municipality: str
    claims: str
    pot: str
    sum: str
    difference: str


class Bearer(Part, frozen=True):
    """What holders of one kind bore. ``attested_as``: the authorities' word, if it is no person."""

    kind: str
    attested_as: str | None
    accounts: int
    amount: str
    share: str


class Payer(Part, frozen=True):
    """One of those who bore most; nobody is named."""

    rank: int
    kind: str
    amount: str
    share: str


class Demurrage(Part, frozen=True):
    """What melted, on whose hands, and where it went.

    ``charged`` was collected by blocks, ``early_returns`` of it from savings returned early.
    ``exact`` is what decimal arithmetic says melted up to the head, ``waiting`` what no block has
    collected of that yet.
    """

    charged: str
    early_returns: str
    waiting: str
    exact: str
    borne_by: list[Bearer]
    top_payers: list[Payer]
    funded: dict[str, str]
    left_in_pot: str


class FundRow(Part, frozen=True):
    """A common fund from the genesis to the end: every sum that moved it, outgoings negative.

    ``demurrage`` is its share of the pot, ``fees`` what was paid beyond free units, ``fines`` what
    offences and notices cost; ``votes`` was spent by decision, ``losses`` written off, ``set_offs``
    rewarded who found the best, ``shares`` taken by active members; ``shifted`` went to or came
    from another fund. ``difference`` is what none of these explains.
    """

    fund: str
    opening: str
    demurrage: str
    fees: str
    fines: str
    votes: str
    rewards: str
    set_offs: str
    shares: str
    losses: str
    shifted: str
    closing: str
    difference: str


class Velocity(Part, frozen=True):
    """How often money turned over, by four definitions, over all time and as in four weeks."""

    definition: str
    mean_settlement: str
    turnover: str
    turnovers: str
    a_period: str
    in_28_periods: str
    external_a_period: str
    persons_a_period: str
    net_a_period: str


class PeriodRow(Part, frozen=True):
    """One period; ``complete`` when all its slots have passed."""

    period: int
    complete: bool
    blocks: int
    missed_slots: int
    transactions: int
    payments: int
    turnover: str
    mean_settlement: str
    turnover_internal: str
    turnover_unidentified: str
    turnover_foreign: str
    velocity: str
    velocity_external: str
    velocity_persons: str
    velocity_net: str
    active_members: int
    demurrage: str
    early_returns: str
    fees: str
    saved: str
    withdrawn: str
    matured: str
    savings: str
    debt: str
    debtors: int
    at_limit: int
    share_at_limit: str
    granted: str
    overdue: str
    lost_360: str
    reserve: str
    drain: str
    braked: bool
    gini_settlement: str
    gini_turnover: str
    chains_proposed: int
    chains: int
    chains_traded: str
    chains_moved: str
    chains_delivered: str
    chains_undelivered: str
    set_off: str
    set_off_moved: str
    without_money: str


class YoungBase(Part, frozen=True):
    """What base the young hold whom one authority vouches for."""

    authority: str
    name: str
    amount: str


class Credit(Part, frozen=True):
    """What members owe, and what stands against it. Shares are of what their names say.

    ``lost_360``, ``overdue_360`` and ``inflow_360`` are of the last 360 periods: credit grows only
    while the first two do not exceed the third. ``drain`` is savings as a part of ``debt``.
    """

    debt: str
    debtors: int
    persons: int
    at_limit: int
    share_at_limit: str
    stuck: int
    share_of_ten_debtors: str
    share_of_ten_holders: str
    granted: str
    pledged: str
    coverage: str
    overdue: str
    lost_360: str
    overdue_360: str
    inflow_360: str
    reserve: str
    braked: bool
    drain: str
    young_base: list[YoungBase]
    share_from_one_partner: str


class Solvency(Part, frozen=True):
    """Whether all who want out could be paid: withdrawn + interest <= loans - money.

    ``withdrawn`` and ``interest`` are what the auditor was told; no chain knows them.
    """

    loans: str
    money: str
    withdrawn: str
    interest: str
    room: str


class Dealings(Part, frozen=True):
    """Turnover by whom it was between, and how it and money are concentrated."""

    turnover: str
    internal: str
    share_internal: str
    unidentified: str
    share_unidentified: str
    foreign: str
    share_foreign: str
    gini_settlement: str
    gini_turnover: str


class SetOffRow(Part, frozen=True):
    """One set-off. ``net_debt``: the least money that would pay all that entered at once.

    ``circles``: what was cleared, taken apart; the lengths say how many accounts a circle joins.
    """

    interval: int
    height: int
    slot: int
    entered: int
    debt: str
    net_debt: str
    cleared: str
    cleared_share: str
    closed: int
    money_used: str
    money_saved: str
    net_debt_paid: str
    circles: int
    shortest: int
    median: int
    longest: int


class ChainRow(Part, frozen=True):
    """A chain of trades that happened. ``moved``: what balances gained by it, as others lost.

    ``undelivered`` became what sellers owe; ``made_good`` of it was paid.
    """

    chain: int
    height: int
    slot: int
    people: int
    trades: int
    amount: str
    moved: str
    saved: str
    delivered: str
    undelivered: str
    made_good: str


class Exchange(Part, frozen=True):
    """All chains together, and what share of all trade needed no money.

    ``trade``: payments, trades in chains, and what set-offs cleared; ``without_money`` of it: what
    was neither paid, nor moved by chains, nor lent to set-offs. ``given_up``: proposed chains that
    did not happen and wait no more. ``people``: how many chains join how many.
    """

    proposed: int
    happened: int
    waiting: int
    given_up: int
    delivered_whole: int
    failed: int
    people: dict[str, int]
    amount: str
    moved: str
    saved: str
    share_saved: str
    delivered: str
    on_the_way: str
    undelivered: str
    made_good: str
    trade: str
    without_money: str
    share_without_money: str


class AuthorityRow(Part, frozen=True):
    """Whom an authority has identified, and how much money they hold."""

    authority: str
    name: str
    jurisdiction: str
    home: bool
    accounts: int
    money: str


class Identity(Part, frozen=True):
    """How much of the community is known to be persons or organisations."""

    accounts: int
    identified: int
    share_of_accounts: str
    money: str
    identified_money: str
    share_of_money: str
    authorities: list[AuthorityRow]


class ServerRow(Part, frozen=True):
    """What a seat did. ``expected_share`` is its weight's share of the set."""

    seat: str
    blocks: int
    primaries: int
    share: str
    expected_share: str
    service: int


class Servers(Part, frozen=True):
    """Who made the blocks, and in how many slots nobody did."""

    seats: list[ServerRow]
    slots: int
    missed_slots: int


class Community(Part, frozen=True):
    """Which community, and where the audited chain ends."""

    id: str
    name: str
    height: int
    slot: int
    hash: str
    state_root: str
    blocks: int
    transactions: int
    payments: int


class Report(Part, frozen=True):
    """The whole report."""

    community: Community
    supply: Supply
    demurrage: Demurrage
    funds: list[FundRow]
    velocity: Velocity
    credit: Credit
    solvency: Solvency
    dealings: Dealings
    fees: str
    identity: Identity
    servers: Servers
    periods: list[PeriodRow]
    set_offs: list[SetOffRow]
    exchange: Exchange
    chains: list[ChainRow]
    findings: list[Finding]
