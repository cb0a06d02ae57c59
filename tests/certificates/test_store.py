"""The ``certs`` folder: files are made, kept, repaired, or refused by name."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_sei.certificates import store as store_module
from mock_sei.certificates.authority import Authority, load_key, new_authority_pem
from mock_sei.certificates.bundles import Identity, trusted_certificates
from mock_sei.certificates.profiles import Variant, new_identity_key, server_names
from mock_sei.certificates.store import CertificateStore, write_whole
from mock_sei.errors import ConfigurationError

pytestmark = pytest.mark.long

NOW = datetime.now(UTC)
NAMES = ["localhost", "127.0.0.1", "::1"]
CA_FILES = ("ca.pem", "ca.key", "issuing-ca.pem", "issuing-ca.key")
OWN_FILES = (*CA_FILES, "signing.key", "truststore.p12")
ACCOUNT_FILES = ("certificate.crt", "privatekey.key", "certificate.pfx")


@pytest.fixture(scope="module")
def identity_key() -> Identity:
    """An identity whose RSA key this module uses again, since it takes long to make one."""
    return Authority(new_authority_pem()).issue_identity("svc-demo", now=NOW)


@pytest.fixture(autouse=True)
def _one_key(identity_key: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mock_sei.certificates.authority.new_identity_key", lambda: identity_key.key
    )


def issue(store: CertificateStore, account: str = "svc-demo") -> Identity:
    identity = store.authority.issue_identity(account, now=NOW)
    store.write_identity(account, identity)
    return identity


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def complaint(folder: Path) -> str:
    """The error message about a folder that cannot be used, which is one line."""
    with pytest.raises(ConfigurationError) as caught:
        CertificateStore(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_sound(store: CertificateStore) -> None:
    """Asserts that everything in an open folder belongs to its CA."""
    folder = store.folder
    Authority(store.authority.pem)
    assert (folder / "ca.pem").read_bytes() == store.authority.pem.root
    assert (folder / "ca.key").read_bytes() == store.authority.pem.root_key
    assert (folder / "issuing-ca.pem").read_bytes() == store.authority.pem.issuing
    assert (folder / "issuing-ca.key").read_bytes() == store.authority.pem.issuing_key
    trusted = trusted_certificates((folder / "truststore.p12").read_bytes(), "mock-sei")
    assert trusted == set(store.authority.chain)
    assert list(folder.rglob(".part-*")) == []


def assert_account_is_sound(store: CertificateStore, account: str = "svc-demo") -> Identity | None:
    """Asserts that an account has no files, or the three files of one certificate."""
    identity = store.find_identity(account)
    if identity is not None:
        folder = store.account_folder(account)
        bundle = pkcs12.load_pkcs12((folder / "certificate.pfx").read_bytes(), b"mock-sei")
        assert store.authority.signed(identity.certificate)
        assert bundle.cert is not None
        assert bundle.cert.certificate == identity.certificate
        assert identity.key.public_key() == identity.certificate.public_key()
        assert [each.certificate for each in bundle.additional_certs] == list(identity.chain)
    return identity


# Made and kept


def test_a_folder_is_made_on_first_use(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir / "below")

    assert store.folder == certs_dir / "below"
    assert {each.name for each in store.folder.iterdir()} == {*OWN_FILES, ".lock"}
    assert_sound(store)


def test_it_is_kept_for_the_next(certs_dir: Path) -> None:
    first = CertificateStore(certs_dir)
    server = first.server_identity(NAMES, now=NOW)
    identity = issue(first)
    before = contents(certs_dir)

    second = CertificateStore(certs_dir)

    assert second.authority.root == first.authority.root
    assert second.signing_key_pem == first.signing_key_pem
    assert second.server_identity(NAMES, now=NOW).certificate == server.certificate
    found = second.find_identity("svc-demo")
    assert found is not None
    assert found.certificate == identity.certificate
    assert found.chain == first.authority.chain
    assert contents(certs_dir) == before


def test_a_path_is_made_absolute(certs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(certs_dir.parent)

    assert CertificateStore(Path("certs")).ca_file == certs_dir / "ca.pem"


def test_keys_are_for_their_owner_alone(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    store.server_identity(NAMES, now=NOW)
    issue(store)

    assert mode(certs_dir) == 0o700
    assert mode(certs_dir / "svc-demo") == 0o700
    public = {path for path in certs_dir.rglob("*") if path.suffix in (".pem", ".crt")}
    assert len(public) == 4
    for path in certs_dir.rglob("*"):
        if path.is_file() and path not in public:
            assert mode(path) == 0o600, path


def test_an_open_folder_is_closed_but_for_a_checkouts_own(certs_dir: Path, tmp_path: Path) -> None:
    certs_dir.mkdir(mode=0o755)
    checkout = tmp_path / "checkout"
    checkout.mkdir(mode=0o755)
    (checkout / "README.md").write_text("kept in version control")
    CertificateStore(certs_dir)
    CertificateStore(checkout)

    assert mode(certs_dir) == 0o700
    assert mode(checkout) == 0o755


def test_two_folders_have_two_cas(tmp_path: Path) -> None:
    one, other = CertificateStore(tmp_path / "one"), CertificateStore(tmp_path / "other")

    assert one.authority.root != other.authority.root
    assert one.signing_key_pem != other.signing_key_pem


# Cut short, lost, mixed up


@pytest.mark.parametrize("name", [*CA_FILES, "signing.key"])
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_file_cut_short_is_named_and_nothing_is_changed(
    certs_dir: Path, name: str, kept: float
) -> None:
    """An unreadable CA is not replaced, since clients may trust it."""
    CertificateStore(certs_dir)
    file = certs_dir / name
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * kept)])
    before = contents(certs_dir)

    assert complaint(certs_dir).startswith(f"{file}: cannot be read")
    assert contents(certs_dir) == before


@pytest.mark.parametrize("name", ["ca.pem", "signing.key", "truststore.p12"])
def test_a_folder_in_the_place_of_a_file_is_named(certs_dir: Path, name: str) -> None:
    CertificateStore(certs_dir)
    (certs_dir / name).unlink()
    (certs_dir / name).mkdir()

    assert complaint(certs_dir).startswith(f"{certs_dir / name}: cannot be read: ")


@pytest.mark.parametrize("name", ["server.pem", "svc-demo/certificate.crt"])
def test_a_folder_in_the_place_of_a_certificate_is_named(certs_dir: Path, name: str) -> None:
    store = CertificateStore(certs_dir)
    store.server_identity(NAMES, now=NOW)
    issue(store)
    (certs_dir / name).unlink()
    (certs_dir / name).mkdir()

    with pytest.raises(ConfigurationError) as caught:
        _ = store.find_identity("svc-demo") and store.server_identity(NAMES, now=NOW)
    assert str(caught.value).startswith(f"{certs_dir / name}: cannot be read: ")


@pytest.mark.parametrize("name", ["truststore.p12"])
@pytest.mark.parametrize("damage", ["lost", "cut short", "another CA's"])
def test_what_can_be_made_again_is(certs_dir: Path, tmp_path: Path, name: str, damage: str) -> None:
    first = CertificateStore(certs_dir)
    file = certs_dir / name
    if damage == "lost":
        file.unlink()
    elif damage == "cut short":
        file.write_bytes(file.read_bytes()[:40])
    else:
        file.write_bytes((CertificateStore(tmp_path / "other").folder / file.name).read_bytes())

    second = CertificateStore(certs_dir)

    assert second.authority.root == first.authority.root
    assert_sound(second)


def test_a_lost_root_key_is_named_and_nothing_is_changed(certs_dir: Path) -> None:
    CertificateStore(certs_dir)
    (certs_dir / "ca.key").unlink()
    before = contents(certs_dir)

    assert complaint(certs_dir).startswith(f"{certs_dir / 'ca.key'}: missing beside ca.pem")
    assert contents(certs_dir) == before


@pytest.mark.parametrize("lost", [["issuing-ca.pem"], ["issuing-ca.key"], list(CA_FILES[2:])])
def test_a_lost_issuing_ca_is_made_again_below_the_same_root(
    certs_dir: Path, lost: list[str]
) -> None:
    first = CertificateStore(certs_dir)
    server = first.server_identity(NAMES, now=NOW)
    issue(first)
    for name in lost:
        (certs_dir / name).unlink()

    second = CertificateStore(certs_dir)

    assert second.authority.root == first.authority.root
    assert second.authority.issuing != first.authority.issuing
    assert_sound(second)
    assert second.find_identity("svc-demo") is None
    assert second.server_identity(NAMES, now=NOW).certificate != server.certificate


def test_a_lost_root_makes_a_whole_new_ca(certs_dir: Path) -> None:
    """``ca.pem`` is written last: without it, no client can trust the CA yet."""
    first = CertificateStore(certs_dir)
    issue(first)
    (certs_dir / "ca.pem").unlink()

    second = CertificateStore(certs_dir)

    assert second.authority.root != first.authority.root
    assert_sound(second)
    assert second.find_identity("svc-demo") is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ca.pem", "ca.key"),
        ("ca.key", "ca.key"),
        ("issuing-ca.pem", "issuing-ca.pem"),
        ("issuing-ca.key", "issuing-ca.pem"),
    ],
)
def test_a_file_of_another_ca_is_refused_and_nothing_is_changed(
    certs_dir: Path, tmp_path: Path, name: str, told: str
) -> None:
    CertificateStore(certs_dir)
    other = CertificateStore(tmp_path / "other").folder
    (certs_dir / name).write_bytes((other / name).read_bytes())
    before = contents(certs_dir)

    assert complaint(certs_dir).startswith(f"{certs_dir / told}: not the ")
    assert contents(certs_dir) == before


def test_a_signing_key_that_is_none_is_named(certs_dir: Path) -> None:
    CertificateStore(certs_dir)
    (certs_dir / "signing.key").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAA==\n")

    assert complaint(certs_dir).startswith(f"{certs_dir / 'signing.key'}: cannot be read")


# Killed


class Killed(BaseException):
    """The simulated end of the process."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Simulates a kill: so many files are complete, and the next one is only half-written."""
    left: list[int] = []

    def writing(path: Path, content: bytes) -> None:
        if left and left[0] == 0:
            path.with_name(".part-0123456789abcdef").write_bytes(content[: len(content) // 2])
            raise Killed
        if left:
            left[0] -= 1
        write_whole(path, content)

    monkeypatch.setattr(store_module, "write_whole", writing)

    def set_steps(steps: int) -> None:
        left[:] = [steps] if steps >= 0 else []

    yield set_steps
    left.clear()


NEVER = -1


def assert_no_certificate_without_its_key(certificate: Path, key: Path) -> None:
    if certificate.exists():
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        assert load_key(key.read_bytes()).public_key() == read.public_key()


@pytest.mark.parametrize("step", range(6))
def test_a_first_start_killed_at_any_step_is_repaired(
    certs_dir: Path, kill_at: Callable[[int], None], step: int
) -> None:
    kill_at(step)
    with pytest.raises(Killed):
        CertificateStore(certs_dir)
    kill_at(NEVER)

    assert_sound(CertificateStore(certs_dir))


@pytest.mark.parametrize("lost", [["issuing-ca.pem"], ["issuing-ca.key"]])
@pytest.mark.parametrize("step", range(5))
def test_a_repair_killed_at_any_step_is_repaired(
    certs_dir: Path, kill_at: Callable[[int], None], lost: list[str], step: int
) -> None:
    root = CertificateStore(certs_dir).authority.root
    for name in lost:
        (certs_dir / name).unlink()
    kill_at(step)
    with suppress(Killed):
        CertificateStore(certs_dir)
    kill_at(NEVER)

    store = CertificateStore(certs_dir)
    assert_sound(store)
    assert store.authority.root == root


@pytest.mark.parametrize("step", range(2))
@pytest.mark.parametrize("names", [NAMES, [*NAMES, "new.example"]])
def test_a_servers_certificate_killed_in_the_making_is_made_again(
    certs_dir: Path, kill_at: Callable[[int], None], step: int, names: list[str]
) -> None:
    """Both for the first certificate, and for one that replaces another."""
    store = CertificateStore(certs_dir)
    if names != NAMES:
        store.server_identity(NAMES, now=NOW)
    kill_at(step)
    with pytest.raises(Killed):
        store.server_identity(names, now=NOW)
    kill_at(NEVER)
    assert_no_certificate_without_its_key(certs_dir / "server.pem", certs_dir / "server.key")

    server = CertificateStore(certs_dir).server_identity(names, now=NOW)
    assert server.key.public_key() == server.certificate.public_key()
    assert server_names(server.certificate) == set(names)


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("before", ["nothing", "another CA's", "an expired one"])
def test_an_identity_killed_in_the_making_is_whole_or_made_again(
    certs_dir: Path,
    kill_at: Callable[[int], None],
    step: int,
    before: str,
    identity_key: Identity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The three files of an account always belong to one certificate."""
    store = CertificateStore(certs_dir)
    if before == "another CA's":
        store.write_identity(
            "svc-demo", Authority(new_authority_pem()).issue_identity("x", now=NOW)
        )
    if before == "an expired one":
        made = "mock_sei.certificates.authority.new_identity_key"
        monkeypatch.setattr(made, new_identity_key)
        expired = store.authority.issue_identity("svc-demo", now=NOW, variant=Variant.EXPIRED)
        monkeypatch.setattr(made, lambda: identity_key.key)
        store.write_identity("svc-demo", expired)
    kill_at(step)
    with pytest.raises(Killed):
        issue(store)
    kill_at(NEVER)
    folder = store.account_folder("svc-demo")
    assert_no_certificate_without_its_key(folder / "certificate.crt", folder / "privatekey.key")

    reopened = CertificateStore(certs_dir)
    assert assert_account_is_sound(reopened) is None
    issue(reopened)
    assert assert_account_is_sound(reopened) is not None


def test_what_a_killed_process_half_wrote_is_swept_away(certs_dir: Path) -> None:
    issue(CertificateStore(certs_dir))
    for name in (".part-00", "svc-demo/.part-01"):
        (certs_dir / name).write_bytes(b"half a k")

    CertificateStore(certs_dir)

    assert list(certs_dir.rglob(".part-*")) == []


@pytest.mark.parametrize("fault", [OSError("disk full"), KeyboardInterrupt()])
def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    file = tmp_path / "some.pem"
    write_whole(file, b"old")

    def failing(_: Path, __: Path) -> None:
        raise fault

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises((ConfigurationError, KeyboardInterrupt)):
        write_whole(file, b"new")

    assert contents(tmp_path) == {"some.pem": b"old"}


# Leaves


@pytest.mark.parametrize("name", ACCOUNT_FILES[:2])
@pytest.mark.parametrize("damage", ["lost", "cut short", "another CA's"])
def test_an_unsound_identity_counts_as_none(
    certs_dir: Path, tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = CertificateStore(certs_dir)
    issue(store)
    file = certs_dir / "svc-demo" / name
    if damage == "lost":
        file.unlink()
    elif damage == "cut short":
        file.write_bytes(file.read_bytes()[:100])
    elif name == "certificate.crt":
        other = CertificateStore(tmp_path / "other")
        issue(other)
        file.write_bytes((other.folder / "svc-demo" / name).read_bytes())
    else:  # every identity of this module has the same RSA key
        file.write_bytes((certs_dir / "signing.key").read_bytes())

    with caplog.at_level(logging.WARNING, "mock_sei"):
        assert CertificateStore(certs_dir).find_identity("svc-demo") is None
    assert bool(caplog.records) is (damage != "lost")


def test_a_lost_pfx_is_written_again(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    identity = issue(store)
    (certs_dir / "svc-demo" / "certificate.pfx").unlink()

    found = assert_account_is_sound(CertificateStore(certs_dir))
    assert found is not None
    assert found.certificate == identity.certificate


def test_a_renewed_identity_takes_the_place_of_the_old_one(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    old, new = issue(store), issue(store)

    found = assert_account_is_sound(store)
    assert found is not None
    assert found.certificate == new.certificate != old.certificate


def test_accounts_do_not_share_a_folder(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    issue(store, "svc-demo")
    issue(store, "svc-web")

    for account in ("svc-demo", "svc-web"):
        found = store.find_identity(account)
        assert found is not None
        assert found.common_name == account


@pytest.mark.parametrize("account", ["", "..", "../svc", "a/b", ".hidden", "a b", "x" * 65])
def test_what_is_no_account_name_is_refused_and_nothing_is_written(
    certs_dir: Path, account: str, identity_key: Identity
) -> None:
    store = CertificateStore(certs_dir)
    before = contents(certs_dir.parent)

    with pytest.raises(ConfigurationError, match="not an account name"):
        store.write_identity(account, identity_key)
    with pytest.raises(ConfigurationError, match="not an account name"):
        store.find_identity(account)
    assert contents(certs_dir.parent) == before


def test_an_account_called_like_a_file_of_the_ca_overwrites_nothing(
    certs_dir: Path, identity_key: Identity
) -> None:
    store = CertificateStore(certs_dir)
    with pytest.raises(ConfigurationError, match=r"ca\.pem: cannot be written"):
        store.write_identity("ca.pem", identity_key)

    assert store.find_identity("ca.pem") is None
    assert_sound(CertificateStore(certs_dir))


# The server's certificate


def test_the_servers_certificate_is_kept_with_its_chain(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    server = store.server_identity(NAMES, now=NOW)

    written = x509.load_pem_x509_certificates((certs_dir / "server.pem").read_bytes())
    assert written == [server.certificate, *store.authority.chain]


@pytest.mark.parametrize(
    ("names", "later", "kept"),
    [
        (NAMES, timedelta(0), True),
        (NAMES[:1], timedelta(0), True),
        (list(reversed(NAMES)), timedelta(0), True),
        ([*NAMES, "new.example"], timedelta(0), False),
        (NAMES, timedelta(days=334), True),
        (NAMES, timedelta(days=335), False),
        (NAMES, timedelta(days=400), False),
    ],
)
def test_the_servers_certificate_is_issued_again_for_want_of_a_name_or_of_30_days(
    certs_dir: Path, names: list[str], later: timedelta, *, kept: bool
) -> None:
    first = CertificateStore(certs_dir).server_identity(NAMES, now=NOW)
    store = CertificateStore(certs_dir)
    second = store.server_identity(names, now=NOW + later)

    assert (second.certificate == first.certificate) is kept
    assert store.authority.signed(second.certificate)
    assert server_names(second.certificate) >= set(names)
    assert second.not_after - (NOW + later) > timedelta(days=30)


def test_a_name_that_was_dropped_does_not_come_back(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    store.server_identity([*NAMES, "old.example"], now=NOW)

    renewed = store.server_identity([*NAMES, "new.example"], now=NOW)
    assert server_names(renewed.certificate) == {*NAMES, "new.example"}


@pytest.mark.parametrize("name", ["server.pem", "server.key"])
@pytest.mark.parametrize("damage", ["lost", "cut short", "another CA's"])
def test_an_unsound_server_certificate_is_issued_again(
    certs_dir: Path, tmp_path: Path, name: str, damage: str
) -> None:
    first = CertificateStore(certs_dir)
    first.server_identity(NAMES, now=NOW)
    file = certs_dir / name
    if damage == "lost":
        file.unlink()
    elif damage == "cut short":
        file.write_bytes(file.read_bytes()[:100])
    else:
        other = CertificateStore(tmp_path / "other")
        other.server_identity(NAMES, now=NOW)
        file.write_bytes((other.folder / name).read_bytes())

    second = CertificateStore(certs_dir)
    server = second.server_identity(NAMES, now=NOW)
    assert second.authority.root == first.authority.root
    assert second.authority.signed(server.certificate)
    assert server.key.public_key() == server.certificate.public_key()


def test_a_stranger_with_the_right_names_and_key_is_not_served(
    certs_dir: Path, tmp_path: Path
) -> None:
    """Complete files of another folder: the key fits, but the CA is another one."""
    stranger = CertificateStore(tmp_path / "other")
    stranger.server_identity(NAMES, now=NOW)
    store = CertificateStore(certs_dir)
    for name in ("server.pem", "server.key"):
        write_whole(certs_dir / name, (stranger.folder / name).read_bytes())

    assert store.authority.signed(store.server_identity(NAMES, now=NOW).certificate)


def test_a_server_variant_is_never_read_back_as_sound(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    wrong = store.authority.issue_server(NAMES, now=NOW, variant=Variant.SELF_SIGNED)
    write_whole(certs_dir / "server.key", wrong.key_pem)
    write_whole(certs_dir / "server.pem", wrong.certificate_pem)

    assert store.server_identity(NAMES, now=NOW).certificate != wrong.certificate


# Folders that cannot be used


def test_a_folder_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    line = complaint(tmp_path / "file" / "certs")
    assert line.startswith(f"{tmp_path / 'file' / 'certs'}: cannot be written")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "certs").write_bytes(b"mine")

    assert complaint(tmp_path / "certs").startswith(f"{tmp_path / 'certs'}: cannot be written")
    assert contents(tmp_path) == {"certs": b"mine"}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have no numbers here")
def test_a_folder_of_another_user_is_named_with_both_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    line = complaint(tmp_path / "certs")
    owner = tmp_path.stat().st_uid
    assert line.endswith(
        f"Permission denied (to user 12345; {tmp_path / 'certs'} belongs to user {owner})"
    )


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have no numbers here")
def test_a_folder_of_this_user_is_named_with_the_mode_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    folder = tmp_path / "certs"
    folder.mkdir(mode=0o500)
    user = folder.stat().st_uid
    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(os, "getuid", lambda: user)
    monkeypatch.setattr(Path, "chmod", lambda *_, **__: None)  # the store would widen it
    line = complaint(folder)
    assert line.endswith(f"Permission denied (to user {user}, who owns {folder}: its mode is 0500)")


def test_a_folder_whose_mode_is_not_ours_to_change_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mounted volume of another user, which we can write."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    assert CertificateStore(tmp_path).ca_file.exists()


def test_a_path_below_a_file_is_named_when_a_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "some.pem"
    with pytest.raises(ConfigurationError) as caught:
        write_whole(target, b"x")

    assert str(caught.value).startswith(f"{target}: cannot be written")


def test_the_lock_lets_go_after_each_use(certs_dir: Path) -> None:
    """A second store of the same folder in one process does not wait for the first."""
    first, second = CertificateStore(certs_dir), CertificateStore(certs_dir)
    with pytest.raises(ConfigurationError):
        first.find_identity("no/name")

    assert second.find_identity("svc-demo") is None
    assert first.find_identity("svc-demo") is None


# Found or made under one lock


def test_an_identity_is_made_once_and_found_from_then_on(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)

    def make() -> Identity:
        return store.authority.issue_identity("svc-demo", now=NOW)

    first = store.find_or_write_identity("svc-demo", make, now=NOW)

    again = store.find_or_write_identity("svc-demo", make, now=NOW)
    assert again.certificate == first.certificate
    found = CertificateStore(certs_dir).find_identity("svc-demo")
    assert found is not None
    assert found.certificate == first.certificate
    later = store.find_or_write_identity("svc-demo", make, now=first.not_after)
    assert later.certificate != first.certificate


def test_an_identity_with_another_name_is_not_the_account_s(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    store.write_identity("svc-demo", store.authority.issue_identity("svc-web", now=NOW))

    assert store.find_identity("svc-demo") is None
    assert store.read_identity("svc-demo") is None


def test_a_file_that_is_replaced_has_another_stamp(certs_dir: Path) -> None:
    store = CertificateStore(certs_dir)
    assert store.identity_stamp("svc-demo") is None
    issue(store)
    before = store.identity_stamp("svc-demo")
    assert before == store.identity_stamp("svc-demo")
    issue(store)
    assert store.identity_stamp("svc-demo") != before
