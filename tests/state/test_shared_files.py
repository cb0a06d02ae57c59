"""The CA and the signing key that all servers on one store have in their certs folders."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from mock_sei.state.certificates import share_certificates
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from tests.certificates.accounts import DEMO
from tests.patience import PATIENCE
from tests.state.conftest import do

pytestmark = pytest.mark.long


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], SqliteStore]]:
    """Opens the store as a further server does."""
    begun: list[SqliteStore] = []

    def open_store() -> SqliteStore:
        begun.append(SqliteStore(tmp_path / "platform.db"))
        return begun[-1]

    yield open_store
    for each in begun:
        each.close()


def is_private(path: Path) -> bool:
    return path.stat().st_mode & 0o077 == 0


def test_an_empty_folder_gets_the_ca_and_the_signing_key_of_the_first_server(
    tmp_path: Path, opened: Callable[[], SqliteStore]
) -> None:
    first, second = tmp_path / "first", tmp_path / "of" / "second"
    share_certificates(first, opened())
    share_certificates(second, opened())

    one, other = CertificateStore(first), CertificateStore(second)
    assert one.authority.pem == other.authority.pem
    assert one.signing_key_pem == other.signing_key_pem
    assert is_private(second)
    assert all(is_private(second / name) for name in ("ca.key", "issuing-ca.key", "signing.key"))


def test_a_folder_that_was_there_before_the_store_gives_its_ca(
    tmp_path: Path, opened: Callable[[], SqliteStore]
) -> None:
    made = CertificateStore(tmp_path / "first")

    share_certificates(tmp_path / "first", opened())
    share_certificates(tmp_path / "second", opened())

    assert CertificateStore(tmp_path / "first").authority.pem == made.authority.pem
    assert CertificateStore(tmp_path / "second").authority.pem == made.authority.pem


@pytest.mark.parametrize("name", ["signing.key", "issuing-ca.pem", "issuing-ca.key", "ca.pem"])
def test_what_a_folder_lacks_is_written_from_the_store(
    tmp_path: Path, opened: Callable[[], SqliteStore], name: str
) -> None:
    folder = tmp_path / "certs"
    share_certificates(folder, opened())
    content = (folder / name).read_bytes()
    (folder / name).unlink()

    share_certificates(folder, opened())

    assert (folder / name).read_bytes() == content


def test_a_part_of_another_ca_is_replaced(
    tmp_path: Path, opened: Callable[[], SqliteStore]
) -> None:
    share_certificates(tmp_path / "first", opened())
    second = tmp_path / "second"
    CertificateStore(second)
    (second / "ca.pem").unlink()  # as if its process was killed while it made the CA
    (second / "signing.key").unlink()

    share_certificates(second, opened())

    first = CertificateStore(tmp_path / "first")
    assert CertificateStore(second).authority.pem == first.authority.pem


@pytest.mark.parametrize("name", ["ca.pem", "signing.key"])
def test_a_folder_with_another_ca_or_signing_key_is_refused_and_left_as_it_is(
    tmp_path: Path, opened: Callable[[], SqliteStore], name: str
) -> None:
    share_certificates(tmp_path / "first", opened())
    second = tmp_path / "second"
    CertificateStore(second)
    for each in second.iterdir():
        if each.name != name and (name == "signing.key" or each.suffix == ".p12"):
            each.unlink()
    before = {each.name: each.read_bytes() for each in second.iterdir()}

    with pytest.raises(ConfigurationError) as refused:
        share_certificates(second, opened(), name="sqlite:platform.db")

    message = str(refused.value)
    assert message.startswith(f"{second}: its ")
    assert re.search(r"is another one than that of sqlite:platform\.db", message)
    assert "\n" not in message
    assert "PRIVATE" not in message
    after = {each.name: each.read_bytes() for each in second.iterdir() if each.name != ".lock"}
    before.pop(".lock", None)
    assert after == before


def test_of_servers_that_start_at_once_on_a_new_store_all_have_one_ca(
    tmp_path: Path, opened: Callable[[], SqliteStore]
) -> None:
    stores = [opened() for _ in range(4)]
    start = threading.Barrier(4, timeout=PATIENCE)

    def run(index: int) -> None:
        start.wait()
        share_certificates(tmp_path / f"certs-{index}", stores[index])

    threads = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)

    made = [CertificateStore(tmp_path / f"certs-{index}") for index in range(4)]
    assert len({each.authority.pem.root for each in made}) == 1
    assert len({each.signing_key_pem for each in made}) == 1


def test_a_store_that_stays_reserved_or_fails_is_named(
    tmp_path: Path, opened: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.state.unit_of_work.PATIENCE", 0.0)
    busy, store = opened(), opened()
    busy.reserve()
    with pytest.raises(ConfigurationError, match="db: another process has kept the store reserved"):
        share_certificates(tmp_path / "certs", store, name="db")
    busy.release()

    def fail() -> dict[str, str]:
        raise StoreAway("the disk is on fire")

    monkeypatch.setattr(store, "facts", fail)
    with pytest.raises(ConfigurationError, match="db: the disk is on fire"):
        share_certificates(tmp_path / "certs", store, name="db")


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, opened: Callable[[], SqliteStore]
) -> None:
    share_certificates(tmp_path / "first", opened())
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="file/certs: cannot be written"):
        share_certificates(tmp_path / "file" / "certs", opened())


def test_certificates_that_lay_in_the_first_server_s_folder_are_those_of_all(
    tmp_path: Path, opened: Callable[[], SqliteStore]
) -> None:
    """Also where nobody asked for them before."""
    first = CertificateStore(tmp_path / "first")
    kept = first.authority.issue_identity(DEMO, now=datetime.now(UTC))
    first.write_identity(DEMO, kept)
    platforms = []
    for name in ("first", "second"):
        store = opened()
        share_certificates(tmp_path / name, store)
        platforms.append(
            Platform(
                fixtures=load_fixtures(),
                store=CertificateStore(tmp_path / name),
                behaviour=Behaviour(),
                units=SharedUnits(store),
            )
        )
    _, second = platforms

    given = do(second, lambda: second.certificates.identity(DEMO))

    assert given.certificate == kept.certificate
    on_file = second.store.find_identity(DEMO)
    assert on_file is not None
    assert on_file.key_pem == kept.key_pem
