"""What config.toml says above each of its keys; ``pai node init`` writes it in both languages."""

from collections.abc import Mapping
from typing import Final

from wallet.words import mark

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "network": mark("How this node meets other nodes."),
    "network.listen": mark(
        "Where to listen, as multiaddresses. Port 4510 must be reachable from outside."
    ),
    "network.public": mark(
        "Under which addresses others reach this node, when it cannot see that itself: behind a "
        "router, or under a name."
    ),
    "network.peers": mark(
        "Nodes to begin with, as multiaddresses that end in /p2p/ and the node's name. They are "
        "dialled again and again; further ones are learned from them."
    ),
    "network.peers_max": mark("Connections to other nodes at once."),
    "network.peers_per_address_max": mark("Connections from one IP address at once."),
    "network.warp_blocks": mark(
        "From how many blocks on a new node begins with the snapshot of others, proven final. It "
        "executes only what comes after that. Set it to 0 where every block is to be executed."
    ),
    "network.past_blocks_per_second": mark(
        "How many of the blocks before its snapshot a node that began so fetches in a second at "
        "most, while it has nothing else to fetch. At 0 it does without them."
    ),
    "api": mark("How programs and people ask this node. Nothing here can change the node itself."),
    "api.listen": mark(
        "Host and port. 127.0.0.1 admits this machine only; 0.0.0.0 admits everybody. Put a web "
        "server with TLS before it when it is public."
    ),
    "api.requests_per_second": mark("Requests that one IP address may make in the long run."),
    "api.requests_burst": mark("Requests that one IP address may make at once."),
    "api.limit_loopback": mark(
        "Whether the limits by address hold for this machine too. Say true when a web server on "
        "this machine passes strangers' requests on."
    ),
    "api.connections_max": mark("HTTP connections at once, in all."),
    "api.connections_per_address_max": mark("HTTP connections at once from one IP address."),
    "api.request_seconds": mark(
        "A request that takes longer is given up; streams are not concerned."
    ),
    "mempool": mark("Transactions that wait for a block."),
    "mempool.bytes_max": mark("Bytes of transactions that may wait, in all."),
    "mempool.per_account_max": mark("Transactions of one account that may wait."),
    "seat": mark("The seat whose keys lie in this home, if there are any."),
    "seat.enabled": mark(
        "Whether to produce blocks with it. Never run two nodes with one seat's keys."
    ),
    "market": mark("What this node does for trade in goods and work, beside keeping the ledger."),
    "market.match": mark(
        "Whether to look for chains of trades in every clearing interval and propose them. The "
        "proposals cost a little: 'pai node status' names the account that pays for them. Install "
        "the extra 'solver' to find more."
    ),
    "log": mark("What the node writes to its standard error."),
    "log.level": mark("debug, info, warning or error."),
    "log.style": mark(
        "json: one object a line; human: text; auto: text on a terminal and json elsewhere."
    ),
}
