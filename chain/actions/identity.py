"""Actions of authorities: who says that an account belongs to a person, and until when."""

from typing import Annotated

from msgspec import Meta

from chain.codec import Bytes32, Natural, Record, check_text
from chain.policy import AccountId

KIND_BYTES_MAX = 32
JURISDICTION_BYTES_MAX = 64


class Attest(Record, frozen=True, tag=30):
    """State whose account this is. Names stay with the person: the chain learns a commitment."""

    subject: AccountId
    kind: Annotated[str, Meta(min_length=1)]
    jurisdiction: str
    commitment: Bytes32
    tag: Bytes32
    until_slot: Natural

    def __post_init__(self) -> None:
        check_text(self.kind, KIND_BYTES_MAX)
        check_text(self.jurisdiction, JURISDICTION_BYTES_MAX)


class Renew(Record, frozen=True, tag=31):
    """Let an attestation run on, over the same person's facts as they are now."""

    subject: AccountId
    commitment: Bytes32
    until_slot: Natural


class Revoke(Record, frozen=True, tag=32):
    """Take an attestation back, from this block on."""

    subject: AccountId
