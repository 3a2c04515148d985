"""An X.509 certificate as the basis of an attestation: checked here, once, off the ledger.

The chain must lead to a root that the authority trusts, at this moment; no list of revoked
certificates that was given may name any of it; the applicant must have signed the challenge that
names his account with the certificate's key, so that nobody applies with another's certificate.
What comes out is an application like any other. Nothing is fetched. The only file that meets
``cryptography``.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import SignatureAlgorithmOID, verification

from genesis.table import ConstitutionError

FILE_BYTES_MAX: Final = 1_048_576
LIST_BYTES_MAX: Final = 64 * 1_048_576  # a country's list of revoked certificates has megabytes
CHALLENGE: Final = "pai identity: {address} in community {community}"
RSA_BITS_MIN: Final = 2_048

# What certificates may be signed by; docs/identity.md, "From a certificate", says the same.
_SIGNATURES: Final = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
        SignatureAlgorithmOID.RSASSA_PSS,
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    }
)
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
# How people call what is met and not understood, by how its number begins.
_CALLED: Final = (
    ("1.2.643.", "GOST"),
    ("1.2.156.10197.", "SM2"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.2.840.10040.4.", "DSA"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA"),
)

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


class Papers(NamedTuple):
    """The files of an application.

    The holder's certificate and its chain in PEM, trusted roots in PEM, the holder's signature of
    the challenge, lists of revoked certificates in PEM or DER.
    """

    certificates: Path
    roots: Path
    signature: Path
    lists: tuple[Path, ...] = ()


class Certified(NamedTuple):
    """What a certificate says of its holder, until when, and where its issuers' lists lie."""

    document: str
    facts: tuple[tuple[str, str], ...]
    until: datetime
    lists_at: tuple[str, ...]


def build_challenge(address: str, community: str) -> str:
    """The line that an applicant signs with the certificate's key, SHA-256 inside."""
    return CHALLENGE.format(address=address, community=community)


def read_certified(papers: Papers, challenge: str, moment: datetime) -> Certified:
    """The holder of the first certificate, whose chain leads to a root and is not revoked.

    With a list, every certificate of the chain below the root needs one; without any, revocation
    is not looked at. Raises ConstitutionError, which says what is wrong. Raises OSError.
    """
    chain = _verify(papers, moment)
    if papers.lists:
        lists = [(path, _read_list(path)) for path in papers.lists]
        for certificate, issuer in pairwise(chain):
            _check_revocation(certificate, issuer, lists, moment)
    with papers.signature.open("rb") as stream:
        signed = stream.read(FILE_BYTES_MAX)
    # A line that was saved to a file has mostly got an end.
    if not any(_holds(chain[0], text.encode(), signed) for text in (challenge, f"{challenge}\n")):
        raise ConstitutionError(
            f"{papers.signature}: this is not the certificate holder's signature of the challenge"
        )
    places = (place for certificate in chain[:-1] for place in _get_list_places(certificate))
    return _describe(chain[0], tuple(dict.fromkeys(places)))


def _verify(papers: Papers, moment: datetime) -> list[x509.Certificate]:
    """The chain, from the holder's certificate to the root."""
    path = papers.certificates
    leaf, *between = _read_certificates(path)
    for certificate in (leaf, *between):
        _check_understood(path, certificate, of_holder=certificate is leaf)
        _check_time(path, certificate, moment)
    roots = _read_certificates(papers.roots)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(roots))
        .time(moment)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            # Citizens' certificates carry no names of servers.
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    try:
        chain = list(verifier.verify(leaf, between).chain)
    except verification.VerificationError as error:
        raise ConstitutionError(
            f"{path}: no way to a trusted root. The issuers' certificates belong into the same "
            f"file, after the holder's, and the root into --roots. In detail: {str(error)[:300]}"
        ) from None
    if len(chain) == 1:
        raise ConstitutionError(
            f"{path}: the holder's certificate is itself among the trusted roots: nobody vouches "
            "for it"
        )
    return chain


