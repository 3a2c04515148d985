"""Nodes as an operator has them: processes on loopback, killed, refused, stopped, moved."""

import io
import signal
from pathlib import Path

import msgpack  # type: ignore[import-untyped]  # it ships no types
import pytest
import trio

from chain.actions import Pay, Save
from tests.community import CONSTANTS, PAI, get_account_id
from tests.e2e.process_world import found, open_node, run, sign

STOP_SECONDS = 5
FIRST_BLOCK_SECONDS = 10
EPOCHS = 300

pytestmark = pytest.mark.slow


async def init(folder: Path, name: str, *, seat: bool = False) -> Path:
    home = folder / "homes" / name
    options = ["--seat", str(folder / name)] if seat else []
    code, document, said = await run(
        "node", "init", "--genesis", folder / "genesis", "--home", home, *options
    )
    assert code == 0, said
    assert (document["seat"] is not None) == seat
    return home


async def test_a_payment_crosses_nodes_and_killed_nodes_come_back(tmp_path: Path) -> None:
    genesis = found(tmp_path, ("ann", "boris"))
    homes = [await init(tmp_path, name, seat=True) for name in ("ann", "boris")]
    assert not (tmp_path / "ann" / "seat.keys").exists(), "keys move, they are not copied"
    pay = sign(genesis, "emma", Pay(get_account_id("farid"), 7 * PAI, "milk"))
    async with open_node(homes[1]) as boris:
        async with open_node(homes[0], "--peer", boris.address) as ann:
            assert await ann.post(pay) == 202
            await boris.wait_for("block", lambda event: event["transactions"] > 0)
            place = await boris.get(f"/v1/transactions/{pay.id.hex()}")
            assert place["status"] in ("in_block", "final")

            code, _, said = await run("node", "run", "--home", homes[0])
            assert code == 2
            assert said.startswith("another process uses")

            made = await ann.wait_for("block", lambda event: event["ours"])
            code, _ = await ann.stop(signal.SIGKILL)
            assert code == -signal.SIGKILL
        assert (homes[0] / "address").exists()
        code, _, said = await run("node", "status", "--home", homes[0])
        assert code == 3, "a killed node's address is not believed"

        alone = await boris.wait_for("block", lambda event: event["height"] > made["height"] + 1)
        async with open_node(homes[0], "--peer", boris.address) as ann:
            ready = await ann.wait_for("ready")
            assert ready["height"] >= made["height"], "what was in a block is kept"
            await ann.wait_for("block", lambda event: event["height"] > alone["height"])
            again = await ann.wait_for("block", lambda event: event["ours"])
            assert again["slot"] > made["slot"]
            code, document, said = await run("node", "status", "--home", homes[0])
            assert (code, document["warnings"]) == (0, []), said
            height = min(
                [(await node.get("/v1/status"))["head"]["height"] for node in (ann, boris)]
            )
            hashes = {(await n.get(f"/v1/blocks/{height - 2}"))["hash"] for n in (ann, boris)}
            assert len(hashes) == 1
            for node, number in ((ann, signal.SIGTERM), (boris, signal.SIGINT)):
                code, seconds = await node.stop(number)
                assert code == 0
                assert seconds < STOP_SECONDS
    assert not (homes[0] / "address").exists()
    for home in homes:
        code, document, said = await run("node", "check", "--home", home)
        assert (code, document["findings"]) == (0, []), said


