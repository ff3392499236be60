"""An authority of one's own -> certificates of servers, their keys beside them, all as PEM."""

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Pair:
    """A server's certificate and its key."""

    certificate: str
    key: str


class Authority:
    """Who vouches for servers' names."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("an authority for tests")
        constraint = x509.BasicConstraints(ca=True, path_length=0)
        made = _builder(self._name, self._name, self._key).add_extension(constraint, critical=True)
        self.pem = _pem(made.sign(self._key, hashes.SHA256()))

    def issue(self, *names: str, start: int = -1, hours: int = 2) -> Pair:
        """Return a certificate for names, from `start` hours from now on, for some `hours`."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name("a server"), self._name, key, start, hours)
        if names:
            alternatives = x509.SubjectAlternativeName(list(map(_alternative, names)))
            builder = builder.add_extension(alternatives, critical=False)
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), pem_of_key(key))


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a key as a server reads it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _alternative(name: str) -> x509.GeneralName:
    """A name, or an address as it stands in a URL."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: int = -1,
    hours: int = 2,
) -> x509.CertificateBuilder:
    first = datetime.datetime.now(datetime.UTC) + start * HOUR
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(first + hours * HOUR)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