def _check_understood(path: Path, certificate: x509.Certificate, *, of_holder: bool) -> None:
    """Refuse algorithms that are not in the tables above, by the names people know."""
    unknown: x509.ObjectIdentifier | None = certificate.public_key_algorithm_oid
    if certificate.signature_algorithm_oid not in _SIGNATURES:
        unknown = certificate.signature_algorithm_oid
    else:
        try:
            key = certificate.public_key()
        except (UnsupportedAlgorithm, ValueError):
            key = None
        if isinstance(key, rsa.RSAPublicKey):
            if key.key_size < RSA_BITS_MIN:
                raise ConstitutionError(
                    f"{path}: an RSA key of {key.key_size} bits is too short to trust: 2,048 "
                    "is the least"
                )
            unknown = None
        elif isinstance(key, ec.EllipticCurvePublicKey):
            unknown = None if key.curve.name in _CURVES else unknown
        elif of_holder and isinstance(key, ed25519.Ed25519PublicKey):
            unknown = None
    if unknown is not None:
        number = unknown.dotted_string
        called = next((name for begin, name in _CALLED if number.startswith(begin)), number)
        raise ConstitutionError(
            f"{path}: {_name(certificate)} uses the algorithm {called}, which cannot be checked "
            "here. What can: RSA from 2,048 bits, ECDSA with P-256, P-384 or P-521, with SHA-256, "
            "SHA-384 or SHA-512, and Ed25519 for the holder's own key. Check this certificate with "
            "a program that knows its algorithm, and write the application by hand"
        )


def _check_time(path: Path, certificate: x509.Certificate, moment: datetime) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= moment <= end:
        raise ConstitutionError(
            f"{path}: {_name(certificate)} is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d} only"
        )


def _check_revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[tuple[Path, x509.CertificateRevocationList]],
    moment: datetime,
) -> None:
    """Refuse a certificate that its issuer's list names, or that no good list is about."""
    looked = False
    for path, found in lists:
        if found.issuer != issuer.subject or not _is_about(found, certificate):
            continue
        _check_list(path, found, issuer, moment)
        entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            raise ConstitutionError(
                f"{path}: {_name(certificate)} was revoked on {entry.revocation_date_utc:%Y-%m-%d}"
            )
        looked = True
    if not looked:
        places = " ".join(_get_list_places(certificate)) or "-"
        raise ConstitutionError(
            f"{_name(certificate)}: none of the lists given with --crl is about it. Its issuer's "
            f"lies at {places}"
        )


def _check_list(
    path: Path,
    found: x509.CertificateRevocationList,
    issuer: x509.Certificate,
    moment: datetime,
) -> None:
    """Refuse a list that its issuer has not signed, or that does not hold at this moment."""
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        may_sign = usage.crl_sign
    except x509.ExtensionNotFound:
        may_sign = True
    try:
        good = may_sign and found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # of the kinds _check_understood admits
    except (TypeError, UnsupportedAlgorithm, ValueError):
        good = False
    if not good:
        raise ConstitutionError(f"{path}: this list is not signed by whom it names as its issuer")
    until = found.next_update_utc
    if until is None or not found.last_update_utc <= moment <= until:
        until_text = "?" if until is None else f"{until:%Y-%m-%d %H:%M}"
        raise ConstitutionError(
            f"{path}: this list holds from {found.last_update_utc:%Y-%m-%d %H:%M} to {until_text} "
            "(UTC): fetch a fresh one from its issuer"
        )


def _is_about(found: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Whether a list would name this certificate, were it revoked; parts of lists would not."""
    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            is_authority = _is_authority(certificate)
            places = {str(name.value) for name in value.full_name or ()}
            if (
                value.indirect_crl
                or value.only_some_reasons
                or value.only_contains_attribute_certs
                or (value.only_contains_user_certs and is_authority)
                or (value.only_contains_ca_certs and not is_authority)
                or (places and not places & set(_get_list_places(certificate)))
            ):
                return False
        elif extension.critical:  # a delta list, or something that nobody here understands
            return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _get_list_places(certificate: x509.Certificate) -> list[str]:
    """Where the issuer of a certificate says that his list lies."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(name.value)
        for point in points
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    ]


def _name(certificate: x509.Certificate) -> str:
    """Whose certificate it is, as people write it."""
    return certificate.subject.rfc4514_string() or f"{certificate.serial_number:x}"


def _describe(leaf: x509.Certificate, lists_at: tuple[str, ...]) -> Certified:
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
        lists_at,
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


def _read_list(path: Path) -> x509.CertificateRevocationList:
    with path.open("rb") as stream:
        data = stream.read(LIST_BYTES_MAX)
    read = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    try:
        return read(data)
    except ValueError:
        raise ConstitutionError(
            f"{path}: this is no list of revoked certificates (CRL), neither in PEM nor in DER"
        ) from None


def _holds(leaf: x509.Certificate, message: bytes, signature: bytes) -> bool:
    try:
        key = leaf.public_key()
        if isinstance(key, rsa.RSAPublicKey):
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
