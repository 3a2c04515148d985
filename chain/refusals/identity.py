"""What refusals of authorities and attestations mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

IDENTITY: Final[dict[Code, Meaning]] = {
    Code.NOT_AN_AUTHORITY: Meaning(
        True, "The account is not an authority: members admit one by vote."
    ),
    Code.AUTHORITY_RETIRED: Meaning(
        True, "The authority is retired: it neither attests nor renews nor revokes any more."
    ),
    Code.ATTESTED_ALREADY: Meaning(
        True, "The authority attests this account already: renew that, or revoke it first."
    ),
    Code.NOT_ATTESTED: Meaning(True, "The authority does not attest this account."),
    Code.ATTESTATION_REVOKED: Meaning(True, "The attestation is revoked: attest the account anew."),
    Code.BAD_ATTESTATION_TERM: Meaning(
        True, "An attestation ends in the future, and a renewed one later than before."
    ),
    Code.TOO_MANY_NEW_PERSONS: Meaning(
        True, "The authority has brought in as many new persons in 28 periods as the rules admit."
    ),
    Code.TOO_MANY_REVOCATIONS: Meaning(
        True, "The authority has revoked as many attestations in 28 periods as the rules admit."
    ),
    Code.PERSON_OWES: Meaning(
        True, "The person owes something on the old account: that comes first."
    ),
    Code.PERSON_HAS_SEAT: Meaning(
        True, "The person's seat on the old account is bonded: unbond it first."
    ),
    Code.PERSON_HELD_ELSEWHERE: Meaning(
        True, "Another authority attests this person on another account."
    ),
    Code.ACCOUNT_OF_ANOTHER: Meaning(
        True, "The account belongs to another person who is attested on it."
    ),
    Code.AUTHORITY_EXISTS: Meaning(True, "The account is an authority already."),
    Code.TOO_MANY_AUTHORITIES: Meaning(
        True, "The group has as many authorities as the rules admit."
    ),
    Code.UNKNOWN_AUTHORITY: Meaning(True, "There is no such authority."),
    Code.UNKNOWN_SUBJECT: Meaning(
        True, "No such account: only a person of the home group is brought to life by attesting."
    ),
}
