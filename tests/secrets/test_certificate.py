"""A certificate and its key: taken together, refused in words, never repeated."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from tests.certificates import Authority
from tests.trees import tree

HOST = "mlflow.example.com"
AUTHORITY = Authority()
GOOD = AUTHORITY.issue(HOST)


@pytest.fixture
def tls(gen, repo, initialised):
    """Staging with https asked for, and its secrets but for the two."""
    gen("set", "--env", "staging", f"apps.mlflow.exposure.tls.host={HOST}")
    return initialised


@pytest.fixture
def give(gen, tmp_path):
    """Give values as files."""

    def give(exit_code=0, **values):
        words = []
        for name, text in values.items():
            file = tmp_path / f"{name}.pem"
            file.write_text(text)
            words.append(f"--file=tls-{name}={file}")
        return gen("secrets", "set", "--env", "staging", *words, exit_code=exit_code)

    return give


def test_both_are_taken_as_they_are_and_a_renewal_restarts_pods(gen, repo, tls, give, plain):
    output = gen("secrets", "init", "--env", "staging").output
    assert "tls-certificate needs the certificate of the server's name, as PEM" in output
    assert (
        "tls-certificate, tls-key are set."
        in give(certificate=GOOD.certificate, key=GOOD.key).output
    )
    assert plain()["tls-certificate"] == GOOD.certificate
    assert plain()["tls-key"] == GOOD.key
    values = (repo / "environments/staging.yaml").read_text()

    new = AUTHORITY.issue(f"*.{HOST.partition('.')[2]}")
    give(certificate=new.certificate + AUTHORITY.pem, key=new.key)
    assert plain()["tls-key"] == new.key
    raised = values.replace(f"host: {HOST}\n", f"host: {HOST}\n        revision: 2\n")
    assert (repo / "environments/staging.yaml").read_text() == raised  # secrets.revision stays
    said = gen("secrets", "check", "--env", "staging", exit_code=1).stderr
    assert "storage-connection-string: is missing" in said
    assert "tls" not in said


def encrypted_key():
    key, secret = ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"a password")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret).decode()


BAD = {
    "expired": ("certificate", AUTHORITY.issue(HOST, start=-5).certificate, "expired on 20"),
    "too early": ("certificate", AUTHORITY.issue(HOST, start=5).certificate, "is valid only from"),
    "another host's": (
        "certificate",
        AUTHORITY.issue("example.com", "*.mlflow.example.com").certificate,
        f"is for example.com, *.mlflow.example.com, and not for {HOST}",
    ),
    "nobody's": ("certificate", AUTHORITY.issue().certificate, "is for no name, and not for"),
    "no certificate": ("certificate", "nothing", "is no certificate in PEM"),
    "a key": ("certificate", GOOD.certificate + GOOD.key, "holds a private key"),
    "no key": ("key", GOOD.certificate, "is no private key in PEM"),
    "an encrypted key": ("key", encrypted_key(), "is encrypted, and nobody types"),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_bad_one_is_one_clear_line_and_nothing_is_written(repo, tls, give, mistake):
    which, text, message = BAD[mistake]
    before = tree(repo)
    *_, line = give(exit_code=1, **{which: text}).stderr.splitlines()
    assert f"secrets.sops.yaml: tls-{which}: the new value {message}" in line
    assert line.endswith("nothing was written")
    assert "-----BEGIN" not in line.replace("-----BEGIN CERT", "").replace("-----BEGIN PRIV", "")
    assert tree(repo) == before


def test_it_must_be_for_every_further_name_too(gen, tls, give):
    hosts = ["Tracking.Example.com.", "[2001:DB8::5]:8443", "10.0.0.9"]
    gen("set", "--env", "staging", f"apps.mlflow.exposure.hosts=[{','.join(hosts)}]")
    some = AUTHORITY.issue(HOST, "10.0.0.9", "[2001:db8::6]")
    said = give(exit_code=1, certificate=some.certificate, key=some.key).stderr
    names = f"is for {HOST}, 10.0.0.9, [2001:db8::6], and not for tracking.example.com"
    assert f"tls-certificate: the new value {names}, [2001:db8::5]" in said
    every = AUTHORITY.issue("*.example.com", "2001:db8::5", "10.0.0.9")
    give(certificate=every.certificate, key=every.key)

    gen("set", "--env", "staging", "apps.mlflow.exposure.hosts=[mlflow.example.org]")
    said = gen("secrets", "check", "--env", "staging", exit_code=1).stderr
    assert (
        "data.tls-certificate: is for *.example.com, [2001:db8::5], 10.0.0.9, and not for" in said
    )
    assert "and not for mlflow.example.org" in said


def test_a_key_that_does_not_fit_is_refused_also_when_the_other_is_there_already(give, tls, plain):
    other = AUTHORITY.issue(HOST)
    message = "tls-key: the new value is not the key of tls-certificate; give both at once"
    assert message in give(exit_code=1, certificate=GOOD.certificate, key=other.key).stderr
    give(certificate=GOOD.certificate)
    assert message in give(exit_code=1, key=other.key).stderr
    give(key=GOOD.key)
    assert message in give(exit_code=1, certificate=other.certificate).stderr
    assert plain()["tls-certificate"] == GOOD.certificate


def test_what_somebody_else_put_there_is_found(gen, tls, give, put):
    give(certificate=GOOD.certificate, key=GOOD.key)
    put("tls-key", AUTHORITY.issue(HOST).key.encode())
    said = gen("secrets", "check", "--env", "staging", exit_code=1).stderr
    assert "data.tls-key: is not the key of tls-certificate" in said


def test_files_and_names_are_asked_for_in_words(gen, tls, tmp_path):
    for words, message in {
        (): "give NAME, or --file NAME=FILE",
        ("--file=tls-key",): "write NAME=FILE, each name once",
        (f"--file=tls-key={tmp_path}/none",): "none: No such file or directory",
        (f"--file=tls-kee={__file__}",): "staging needs no 'tls-kee'",
    }.items():
        assert message in gen("secrets", "set", "--env", "staging", *words, exit_code=2).stderr
    said = gen("secrets", "rotate", "--env", "staging", "tls-key", exit_code=1).stderr
    assert "needs the key of that certificate, as PEM, and not encrypted; then: gen" in said
