"""Authorities, guardians and names by hand: whole stories told through the command line."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from chain.address import encode_address
from chain.genesis import Genesis, GenesisAccount, GenesisAuthority
from chain.policy import Policy
from genesis.attestation import SaltedField, build_fields, compute_commitment
from genesis.build import build_community
from genesis.preset import read_preset
from genesis.private import encode_private_document
from node.cli.main import main
from node.identity.certificates import build_challenge
from node.identity.openings import (
    Opening,
    encode_disclosure,
    encode_opening,
    read_disclosure,
    read_opening,
)
from tests.certificates import LIST_PLACE, Issuer, write_pem
from tests.community import PAI, Community
from tests.wallet_node import WalletNode, build_member_genesis
from wallet import keystore, session
from wallet.client import NodeClient
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.phrase import derive_key
from wallet.terminal import Exit

PASSWORD = "correct horse"
MEMBERS = ("anna", "boris", "vera", "office")
ENTROPIES = {
    name: bytes([number]) * 32 for number, name in enumerate((*MEMBERS, "nina", "fresh"), 1)
}
ACCOUNTS = {name: build_secrets(entropy).account for name, entropy in ENTROPIES.items()}
ADDRESSES = {name: encode_address("pai", account) for name, account in ACCOUNTS.items()}
KEYS = {name: derive_key(entropy).public.hex() for name, entropy in ENTROPIES.items()}


def build_genesis() -> Genesis:
    """Members with wallets; the wallet "office" is an authority of the home group."""
    genesis = build_member_genesis(*(ENTROPIES[name] for name in MEMBERS))
    policy = Policy(1, (bytes.fromhex(KEYS["office"]),))
    office = GenesisAuthority(ACCOUNTS["office"], "Office", "RU", policy, 0)
    authorities = tuple(sorted((*genesis.authorities, office), key=lambda item: item.id))
    return replace(genesis, authorities=authorities)


class Desk:
    """Whoever sits at the command line, and the node he asks."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.node = WalletNode(Community(build_genesis()))
        self.shown = ""  # what the last command said besides its answer

    def run(self, *arguments: str, code: Exit = Exit.DONE) -> str:
        """What a command says when it ends as expected."""
        ended = main([*arguments])
        captured = self.capsys.readouterr()
        self.shown = captured.err
        assert ended == code, captured.err + captured.out
        return captured.out if code is Exit.DONE else captured.err + captured.out

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json"))

    def mine(self, periods: int) -> None:
        for _ in range(periods):
            self.node.mine(after=20)


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    folder = tmp_path / "wallets"
    folder.mkdir(mode=0o700)
    desk = Desk(tmp_path, capsys)
    client = partial(NodeClient, transport=desk.node.transport)
    monkeypatch.setattr(session, "NodeClient", client)
    monkeypatch.setattr(keystore, "COST", Cost(1, 8_192))
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", PASSWORD)
    monkeypatch.setenv("LC_ALL", "C")
    for name, entropy in ENTROPIES.items():
        save_secrets(folder, name, PASSWORD, build_secrets(entropy), replace=False)
    return desk


@pytest.fixture
def office(desk: Desk) -> list[str]:
    """Where the office keeps its secret and writes openings, as options."""
    secret = desk.folder / "group.json"
    desk.run("identity", "secret", "Office", "--jurisdiction", "RU", "--file", str(secret))
    assert secret.stat().st_mode & 0o777 == 0o600
    return ["--secret", str(secret), "--openings", str(desk.folder / "openings"), "--yes"]


def write_applications(desk: Desk, text: str, name: str = "apply.csv") -> str:
    path = desk.folder / name
    path.write_text(text)
    return str(path)


# Authorities and members


def test_from_an_application_to_a_field_that_is_shown_and_checked(
    desk: Desk, office: list[str]
) -> None:
    nina = ADDRESSES["nina"]
    file = write_applications(
        desk, f"address;document;name;birth\n{nina};4510 123456;Nina;1990-01-02\n"
    )
    assert not desk.ask("identity", "status", nina)["identified"]
    desk.ask("identity", "issue", "office", file, *office)
    told = desk.ask("identity", "status", nina)
    assert told["identified"]
    assert [item["name"] for item in told["attestations"]] == ["Office"]

    (opening,) = (desk.folder / "openings").iterdir()
    assert opening.stat().st_mode & 0o777 == 0o600
    assert desk.ask("identity", "disclose", str(opening))["fields"]["name"] == "Nina"
    shown = desk.folder / "shown.json"
    desk.ask("identity", "disclose", str(opening), "--field", "birth", "--file", str(shown))
    assert "Nina" not in shown.read_text()
    verdict = desk.ask("identity", "verify", str(shown))
    assert verdict["shown"] == {"birth": "1990-01-02"}
    assert (verdict["kept"], verdict["counts"]) == (2, True)

    lie = desk.folder / "lie.json"
    lie.write_text(shown.read_text().replace("1990", "2000"))
    assert "Believe none" in desk.run("identity", "verify", str(lie), code=Exit.REFUSED)

    desk.ask("identity", "revoke", "office", nina, "--yes")
    assert "revoked" in desk.run("identity", "verify", str(shown), code=Exit.REFUSED)
    assert not desk.ask("identity", "status", nina)["identified"]


