"""Children of ``fork`` do not affect the platform of their parent, and never wait forever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.hostile.forking import run, run_each
from tests.e2e.serving import THOROUGH

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def test_a_child_leaves_its_parent_everything_however_it_ends(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        """
        def leave(): sys.exit(0)
        def reach_the_end(): pass
        def exit_at_once(): os._exit(0)
        def stop():
            mock.stop()
            mock.stop()

        with MockSei() as mock:
            kept = mock.certificate("svc-demo")
            for end in leave, exit_at_once, stop, reach_the_end:
                child = os.fork()
                if not child:
                    end()
                    break
                assert ended(child) == 0
                assert mock.ca_file.exists() and kept.key_file.exists()
                assert mock.token("svc-demo")
                mock.clock.advance(minutes=1)
                mock.reset()
                mock.check()
        if child:
            assert not folders()
            print("stopped")
        """,
    )

    assert told.splitlines()[-1] == "stopped"


def test_children_use_clients_certificates_and_tokens_side_by_side(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        """
        def work(number):
            account = mock.service_account("svc-demo")
            context = mock.ssl_context("svc-demo")
            expired = mock.certificate("svc-demo", "expired")
            with mock.client("svc-demo") as http:
                headers = {"AppKey": account.app_key}
                headers["Authorization"] = f"Bearer {mock.token(account)}"
                status = http.get("/v2/investors", headers=headers).status_code
            return status, expired.pfx().exists(), expired.serial_number

        with MockSei() as mock:
            with multiprocessing.get_context("fork").Pool(2) as pool:
                found = pool.map(work, range(4))
            assert {each[:2] for each in found} == {(200, True)}, found
            assert len({each[2] for each in found}) == 4
            mock.check()
        assert not folders()
        print("done")
        """,
    )

    assert told.splitlines()[-1] == "done"


FORKS = 3 if THOROUGH else 1
PROGRAMS = {
    "what a child does with the platform reaches its parent": """
        with MockSei() as mock:
            before = mock.clock.now()
            child = os.fork()
            if not child:
                mock.clock.advance(hours=2)
                mock.faults.add("GET /v2/investors", status=503)
                mock.data["investors"].clear()
                mock.new_application()
                mock.stop()
                os._exit(len(mock.journal.entries))
            assert ended(child) == 0
            assert mock.clock.now() - before > timedelta(hours=1)
            assert len(mock.faults) == 1
            assert len(mock.data["investors"]) == 0
            child = os.fork()
            if not child:
                mock.reset()
                os._exit(0)
            assert ended(child) == 0
            assert mock.clock.is_machine
            assert len(mock.faults) == 0
        """,
    "what was taken before the fork asks the server of the parent": """
        with MockSei() as mock:
            clock, journal, mailbox = mock.clock, mock.journal, mock.mailbox
            answers, answer = mock.answers, mock.enqueue("GET /y", answer=lambda _: 1)
            child = os.fork()
            if not child:
                clock.advance(days=1)
                assert not clock.is_machine
                assert journal.entries == [] and mailbox.messages == []
                assert answer.used == 0 and len(answers) == 1
                mock.enqueue("GET /x")
                try:
                    mock.enqueue("GET /x", answer=print)
                except MockSeiError as error:
                    os._exit(0 if "not forked" in str(error) else 2)
                os._exit(3)
            assert ended(child) == 0
            assert not mock.clock.is_machine
            assert len(answers) == 2
        """,
    "the platform itself says that it is the parents": """
        with MockSei() as mock:
            platform = mock.platform
            child = os.fork()
            if not child:
                for use in (
                    platform.reset,
                    lambda: platform.portal.approve("demo-web"),
                ):
                    try:
                        use()
                    except MockSeiError as error:
                        assert "forked" in str(error) and mock.control_url in str(error), error
                    else:
                        os._exit(1)
                os._exit(0)
            assert ended(child) == 0
        """,
    "a child that is forked while threads hold locks does not hang": f"""
        sys.setswitchinterval(1e-5)
        with MockSei() as mock:
            kept = mock.clock, mock.journal
            busy = True
            def work():
                while busy:
                    mock.clock.advance(seconds=0)
                    mock.journal.entries
                    mock.platform.record_bug
                    with mock._lock: pass
            threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
            for each in threads: each.start()
            for _ in range({FORKS}):
                child = os.fork()
                if not child:
                    for use in (lambda: kept[0].advance(seconds=1), lambda: kept[1].entries):
                        try: use()
                        except MockSeiError: pass
                    os._exit(0 if mock.clock.now() and mock.service_account("svc-demo") else 1)
                assert ended(child) == 0
            busy = False
            for each in threads: each.join()
        """,
    "a child that lives on holds no port and no connection of its parent": """
        mock = MockSei().start()
        port = urlsplit(mock.two_way_url).port
        kept = socket.create_connection(("127.0.0.1", port))
        kept.sendall(b"x")
        mock.reset()
        with mock.client("svc-demo") as http:
            http.get("/x")
        reading, writing = os.pipe()
        running, told = os.pipe()
        child = os.fork()
        if not child:
            kept.close()
            os.close(writing)
            os.write(told, b"x")
            os.read(reading, 1)
            os._exit(0)
        os.close(reading)
        os.read(running, 1)  # on a busy machine the child closes what it inherited only later
        mock.stop()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError("the port still listens")
        kept.settimeout(PATIENCE)
        try:
            while kept.recv(4096): pass
        except ConnectionResetError:
            pass
        MockSei(two_way_port=port).stop()
        os.close(writing)
        assert ended(child) == 0
        """,
    "a child may have a platform of its own": """
        def work(end):
            own = MockSei().start()
            assert own.control_url != mock.control_url
            assert own.token("svc-demo")
            own.clock.advance(hours=1)
            assert own.journal.entries
            if end == "stop": own.stop()

        with MockSei() as mock:
            for end in "stop", "leave":
                child = multiprocessing.get_context("fork").Process(target=work, args=(end,))
                child.start()
                child.join()
                assert child.exitcode == 0
            assert mock.clock.is_machine
        assert not folders(), folders()
        """,
    "one that was not started cannot be started by a child": """
        mock = MockSei()
        child = os.fork()
        if not child:
            try:
                mock.start()
            except MockSeiError as error:
                os._exit(0 if "forked" in str(error) else 2)
            os._exit(1)
        assert ended(child) == 0
        with mock:
            assert mock.token("svc-demo")
        """,
    "a child made within an asynchronous test leaves it alone": """
        async def main():
            child = os.fork()
            if not child:
                os._exit(0 if mock.token("svc-demo") else 1)
            while (status := os.waitpid(child, os.WNOHANG)) == (0, 0):
                await asyncio.sleep(0)
            assert status[1] == 0
            assert await asyncio.to_thread(mock.token, "svc-demo")

        with MockSei() as mock:
            asyncio.run(main())
        """,
    "an attached one in a child leaves applications and folder to its parent": """
        with MockSei() as mock, Attached(mock.control_url) as attached:
            made = attached.new_application()
            child = os.fork()
            if not child:
                attached.new_application()
                attached.certificate("svc-demo")
                attached.stop()
                sys.exit(0)
            assert ended(child) == 0
            assert made.name in attached.applications
            assert len(attached.applications) == 7
            assert attached.ca_file.exists()
        assert not folders()
        """,
    "it is handed to no other process by pickle": """
        with MockSei() as mock:
            try:
                pickle.dumps(mock)
            except TypeError as error:
                assert "control_url" in str(error)
            else:
                raise AssertionError("it was pickled")
        """,
    "a program that is started inherits no socket": """
        with MockSei() as mock, mock.client("svc-demo") as http:
            http.get("/x")
            child = subprocess.Popen(["sleep", "600"], close_fds=False)
            held = [os.readlink(each) for each in Path(f"/proc/{child.pid}/fd").iterdir()]
            child.kill()
            child.wait()
        assert not [each for each in held if each.startswith("socket:")], held
        """,
}


def test_a_child_neither_harms_nor_keeps_what_is_its_parents(tmp_path: Path) -> None:
    """Each program has a process of its own."""
    assert run_each(tmp_path, PROGRAMS) == {}
