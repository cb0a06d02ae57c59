"""Small typical documents, one file each in ``cases/``, with the expected outcome of calls.

A line of a table is a call and its outcome: the status and, if a number is not enough, a part of
the answer, of a fault, of a note or of the reason.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from mock_sei.apis.bodies import is_json
from mock_sei.apis.calls import ApiAnswer
from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.patterns import Budget
from mock_sei.errors import MalformedRequest, Refusal
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import JSON, Engine
from tests.cases import every_case

pytestmark = pytest.mark.long

CASES = Path(__file__).parent / "cases"
FORM = {"content-type": "application/x-www-form-urlencoded"}
PARTS = {"content-type": "multipart/form-data; boundary=cut"}
TEXT = {"content-type": "text/plain"}


@dataclass(frozen=True, kw_only=True)
class Case:
    told: tuple[str, ...] = ()
    """Parts of the report about the document, in the order of its entries."""
    calls: dict[str, Any] = field(default_factory=dict)
    """For a method, a path behind the document's base path, and a body: the status, or the status
    and a text."""
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def part(name: str, text: str, more: str = "") -> str:
    """A multipart body with one field."""
    head = f'Content-Disposition: form-data; name="{name}"{more}'
    return f"--cut\r\n{head}\r\n\r\n{text}\r\n--cut--\r\n"


READ_ONLY = {
    'POST /gromps {"name": "a", "secret": "b"}': (201, '{"id": 0, "name": "text"}'),
    'POST /gromps {"name": "a"}': (400, "secret: required and missing"),
    'POST /gromps {"id": 1, "name": "a", "secret": "b"}': 201,
    'POST /wraps {"gromp": {"name": "a", "secret": "b"}}': (
        201,
        '{"gromp": {"id": 0, "name": "text"}}',
    ),
    'POST /wraps {"gromp": {"name": "a"}}': (400, "gromp.secret: required and missing"),
    'POST /subs {"name": "a", "secret": "b", "hue": "c"}': 201,
    'POST /subs {"name": "a"}': (400, "secret: required and missing"),
}
CENTS = ("19.99", "0.07", "0.29", "1.11", "0.01", "100000000.01", "-0.07", "4")

ODD = '{"$ref": "a", "type": "b", "properties": {}, "items": [], "example": 1}'

TABLE = {
    "c01-link-body.yaml": Case(calls={"POST /gromps {}": 201, "POST /gromps/again": 204}),
    "c02-same-name.yaml": Case(
        calls={
            "GET /gromps/5": 200,
            "GET /gromps/5?id=text": 200,
            "GET /gromps/five": (400, "id@path: must be a whole number"),
        }
    ),
    "c03-items-ref.yaml": Case(
        calls={
            "GET /gromps?nums=1,2": 200,
            "GET /gromps?nums=1&nums=2": 200,
            "GET /gromps?nums=0": (400, "nums"),
            "GET /gromps?nums=a": (400, "nums"),
            "GET /gromps?low=1,2": 200,
            "GET /gromps?low=0": (400, "low"),
            "GET /gromps?flags=true,false": 200,
            "GET /gromps?flags=maybe": (400, "flags"),
            "GET /gromps?shades=murk,glim": 200,
            "GET /gromps?shades=dusk": (400, "shades"),
        }
    ),
    "c04-enum-untyped.yaml": Case(
        calls={
            "GET /gromps?size=1": 200,
            "GET /gromps?size=3": (400, "size"),
            "GET /gromps?level=5": 200,
            "GET /gromps?level=6": (400, "level"),
            "GET /gromps?mode=2": 200,
            "GET /gromps?mode=3": (400, "mode"),
        }
    ),
    "c07-readonly30.yaml": Case(calls=READ_ONLY),
    "c07-readonly31.yaml": Case(calls=READ_ONLY),
    "c09-cents.yaml": Case(
        calls={
            **{f"GET /tills?sum={each}": 200 for each in CENTS},
            **{f'POST /tills {{"sum": {each}}}': 200 for each in CENTS},
            "GET /tills?sum=0.075": (400, "sum"),
            'POST /tills {"sum": 19.995}': (400, "sum: 19.995 is not a multiple of 0.01"),
        }
    ),
    "c10-long-pattern.yaml": Case(),
    "c11-examples-list.yaml": Case(
        told=("examples: must be a mapping of names to examples; the first", "externalValue"),
        calls={
            "GET /gromps": (200, '{"id": 1}'),
            "GET /gromps2": (200, "{}"),
            "GET /gromps3": (200, '{"id": 3}'),
            "GET /gromps4": (200, '{"id": 5}'),
        },
    ),
    "c12-self-allof.yaml": Case(
        told=("components.schemas.Loop.allOf[0].$ref: the schema contains itself",),
        calls={"GET /loops": (200, "{}"), "POST /loops {}": 204, "POST /loops 5": 400},
    ),
    "c13-ref-siblings.yaml": Case(
        calls={
            "GET /gromps": (200, '"extra": 0'),
            "GET /gromps?size=5": 200,
            "GET /gromps?size=6": (400, "size"),
            "GET /gromps?size=0": (400, "size"),
            "GET /prop": (200, '{"a": 55}'),
        }
    ),
    "c14-allof.yaml": Case(
        calls={
            "GET /kinds": (200, '"kind": "murk"'),
            "GET /kinds31": (200, '{"hue": "teal"}'),
            "GET /scalar": (200, '{"n": 5}'),
            "GET /reqfirst": (200, '{"count": 0}'),
            "GET /deep": (200, '{"count": 0}'),
            "GET /either": (200, '{"id": 0, "iban": "text"}'),
            "GET /nested": (200, '{"m": {"x": 0, "y": 0}}'),
        }
    ),
    "c18-xml-csv.yaml": Case(
        calls={
            "GET /asxml": (200, "<gromp><id>0</id></gromp>"),
            "GET /ascsv": (200, "id\r\n0"),
            "GET /astext": (200, "text"),
            "GET /asnum": (200, "0"),
            "GET /aspng": (200, "PNG"),
            "GET /asany": (200, '{"id": 0}'),
            "GET /asimage": (200, "PNG"),
            "GET /both": (200, '{"id": 0}'),
            "GET /asnd": (200, '{"id": 0}\n'),
            "GET /charset": (200, '{"id": 0}'),
            "GET /vendor": (200, '{"id": 0}'),
        }
    ),
    "c19-methods.yaml": Case(
        calls={
            "HEAD /gromps": 204,
            "OPTIONS /gromps": 200,
            "TRACE /gromps": 200,
            "HEAD /only-head": 200,
            "OPTIONS /only-options": 204,
        }
    ),
    "c20-bom-yaml.yaml": Case(calls={"GET /x": 200}),
    "c20-bom.json": Case(calls={"GET /x": 200}),
    "c21-utf16.json": Case(told=("c21-utf16.json: not UTF-8 text",)),
    "c22-upper.YAML": Case(calls={"GET /x": 200}),
    "c22-upper2.JSON": Case(calls={"GET /x": 200}),
    "c23-merge.yaml": Case(
        calls={"GET /gromps": (200, '{"id": 0}'), "GET /gromps/one": (200, '{"id": 0}')}
    ),
    "c24-times.yaml": Case(
        calls={
            "GET /gromps?at=2026-03-31T13:30:00.123456789Z": 200,
            "GET /gromps?at=2026-03-31t13:30:00z": 200,
            "GET /gromps?at=2026-03-31T13:30:00%2B05:30": 200,
            "GET /gromps?at=2026-03-31": (400, "at"),
            "GET /gromps?on=2026-03-31": 200,
            "GET /gromps?on=2026-3-31": (400, "on"),
            "GET /gromps?uid=00000000-0000-4000-8000-000000000000": 200,
            "GET /gromps?uid=zz": (400, "uid"),
            "GET /gromps?mail=a@example.com": 200,
            "GET /gromps?mail=zz": (400, "mail"),
            "GET /gromps?clock=13:30:00Z": 200,
            "GET /gromps?clock=zz": (400, "clock"),
            "GET /gromps?ip=127.0.0.1": 200,
            "GET /gromps?ip=1": (400, "ip"),
            'POST /gromps {"at": "2026-03-31t13:30:00.123456789z"}': 200,
            'POST /gromps {"at": "not a time"}': (400, "at"),
            'POST /gromps {"on": "2026-02-30"}': (400, "on"),
            'POST /gromps {"uid": "zz"}': (400, "uid"),
            'POST /gromps {"mail": "zz"}': (400, "mail"),
            'POST /gromps {"u": "not a uri"}': (400, "u"),
            'POST /gromps {"n": 1099511627776}': (400, "n"),
            'POST /gromps {"b": "??"}': (400, "b"),
        }
    ),
    "c25-param-content.yaml": Case(
        calls={
            "GET /gromps": (400, "filter@query: required and missing"),
            "GET /gromps?filter=nonsense": (400, "filter@query: must be JSON"),
            "GET /gromps?filter={}": (400, "required and missing"),
            'GET /gromps?filter={"hue":"teal"}': 200,
        }
    ),
    "c26-styles.yaml": Case(
        calls={
            "GET /deep": (400, "filter@query: required and missing"),
            "GET /deep?filter[hue]=teal": 200,
            "GET /deep?filter[hue]=teal&filter[size]=3": 200,
            "GET /deep?filter[hue]=dusk": (400, "hue"),
            "GET /deep?filter[hue]=teal&filter[size]=x": (400, "size"),
            "GET /deep?filter[hue]=teal&filter[zz]=1": (400, "zz"),
            "GET /pipes": (400, "nums@query: required and missing"),
            "GET /pipes?nums=1|2": 200,
            "GET /pipes?nums=1%7C2": 200,
            "GET /pipes?nums=1|x": (400, "nums"),
            "GET /spaces?nums=1%202": 200,
            "GET /spaces?nums=1%202%203": (400, "nums"),
            "GET /formobj": (400, "point@query: required and missing"),
            "GET /formobj?x=1&y=2": 200,
            "GET /formobj?x=k": (400, "x"),
            "GET /refobj?point[x]=1": 200,
            "GET /refobj?point[x]=k": (400, "x"),
            "GET /commas?tags=a,b": 200,
            "GET /commas?tags=a&tags=b": 200,
            "GET /commas?tags=a,b,c": 200,
            "GET /commas?tags=a&tags=b&tags=c": (400, "tags"),
            "GET /label/.1,2": 200,
            "GET /label/1": (400, "must begin with . (style label)"),
            "GET /matrix/;num=5": 200,
            "GET /matrix/5": (400, "must begin with ;num= (style matrix)"),
            "GET /bracket": (400, "ids[]@query: required and missing"),
            "GET /bracket?ids[]=1&ids[]=2&page[limit]=10": 200,
            "GET /bracket?ids[]=1&page[limit]=11": (400, "page[limit]"),
        }
    ),
    "c27-paths.yaml": Case(
        calls={
            "GET /gromps/a": (200, "{}"),
            "GET /gromps/a/parts/b": (400, "part@path"),
            "POST /gromps/me": 204,
            "POST /gromps/a:close": 202,
            "GET /gromps/a.csv": 203,
            "GET /span/1-2": 200,
            "GET /span/a-2": (400, "a@path"),
            "GET /slashed/": 200,
            "GET /bare": 200,
            "GET /with%20space/1": 200,
            "GET /%C3%BCnder/x": 200,
            "GET /qq(id=3)": 200,
            "GET /fixed?kind=a": 200,
            "GET /fixed?kind=b": 404,
        }
    ),
    "c28-headers.yaml": Case(
        calls={
            "POST /gromps": (201, "X-Count: 7"),
            "POST /gromps ": (201, "Location: https://localhost/c28-headers/gromps/"),
            "GET /moved": (302, "Location: /elsewhere"),
        }
    ),
    "c29-stray-path-param.yaml": Case(
        told=("the path has no {key}", "the path has no {zone}"),
        calls={"GET /gromps": 200, "GET /gromps/a": 200},
    ),
    "c31-generate.yaml": Case(
        calls={"GET /datelen": (200, "could not be satisfied: '2026-01-31' is too short")}
    ),
    "c32-text-example.yaml": Case(
        calls={
            "GET /gromps": (200, '{"id": 4}'),
            "GET /named": (200, '{"id": 4}'),
            "GET /nullex": (200, "an example that does not fit its schema: null is not"),
        }
    ),
    "c33-forms.yaml": Case(
        headers=FORM,
        calls={
            "POST /login user=a&age=3": 200,
            "POST /login age=x&zzz=1": (400, "user: required and missing"),
            "POST /login user=a&age=x": (400, "age"),
            "POST /login user=a&zzz=1": (400, "zzz"),
            "POST /optional": 200,
        },
    ),
    "c33-forms.yaml multipart": Case(
        headers=PARTS,
        calls={
            f"POST /upload {part('doc', 'a', '; filename=a')}": 200,
            f"POST /upload {part('note', 'a')}": (400, "doc: required and missing"),
            "POST /upload garbage": 400,
        },
    ),
    "c33-forms.yaml text": Case(
        headers=TEXT, calls={"POST /textnum abc": 200, "POST /textnum abcd": (400, "too long")}
    ),
    "c33-forms.yaml json": Case(
        calls={
            "POST /optional": 200,
            "POST /optional {}": (400, "a: required and missing"),
            "POST /anything {}": (400, "a: required and missing"),
            'POST /anything {"a": 1}': 200,
            "POST /charset {}": (400, "a: required and missing"),
            'POST /charset {"a": 1}': 200,
        }
    ),
    "c34-records.yaml": Case(
        records={
            "/c34-records/gromps": [{"code": "G1", "hue": "teal"}, {"code": "G2", "hue": "x"}]
        },
        calls={
            "GET /gromps": (200, '"total": 2}'),
            "GET /gromps?hue=teal": (
                200,
                '{"items": [{"code": "G1", "hue": "teal"}], "total": 1}',
            ),
            "GET /gromps?limit=1": (200, '"total": 2}'),
            "GET /gromps/G2": (200, '{"code": "G2", "hue": "x"}'),
            "GET /gromps/G3": (404, "a known grompId"),
        },
    ),
    "c34-records.yaml wrong": Case(
        records={"/c34-records/gromps": [{"code": 5}]},
        calls={"GET /gromps": (200, "from records that do not fit its schema: items.0.code")},
    ),
    "c37-status.yaml": Case(
        told=("paths[/c101].get.responses", "paths[/c999].get.responses"),
        calls={
            "GET /range": (200, '{"a": 0}'),
            "GET /default": (200, '{"d": 0}'),
            "GET /lowx": (200, '{"a": 0}'),
            "GET /onlybad": (200, "declares only errors"),
            "GET /none": 200,
            "POST /errdefault": 201,
            "GET /c204": 204,
            "POST /c205": 205,
            "GET /c304": 304,
            "GET /c299": (299, "0"),
            "POST /c202first": 202,
            "GET /c101": (404, "responses"),
            "GET /c999": (404, "responses"),
        },
    ),
    "c42-not-plain-default.yaml": Case(
        told=("parameters[2].schema.default", "parameters[4].schema.default"),
        calls={"GET /gromps": 200, "GET /gromps?n=4": 200, "GET /gromps?n=nope": (400, "n@query")},
    ),
    "c47-recursive.yaml": Case(
        calls={
            "GET /tree": (200, '{"name": "text", "kids": []}'),
            "GET /must": (200, "could not be satisfied: inner"),
        }
    ),
    "c47b-slow-oneof.yaml": Case(calls={"GET /zorbs": (200, "could not be satisfied")}),
    "c47c-slow-valid.yaml": Case(calls={"GET /yarns": (200, '{"sort": "end"}')}),
    "c50-nullable.yaml": Case(
        calls={
            'POST /p {"a": null, "b": null, "c": null, "e": null, "f": null, "g": null}': 204,
            'POST /p {"e": ["a", null]}': 204,
            'POST /p {"h": 3}': (400, "h"),
            'POST /p {"h": 4, "i": 3}': 204,
            'POST /p {"i": 4}': (400, "i"),
            'POST /p {"a": 5}': (400, "a"),
        }
    ),
    "c56-dup.yaml": Case(
        told=("/x (line 6): this key occurs twice; the last one is read",),
        calls={"POST /x": 200, "GET /x": 405},
    ),
    "c56-dupj.json": Case(
        told=("/x: this key occurs twice; the last one is read",),
        calls={"POST /x": 200, "GET /x": 405},
    ),
    "c57-float.yaml": Case(calls={"GET /x": 200}),
    "c57-v32.yaml": Case(calls={"GET /x": 200}),
    "c58-webhook-only-paths-empty.yaml": Case(),
    "c58b-components.yaml": Case(),
    "c58c-webhooks.yaml": Case(),
    "c58d-emptypaths.yaml": Case(),
    "c60-tab.yaml": Case(told=("c60-tab.yaml: not valid YAML: ",)),
    "c60-two.yaml": Case(told=("c60-two.yaml: not valid YAML: expected a single document",)),
    "c61-security.yaml": Case(
        told=(".security: must be", ".tags = ", ".operationId = ", ".summary: ", "security: "),
        calls={"GET /x": 200},
    ),
    "c61b-security.yaml": Case(
        told=(".security: must be", "components.examples: "),
        calls={"GET /x": 200},
    ),
    "c62-props-named.yaml": Case(
        calls={
            f"POST /gromps {ODD}": 204,
            'POST /gromps {"$ref": "a"}': (400, "type: required and missing"),
        }
    ),
    "c63-required-bool.yaml": Case(
        told=("schema.properties.a.required",),
        calls={"GET /gromps": (404, "schema.properties.a.required")},
    ),
    "c64-path-undeclared.yaml": Case(
        told=("paths[/gromps/{key}].get: the path has {key}",),
        calls={"GET /fine": 200, "GET /gromps/a": (404, "the path has {key}")},
    ),
    "c65-external.yaml": Case(
        told=("shapes/gromp.yaml",), calls={"GET /gromps": (404, "shapes/gromp.yaml")}
    ),
    "c66-json-schema-id.yaml": Case(calls={"GET /gromps": (200, '{"a": 0}')}),
    "c66b-anchor.yaml": Case(calls={"GET /gromps": (200, "{}")}),
    "c66c-dynref.yaml": Case(calls={"GET /gromps": (200, '{"n": 0')}),
    "c67-pathitem-ref.yaml": Case(calls={"GET /gromps": 200}),
    "c68-components-extension.yaml": Case(calls={"GET /gromps": 200}),
    "c72-media-crlf.yaml": Case(
        told=("paths[/gromps].get.responses.200.content",), calls={"GET /gromps": 404}
    ),
    "c73-path-fragment.yaml": Case(calls={"PUT /gromps/4": 200}),
    "c74-shapeless.yaml": Case(
        calls={
            "GET /a": (200, "{}"),
            "GET /c": (200, "{}"),
            "GET /d": (200, '"n": 4'),
        }
    ),
}

PREFIXES = {"c68-components-extension": "c68", "c72-media-crlf": "c72", "c73-path-fragment": "c73"}


def load(path: Path, folder: Path) -> tuple[Engine, list[str]]:
    """The platform with one document, and the report about the document."""
    own = folder / path.stem
    own.mkdir(exist_ok=True)
    shutil.copy(path, own)
    fixtures = load_fixtures(apis=own)
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), fixtures.brought)
    return engine, [*fixtures.problems, *engine.catalogue.problems]


def outcome(engine: Engine, call: str, prefix: str, headers: dict[str, str]) -> tuple[int, str]:
    """The status, and all text of an answer or a refusal."""
    method, target, *rest = call.split(" ", 2)
    engine.findings.notes.clear()
    sent = {} if not rest or not rest[0] else headers
    try:
        found = engine.call(
            unquoted(prefix + target), method=method, body="".join(rest), headers=sent
        )
    except MalformedRequest as error:
        return 400, "\n".join(
            f"{fault.field}@{fault.location}: {fault.reason}".replace("@body", "")
            for fault in error.faults
        )
    except Refusal as error:
        why = error.why
        return error.kind.status, "\n".join(map(str, (why.because, why.expected, why.actual)))
    lines = [f"{name}: {value}" for name, value in found.headers.items()]
    return found.status, "\n".join([*lines, *engine.findings.notes, text_of(found)])


def unquoted(target: str) -> str:
    """The target of a call with a decoded path, as the server passes it to the catalogue."""
    path, mark, query = target.partition("?")
    return unquote(path) + mark + query


def text_of(found: ApiAnswer) -> str:
    text = (found.content or b"").decode(errors="replace")
    return json.dumps(found.body) if found.content is None or is_json(found.media_type) else text


def lines() -> Iterator[Any]:
    for name, case in TABLE.items():
        for call, wanted in case.calls.items():
            yield pytest.param(name, call, wanted, id=f"{name.partition('.')[0]} {call[:60]}")


@pytest.mark.slow
@every_case(("name", "call", "wanted"), list(lines()))
def test_a_call_of_a_case_is_answered_as_its_document_says(
    name: str, call: str, wanted: Any, tmp_path: Path
) -> None:
    case, file = TABLE[name], CASES / name.partition(" ")[0]
    status, text = wanted if isinstance(wanted, tuple) else (wanted, "")
    engine, _ = load(file, tmp_path)
    tables = Collections({name: tuple(each) for name, each in case.records.items()})
    engine.state = replace(engine.state, collections=tables)

    found = outcome(engine, call, f"/{PREFIXES.get(file.stem, file.stem)}", case.headers)

    assert found[0] == status, found
    assert text in found[1]


@every_case("name", [each for each in TABLE if " " not in each])
def test_what_is_wrong_in_a_case_is_reported_and_nothing_else(name: str, tmp_path: Path) -> None:
    _, problems = load(CASES / name, tmp_path)

    assert len(problems) == len(TABLE[name].told), problems
    for text in TABLE[name].told:
        assert any(text in each and name in each for each in problems), problems


@every_case("name", [each for each in TABLE if " " not in each])
def test_every_made_answer_of_a_case_fits_its_schema_or_a_note_says_why(
    name: str, tmp_path: Path
) -> None:
    engine, _ = load(CASES / name, tmp_path)
    for operation in engine.catalogue.operations:
        if operation.method != "GET" or operation.required_parameters:
            continue
        engine.findings.notes.clear()
        found = engine.call(operation.path)
        media = operation.raw.get("responses", {}).get("200", {}).get("content", {})
        schema = media.get("application/json", {}).get("schema")
        if schema is None or found.media_type != "application/json":
            continue
        misfits = find_misfits(operation.document, schema, found.body, Budget())
        assert misfits == [] or engine.findings.notes, (operation.name, found.body, misfits)


def test_every_file_of_the_cases_is_in_the_table() -> None:
    assert {each.partition(" ")[0] for each in TABLE} == {
        each.name for each in CASES.iterdir() if each.is_file()
    }
