"""Refusals of bytes, before anybody asks what they say: forms, caps, versions, a body's root."""

from collections.abc import Callable, Iterator
from typing import Final

from chain.actions import Pay
from chain.block import decode_block, seal_block
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.genesis import GENESIS_CODEC
from chain.transaction import TRANSACTION_BYTES_MAX, decode_transaction
from tests.community import PAI, Community, get_account_id
from tests.vectors.invalid.scenes import Vector

DECODERS: Final[dict[str, Callable[[bytes], object]]] = {
    "transaction": decode_transaction,
    "block": decode_block,
    "genesis": GENESIS_CODEC.decode,
}


def judge_bytes(what: str, data: str) -> Code | None:
    """With which code the bytes are refused; None: they are what they should be."""
    try:
        DECODERS[what](bytes.fromhex(data))
    except Invalid as error:
        return error.code
    return None


def build_bytes() -> Iterator[Vector]:
    """What is no transaction, no block and no genesis."""
    community = Community()
    sealed = community.sign("emma", Pay(get_account_id("farid"), PAI, "é"))
    whole = sealed.whole_bytes
    assert whole[:2] == bytes([0x92, 0x98]), "an array of two: a body of eight fields, signatures"
    for name, code, bad in (
        ("nothing", Code.MALFORMED, b""),
        ("the end is missing", Code.MALFORMED, whole[:-1]),
        ("a byte too many", Code.MALFORMED, whole + b"\xc0"),
        ("a version that is no number", Code.MALFORMED, whole[:2] + b"\xc3" + whole[3:]),
        ("a map", Code.MALFORMED, b"\x80"),
        ("a field too few", Code.MALFORMED, b"\x92\x97" + whole[3:]),
        ("a number in two bytes where one does", Code.NOT_CANONICAL,
         whole[:2] + b"\xcc" + whole[2:]),
        ("a number of floating point", Code.MALFORMED, whole[:2] + b"\xca" + bytes(4) + whole[3:]),
        ("an array longer than it says in short", Code.NOT_CANONICAL,
         b"\xdc\x00\x02" + whole[1:]),
        ("text that is not in normal form C", Code.MALFORMED,
         whole.replace(b"\xa2" + "é".encode(), b"\xa3" + "e\u0301".encode())),
        ("more bytes than a transaction may have", Code.TOO_LARGE,
         whole + bytes(TRANSACTION_BYTES_MAX)),
    ):  # fmt: skip
        yield _refuse(name, code, "transaction", bad, whole)
    block, _ = community.build_block([sealed])
    emptied = seal_block(block.header, block.block.signature, ())
    name = "a body of another header"
    yield _refuse(name, Code.WRONG_BODY_ROOT, "block", emptied.whole_bytes, block.whole_bytes)
    founded = encode(community.genesis)
    other = founded[:1] + bytes([founded[1] + 1]) + founded[2:]
    yield _refuse("a genesis of a later version", Code.OTHER_RULES, "genesis", other, founded)


def _refuse(name: str, code: Code, what: str, bad: bytes, good: bytes) -> Vector:
    assert judge_bytes(what, bad.hex()) is code, name
    return {
        "name": name,
        "kind": "bytes",
        "code": int(code),
        "what": what,
        "refused": bad.hex(),
        "accepted": good.hex(),
    }
