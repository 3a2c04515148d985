"""Authorities, guardians and payers in any order: what nobody may gain, and nobody may lose.

Invariants after every step: a person has one account and an account one person; a person moves
only away from an account on which no other authority attests him; an authority makes persons at its
pace, counted here a second time; keys change only by the owner or by a recovery that has waited;
a payment is refused for want of money and for nothing else; no money appears.
"""

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from chain.actions import (
    Action,
    Attest,
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    GiveUpAlias,
    GuardianSignature,
    Pay,
    RegisterAlias,
    Renew,
    Revoke,
    SetGuardians,
    StartRecovery,
)
from chain.errors import Code, Invalid
from chain.guardians import compute_guardians_hash
from chain.policy import Policy
from chain.rules.context import Context
from chain.rules.identity import get_home_person_key, is_identified
from chain.tables import ACCOUNTS, ALIASES
from chain.transition import get_context
from tests.community import PAI, PARAMETERS, build_genesis, get_account_id, get_policy
from tests.identity_world import build_authority, get_tag, with_authorities
from tests.properties.plain_ledger import PlainLedger, count_money

PERIOD = 20
PACE = 2
SALT = bytes(32)
AUTHORITIES = ("registry", "second")
ACCOUNTS_HERE = ("emma", "farid", "galina", "stranger", "vagrant")
TAGS = ("emma", "farid", "galina", "one", "other", "third")
MONEY_CODES = {Code.INSUFFICIENT_BALANCE, Code.PAYMENT_TO_SELF}

accounts = st.sampled_from(ACCOUNTS_HERE)
authorities = st.sampled_from(AUTHORITIES)
keys = st.sampled_from(["new", "newer", "2:safe+safer+safest"])


