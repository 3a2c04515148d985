"""What the HTTP API answers about identity, names, and the recovery of keys, as types."""

from node.api.schema import AddressText, Answer, Count, Hash, Pai, PolicyAnswer


class AliasAnswer(Answer, frozen=True):
    """Whose a name is."""

    name: str
    address: AddressText
    since_slot: Count


class AttestationAnswer(Answer, frozen=True):
    """What one authority states of an account. ``ends_slot``: grace and retirement included."""

    authority: AddressText
    authority_name: str
    group: Count
    kind: str
    jurisdiction: str
    commitment: Hash
    tag: Hash
    from_slot: Count
    until_slot: Count
    ends_slot: Count
    revoked_slot: Count | None
    counts: bool


class IdentityAnswer(Answer, frozen=True):
    """Who vouches for an account, its name, and what another name would cost now."""

    address: AddressText
    identified: bool
    identified_until_slot: Count
    identified_since_slot: Count | None
    tag: Hash | None
    attestations: list[AttestationAnswer]
    alias: str | None
    alias_price: Pai


class GuardAnswer(Answer, frozen=True):
    """Guardians, as a salted hash, and what they are bound to."""

    guardians: Hash
    delay_periods: Count
    cancels_max: Count


class PendingRecoveryAnswer(Answer, frozen=True):
    """A recovery that runs. From ``ends_slot`` on anybody may complete it."""

    policy: PolicyAnswer
    lender: AddressText
    bond: Pai
    ends_slot: Count
    ends_time: Count
    cancels_left: Count


class RecoveryAnswer(Answer, frozen=True):
    """An account's guardians now, those who follow, and the recovery that runs, if one does."""

    address: AddressText
    guard: GuardAnswer | None
    following: GuardAnswer | None
    following_slot: Count | None
    started: Count
    pending: PendingRecoveryAnswer | None
    recovered_slot: Count | None
    bond: Pai
    delay_periods_min: Count
    delay_periods_default: Count
    delay_periods_max: Count
    cancels_default: Count


class AuthorityAnswer(Answer, frozen=True):
    """An authority and its pace: how many it may bring in, or revoke, in 28 periods."""

    address: AddressText
    name: str
    jurisdiction: str
    group: Count
    retired_slot: Count | None
    attested: Count
    pace: Count
    new_recently: Count
    revoked_recently: Count


class AuthoritiesAnswer(Answer, frozen=True):
    """All authorities, by group and in the order in which they came."""

    needed: Count
    authorities: list[AuthorityAnswer]