def test_renewal_brings_a_fresh_opening(desk: Desk, office: list[str]) -> None:
    file = write_applications(
        desk,
        f'[[application]]\naddress = "{ADDRESSES["nina"]}"\ndocument = "77"\n'
        '[application.facts]\nname = "Nina"\n',
        "apply.toml",
    )
    desk.ask("identity", "issue", "office", file, *office, "--periods", "10")
    before = desk.ask("identity", "status", ADDRESSES["nina"])
    desk.ask("identity", "renew", "office", file, *office, "--periods", "20")
    after = desk.ask("identity", "status", ADDRESSES["nina"])
    assert after["identified_until_slot"] > before["identified_until_slot"]
    assert len(list((desk.folder / "openings").iterdir())) == 2


def test_who_is_attested_already_is_named_and_leaves_no_second_opening(
    desk: Desk, office: list[str]
) -> None:
    both = f"address,document,name\n{ADDRESSES['nina']},1,Nina\n{ADDRESSES['fresh']},2,Foma\n"
    one = write_applications(desk, both.rsplit("\n", 2)[0] + "\n", "one.csv")
    two = write_applications(desk, both, "two.csv")
    desk.ask("identity", "issue", "office", one, *office)
    said = desk.run("identity", "issue", "office", two, *office, code=Exit.USAGE)
    assert said.rstrip().endswith("or renew: Nina")
    said = desk.run("identity", "renew", "office", two, *office, code=Exit.USAGE)
    assert said.rstrip().endswith("issue instead: Foma")
    openings = desk.folder / "openings"
    assert len(list(openings.iterdir())) == 1
    # Foma's account is not there, and only a person is brought to life.
    foma = write_applications(desk, f"address,document,name\n{ADDRESSES['fresh']},2,Foma\n")
    desk.run("identity", "issue", "office", foma, "--kind", "farm", *office, code=Exit.REFUSED)
    assert len(list(openings.iterdir())) == 1, "what was refused is not handed out"


def test_a_farm_is_attested_as_one(desk: Desk, office: list[str]) -> None:
    farm = ADDRESSES["boris"]
    file = write_applications(desk, f"address,document,name\n{farm},0278000001,Field and Barn\n")
    desk.run("identity", "issue", "office", file, "--kind", "x" * 33, *office, code=Exit.USAGE)
    desk.ask("identity", "issue", "office", file, "--kind", "farm", *office)
    shown = desk.run("identity", "status", farm, "--lang", "ru")
    assert re.search(r"Office +│ farm", shown)
    assert re.search(r"Registry +│ человек", shown)
    (opening,) = (desk.folder / "openings").iterdir()
    assert read_opening(opening).kind == "farm"
    desk.ask("identity", "renew", "office", file, *office, "--periods", "400")
    assert {read_opening(path).kind for path in opening.parent.iterdir()} == {"farm"}


def test_an_authority_that_nobody_has_paid_is_told_so(tmp_path: Path, desk: Desk) -> None:
    founding = build_community(read_preset("workshop"), "Test", (), (), 0)
    path = tmp_path / "founders.json"
    path.write_bytes(replace_founding(desk, founding))
    save_secrets(
        desk.folder / "wallets", "heir", PASSWORD,
        build_secrets(bytes([9]) * 32, founding.founders.account), replace=False,
    )  # fmt: skip
    said = desk.run("identity", "adopt", "heir", str(path), "--yes", code=Exit.USAGE)
    assert "let somebody send 1 pai or more" in said


