"""Requests as text and QR: to be paid, and to have goods signed for when they are handed over.

``pai:ADDRESS?amount=12.50&memo=milk&community=0a1b...``, ``pai-goods:9?quantity=20&community=...``.

A request names its community, so that nobody pays into another one whose prefix is the same.
What is read here came from strangers: it is bounded, and says nothing twice.
"""

import io
import re
import unicodedata
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote

import segno
from rich.text import Text

from chain.actions import Pay
from chain.policy import AccountId
from chain.units import AMOUNT_MAX, format_pai, parse_pai
from wallet.community import Community
from wallet.terminal import Exit, Failure
from wallet.words import mark

SCHEME: Final = "pai:"
GOODS_SCHEME: Final = "pai-goods:"
_LENGTH_MAX: Final = 2_000  # an address, an amount, and 140 bytes of memo, each as %XX
_FIELDS_MAX: Final = 16
_QUIET_ZONE: Final = 2  # modules around a QR code; scanners of telephones need no more
_BAD: Final = mark("This request cannot be read: {reason}.")
_NUMBER: Final = re.compile(r"[0-9]{1,10}")


class Request(NamedTuple):
    """What somebody asks for; the amount may be left to the payer."""

    to: AccountId
    amount: int | None
    memo: str


class Handover(NamedTuple):
    """Goods for which a seller wants the buyer's signature: a delivery's number, and how many."""

    delivery: int
    quantity: int


def parse_amount(text: str) -> int:
    """A positive amount in micropai. Raises Failure with a sentence."""
    try:
        amount = parse_pai(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}.", reason=str(error)) from None
    if not 0 < amount <= AMOUNT_MAX:
        raise Failure(Exit.USAGE, "An amount must be above zero: {text} is not.", text=text)
    return amount


def build_payment(to: AccountId, amount: int, memo: str) -> Pay:
    """The payment as an action, its memo in the one form that the ledger takes."""
    try:
        return Pay(to, amount, unicodedata.normalize("NFC", memo))
    except (ValueError, UnicodeEncodeError) as error:
        raise Failure(
            Exit.USAGE, "This memo cannot be sent: {reason}.", reason=str(error)
        ) from None


def is_request(text: str) -> bool:
    """Whether a text is meant as a payment request."""
    return text.strip().lower().startswith(SCHEME)


def format_request(request: Request, community: Community) -> str:
    """The request as one line of text."""
    fields = []
    if request.amount is not None:
        fields.append(f"amount={format_pai(request.amount)}")
    if request.memo:
        fields.append(f"memo={quote(request.memo, safe='')}")
    fields.append(f"community={community.short_id}")
    return f"{SCHEME}{community.get_address(request.to)}?{'&'.join(fields)}"


def parse_request(text: str, community: Community) -> Request:
    """The request in a text. Raises Failure when it is none, or is another community's."""
    address, fields = _read(text, SCHEME, community)
    amount = parse_amount(fields["amount"]) if "amount" in fields else None
    return Request(community.parse_address(address), amount, fields.get("memo", ""))


def is_handover(text: str) -> bool:
    """Whether a text asks for a buyer's signature on goods."""
    return text.strip().lower().startswith(GOODS_SCHEME)


def format_handover(handover: Handover, community: Community) -> str:
    """What a seller shows when he hands goods over, as one line of text."""
    number, quantity = handover
    return f"{GOODS_SCHEME}{number}?quantity={quantity}&community={community.short_id}"


def parse_handover(text: str, community: Community) -> Handover:
    """The same back from a text. Raises Failure when it is none, or is another community's."""
    number, fields = _read(text, GOODS_SCHEME, community)
    quantity = fields.get("quantity", "")
    if not (_NUMBER.fullmatch(number) and _NUMBER.fullmatch(quantity)):
        raise Failure(Exit.USAGE, "This request names no delivery and no quantity.")
    return Handover(int(number), int(quantity))


def _read(text: str, scheme: str, community: Community) -> tuple[str, dict[str, str]]:
    """What stands before and after the question mark, for this community."""
    text = text.strip()
    if len(text) > _LENGTH_MAX:
        raise Failure(Exit.USAGE, "This request is too long.")
    what, _, query = text[len(scheme) :].partition("?")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=_FIELDS_MAX
        )
    except ValueError as error:
        raise Failure(Exit.USAGE, _BAD, reason=str(error)) from None
    fields = {key.lower(): value for key, value in pairs}
    if len(fields) != len(pairs):
        raise Failure(Exit.USAGE, "This request says something twice.")
    wanted = fields.get("community", "").lower()
    if wanted and not (len(wanted) >= len(community.short_id) and community.id.startswith(wanted)):
        raise Failure(
            Exit.USAGE,
            "This request is of another community ({id}); this wallet belongs to {name}.",
            id=wanted,
            name=community.name,
        )
    return what, fields


def build_qr(text: str) -> Text:
    """The text as a QR code that scanners read from a terminal of any colours."""
    return Text(draw_qr(text).rstrip("\n"), style="bright_white on black")


def draw_qr(text: str) -> str:
    """The text as a QR code of half-height block characters. Raises Failure: too long for one."""
    drawn = io.StringIO()
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        raise Failure(
            Exit.USAGE, "This is too long for a QR code: pass on the file, or the text."
        ) from None
    code.terminal(drawn, border=_QUIET_ZONE, compact=True)
    return drawn.getvalue()
