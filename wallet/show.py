"""How a wallet's answers look: documents with stable keys for programs, sheets for people.

Nothing is computed here that the node has not projected to now; differences of two such figures
are the only arithmetic.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import RenderableType

from chain.policy import AccountId
from chain.units import format_pai
from wallet.client import DepositAnswer, Entry
from wallet.community import Community
from wallet.pending import Judged
from wallet.terminal import Column, build_table
from wallet.words import Words, mark

ADDRESS_TAIL: Final = 8  # the characters that people compare
ID_SHOWN: Final = 16
OUTGOING: Final = frozenset(
    {"paid", "saved", "fee", "notice", "bond_lent", "demurrage", "put_aside", "traded_for"}
)
INCOMING: Final = frozenset(
    {
        "received",
        "matured",
        "withdrawn",
        "rewarded",
        "reported",
        "funded",
        "shared",
        "bond_returned",
        "freed",
        "got_by_set_off",
        "traded",
    }
)

KINDS: Final = {
    "paid": mark("paid"),
    "received": mark("received"),
    "saved": mark("saved"),
    "demurrage": mark("demurrage"),
    "early_return": mark("demurrage of savings returned early"),
    "matured": mark("savings matured"),
    "prolonged": mark("prolonged"),
    "withdrawn": mark("savings returned"),
    "bonded": mark("bonded"),
    "unbonded": mark("bond asked back"),
    "seat": mark("seat registered"),
    "keys": mark("keys changed"),
    "loan": mark("loan"),
    "pledge_paid": mark("paid out of a pledged deposit"),
    "proposed": mark("put to the vote"),
    "voted": mark("vote cast"),
    "invoiced": mark("invoice offered"),
    "invoice": mark("invoice received"),
    "owes": mark("invoice accepted"),
    "owed": mark("owed to this account"),
    "invoice_declined": mark("invoice declined or taken back"),
    "invoice_lapsed": mark("invoice without an answer"),
    "written_down": mark("debtor let off"),
    "let_off": mark("let off by the creditor"),
    "reassigning": mark("other creditor named"),
    "reassigned": mark("owed to another creditor"),
    "set_off": mark("debt set off"),
    "set_off_for": mark("claim set off"),
    "lends": mark("lends to set-off"),
    "put_aside": mark("put aside for set-off"),
    "freed": mark("came back from set-off"),
    "got_by_set_off": mark("got by set-off"),
    "guardians": mark("guardians named"),
    "recovery": mark("recovery begun"),
    "recovery_of_this": mark("recovery of this account begun"),
    "recovery_cancelled": mark("recovery stopped"),
    "recovered": mark("account recovered"),
    "recovered_this": mark("this account recovered"),
    "bond_lent": mark("bond lent for a recovery"),
    "bond_returned": mark("bond of a recovery returned"),
    "bond_lost": mark("bond of a recovery lost"),
    "alias": mark("name taken"),
    "alias_given_up": mark("name given up"),
    "attested": mark("attestation given"),
    "identified": mark("attested by"),
    "renewed": mark("attestation renewed"),
    "identity_renewed": mark("attestation renewed by"),
    "revoked": mark("attestation revoked"),
    "identity_revoked": mark("attestation revoked by"),
    "fee": mark("fee"),
    "takeover": mark("seat taken over by its standby key"),
    "taken_over": mark("own seat taken over by its standby key"),
    "seat_keys": mark("keys of the seat replaced"),
    "notice": mark("notice of release"),
    "rewarded": mark("reward of the seat"),
    "funded": mark("paid from a fund by vote"),
    "shared": mark("share of an active member"),
    "slashed": mark("lost of the bond"),
    "reported": mark("for a reported offence"),
    "offered": mark("put on offer"),
    "wanted": mark("looked for"),
    "listing": mark("offer or want changed"),
    "order": mark("standing order"),
    "traded": mark("chain of trades"),
    "traded_for": mark("paid in a chain of trades"),
    "receipt": mark("delivery confirmed"),
    "undelivered": mark("not delivered, owed for it"),
    "missed": mark("not received, is owed for it"),
}
_BONDS: Final = {
    "free": mark("free"),
    "bonded": mark("bonded"),
    "unbonding": mark("bond, to be released"),
    "leaving": mark("bond, asked back"),
    "pledged": mark("secures a loan"),
}
_VERDICTS: Final = {
    "settled": mark("in the chain"),
    "included": mark("in a block"),
    "waiting": mark("waiting for a block"),
    "unheard": mark("outcome not known yet"),
    "replaced": mark("not executed: another transaction took its place"),
    "expired": mark("not executed: its time ran out"),
    "before": mark("executed or replaced, before this node began"),
}


def shorten_address(address: str) -> str:
    """Beginning and end of an address, for lists."""
    return f"{address[: -52 - 2]}…{address[-ADDRESS_TAIL:]}"


def build_deposit_document(deposit: DepositAnswer) -> dict[str, object]:
    """One deposit for programs."""
    return {
        "id": deposit.id,
        "amount": format_pai(deposit.amount),
        "since_step": deposit.since_step,
        "until_step": deposit.until_step,
        "until_time": deposit.until_time,
        "renew_periods": deposit.renew_periods,
        "bond": deposit.bond,
        "release_step": deposit.release_step,
        "return_now": format_pai(deposit.return_now),
    }


def build_pending_document(item: Judged, community: Community) -> dict[str, object]:
    """One transaction of uncertain fate, or that was until now, for programs."""
    body = item.pending.sealed.body
    return {
        "transaction": item.pending.sealed.id.hex(),
        "status": item.verdict.value,
        "height": item.pending.height,
        "sequence": body.sequence,
        "valid_until_slot": body.valid_until_slot,
        "valid_until_time": community.get_time(body.valid_until_slot),
    }


def build_deposit_table(
    words: Words, deposits: Sequence[DepositAnswer], community: Community
) -> RenderableType:
    """Savings with their terms, and what returning them now would give: 80 columns wide."""
    return build_table(
        [
            Column(words.say("No."), figures=True),
            Column(words.say("Savings"), figures=True),
            Column(words.say("Due"), figures=True),
            Column(words.say("Then")),
            Column(words.say("Returned now"), figures=True),
            Column(words.say("State")),
        ],
        [
            (
                str(item.id),
                words.amount(item.amount),
                words.date(item.until_time),
                _tell_then(words, item),
                words.amount(item.return_now) if item.bond == "free" else "—",
                _tell_bond(words, item, community),
            )
            for item in deposits
        ],
    )


def build_pending_table(
    words: Words, judged: Iterable[Judged], community: Community
) -> RenderableType:
    """Transactions whose fate is not certain, or was not until now."""
    return build_table(
        [
            Column(words.say("Transaction"), figures=True),
            Column(words.say("State")),
            Column(words.say("Block"), figures=True),
            Column(words.say("Valid until"), figures=True),
        ],
        [
            (
                item.pending.sealed.id.hex()[:ID_SHOWN],
                words.say(_VERDICTS[item.verdict]),
                "—" if item.pending.height is None else words.number(item.pending.height),
                words.date(community.get_time(item.pending.sealed.body.valid_until_slot)),
            )
            for item in judged
        ],
    )


def build_entry_document(entry: Entry, names: Mapping[str, str]) -> dict[str, object]:
    """One line of history for programs; ``change`` carries the sign."""
    return {
        "height": entry.height,
        "slot": entry.slot,
        "time": entry.time,
        "transaction": entry.transaction,
        "kind": entry.kind,
        "amount": format_pai(entry.amount),
        "change": format_pai(get_change(entry)),
        "counterparty": entry.counterparty,
        "name": names.get(entry.counterparty or ""),
        "memo": entry.memo,
    }


def build_history_table(
    words: Words, entries: Iterable[Entry], names: Mapping[str, str], title: str
) -> RenderableType:
    """History for people, newest first."""
    return build_table(
        [
            Column(words.say("When"), figures=True),
            Column(words.say("What")),
            Column(words.say("Pai"), figures=True),
            Column(words.say("Whom")),
            Column(words.say("Memo")),
        ],
        [
            (
                words.date(entry.time),
                words.say(KINDS[entry.kind]) if entry.kind in KINDS else entry.kind,
                _tell_change(words, entry),
                _tell_whom(entry, names),
                entry.memo,
            )
            for entry in entries
        ],
        title=title,
    )


def tell_beginning(words: Words, community: Community, since_slot: int) -> list[str]:
    """That the node does not know what happened before, if so; lines to show below a history."""
    if not since_slot:
        return []
    date = words.date(community.get_time(since_slot))
    return [
        words.say(
            "This node does not tell what happened before {date}: it began with a snapshot. Ask "
            "another node for that.",
            date=date,
        )
    ]


def get_change(entry: Entry) -> int:
    """What an entry did to the settlement balance; 0 when it moved no money of the account."""
    amount = abs(entry.amount)
    if entry.kind in OUTGOING:
        return -amount
    return amount if entry.kind in INCOMING else 0


def tell_account(account: AccountId, community: Community, names: Mapping[str, str]) -> str:
    """An account by the name it has here, with the characters that tell it from others."""
    address = community.get_address(account)
    name = names.get(address)
    return address if name is None else f"{name} ({shorten_address(address)})"


def tell_pai(words: Words, amount: int) -> str:
    """An amount with its unit."""
    return words.say("{amount} pai", amount=words.amount(amount))


def _tell_then(words: Words, deposit: DepositAnswer) -> str:
    if deposit.renew_periods:
        return words.say("again, periods: {count}", count=deposit.renew_periods)
    return words.say("to settlement")


def _tell_bond(words: Words, deposit: DepositAnswer, community: Community) -> str:
    text = words.say(_BONDS[deposit.bond]) if deposit.bond in _BONDS else deposit.bond
    if deposit.bond != "unbonding":
        return text
    return f"{text} {words.date(community.get_step_time(deposit.release_step))}"


def _tell_change(words: Words, entry: Entry) -> str:
    change = get_change(entry)
    if change:
        return f"{'+' if change > 0 else ''}{words.amount(change)}"
    return words.amount(entry.amount) if entry.amount else ""


def _tell_whom(entry: Entry, names: Mapping[str, str]) -> str:
    if entry.counterparty is None:
        return ""
    return names.get(entry.counterparty) or shorten_address(entry.counterparty)