def test_the_same_document_is_the_same_person(desk: Desk, office: list[str]) -> None:
    first = write_applications(desk, f"address,document\n{ADDRESSES['nina']},77-00 1\n", "1.csv")
    second = write_applications(desk, f"address,document\n{ADDRESSES['fresh']},7700 1\n", "2.csv")
    desk.ask("identity", "issue", "office", first, *office)
    desk.ask("identity", "issue", "office", second, *office)
    assert not desk.ask("identity", "status", ADDRESSES["nina"])["identified"]
    assert desk.ask("identity", "status", ADDRESSES["fresh"])["identified"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("address,document\n", "nobody applies"),
        ("address,document\n{nina},\n", "number of a document"),
        ("address,document\n{nina},1\n{nina},2\n", "twice"),
        ("address,document\n{nina},1\n{fresh},1\n", "twice"),
        ("document\n1\n", "'address'"),
    ],
)
def test_applications_with_faults_are_told(
    desk: Desk, office: list[str], text: str, said: str
) -> None:
    file = write_applications(desk, text.format(**ADDRESSES))
    assert said in desk.run("identity", "issue", "office", file, *office, code=Exit.USAGE)


def test_authorities_are_listed_with_their_pace(desk: Desk) -> None:
    told = desk.ask("identity", "authorities")
    assert told["needed"] == 1
    assert {item["name"] for item in told["authorities"]} == {"Office", "Registry"}
    assert {item["pace"] for item in told["authorities"]} == {50}
    assert "Office" in desk.run("identity", "authorities")


def test_founders_hand_out_openings_and_hand_over_their_authority(
    tmp_path: Path, desk: Desk
) -> None:
    founding = build_community(read_preset("workshop"), "Test", (), (), 0)
    secrets = replace_founding(desk, founding)
    path = tmp_path / "founders.json"
    path.write_bytes(secrets)
    desk.run("identity", "openings", str(path), "--openings", str(tmp_path / "handed"))
    account = founding.founders.account
    address = encode_address("pai", account)
    desk.node.community = Community(
        replace(
            build_genesis(),
            authorities=(GenesisAuthority(account, "F", "RU", founding.founders.policy, 0),),
            attestations=tuple(
                replace(item, authority=account) for item in build_genesis().attestations
            ),
            accounts=tuple(
                sorted(
                    (*build_genesis().accounts, GenesisAccount(account, PAI, ())),
                    key=lambda item: item.id,
                )
            ),
        )
    )
    save_secrets(
        desk.folder / "wallets", "heir", PASSWORD, build_secrets(bytes([9]) * 32, account),
        replace=False,
    )  # fmt: skip
    desk.ask("identity", "adopt", "heir", str(path), "--yes")
    keys = desk.ask("wallet", "keys", "show", "heir")
    assert keys["address"] == address
    assert [item["ours"] for item in keys["keys"]] == [True]


def replace_founding(desk: Desk, founding: Any) -> bytes:
    """The founders' private file, with one member in it."""
    fields = build_fields([("name", "Anna")], bytes)
    return encode_private_document(founding._replace(fields={ACCOUNTS["anna"]: fields}))


def test_a_disclosure_gives_the_root_whatever_is_kept_back(tmp_path: Path) -> None:
    path = tmp_path / "shown.json"
    for count in range(1, 9):
        fields = tuple(
            SaltedField(f"f{number}", str(number), bytes([number]) * 32) for number in range(count)
        )
        opening = Opening("ab", "authority", "subject", "person", "RU", fields)
        for names in ([f"f{count - 1}"], ["f0"], [item.name for item in fields]):
            path.write_bytes(encode_disclosure(opening, names))
            shown = read_disclosure(path)
            assert shown.commitment == compute_commitment(fields)
            assert [name for name, _ in shown.shown] == names
            assert shown.hidden == count - len(names)
        path.write_bytes(encode_opening(opening))
        assert read_opening(path) == opening


# Certificates


