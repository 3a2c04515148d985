"""What a seat in the adversary's hands signs and sends: two votes of a round, links over its acks,
and certificates that are none.

It knows what its own server knows and holds its own keys only; it never forges a signature.
"""

import random
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chain.certificates import Certificate, Finality, Justification, pack_bits
from chain.votes import Ack, Prevote, sign_vote
from consensus.sets import Checkpoint, compute_level
from tests.community import get_account_id, get_key
from tests.simulation.votes import CertificateTold, VoteTold

if TYPE_CHECKING:
    from tests.simulation.server import Server

LEAVES: Final = 2
SOURCES: Final = 3
STRAY_SHARE: Final = 0.3


def vote_twice(server: "Server", dice: random.Random) -> None:
    """Prevote for several leaves from several sources, and ack whatever is justified."""
    if server.core is None:
        return
    state = server.owner.consensus
    gadget, tree = state.gadget, state.tree
    round_ = server.owner.clock.get_slot()
    facts = list(tree._facts.values())
    parents = {item.parent for item in facts}
    leaves = sorted(
        (item for item in facts if item.hash not in parents),
        key=lambda item: (-tree.get_score(item.hash), item.hash),
    )
    for leaf in leaves[:LEAVES]:
        for source in _find_sources(server)[:SOURCES]:
            own = [item for item in tree.climb_down(leaf.hash) if item.base == gadget.voters.base]
            if leaf.base != gadget.voters.base and dice.random() < STRAY_SHARE:
                own.insert(0, leaf)  # a block that is another set's to vote for
            if not own or not tree.descends(own[0].hash, source.hash, source.height):
                continue
            target = own[min(dice.choice((0, 0, 1)), len(own) - 1)]
            if target.height < source.height or source.round >= round_:
                continue
            body = Prevote(
                chain=state.settings.chain,
                set=gadget.voters.base,
                round=round_,
                level=compute_level(
                    gadget.voters, state.settings.constants, round_, source, source.round
                ),
                source_hash=source.hash,
                source_round=source.round,
                target_hash=target.hash,
                target_height=target.height,
            )
            _send_to_some(server, body, dice)
            _send_to_some(server, _get_ack(body), dice)
    for certificate in list(gadget.justifications.values())[-SOURCES:]:
        _send_to_some(server, _get_ack(certificate.body), dice)


def forge(server: "Server", dice: random.Random) -> None:
    """Tell of a certificate that is none: signatures that are none, too few, or twice the same."""
    if server.core is None:
        return
    state = server.owner.consensus
    voters, head = state.gadget.voters, state.position.head
    round_ = max(server.owner.clock.get_slot() + dice.randint(-2, 2), 1)
    lock = state.gadget.lock
    body = Prevote(
        chain=state.settings.chain,
        set=voters.base,
        round=round_,
        level=dice.choice((0, 0, 1, 2)),
        source_hash=lock.hash,
        source_round=min(lock.round, round_ - 1),
        target_hash=head.hash,
        target_height=head.height,
    )
    own = sign_vote(get_account_id(server.seat), body, get_key(f"{server.seat}/vote")).signature
    count = len(voters.entries)
    kind = dice.randrange(4)
    certificate: Certificate
    if kind == 0:  # everybody, by signatures that nobody made
        certificate = Justification(
            body, pack_bits([True] * count), tuple(dice.randbytes(64) for _ in range(count))
        )
    elif kind == 1:  # our own for everybody
        certificate = Justification(body, pack_bits([True] * count), (own,) * count)
    elif kind == 2:  # ours alone
        places = [entry.seat == get_account_id(server.seat) for entry in voters.entries]
        certificate = Justification(body, pack_bits(places), (own,) * sum(places))
    else:  # a real one under another body
        if not state.gadget.justifications:
            return
        real = list(state.gadget.justifications.values())[-1]
        moved = replace(real.body, round=round_, level=2)
        certificate = Finality(_get_ack(moved), real.bits, real.signatures)
    server.world.coverage.add("certificate forged")
    for name in server.world.servers:
        if name != server.name:
            server.world.lines.send(server.name, name, CertificateTold(certificate))


def _find_sources(server: "Server") -> list[Checkpoint]:
    gadget = server.owner.consensus.gadget
    found = [
        Checkpoint(
            item.body.round,
            item.body.level,
            item.body.target_hash,
            item.body.target_height,
            item,
            None,
        )
        for item in gadget.justifications.values()
        if item.body.set == gadget.voters.base
    ]
    return sorted([*found, gadget.lock], key=lambda item: -item.round)


def _get_ack(body: Prevote) -> Ack:
    return Ack(body.chain, body.set, body.round, body.level, body.target_hash, body.target_height)


def _send_to_some(server: "Server", body: Prevote | Ack, dice: random.Random) -> None:
    signed = sign_vote(get_account_id(server.seat), body, get_key(f"{server.seat}/vote"))
    for name in server.world.servers:
        if name != server.name and dice.random() < 0.5:
            server.world.lines.send(server.name, name, VoteTold(signed))
