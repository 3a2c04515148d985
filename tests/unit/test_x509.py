"""Certificates as the basis of an attestation: what is believed, what is refused, in what words.

Whoever is refused is told why, and what to do about it.
"""

import datetime as dt
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from genesis.table import ConstitutionError
from node.identity.certificates import Certified, Papers, build_challenge, read_certified
from tests.certificates import (
    LIST_PLACE,
    Issuer,
    Key,
    build_gost_certificate,
    write_pem,
)
from wallet.words import Language, Words

CHALLENGE = build_challenge("pai1someone", "ab" * 32)
NOW = dt.datetime.now(dt.UTC)
RU = Words(Language.RUSSIAN)


def sign(key: Key, text: str = CHALLENGE) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(text.encode())
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))


class Applicant:
    """Somebody with a certificate below a root and an office between."""

    def __init__(self, folder: Path, key: Key | None = None, days: int = 30) -> None:
        self.folder = folder
        self.root = Issuer("Root")
        self.office = Issuer("Office", above=self.root)
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.leaf = self.office.certify(self.key, days=days, name="Nina", snils="12345678901")

    def apply(
        self,
        *lists: x509.CertificateRevocationList,
        chain: tuple[x509.Certificate | bytes, ...] | None = None,
        root: x509.Certificate | None = None,
        signature: bytes | None = None,
        moment: dt.datetime = NOW,
    ) -> Certified:
        folder = self.folder
        (folder / "signature").write_bytes(signature or sign(self.key))
        papers = Papers(
            write_pem(folder / "nina.pem", *(chain or (self.leaf, self.office.certificate))),
            write_pem(folder / "roots.pem", root or self.root.certificate),
            folder / "signature",
            tuple(write_pem(folder / f"{number}.crl", item) for number, item in enumerate(lists)),
        )
        return read_certified(papers, CHALLENGE, moment)


@pytest.fixture
def nina(tmp_path: Path) -> Applicant:
    return Applicant(tmp_path)


def get_refusal(error: pytest.ExceptionInfo[ConstitutionError]) -> str:
    """What is said, in English; and that it is said in Russian, too, to the last word."""
    english = str(error.value)
    russian = RU.retell(english)
    assert not re.search(r"\b(the|is|here|this|and|only|its|not|was)\b", russian), russian
    return english


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65_537, 2_048),
    ],
    ids=["p256", "p384", "p521", "ed25519", "rsa2048"],
)
def test_keys_that_docs_name_are_understood(tmp_path: Path, key: Key) -> None:
    found = Applicant(tmp_path, key).apply()
    assert found.document == "snils:12345678901"
    assert found.lists_at == (LIST_PLACE,)
    assert dict(found.facts)["name"] == "Nina"


def test_a_root_that_signs_by_pss_is_understood(tmp_path: Path) -> None:
    office = Issuer("PSS", key=rsa.generate_private_key(65_537, 2_048), pss=True)
    applicant = Applicant(tmp_path)
    leaf = office.certify(applicant.key, name="Nina", snils="1")
    assert leaf.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS
    assert applicant.apply(chain=(leaf,), root=office.certificate).document == "snils:1"


def test_gost_is_refused_by_its_name_and_with_a_way_out(nina: Applicant) -> None:
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(chain=(build_gost_certificate("Nina"),))
    said = get_refusal(caught)
    assert "CN=Nina uses the algorithm GOST" in said
    assert "write the application by hand" in said


def test_other_algorithms_are_refused_by_their_names(tmp_path: Path) -> None:
    for key, name in (
        (ec.generate_private_key(ec.SECP256K1()), "1.2.840.10045.2.1"),
        (rsa.generate_private_key(65_537, 1_024), "an RSA key of 1024 bits is too short"),
    ):
        applicant = Applicant(tmp_path, key)
        with pytest.raises(ConstitutionError) as caught:
            applicant.apply()
        assert name in get_refusal(caught)
    office = Issuer("Ed", key=ed25519.Ed25519PrivateKey.generate())
    leaf = office.certify(ec.generate_private_key(ec.SECP256R1()), name="Nina")
    with pytest.raises(ConstitutionError) as caught:
        Applicant(tmp_path).apply(chain=(leaf,), root=office.certificate)
    assert "the algorithm Ed25519" in get_refusal(caught)


def test_a_chain_with_a_gap_says_where_its_parts_belong(nina: Applicant) -> None:
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(chain=(nina.leaf,))
    assert "belong into the same file" in get_refusal(caught)
    with pytest.raises(ConstitutionError):
        nina.apply(root=Issuer("Root").certificate)  # of the same name


