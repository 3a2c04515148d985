"""What refusals of authorities and their attestations mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

IDENTITY: Final[dict[Code, Meaning]] = {
    Code.UNKNOWN_AUTHORITY: Meaning(True, "There is no such authority, or it has been retired."),
    Code.AUTHORITY_SERVES: Meaning(True, "This authority serves already."),
}
