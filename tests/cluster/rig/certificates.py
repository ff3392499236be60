"""Addresses -> a certificate authority, the servers' and clients' certificates, kubeconfigs."""

import base64
import datetime
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Authority:
    """Signs certificates into a folder. `name` is what its own certificate is called there."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.crt"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


def authority(folder: Path, name: str) -> Authority:
    """Make a certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name, None)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _builder(subject, subject, key)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))
    _write(folder / f"{name}.key", _pem(key))
    return Authority(folder, name, key, certificate)


def server(ca: Authority, name: str, hosts: list[str]) -> Pair:
    """Make what a server shows that is reached under `hosts`, and shows to others as a client."""
    return _signed(ca, name, _subject(name, None), hosts)


def client(ca: Authority, name: str, *, user: str, group: str | None = None) -> Pair:
    """Make what lets a program speak as `user` to the API server."""
    return _signed(ca, name, _subject(user, group), [])


def kubeconfig(ca: Authority, name: str, url: str, *, user: str, group: str | None = None) -> Path:
    """Make a kubeconfig that speaks as `user`, in one file without references to others."""
    pair = client(ca, name, user=user, group=group)
    cluster = {"server": url, "certificate-authority-data": _base64(ca.file)}
    credentials = {
        "client-certificate-data": _base64(pair.certificate),
        "client-key-data": _base64(pair.key),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "rig", "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": user}}],
        "current-context": "rig",
    }
    path = ca.folder / f"{name}.kubeconfig"
    _write(path, json.dumps(config, indent=1).encode())
    return path


def signing_key(path: Path) -> Path:
    """Make the key that service account tokens are signed with."""
    _write(path, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    return path


def _signed(ca: Authority, name: str, subject: x509.Name, hosts: list[str]) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + [ExtendedKeyUsageOID.SERVER_AUTH] * bool(hosts)
    builder = _builder(subject, ca.certificate.subject, key)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(ca.key, hashes.SHA256())
    pair = Pair(ca.folder / f"{name}.crt", ca.folder / f"{name}.key")
    _write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    _write(pair.key, _pem(key))
    return pair


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(
        issuer,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        now - datetime.timedelta(minutes=5),
        now + datetime.timedelta(days=30),
    )


def _subject(user: str, group: str | None) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(names)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
