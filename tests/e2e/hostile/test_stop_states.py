"""``stop()`` in every state: no thread, no socket, no temporary file is left, and no traceback."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.e2e.hostile.forking import run, run_each

STATES = {
    "never started": """
        mock = MockSei()
        mock.stop()
        mock.stop()
        """,
    "started twice, stopped twice": """
        mock = MockSei().start()
        with mock.start() as same:
            assert same is mock
        mock.stop()
        """,
    "by many threads at once": """
        mock = MockSei().start()
        threads = [threading.Thread(target=mock.stop) for _ in range(8)]
        for each in threads: each.start()
        for each in threads: each.join()
        """,
    "while another thread starts it": """
        mock = MockSei()
        def start():
            try: mock.start()
            except MockSeiError: pass
        starting = threading.Thread(target=start)
        starting.start()
        mock.stop()
        starting.join()
        mock.stop()
        """,
    "by the server's own thread": """
        mock = MockSei().start()
        asked = threading.Event()
        class Stopping(logging.Handler):
            def emit(self, record):
                mock.stop()
                asked.set()
        logging.getLogger("mock_sei").addHandler(Stopping())
        logging.getLogger("mock_sei").setLevel("INFO")
        try: mock.client().get("/x")
        except httpx2.HTTPError: pass
        assert asked.wait(PATIENCE)
        mock.stop()
        """,
    "after the server's thread died": """
        mock = MockSei().start()
        threading.excepthook = lambda _: None
        def die(*_): raise SystemExit
        mock._thread._loop.call_soon_threadsafe(die)
        mock._thread._thread.join(PATIENCE)
        assert not mock._thread._thread.is_alive()
        mock.stop()
        """,
    "after a start that failed": """
        mock = MockSei()
        async def fail(*_): raise OSError("on purpose")
        mock._thread._server.start = fail
        try: mock.start()
        except OSError: pass
        else: raise AssertionError("it started")
        assert not folders()
        mock.stop()
        """,
    "after a start that was interrupted": """
        mock = MockSei()
        def interrupt(): raise KeyboardInterrupt
        mock._thread._started.wait, wait = interrupt, mock._thread._started.wait
        def once():
            mock._thread._started.wait = wait
            raise KeyboardInterrupt
        mock._thread._started.wait = once
        try: mock.start()
        except KeyboardInterrupt: pass
        else: raise AssertionError("it started")
        """,
    "with a port that is taken": """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            try: MockSei(two_way_port=taken.getsockname()[1])
            except MockSeiError: pass
            else: raise AssertionError("it took it")
        """,
    "with settings that are wrong": """
        try: MockSei(dialect="klingon")
        except MockSeiError: pass
        else: raise AssertionError("it took them")
        """,
    "collected as garbage, started": """
        mock = MockSei().start()
        url, thread = urlsplit(mock.two_way_url), mock._thread._thread
        del mock
        thread.join(PATIENCE)
        assert not thread.is_alive()
        refused(url.port)
        """,
    "collected as garbage, never started": """
        mock = MockSei()
        port = urlsplit(mock.two_way_url).port
        del mock
        gc.collect()
        refused(port)
        """,
    "collected by the server's own thread": """
        mocks = [MockSei().start()]
        thread, loop = mocks[0]._thread._thread, mocks[0]._thread._loop
        loop.call_soon_threadsafe(mocks.clear)
        thread.join(PATIENCE)
        assert not thread.is_alive()
        """,
    "in the middle of calls": """
        mock = MockSei().start()
        mock.faults.add("GET /v2/investors", stall=True)
        with mock.client("svc-demo") as http:
            def ask():
                try: http.get("/v2/investors")
                except httpx2.HTTPError: pass
            asking = threading.Thread(target=ask)
            asking.start()
            while not mock.platform.faults.armed[0].met: pass
            mock.stop()
            asking.join()
        """,
    "attached, never started": """
        attached = Attached("http://127.0.0.1:1")
        attached.stop()
        attached.stop()
        """,
    "attached to nobody": """
        attached = Attached("http://127.0.0.1:1")
        for _ in range(2):
            try: attached.start()
            except MockSeiError: pass
            else: raise AssertionError("it attached")
            assert not folders()
        attached.stop()
        """,
    "attached to one that was stopped meanwhile": """
        with MockSei() as mock:
            attached = Attached(mock.control_url).start()
            attached.start()
            attached.certificate("svc-demo")
            attached.new_application()
        try: attached.stop()
        except MockSeiError: pass
        assert not folders()
        attached.stop()
        """,
}


NOTHING_LEFT = """
import logging, httpx2
def refused(port):
    try: socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError: return
    raise AssertionError("it still listens")
def sockets():
    found = []
    for each in os.listdir("/proc/self/fd"):
        try: target = os.readlink(f"/proc/self/fd/{each}")
        except OSError: continue
        if target.startswith(("socket:", "anon_inode:[eventpoll]")): found.append(target)
    return found
inherited = sockets()

def scenario():
    exec(SCENARIO, globals())

scenario()
for name in ("mock", "attached", "mocks"):
    globals().pop(name, None)
gc.collect()
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
assert sockets() == inherited, sockets()
assert not folders(), folders()
"""


def test_a_stop_leaves_nothing(tmp_path: Path) -> None:
    programs = {
        state: f"SCENARIO = {textwrap.dedent(scenario)!r}\n{NOTHING_LEFT}"
        for state, scenario in STATES.items()
    }

    assert run_each(tmp_path, programs) == {}


def test_a_state_that_leaves_something_is_found(tmp_path: Path) -> None:
    programs = {
        "a thread": f"SCENARIO = 'mock = MockSei().start(); kept = mock'\n{NOTHING_LEFT}",
        "a folder": "tempfile.mkdtemp(prefix='mock-sei-')",
        "a status": "sys.exit(3)",
        "nothing": "",
    }

    assert list(run_each(tmp_path, programs)) == ["a thread", "a folder", "a status"]


ENDS = {
    "never started": "",
    "never stopped": "mock.start()",
    "left by an exit": "mock.start(); sys.exit()",
    "stopped at exit": "atexit.register(mock.start().stop)",
    "stopped at exit without a start": "atexit.register(mock.stop)",
}


def test_a_program_that_ends_leaves_no_folder(tmp_path: Path) -> None:
    made = "mock = MockSei()\nmock.certificate('svc-demo')\n"

    assert run_each(tmp_path, {end: made + how for end, how in ENDS.items()}) == {}


def test_one_that_was_stopped_says_so(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
        mock = MockSei().start()
        mock.stop()
        for use in mock.start, mock.__enter__, lambda: mock.certificate("svc-demo"):
            try: use()
            except MockSeiError as error: assert "stopped" in str(error), error
            else: raise AssertionError("it went on")
        """,
    )
