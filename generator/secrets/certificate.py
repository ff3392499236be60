"""A certificate and its key, as PEM -> what is wrong with them. No message repeats any of the key.

Imported when there is one: the library behind it is slow to load.
"""

from datetime import UTC, datetime
from ipaddress import IPv6Address

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def problem(text: str, *hosts: str) -> str | None:
    """Say why a server that `hosts` lead to cannot show this certificate, or return None."""
    if "PRIVATE KEY" in text:
        return "holds a private key: that belongs into tls-key alone"
    try:
        own, *_ = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return "is no certificate in PEM: -----BEGIN CERTIFICATE----- and what follows"
    names = _names(own)
    others = [host for host in hosts if not any(_covers(name, host) for name in names)]
    if others:
        return f"is for {', '.join(names) or 'no name'}, and not for {', '.join(others)}"
    now = datetime.now(UTC)
    if now > own.not_valid_after_utc:
        return f"expired on {own.not_valid_after_utc:%Y-%m-%d}"
    if now < own.not_valid_before_utc:
        return f"is valid only from {own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on"
    return None


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:  # clients do not look at the subject any more
        return []
    addresses = map(_written, found.value.get_values_for_type(x509.IPAddress))
    return [*found.value.get_values_for_type(x509.DNSName), *addresses]


def _written(address: object) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)


def _covers(name: str, host: str) -> bool:
    """A star stands for one label, the first."""
    name = name.lower()
    return name == host or (name.startswith("*.") and name[2:] == host.partition(".")[2])


def problem_of_key(text: str) -> str | None:
    """Say why this is no key that a server can start with, or return None."""
    try:
        serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        return "is encrypted, and nobody types its password: openssl pkey -in FILE"
    except ValueError:
        return "is no private key in PEM: -----BEGIN PRIVATE KEY----- and what follows"
    return None


def fits(certificate: str, key: str) -> bool:
    """Whether the key is that of the first certificate; both have no problem of their own."""
    own, *_ = x509.load_pem_x509_certificates(certificate.encode())
    private = serialization.load_pem_private_key(key.encode(), password=None)
    spki = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return own.public_key().public_bytes(*spki) == private.public_key().public_bytes(*spki)
