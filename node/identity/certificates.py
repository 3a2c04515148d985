"""An X.509 certificate as the basis of an attestation: checked here, once, off the ledger.

The chain must lead to a root that the authority trusts, at this moment; the applicant must have
signed the challenge that names his account with the certificate's key, so that nobody applies with
another's certificate. What comes out is an application like any other. The only file that meets
``cryptography``.
"""

from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import verification

from genesis.table import ConstitutionError

FILE_BYTES_MAX: Final = 1_048_576
CHALLENGE: Final = "pai identity: {address} in community {community}"
RSA_BITS_MIN: Final = 2_048

# Numbers of persons in the certificates of some countries, the surest first.
_PERSON_NUMBERS: Final = (
    ("snils", "1.2.643.100.3"),
    ("inn", "1.2.643.3.131.1.1"),
    ("serial_number", "2.5.4.5"),
)
_FACTS: Final = (
    ("name", x509.NameOID.COMMON_NAME),
    ("surname", x509.NameOID.SURNAME),
    ("given_name", x509.NameOID.GIVEN_NAME),
    ("country", x509.NameOID.COUNTRY_NAME),
)


class Certified(NamedTuple):
    """What a certificate says of its holder, and until when."""

    document: str
    facts: tuple[tuple[str, str], ...]
    until: datetime


def build_challenge(address: str, community: str) -> str:
    """The line that an applicant signs with the certificate's key, SHA-256 inside."""
    return CHALLENGE.format(address=address, community=community)


def read_certified(
    certificates: Path, roots: Path, challenge: str, signature: Path, moment: datetime
) -> Certified:
    """The holder of the first certificate of a PEM file, whose other certificates lead to a root.

    Raises ConstitutionError: no certificate, no way to a root, outside its time, not the holder's
    signature. Raises OSError.
    """
    leaf, *between = _read_certificates(certificates)
    store = verification.Store(_read_certificates(roots))
    verifier = (
        verification.PolicyBuilder()
        .store(store)
        .time(moment)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            # Citizens' certificates carry no names of servers.
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, between)
    except verification.VerificationError as error:
        raise ConstitutionError(f"{certificates}: no way to a trusted root: {error}") from None
    with signature.open("rb") as stream:
        signed = stream.read(FILE_BYTES_MAX)
    # A line that was saved to a file has mostly got an end.
    if not any(_holds(leaf, text.encode(), signed) for text in (challenge, f"{challenge}\n")):
        raise ConstitutionError(
            f"{signature}: this is not the certificate holder's signature of the challenge"
        )
    return _describe(leaf)


def _describe(leaf: x509.Certificate) -> Certified:
    facts = [(name, value) for name, oid in _FACTS if (value := _get(leaf, oid))]
    numbers = [
        (name, value)
        for name, dotted in _PERSON_NUMBERS
        if (value := _get(leaf, x509.ObjectIdentifier(dotted)))
    ]
    issuer = leaf.issuer.rfc4514_string()
    # Without a number of the person the certificate's own stands: then a new one is a new person.
    document = ":".join(numbers[0]) if numbers else f"x509:{issuer}:{leaf.serial_number:x}"
    fingerprint = leaf.fingerprint(hashes.SHA256()).hex()
    return Certified(
        document,
        (*facts, *numbers, ("issuer", issuer), ("certificate", fingerprint)),
        leaf.not_valid_after_utc,
    )


def _get(leaf: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = leaf.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""


def _read_certificates(path: Path) -> list[x509.Certificate]:
    with path.open("rb") as stream:
        data = stream.read(FILE_BYTES_MAX)
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise ConstitutionError(f"{path}: no certificates in PEM are here") from None


def _holds(leaf: x509.Certificate, message: bytes, signature: bytes) -> bool:
    try:
        key = leaf.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS_MIN:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