def test_a_certificate_becomes_an_application(desk: Desk, office: list[str]) -> None:
    root, key = Issuer(), ec.generate_private_key(ec.SECP256R1())
    leaf = root.certify(key, name="Nina", country="RU", snils="12345678901")
    nina, tmp = ADDRESSES["nina"], desk.folder
    challenge = desk.ask("identity", "x509-challenge", nina)["challenge"]
    assert challenge == build_challenge(nina, desk.node.community.chain.hex())
    line = desk.run("identity", "x509-challenge", nina)
    assert line == f"{challenge}\n"  # whole, whatever the width of a terminal
    signature = tmp / "signature"
    signature.write_bytes(key.sign(challenge.encode(), ec.ECDSA(hashes.SHA256())))
    options = ["--address", nina, "--signature", str(signature), "--file", str(tmp / "nina.toml")]
    certificate = str(write_pem(tmp / "nina.pem", leaf))
    roots = str(write_pem(tmp / "roots.pem", root.certificate))

    strangers = str(write_pem(tmp / "strangers.pem", Issuer().certificate))
    said = desk.run("identity", "x509", certificate, "--roots", strangers, *options,
                    code=Exit.USAGE)  # fmt: skip
    assert "no way to a trusted root" in said
    signature.write_bytes(key.sign(b"another line", ec.ECDSA(hashes.SHA256())))
    said = desk.run("identity", "x509", certificate, "--roots", roots, *options, code=Exit.USAGE)
    assert "not the certificate holder's signature" in said

    signature.write_bytes(key.sign(line.encode(), ec.ECDSA(hashes.SHA256())))
    revoked = str(write_pem(tmp / "revoked.crl", root.revoke(leaf)))
    said = desk.run("identity", "x509", certificate, "--roots", roots, "--crl", revoked, *options,
                    code=Exit.USAGE)  # fmt: skip
    assert "was revoked" in said
    assert not (tmp / "nina.toml").exists()
    told = desk.ask("identity", "x509", certificate, "--roots", roots, *options)
    assert (told["document"], told["revocation_checked"]) == ("snils:12345678901", False)
    assert LIST_PLACE in desk.shown
    (tmp / "nina.toml").unlink()
    clean = str(write_pem(tmp / "clean.crl", root.revoke()))
    told = desk.ask("identity", "x509", certificate, "--roots", roots, "--crl", clean, *options)
    assert told["revocation_checked"]
    assert desk.shown == ""
    desk.ask("identity", "issue", "office", str(tmp / "nina.toml"), *office)
    assert desk.ask("identity", "status", nina)["identified"]


# Names


def test_a_mistyped_address_is_no_fault_of_the_program(desk: Desk) -> None:
    wrong = ADDRESSES["nina"][:-1] + "x"
    file = str(desk.folder / "file")
    x509 = ["identity", "x509", file, "--roots", file, "--signature", file, "--file", file]
    for words in (
        ["identity", "status", wrong],
        ["identity", "x509-challenge", wrong],
        [*x509, "--address", wrong],
    ):
        said = desk.run(*words, "--lang", "ru", code=Exit.USAGE)
        assert said == f"в '{wrong}' опечатка: контрольная сумма не сходится.\n"


def test_a_name_is_taken_found_paid_and_given_up(desk: Desk) -> None:
    assert desk.ask("wallet", "alias", "show", "anna") == {
        "wallet": "anna", "address": ADDRESSES["anna"], "alias": None, "price": "0",
    }  # fmt: skip
    desk.ask("wallet", "alias", "take", "anna", "@Anna-Maria", "--yes")
    assert desk.ask("wallet", "alias", "find", "anna-maria")["address"] == ADDRESSES["anna"]
    paid = desk.ask("wallet", "pay", "boris", "@anna-maria", "2", "--yes")
    assert paid["to"] == ADDRESSES["anna"]
    desk.run("wallet", "pay", "boris", "@anna-maria", "2", "--yes")
    shown = desk.shown
    assert "@anna-maria" in shown
    assert ADDRESSES["anna"][-8:] in shown
    taken = desk.run("wallet", "alias", "take", "boris", "аппа-мaria", "--yes", code=Exit.REFUSED)
    assert "all Latin or all Cyrillic" in taken
    assert "Nobody here" in desk.run("wallet", "pay", "boris", "@anna", "2", "--yes",
                                     code=Exit.USAGE)  # fmt: skip
    assert desk.ask("wallet", "show", "anna")["alias"] == "anna-maria"
    assert "@anna-maria" in desk.run("wallet", "show", "anna")
    noted = desk.ask("wallet", "contacts", "add", "Anna", "@anna-maria")
    assert noted["address"] == ADDRESSES["anna"]
    desk.ask("wallet", "alias", "give-up", "anna", "--yes")
    desk.run("wallet", "alias", "find", "anna-maria", code=Exit.USAGE)
    again = desk.ask("wallet", "alias", "take", "anna", "anna", "--yes")
    assert again["price"] == "1"
    assert desk.ask("wallet", "show", "anna")["settlement"] < "504"


# Guardians