class Town(RuleBasedStateMachine):
    """Everybody tries everything; time passes between."""

    @initialize()
    def found(self) -> None:
        parameters = replace(PARAMETERS, attest_rate=PACE, attest_rate_bp=0, attest_grace_periods=2)
        genesis = build_genesis(strangers=("stranger", "vagrant", *AUTHORITIES))
        genesis = replace(genesis, parameters=parameters)
        self.ledger = PlainLedger(with_authorities(genesis, build_authority("second")))
        self.made: list[tuple[str, int]] = []  # by whom a person was made, and in which period
        self.held_before: bytes | None = None
        self.begun: dict[str, int] = {}  # slot in which a recovery began
        self.slot = 1

    @rule(slots=st.sampled_from([1, 5, PERIOD, 3 * PERIOD, 29 * PERIOD]))
    def wait(self, slots: int) -> None:
        self.slot += slots
        self.ledger.apply(self.slot)
        self.slot += 1

    @rule(authority=authorities, subject=accounts, tag=st.sampled_from(TAGS),
          periods=st.sampled_from([1, 5, 1_000]))  # fmt: skip
    def attest(self, authority: str, subject: str, tag: str, periods: int) -> None:
        state = self.ledger.state
        before = state.persons.get(get_home_person_key(get_tag(tag)))
        known = before is not None and self._knows(before.account)
        others = before is not None and any(
            self._runs(other, before.account, tag) for other in AUTHORITIES if other != authority
        )
        moved = before is not None and before.account != get_account_id(subject)
        again = state.attestations.get(get_account_id(subject) + get_account_id(authority))
        until = self.slot + periods * PERIOD
        action = Attest(get_account_id(subject), "person", "RU", bytes(32), get_tag(tag), until)
        if not self._do(authority, action):
            return
        held = moved and before is not None and self.held_before == get_tag(tag)
        assert not (held and others), "a person was taken from another authority"
        repeated = again is not None and again.tag == get_tag(tag) and not moved
        if moved or not (known or repeated):
            self.made.append((authority, self.slot // PERIOD))
            recent = [
                period for who, period in self.made
                if who == authority and period > self.slot // PERIOD - 28
            ]  # fmt: skip
            assert len(recent) <= PACE

    @rule(authority=authorities, subject=accounts)
    def revoke(self, authority: str, subject: str) -> None:
        self._do(authority, Revoke(get_account_id(subject)))

    @rule(authority=authorities, subject=accounts)
    def renew(self, authority: str, subject: str) -> None:
        self._do(authority, Renew(get_account_id(subject), bytes(32), self.slot + 60 * PERIOD))

    @rule(payer=accounts, receiver=accounts, amount=st.sampled_from([1, PAI, 200 * PAI]))
    def pay(self, payer: str, receiver: str, amount: int) -> None:
        before = self._find_refusal(payer, Pay(get_account_id(receiver), amount, ""))
        assert before is None or before in MONEY_CODES

    @rule(owner=accounts, cancels=st.integers(0, 2))
    def set_guardians(self, owner: str, cancels: int) -> None:
        guardians = compute_guardians_hash(get_policy("guardian"), SALT)
        self._do(owner, SetGuardians(guardians, 3, cancels))

    @rule(owner=accounts)
    def dismiss(self, owner: str) -> None:
        self._do(owner, SetGuardians(None, 0, 0))

    @rule(lender=accounts, account=accounts, policy=keys)
    def start(self, lender: str, account: str, policy: str) -> None:
        action = StartRecovery(
            get_account_id(account),
            get_policy("guardian"),
            SALT,
            get_policy(policy),
            (GuardianSignature(0, bytes(64)),),
        )
        if self._do(lender, action):
            self.begun[account] = self.slot

    @rule(owner=accounts)
    def cancel(self, owner: str) -> None:
        self._do(owner, CancelRecovery())

    @rule(helper=accounts, account=accounts)
    def complete(self, helper: str, account: str) -> None:
        if self._do(helper, CompleteRecovery(get_account_id(account)), account):
            assert self.slot >= self.begun[account] + 3 * PERIOD

    @rule(owner=accounts, policy=keys)
    def change_keys(self, owner: str, policy: str) -> None:
        self._do(owner, ChangePolicy(get_policy(policy)), owner)

    @rule(owner=accounts, name=st.sampled_from(["anna", "аппа", "ivan", "иван", "оле-г"]))
    def take_name(self, owner: str, name: str) -> None:
        self._do(owner, RegisterAlias(name, PAI))

    @rule(owner=accounts)
    def give_up_name(self, owner: str) -> None:
        self._do(owner, GiveUpAlias())

    # What becomes of it

    def _do(self, name: str, action: Action, rekeyed: str | None = None) -> bool:
        """Whether it was done. Only the account that is to be given keys gets others."""
        before = self._get_policies()
        self.held_before = None
        if isinstance(action, Attest):
            person = self.ledger.state.persons.get(get_home_person_key(action.tag))
            old = None if person is None else self.ledger.state.accounts.get(person.account)
            self.held_before = None if old is None else old.person
        refused = self._find_refusal(name, action)
        event(f"{type(action).__name__}: {'done' if refused is None else refused.name}")
        after = self._get_policies()
        for account, policy in before.items():
            if policy is not None and account != get_account_id(rekeyed or ""):
                assert after[account] == policy
        return refused is None

    def _find_refusal(self, name: str, action: Action) -> Code | None:
        sealed = self.ledger.sign(name, action, fee_max=20 * PAI)
        try:
            self.ledger.apply(self.slot, (sealed,))
        except Invalid as error:
            return error.code
        finally:
            self.slot += 1
        return None

    def _get_policies(self) -> dict[bytes, Policy | None]:
        return {key: row.policy for key, row in self.ledger.get_rows(ACCOUNTS).items()}

    def _get_context(self) -> Context:
        return get_context(
            self.ledger.state,
            self.ledger.chain,
            self.ledger.genesis.constants,
            self.slot,
            bytes(32),
        )

    def _knows(self, account: bytes) -> bool:
        return is_identified(self.ledger.state, self._get_context(), account)

    def _runs(self, authority: str, account: bytes, tag: str) -> bool:
        """Whether an authority's statement counts, worked out afresh."""
        item = self.ledger.state.attestations.get(account + get_account_id(authority))
        return (
            item is not None
            and item.tag == get_tag(tag)
            and item.revoked_slot < 0
            and self.slot < item.until_slot + 2 * PERIOD
        )

    @invariant()
    def people_are_whole(self) -> None:
        if not hasattr(self, "ledger"):
            return
        rows = self.ledger.get_rows(ACCOUNTS)
        tags = [row.person for row in rows.values() if row.person is not None]
        assert len(set(tags)) == len(tags)
        for key, row in rows.items():
            if row.person is not None:
                person = self.ledger.state.persons.require(get_home_person_key(row.person))
                assert person.account == key
        assert count_money(self.ledger.rows.items()) == 0
        names = [
            ALIASES.codec.decode(data) for key, data in self.ledger.rows.items()
            if key[:2] == ALIASES.prefix + b"\x01"
        ]  # fmt: skip
        used = [row.name for row in names if row.released_slot < 0]
        assert len(set(used)) == len(used)


TestTown = Town.TestCase
TestTown.settings = settings(settings.default, stateful_step_count=40)
