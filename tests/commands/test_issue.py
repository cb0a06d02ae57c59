"""The files of ``mock-sei issue`` are complete if the process is killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from mock_sei.certificates import store as store_module
from mock_sei.certificates.authority import load_key
from mock_sei.certificates.store import CertificateStore, write_whole
from mock_sei.cli import main
from mock_sei.commands.issue import issue_files

pytestmark = pytest.mark.long


class Killed(BaseException):
    """Simulates the end of the process."""


def issue(folder: Path, form: str) -> list[Path]:
    return issue_files(
        "svc-demo",
        certs_dir=folder / "certs",
        out=folder / "out",
        format_name=form,
        passphrase="mock-sei",
        variant="valid",
        legacy=False,
    )


@pytest.mark.parametrize("form", ["pem", "p7s"])
@pytest.mark.parametrize("step", [0, 1])
def test_killed_over_an_earlier_one_it_leaves_no_certificate_beside_another_s_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, step: int
) -> None:
    certificate, key = (
        tmp_path / "out" / name
        for name in ({"pem": "certificate.crt", "p7s": "certificate.p7s"}[form], "privatekey.key")
    )
    CertificateStore(tmp_path / "certs")
    assert set(issue(tmp_path, form)) == {certificate, key}
    left = step

    def writing(path: Path, content: bytes) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        write_whole(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(store_module, "write_whole", writing)
        with pytest.raises(Killed):
            issue(tmp_path, form)

    assert not certificate.exists()
    issue(tmp_path, form)
    assert certificate.exists()
    if form == "p7s":
        found = pkcs7.load_der_pkcs7_certificates(certificate.read_bytes())
        public_key = load_key(key.read_bytes()).public_key()
        assert public_key in [each.public_key() for each in found]


@pytest.mark.parametrize(
    ("form", "options", "environ", "passphrase", "warned"),
    [
        ("pfx", ["--passphrase", ""], {}, "", True),
        ("pfx", ["--passphrase", "", "--legacy"], {}, "", True),
        ("p12", ["--passphrase", ""], {}, "", True),
        ("pfx", [], {}, "mock-sei", False),
        ("pfx", [], {"MOCK_SEI_PASSPHRASE": ""}, "mock-sei", False),
        ("pfx", ["--passphrase", ""], {"MOCK_SEI_PASSPHRASE": "x"}, "", True),
        ("pem", ["--passphrase", ""], {}, "", False),
        ("p7s", ["--passphrase", ""], {}, "", False),
    ],
)
def test_an_empty_passphrase_is_another_one_than_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: str,
    options: list[str],
    environ: dict[str, str],
    passphrase: str,
    *,
    warned: bool,
) -> None:
    arguments = ["issue", "svc-demo", "--certs-dir", str(tmp_path / "certs"), "--format", form]
    out = tmp_path / "out"
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    main([*arguments, "--out", str(out), *options], standalone_mode=False)
    printed = capsys.readouterr()
    assert ("Warning: " in printed.err) is warned
    assert "Warning" not in printed.out
    for file in (*out.glob("*.pfx"), *out.glob("*.p12")):
        assert pkcs12.load_pkcs12(file.read_bytes(), passphrase.encode()).key is not None