def test_lost_keys_come_back_by_the_guardians_hands(desk: Desk) -> None:
    tmp = desk.folder
    guardians, consent = str(tmp / "guardians.json"), str(tmp / "consent.json")
    keys = ["--key", KEYS["boris"], "--key", KEYS["vera"]]
    desk.ask("wallet", "recover", "guardians", "anna", *keys, "--file", guardians, "--yes")
    told = desk.ask("wallet", "recover", "status", "anna")
    assert (told["guard"]["delay_periods"], told["guard"]["cancels_max"]) == (3, 3)
    assert "nobody" not in desk.run("wallet", "recover", "status", "anna")

    ask = ["wallet", "recover", "ask", "boris", guardians, consent, "--key", KEYS["fresh"], "--yes"]
    assert desk.ask(*ask)["missing_consents"] == 1
    said = desk.run("wallet", "recover", "start", "vera", consent, "--yes", code=Exit.USAGE)
    assert "have still to agree: 1" in said
    desk.run("wallet", "recover", "agree", "office", consent, "--yes", code=Exit.WRONG_KEY)
    assert desk.ask("wallet", "recover", "agree", "vera", consent, "--yes")["missing_consents"] == 0
    desk.ask("wallet", "recover", "start", "vera", consent, "--yes")
    assert desk.ask("wallet", "recover", "status", "vera", ADDRESSES["anna"])["pending"]

    # Anna has found her keys after all, and loses them again.
    desk.ask("wallet", "recover", "cancel", "anna", "--yes")
    desk.run("wallet", "recover", "start", "vera", consent, "--yes", code=Exit.REFUSED)
    desk.ask(*ask)
    desk.ask("wallet", "recover", "agree", "vera", consent, "--yes")
    desk.ask("wallet", "recover", "start", "vera", consent, "--yes")
    early = desk.run("wallet", "recover", "complete", "vera", ADDRESSES["anna"], "--yes",
                     code=Exit.REFUSED)  # fmt: skip
    assert "can be completed from" in early
    assert "Guardians are recovering" in desk.run("wallet", "show", "anna") + desk.shown
    assert "pai wallet recover cancel anna" in desk.shown
    cancel = "pai wallet recover cancel"
    assert f"{cancel} anna" in desk.run("wallet", "recover", "status", "anna")
    assert cancel not in desk.run("wallet", "recover", "status", "vera", ADDRESSES["anna"])
    assert desk.ask("wallet", "show", "anna")["recovery_ends_time"]
    desk.mine(4)
    desk.ask("wallet", "recover", "complete", "vera", ADDRESSES["anna"], "--yes")
    assert desk.ask("wallet", "show", "anna")["recovery_ends_time"] is None
    save_secrets(
        desk.folder / "wallets", "anna2", PASSWORD,
        build_secrets(ENTROPIES["fresh"], ACCOUNTS["anna"]), replace=False,
    )  # fmt: skip
    desk.ask("wallet", "pay", "anna2", ADDRESSES["boris"], "1", "--yes")


def test_a_guardian_is_told_when_the_new_key_is_the_old_one(desk: Desk) -> None:
    tmp = desk.folder
    guardians, consent = str(tmp / "guardians.json"), str(tmp / "consent.json")
    desk.ask("wallet", "recover", "guardians", "anna", "--key", KEYS["boris"], "--threshold", "1",
             "--file", guardians, "--yes")  # fmt: skip
    ask = ["wallet", "recover", "ask", "boris", guardians, consent, "--yes", "--key"]
    said = desk.run(*ask, KEYS["anna"], code=Exit.USAGE)
    assert "would change nothing" in said
    assert "pai wallet new NAME --address ADDRESS" in said
    assert not (tmp / "consent.json").exists()
    desk.run(*ask, KEYS["anna"], "--key", KEYS["fresh"])
    assert f"has this key already: {KEYS['anna']}" in desk.shown
    assert KEYS["fresh"] not in desk.shown.split("Recover an account")[0]
    desk.run("wallet", "recover", "agree", "boris", consent, "--yes", "--lang", "ru")
    assert f"Этот ключ у счёта уже есть: {KEYS['anna']}" in desk.shown
    desk.run(*ask, KEYS["fresh"])
    assert "already" not in desk.shown
    assert "new key with --key" in desk.run(*ask[:-1], code=Exit.USAGE)


def test_guardians_are_dismissed(desk: Desk) -> None:
    file = str(desk.folder / "guardians.json")
    desk.ask("wallet", "recover", "guardians", "anna", "--key", KEYS["boris"], "--threshold", "1",
             "--file", file, "--yes")  # fmt: skip
    desk.ask("wallet", "recover", "guardians", "anna", "--none", "--yes")
    told = desk.ask("wallet", "recover", "status", "anna")
    assert told["guard"] is not None
    assert told["following_slot"] is not None
    desk.mine(4)
    assert desk.ask("wallet", "recover", "status", "anna")["guard"] is None
    desk.run("wallet", "recover", "guardians", "anna", "--yes", code=Exit.USAGE)
