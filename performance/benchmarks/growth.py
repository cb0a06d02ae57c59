"""Measures the CPU time of calls with little and with much stored data, in one process.

Run as ``python -m performance.benchmarks.growth``, it prints JSON: the milliseconds of each subject
at each of its sizes. The calls use the listeners' own applications without sockets.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mock_sei.fixtures import bundled_folder, load_fixtures
from mock_sei.journal.entries import Entry
from mock_sei.operations.faults import AddFault
from mock_sei.operations.scripts import EnqueueAnswer
from mock_sei.portal.links import Delivery
from mock_sei.portal.mailbox import Letter
from performance.benchmarks.stored import authorization_round, new_token, stored_world
from performance.benchmarks.worlds import World, make_world

FLAT = 1.5
"""Largest allowed cost of a call at the largest size, divided by its cost at the smallest size."""

Action = Callable[[], object]


# The subjects. Each creates a platform with ``size`` stored objects, and returns the measured call.


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A call, and the stored objects whose number grows."""

    call: str
    stored: str
    sizes: Sequence[int]
    prepare: Callable[[Path, int], Action]
    at_most: float | None = FLAT
    """Largest allowed cost at the largest size, divided by the cost at the smallest size.

    None if the call must read all objects."""


def functional_get(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    return lambda: world.get("/v1/order/tradetickets?limit=1")


def preflight(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    asked = {"origin": "https://page-1.example", "access-control-request-method": "GET"}
    return lambda: world.one_way.call("OPTIONS", "/v2/investors", asked)


def metadata(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    return lambda: world.one_way.call("GET", "/.well-known/oauth-authorization-server")


def portal_list(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    return lambda: world.one_way.call("GET", "/portal/apps")


def applications_page(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    return lambda: world.control.call("GET", "/applications?limit=10")


def register(folder: Path, size: int) -> Action:
    world, numbers = make_world(folder, size), itertools.count()
    return lambda: world.platform.portal.register(
        {
            "name": f"new-{next(numbers)}",
            "type": "single-page",
            "actor": "end-user",
            "redirect_addresses": ["https://new.example/callback"],
        }
    )


def change(folder: Path, size: int) -> Action:
    world, numbers = make_world(folder, size), itertools.count()
    return lambda: world.platform.portal.change(
        "server-1", {"distribution_list": f"team-{next(numbers)}@example.com"}
    )


def refresh_keys(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    return lambda: world.platform.portal.refresh_keys("server-1")


def mailbox(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    key = ec.generate_private_key(ec.SECP256R1())
    for number in range(size):
        username = f"svc-server-{number}"
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, username)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        request = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        world.platform.certificates.sign(username, request)
    return lambda: len(world.platform.portal.mailbox)


def log_line(folder: Path, size: int) -> Action:
    entry = _entry(folder, size)
    return lambda: str(entry)


def entry_as_json(folder: Path, size: int) -> Action:
    entry = _entry(folder, size)
    return lambda: entry.to_json()


def _entry(folder: Path, size: int) -> Entry:
    world = make_world(folder, size)
    world.get("/v1/order/tradetickets?limit=1")
    return world.platform.journal.last


def beside_finished_faults(folder: Path, size: int) -> Action:
    world = make_world(folder)
    for _ in range(size):
        AddFault(fields={"operation": "GET /v2/investors", "status": 418, "times": 1}).perform(
            world.platform
        )
    for _ in range(size):
        with contextlib.suppress(AssertionError):
            world.get("/v2/investors?limit=1")
    return lambda: world.get("/v1/order/tradetickets?limit=1")


def beside_live_faults(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    for number in range(size):
        operation = f"GET /v1/order/tradetickets*{number}" if number % 2 else "GET /v1/*"
        fields = {"operation": operation, "application": f"server-{number}", "status": 503}
        AddFault(fields=fields).perform(world.platform)
    return lambda: world.get("/v1/order/tradetickets?limit=1")


def beside_scripted_answers(folder: Path, size: int) -> Action:
    world = make_world(folder, size)
    for number in range(size):
        operation = f"GET /v1/order/tradetickets*{number}" if number % 2 else "GET /v1/*"
        EnqueueAnswer(operation=operation, application=f"server-{number}", json={}).perform(
            world.platform
        )
    return lambda: world.get("/v1/order/tradetickets?limit=1")


def beside_other_queries(folder: Path, size: int) -> Action:
    """Faults and answers of the operation, each for another value of a parameter."""
    world = make_world(folder)
    operation = "GET /v1/order/tradetickets"
    for number in range(size // 2):
        query = {"cursor": str(number)}
        fault = {"operation": operation, "query": query, "status": 503}
        AddFault(fields=fault).perform(world.platform)
        EnqueueAnswer(operation=operation, query=query, json={}).perform(world.platform)
    return lambda: world.get("/v1/order/tradetickets?limit=1")


def arm_a_fault(folder: Path, size: int) -> Action:
    world = make_world(folder)
    fault = {"operation": "GET /v2/investors", "status": 503}
    for _ in range(size):
        AddFault(fields=fault).perform(world.platform)
    return lambda: AddFault(fields=fault).perform(world.platform)


def script_an_answer(folder: Path, size: int) -> Action:
    world = make_world(folder)
    for _ in range(size):
        EnqueueAnswer(operation="GET /v2/investors", json={}).perform(world.platform)
    return lambda: EnqueueAnswer(operation="GET /v2/investors", json={}).perform(world.platform)


def send_a_mail(folder: Path, size: int) -> Action:
    world = make_world(folder)
    box = world.platform.portal.mailbox
    letter = Letter(sender="a@example.com", subject="subject", text="text")

    def send() -> None:
        box.send(letter, to="b@example.com", at=world.platform.clock.now())

    for _ in range(size):
        send()
    return send


def last_mail(folder: Path, size: int) -> Action:
    world = make_world(folder)
    letter = Letter(sender="a@example.com", subject="subject", text="text")
    for _ in range(size):
        world.platform.portal.mailbox.send(
            letter, to="b@example.com", at=world.platform.clock.now()
        )
    return lambda: world.control.call("GET", "/mailbox?limit=1")


def create_a_link(folder: Path, size: int) -> Action:
    world = make_world(folder)
    links = world.platform.portal.links

    def create() -> None:
        links.create(account="svc-demo", serial_number=1, delivery=Delivery())

    for _ in range(size):
        create()
    return create


def revoke(folder: Path, size: int) -> Action:
    world, numbers = make_world(folder), itertools.count(1)
    revocations, now = world.platform.certificates.revocations, world.platform.clock.now()

    def revoke_one() -> None:
        revocations.add(next(numbers), now=now)

    for _ in range(size):
        revoke_one()
    return revoke_one


def get_by_key(folder: Path, size: int) -> Action:
    world, numbers = _with_records(folder, size), itertools.cycle(range(size))
    return lambda: world.get(f"/v2/investors?externalId=INV-{next(numbers):05}")


def post_a_record(folder: Path, size: int) -> Action:
    world, numbers = _with_records(folder, size), itertools.count(size)
    investor = {
        "name": "Alder Cove Trust",
        "standard": {"fullName": "Alder Cove Trust", "domicileIsoCode": "US"},
    }
    return lambda: world.post(
        "/v1/investors", {**investor, "externalId": f"INV-{next(numbers):05}"}
    )


def add_a_record(folder: Path, size: int) -> Action:
    world, numbers = _with_records(folder, size), itertools.count(size)
    return lambda: world.platform.data.add("investors", [{"externalId": f"INV-{next(numbers):05}"}])


def another_page(folder: Path, size: int) -> Action:
    world, numbers = _with_records(folder, size), itertools.count()
    return lambda: world.get(f"/v2/investors?limit={1 + next(numbers) % 99}")


def _with_records(folder: Path, size: int) -> World:
    made = json.loads((bundled_folder() / "data" / "investors.json").read_bytes())
    investors = tuple(
        {**made[number % len(made)], "externalId": f"INV-{number:05}"} for number in range(size)
    )
    collections = {**load_fixtures().collections, "investors": investors}
    return make_world(folder, collections=collections)


def read_in_sqlite(folder: Path, size: int) -> Action:
    world = stored_world(folder, size)
    return lambda: world.get("/v1/order/tradetickets?limit=1")


def token_in_sqlite(folder: Path, size: int) -> Action:
    world = stored_world(folder, size)
    return lambda: new_token(world)


def round_in_sqlite(folder: Path, size: int) -> Action:
    world = stored_world(folder, size)
    return lambda: authorization_round(world)


APPLICATIONS = (10, 100, 1000, 5000)
STORED = (100, 10_000, 100_000)
"""Authorizations in an SQLite state, with a twentieth as many applications; from 1,000 on, its
journal is full."""
MANY = (10, 100, 1000, 100_000)
RECORDS = (100, 1000, 5000, 20_000)
"""More records than cached answers."""

SUBJECTS = (
    *(
        Subject(call=call, stored="applications", sizes=APPLICATIONS, prepare=prepare)
        for call, prepare in {
            "functional GET": functional_get,
            "preflight of a browser": preflight,
            "metadata": metadata,
            "the portal's list of applications": portal_list,
            "a page of applications, control API": applications_page,
            "register one": register,
            "change one": change,
            "a new key pair for one": refresh_keys,
            "read the mailbox": mailbox,
            "one line of the log": log_line,
            "one entry of the journal as JSON": entry_as_json,
        }.items()
    ),
    Subject(
        call="functional GET",
        stored="faults that have ended",
        sizes=APPLICATIONS,
        prepare=beside_finished_faults,
    ),
    Subject(
        call="functional GET",
        stored="active faults of others",
        sizes=APPLICATIONS,
        prepare=beside_live_faults,
    ),
    Subject(
        call="functional GET",
        stored="scripted answers for others",
        sizes=APPLICATIONS,
        prepare=beside_scripted_answers,
    ),
    Subject(
        call="functional GET",
        stored="faults and answers for other queries of it",
        sizes=APPLICATIONS,
        prepare=beside_other_queries,
    ),
    Subject(call="arm one", stored="faults", sizes=APPLICATIONS, prepare=arm_a_fault),
    Subject(
        call="script one", stored="scripted answers", sizes=APPLICATIONS, prepare=script_an_answer
    ),
    Subject(call="send one", stored="mails", sizes=MANY, prepare=send_a_mail),
    Subject(call="read the newest", stored="mails", sizes=MANY, prepare=last_mail),
    Subject(call="create one", stored="certificate links", sizes=MANY, prepare=create_a_link),
    Subject(call="revoke one", stored="revocations", sizes=MANY, prepare=revoke),
    *(
        Subject(call=call, stored="records", sizes=RECORDS, prepare=prepare)
        for call, prepare in {
            "GET by key, each time another": get_by_key,
            "a page, each time another": another_page,
            "POST": post_a_record,
            "data.add of one": add_a_record,
        }.items()
    ),
    *(
        Subject(call=f"SQLite: {call}", stored="authorizations", sizes=STORED, prepare=prepare)
        for call, prepare in {
            "functional GET": read_in_sqlite,
            "token": token_in_sqlite,
            "authorization-code round": round_in_sqlite,
        }.items()
    ),
)


def cost(action: Action, seconds: float) -> float:
    """Milliseconds of CPU for one call: the smallest of several measurements."""
    action()
    calls, least = 1, float("inf")
    gc.collect()
    gc.disable()
    try:
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline or least == float("inf"):
            began = time.process_time()
            for _ in range(calls):
                action()
            used = time.process_time() - began
            if used < ENOUGH and calls < MOST_CALLS:
                calls *= 2
                continue
            least = min(least, used / calls)
    finally:
        gc.enable()
    return least * 1000


ENOUGH, MOST_CALLS = 0.01, 1024
"""Fewest seconds of one measurement, and its most calls."""


def main() -> None:
    """Takes SECONDS and DIVISOR: each size is divided, for a quick run."""
    seconds, divisor = float(sys.argv[1]), int(sys.argv[2])
    logging.getLogger("mock_sei").addHandler(logging.NullHandler())
    found: list[Costs] = []
    with tempfile.TemporaryDirectory(prefix="mock-sei-growth-") as name:
        for subject in SUBJECTS:
            sizes = [max(10, size // divisor) for size in subject.sizes]
            costs = [cost(subject.prepare(Path(name), size), seconds) for size in sizes]
            found.append(Costs(sizes=sizes, milliseconds=costs))
    json.dump({"found": [asdict(each) for each in found]}, sys.stdout)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The cost of one subject's call at each size."""

    sizes: Sequence[int]
    milliseconds: Sequence[float]


def growth_table(found: Iterable[Costs]) -> str:
    """A Markdown table with a line for each subject."""
    headings = ("call", "of what", "sizes", "milliseconds", "largest to smallest", "allowed", "")
    lines: list[Sequence[str]] = [headings, ["---"] * len(headings)]
    for subject, costs in zip(SUBJECTS, found, strict=True):
        ratio = costs.milliseconds[-1] / costs.milliseconds[0]
        allowed = "" if subject.at_most is None else f"{subject.at_most:g}"
        reached = "" if subject.at_most is None else "yes" if ratio <= subject.at_most else "**no**"
        lines.append(
            (
                subject.call,
                subject.stored,
                " / ".join(f"{each:,}" for each in costs.sizes),
                " / ".join(f"{each:.3f}" for each in costs.milliseconds),
                f"{ratio:.2f}",
                allowed,
                reached,
            )
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    main()