async def test_a_chain_is_carried_to_another_home(tmp_path: Path) -> None:
    genesis = found(tmp_path, ("ann",))
    maker, archive, fresh = (
        await init(tmp_path, "ann", seat=True),
        await init(tmp_path, "archive"),
        await init(tmp_path, "fresh"),
    )
    async with open_node(maker) as ann, open_node(archive, "--peer", ann.address) as node:
        for sequence, amount in enumerate((3, 4)):
            pay = Pay(get_account_id("galina"), amount * PAI, "")
            sealed = sign(genesis, "emma", pay, Save(5 * PAI, 3), sequence=sequence)
            assert await ann.post(sealed) == 202
        await node.wait_for("block", lambda event: event["transactions"] > 0)
        await node.wait_for("block", lambda event: event["height"] >= 4)
        code, _ = await ann.stop()
        assert code == 0
        running, stopped = tmp_path / "running.pai", tmp_path / "stopped.pai"
        code, document, said = await run("node", "export", running, "--home", archive)
        assert code == 0, said
        status = await node.get("/v1/status")
        assert document["blocks"] == status["head"]["height"]
        code, _ = await node.stop()
        assert code == 0
    code, _, said = await run("node", "export", stopped, "--home", archive)
    assert code == 0, said
    assert running.read_bytes() == stopped.read_bytes()
    first, *blocks = msgpack.Unpacker(io.BytesIO(stopped.read_bytes()))
    assert (first[0], len(blocks)) == ("pai-export", document["blocks"])

    code, taken, said = await run("node", "import", stopped, "--home", fresh)
    assert code == 0, said
    assert taken["state_root"] == status["head"]["state_root"]
    assert taken["blocks"] == taken["height"] == document["blocks"]
    code, again, _ = await run("node", "import", stopped, "--home", fresh)
    assert (code, again["blocks"], again["state_root"]) == (0, 0, taken["state_root"])
    async with open_node(fresh) as node:
        same = await node.get("/v1/status")
        assert same["head"] == status["head"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_what_was_acknowledged_waits_through_the_end_of_the_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    genesis = found(tmp_path, ("ann",))
    home = await init(tmp_path, "lonely")  # no seat and no peer: nobody else has heard of it
    pay = sign(genesis, "emma", Pay(get_account_id("farid"), 7 * PAI, "milk"))
    async with open_node(home) as node:
        assert await node.post(pay) == 202
        await node.stop(number)
    async with open_node(home) as node:
        assert (await node.get(f"/v1/transactions/{pay.id.hex()}"))["status"] == "waiting"


async def test_after_a_sleep_of_many_epochs_all_go_on_and_who_reaches_nobody_is_not_ready(
    tmp_path: Path,
) -> None:
    genesis = found(tmp_path, ("ann", "boris"), age_slots=EPOCHS * CONSTANTS.slots_per_epoch)
    homes = [await init(tmp_path, name, seat=True) for name in ("ann", "boris")]
    archive = await init(tmp_path, "archive")
    async with open_node(homes[0]) as ann, open_node(homes[1], "--peer", ann.address) as boris:
        with trio.fail_after(FIRST_BLOCK_SECONDS):
            first = await ann.wait_for("block")
        assert first["slot"] >= EPOCHS * genesis.constants.slots_per_epoch
        assert (await ann.get("/readyz"))["ok"]
        made = [await node.wait_for("block", lambda event: event["ours"]) for node in (ann, boris)]
        height = max(event["height"] for event in made)
        for node in (ann, boris):
            await node.wait_for("block", lambda event: event["height"] > height + 2)
        hashes = {(await n.get(f"/v1/blocks/{height}"))["hash"] for n in (ann, boris)}
        assert len(hashes) == 1
        async with open_node(archive, "--peer", ann.address) as late:
            await late.wait_for("block", lambda event: event["height"] > height + 2)
            assert (await late.get(f"/v1/blocks/{height}"))["hash"] in hashes
    fresh = await init(tmp_path, "fresh")
    async with open_node(fresh, "--peer", ann.address) as lost:
        assert "no peer has been reached" in (await lost.get("/readyz", 503))["reason"]


async def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path) -> None:
    found(tmp_path, ("ann",))
    home = await init(tmp_path, "ann", seat=True)
    code, _, said = await run("node", "run", "--home", tmp_path / "nowhere")
    assert (code, said.count("\n")) == (2, 1)
    assert "pai node init" in said
    code, _, said = await run("node", "run", "--home", home, "--api", "everywhere")
    assert code == 2
    assert "api.listen" in said
    async with open_node(home) as node:
        port = node.url.rpartition(":")[2]
        other = await init(tmp_path, "other")
        options = ("--listen", "/ip4/127.0.0.1/tcp/0", "--api", f"127.0.0.1:{port}")
        code, _, said = await run("node", "run", "--home", other, *options)
        assert code == 2
        assert "Address already in use" in said
        code, _, said = await run("node", "check", "--home", home)
        assert code == 2, "a running node's home is not checked"
    (home / "seat.keys").chmod(0o644)
    (home / "config.toml").write_text("[api]\nlisten = 3\n")
    code, document, _ = await run("node", "check", "--home", home)
    assert code == 7
    assert len(document["findings"]) == 3, "keys to read for all, thus no seat; and the setting"


async def test_an_interpreter_without_assertions_is_refused() -> None:
    from tests.e2e.process_world import HOUSE, PROGRAM

    done = await trio.run_process(
        [PROGRAM[0], "-O", *PROGRAM[1:], "node", "status"],
        cwd=HOUSE,
        check=False,
        capture_stderr=True,
    )
    assert done.returncode == 2
    assert b"python -O" in done.stderr
