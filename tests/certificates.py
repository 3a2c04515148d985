"""Certification authorities of tests: whom they certify, and which certificates they revoke.

GOST is what no library here can make: such a certificate is written byte by byte, with a signature
that means nothing.
"""

import base64
import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

OIDS = {
    "name": x509.NameOID.COMMON_NAME,
    "country": x509.NameOID.COUNTRY_NAME,
    "snils": x509.ObjectIdentifier("1.2.643.100.3"),
}
DAY = dt.timedelta(days=1)
LIST_PLACE = "http://ca.example/list.crl"


def build_name(**names: str) -> x509.Name:
    """A subject or issuer."""
    return x509.Name([x509.NameAttribute(OIDS[key], value) for key, value in names.items()])


class Issuer:
    """A certification authority: a root, or one that another has certified."""

    def __init__(
        self,
        name: str = "Root",
        above: "Issuer | None" = None,
        key: Key | None = None,
        *,
        pss: bool = False,
    ) -> None:
        self.padding = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = build_name(name=name)
        self.certificate = (above or self)._build(self.name, self.key, ca=True)

    def certify(self, key: Key, *, days: int = 30, **names: str) -> x509.Certificate:
        """A citizen's certificate."""
        return self._build(build_name(**names), key, ca=False, days=days)

    def revoke(
        self,
        *certificates: x509.Certificate,
        days: int = 7,
        extensions: Iterable[x509.ExtensionType] = (),
        key: Key | None = None,
    ) -> x509.CertificateRevocationList:
        """The list of the certificates that are revoked."""
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now - 8 * DAY)
            .next_update(now + days * DAY)
        )
        for certificate in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(now - DAY)
                .build()
            )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(key or self.key, self._get_hash())

    def _get_hash(self) -> hashes.SHA256 | None:
        return None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()

    def _build(
        self, subject: x509.Name, holder: Key, *, ca: bool, days: int = 30
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        usage = x509.KeyUsage(
            digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST_PLACE)], *3 * [None])
        public, own = holder.public_key(), self.key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False)
            .add_extension(x509.CRLDistributionPoints([place]), critical=False)
            .sign(self.key, self._get_hash(), rsa_padding=self.padding)
        )


def write_pem(
    path: Path, *items: x509.Certificate | x509.CertificateRevocationList | bytes
) -> Path:
    """A file of certificates or a list; bytes are a certificate in DER."""
    path.write_bytes(
        b"".join(
            _wrap(item)
            if isinstance(item, bytes)
            else item.public_bytes(serialization.Encoding.PEM)
            for item in items
        )
    )
    return path


def build_gost_certificate(name: str) -> bytes:
    """What the certificates of Russia's accredited centres look like, in DER; nobody signed it."""
    gost = bytes.fromhex("06082a85030701010302")  # 1.2.643.7.1.1.3.2: 34.10-2012, 256 bits
    key_kind = bytes.fromhex("06082a85030701010101")  # 1.2.643.7.1.1.1.1
    parameters = _pack(0x30, bytes.fromhex("06072a850302022301"))
    holder = build_name(name=name).public_bytes()
    times = _pack(0x30, _pack(0x17, b"200101000000Z") + _pack(0x17, b"490101000000Z"))
    public = _pack(0x30, _pack(0x30, key_kind + parameters) + _pack(0x03, b"\0" + bytes(66)))
    body = _pack(
        0x30,
        _pack(0xA0, b"\x02\x01\x02")
        + b"\x02\x01\x05"
        + _pack(0x30, gost)
        + holder
        + times
        + holder
        + public,
    )
    return _pack(0x30, body + _pack(0x30, gost) + _pack(0x03, b"\0" + bytes(64)))


def _pack(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 128 | len(size)]) + size + content


def _wrap(data: bytes) -> bytes:
    lines = base64.encodebytes(data)
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n"