def test_nobody_is_his_own_root(nina: Applicant) -> None:
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(root=nina.leaf)
    assert "nobody vouches for it" in get_refusal(caught)


def test_a_certificate_holds_in_its_time_only(nina: Applicant) -> None:
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(moment=NOW + dt.timedelta(days=31))
    assert "CN=Nina" in get_refusal(caught)
    assert "only" in str(caught.value)


def test_anothers_certificate_is_no_use(nina: Applicant) -> None:
    thief = ec.generate_private_key(ec.SECP256R1())
    for signature in (sign(thief), sign(nina.key, "another line"), b"?"):
        with pytest.raises(ConstitutionError) as caught:
            nina.apply(signature=signature)
        assert "not the certificate holder's signature" in get_refusal(caught)


# Revocation


def test_lists_that_name_nobody_of_the_chain_let_him_pass(nina: Applicant) -> None:
    other = nina.office.certify(nina.key, name="Other")
    assert nina.apply(nina.office.revoke(other), nina.root.revoke()).document


def test_whoever_is_on_his_issuers_list_is_refused(nina: Applicant) -> None:
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(nina.root.revoke(), nina.office.revoke(nina.leaf))
    yesterday = NOW - dt.timedelta(days=1)
    assert f"was revoked on {yesterday:%Y-%m-%d}" in get_refusal(caught)


def test_an_issuer_on_its_issuers_list_makes_nobody(nina: Applicant) -> None:
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(nina.office.revoke(), nina.root.revoke(nina.office.certificate))
    assert "CN=Office was revoked" in get_refusal(caught)


def test_a_list_in_der_is_read_as_well(nina: Applicant) -> None:
    path = nina.folder / "office.der"
    data = nina.office.revoke(nina.leaf).public_bytes(serialization.Encoding.DER)
    path.write_bytes(data)
    nina.apply()
    papers = Papers(
        nina.folder / "nina.pem", nina.folder / "roots.pem", nina.folder / "signature", (path,)
    )
    with pytest.raises(ConstitutionError, match="was revoked"):
        read_certified(papers, CHALLENGE, NOW)
    path.write_bytes(b"-----BEGIN X509 CRL-----")
    with pytest.raises(ConstitutionError) as caught:
        read_certified(papers, CHALLENGE, NOW)
    assert "no list of revoked certificates" in get_refusal(caught)


def test_every_certificate_below_the_root_needs_a_list(nina: Applicant) -> None:
    for lists, missing in (
        ((nina.office.revoke(),), "CN=Office"),
        ((nina.root.revoke(),), "CN=Nina"),
        ((Issuer("Elsewhere").revoke(),), "CN=Nina"),
    ):
        with pytest.raises(ConstitutionError) as caught:
            nina.apply(*lists)
        said = get_refusal(caught)
        assert missing in said
        assert LIST_PLACE in said


def test_a_list_that_is_forged_or_old_is_no_list(nina: Applicant) -> None:
    forged = nina.office.revoke(key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(forged, nina.root.revoke())
    assert "not signed by whom it names" in get_refusal(caught)
    with pytest.raises(ConstitutionError) as caught:
        nina.apply(nina.office.revoke(days=-1), nina.root.revoke())
    assert "fetch a fresh one" in get_refusal(caught)


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
        x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
        x509.IssuingDistributionPoint(None, None, False, False, None, False, True),
        x509.IssuingDistributionPoint(
            None, None, False, False, frozenset({x509.ReasonFlags.key_compromise}), False, False
        ),
        x509.IssuingDistributionPoint(
            [x509.UniformResourceIdentifier("http://ca.example/other.crl")],
            None, False, False, None, False, False,
        ),
    ],
    ids=["delta", "issuers only", "indirect", "attributes", "some reasons", "another part"],
)  # fmt: skip
def test_a_part_of_a_list_does_not_clear_anybody(
    nina: Applicant, extension: x509.ExtensionType
) -> None:
    with pytest.raises(ConstitutionError, match="none of the lists"):
        nina.apply(nina.office.revoke(extensions=[extension]), nina.root.revoke())


def test_the_part_that_a_certificate_names_does(nina: Applicant) -> None:
    part = x509.IssuingDistributionPoint(
        [x509.UniformResourceIdentifier(LIST_PLACE)], None, True, False, None, False, False
    )
    assert nina.apply(nina.office.revoke(extensions=[part]), nina.root.revoke()).document
    with pytest.raises(ConstitutionError, match="was revoked"):
        nina.apply(nina.office.revoke(nina.leaf, extensions=[part]), nina.root.revoke())
