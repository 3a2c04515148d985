"""Export files that were cut, damaged, or are none: what can be audited is, the rest is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.codec import encode
from chain.store import MemoryStore
from node.audit.findings import AuditStopped, Check, Finding
from node.audit.run import Audit, Trust
from node.audit.source import SourceError, open_source, split_stream
from node.ops.export import build_header
from tests.unit.test_audit_replay import CLOCK, Chain, build_chain


@pytest.fixture(scope="module")
def chain() -> Chain:
    return build_chain()


def write_export(chain: Chain, path: Path, *, tail: bytes = b"", cut: int = 0) -> str:
    data = build_header(chain.genesis) + b"".join(block.whole_bytes for block in chain.blocks)
    path.write_bytes(data[: len(data) - cut] + tail)
    return str(path)


def audit_file(name: str) -> list[Finding]:
    with open_source(name) as source:
        run = Audit(source, Trust(), clock=CLOCK)
        for _ in run.run(MemoryStore()):
            pass
        return run.findings


def test_an_export_file_is_audited(chain: Chain, tmp_path: Path) -> None:
    assert audit_file(write_export(chain, tmp_path / "whole")) == []


@pytest.mark.parametrize(
    ("tail", "cut", "words"),
    [
        (b"", 1, "breaks off within object 8"),
        (b"", 400, "breaks off within object"),
        (b"\xc1", 0, "object 9 is not MessagePack"),
        (b"\x93", 0, "breaks off within object 9"),
        (b"\x01", 0, "after block 8 comes something that is no block"),
    ],
)
def test_a_damaged_file_is_named(
    chain: Chain, tmp_path: Path, tail: bytes, cut: int, words: str
) -> None:
    findings = audit_file(write_export(chain, tmp_path / "damaged", tail=tail, cut=cut))
    assert [item.check for item in findings] == [Check.STREAM]
    assert words in findings[0].detail


@pytest.mark.parametrize("data", [b"", b"garbage", b"\x93\x01", encode(["other-export", 1, b""])])
def test_what_is_no_export_cannot_be_audited(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(SourceError), open_source(str(path)):
        pass


def test_what_does_not_exist_cannot_be_audited(tmp_path: Path) -> None:
    name = str(tmp_path / "nothing")
    with pytest.raises(SourceError, match="an export file, or a URL"), open_source(name):
        pass


def test_an_object_larger_than_any_block_is_not_read_to_its_end(chain: Chain) -> None:
    def pour() -> Iterator[bytes]:
        yield build_header(chain.genesis)
        yield b"\xc6\xff\xff\xff\xff"
        while True:
            yield bytes(65_536)

    objects = split_stream(pour())
    assert next(objects)
    with pytest.raises(AuditStopped, match="larger than any can be"):
        next(objects)
