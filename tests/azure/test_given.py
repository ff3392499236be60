"""What only a person has goes into the vault from a file, is asked for, and seen by nobody."""

import pytest

from tests.certificates import Authority

pytestmark = pytest.mark.timeout(1200)

HOST = "mlflow.example.com"
AUTHORITY = Authority()


@pytest.fixture
def files(applied, tmp_path):
    """Where a certificate and its key are, in the script's variables."""
    pair = AUTHORITY.issue(HOST)
    for name, text in (("tls.crt", pair.certificate), ("tls.key", pair.key)):
        (tmp_path / name).write_text(text)
    applied.render(apps__mlflow__exposure__tls={"host": HOST, "revision": 1})
    return {
        "TLS_CERTIFICATE_FILE": str(tmp_path / "tls.crt"),
        "TLS_KEY_FILE": str(tmp_path / "tls.key"),
    }


def test_a_certificate_and_its_key_are_asked_for_and_given(applied, azure, files, tmp_path):
    refused = applied.run("apply", status=1)
    assert refused.lines("!") == [
        f"! vault secret {name}: say where it is: {variable}=PATH in front of this command"
        for name, variable in zip(("tls-certificate", "tls-key"), files, strict=True)
    ]
    assert azure.writes() == []

    told = applied.run("apply", **files)
    values = azure.control("values")
    for name, file in (("tls-certificate", "tls.crt"), ("tls-key", "tls.key")):
        assert values[name] == [(tmp_path / file).read_text().strip()]
    assert "PRIVATE KEY" not in told.out + told.err
    assert applied.run("plan").lines("~", "+", "!") == []


def test_a_renewed_one_replaces_it(applied, azure, files, tmp_path):
    applied.run("apply", **files)
    new = AUTHORITY.issue(HOST)
    (tmp_path / "tls.crt").write_text(new.certificate)
    told = applied.run("rotate-secret", "tls-certificate", **files)
    assert told.err.strip() == "tls-certificate has a new value"
    assert azure.control("values")["tls-certificate"][1:] == [new.certificate.strip()]

    refused = applied.run("rotate-secret", "tls-certificate", status=1)
    assert "say where it is: TLS_CERTIFICATE_FILE=PATH" in refused.err
    assert len(azure.control("values")["tls-certificate"]) == 2
