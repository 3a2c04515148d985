"""What happened by rule in a block, as data: for audit, histories and wallets. No rule reads it."""

from typing import Literal

import msgspec

from chain.policy import AccountId


class Charged(msgspec.Struct, frozen=True, gc=False):
    """Demurrage taken from an account, or borne by what it returned early from savings."""

    account: AccountId
    amount: int
    early_return: bool


class FeePaid(msgspec.Struct, frozen=True, gc=False):
    """Paid for units beyond the free ones."""

    account: AccountId
    amount: int


class Shared(msgspec.Struct, frozen=True, gc=False):
    """What one block's pot gave to each fund."""

    reserve: int
    social: int
    operators: int
    active: int
    municipality: int
    burned: int


class Matured(msgspec.Struct, frozen=True, gc=False):
    """A deposit whose term ended and joined the settlement balance."""

    account: AccountId
    deposit: int
    amount: int


class Finalised(msgspec.Struct, frozen=True, gc=False):
    """The chain has recorded that a block is final: by votes of this round, at this level."""

    height: int
    hash: bytes
    slot: int
    round: int
    level: int


class RecoveryBond(msgspec.Struct, frozen=True, gc=False):
    """What became of a recovery's bond: it was lent, came back, or went to the operators."""

    account: AccountId
    amount: int
    outcome: Literal["lent", "returned", "lost"]


class Slashed(msgspec.Struct, frozen=True, gc=False):
    """Taken from a deposit that is, or was until lately, a seat's bond."""

    account: AccountId
    deposit: int
    amount: int


class Reported(msgspec.Struct, frozen=True, gc=False):
    """Paid out of what was slashed, to whoever reported the offence."""

    account: AccountId
    amount: int


class NoticePaid(msgspec.Struct, frozen=True, gc=False):
    """Paid for a notice of release."""

    account: AccountId
    amount: int


class FundGot(msgspec.Struct, frozen=True, gc=False):
    """What a fund got of what was slashed, or of what a notice cost."""

    fund: str
    amount: int


class FundPaid(msgspec.Struct, frozen=True, gc=False):
    """Paid from a common fund to an account; ``why`` names the rule that did it."""

    fund: str
    account: AccountId
    amount: int
    why: str


class FundShifted(msgspec.Struct, frozen=True, gc=False):
    """Set aside in another fund: money stays common."""

    fund: str
    to_fund: str
    amount: int


class Decided(msgspec.Struct, frozen=True, gc=False):
    """The votes on a proposal were counted."""

    proposal: int
    passed: bool
    yes: int
    no: int
    electors: int


class Enacted(msgspec.Struct, frozen=True, gc=False):
    """A decision was due; ``refused`` says why it could not be carried out any more, if so."""

    proposal: int
    refused: int | None


class GuarantorPaid(msgspec.Struct, frozen=True, gc=False):
    """A guarantor paid for a debtor: out of his pledged deposit, or (-1) his balance."""

    guarantor: AccountId
    debtor: AccountId
    amount: int
    deposit: int


class PledgeFreed(msgspec.Struct, frozen=True, gc=False):
    """A deposit secures no loan any more, and runs on until this step."""

    account: AccountId
    deposit: int
    until_step: int


class WrittenOff(msgspec.Struct, frozen=True, gc=False):
    """The reserve took over what an account owed."""

    account: AccountId
    amount: int


class OfferSilenced(msgspec.Struct, frozen=True, gc=False):
    """An offered invoice was not answered in time: declined by silence."""

    obligation: int
    creditor: AccountId
    debtor: AccountId
    amount: int


class LiquidityHeld(msgspec.Struct, frozen=True, gc=False):
    """Put aside for a set-off out of an account's balance."""

    account: AccountId
    amount: int


class LiquidityFreed(msgspec.Struct, frozen=True, gc=False):
    """What was put aside is the account's again, but for demurrage and for what was lent."""

    account: AccountId
    amount: int  # that came back
    charge: int
    lent: int


class LiquidityGot(msgspec.Struct, frozen=True, gc=False):
    """Got out of what others lent to a set-off, for what was owed to the account."""

    account: AccountId
    amount: int


class Cleared(msgspec.Struct, frozen=True, gc=False):
    """So much of one obligation was set off."""

    obligation: int
    debtor: AccountId
    creditor: AccountId
    amount: int
    remaining: int


class SetOff(msgspec.Struct, frozen=True, gc=False):
    """A set-off was applied: what had entered it, and what it cleared, by number."""

    interval: int
    entered: int
    entered_amount: int
    net_debt: int  # the least money that would pay all of it
    cleared: tuple[Cleared, ...]


class ChainSettled(msgspec.Struct, frozen=True, gc=False):
    """What a chain of trades did to a balance: more, less, or nothing."""

    chain: int
    account: AccountId
    amount: int


class Traded(msgspec.Struct, frozen=True, gc=False):
    """One trade of a chain: goods that are to be delivered under this number."""

    delivery: int
    chain: int
    seller: AccountId
    buyer: AccountId
    good: str
    quantity: int
    amount: int


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """The buyer receipted units of a delivery; the price is of one."""

    delivery: int
    seller: AccountId
    buyer: AccountId
    good: str
    quantity: int
    price: int


class Undelivered(msgspec.Struct, frozen=True, gc=False):
    """What was left of a delivery became an obligation of the seller to the buyer."""

    delivery: int
    obligation: int
    seller: AccountId
    buyer: AccountId
    good: str
    quantity: int
    amount: int


Fact = (
    Charged
    | FeePaid
    | GuarantorPaid
    | PledgeFreed
    | WrittenOff
    | Shared
    | Matured
    | RecoveryBond
    | FundPaid
    | FundShifted
    | Decided
    | Enacted
    | Finalised
    | Slashed
    | Reported
    | NoticePaid
    | FundGot
    | OfferSilenced
    | LiquidityHeld
    | LiquidityFreed
    | LiquidityGot
    | SetOff
    | ChainSettled
    | Traded
    | Delivered
    | Undelivered
)
