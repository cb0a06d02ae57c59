"""How a store keeps a scripted answer: as JSON, with the placeholders that were found in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mock_sei.faults.answers import ReadyAnswer, ScriptedAnswer
from mock_sei.faults.placeholders import Part, Placeholder, Slot
from mock_sei.faults.templates import AnswerTemplate
from mock_sei.matching.parts import RequestParts
from mock_sei.matching.targets import CallTarget
from mock_sei.rules.standards import Listener
from mock_sei.values.codecs import Codec


def _write(answer: ScriptedAnswer) -> str:
    """The answer as JSON text. A function cannot be written."""
    target, ready, template = answer.target, answer.ready, answer.template
    return json.dumps(
        {
            "operation": target.operation,
            "application": target.application,
            "listener": target.listener,
            "parts": {name: getattr(target.parts, name) for name in target.parts.given},
            "status": ready.status,
            "content": ready.content.decode(),
            "media_type": ready.media_type,
            "headers": dict(ready.headers),
            "times": answer.times,
            "when": dict(answer.when),
            "then": dict(answer.then),
            "required": answer.required,
            "template": None if template is None else _write_template(template),
            "digest": answer.digest,
        }
    )


def _read(text: str) -> ScriptedAnswer:
    told = json.loads(text)
    listener, template = told["listener"], told["template"]
    return ScriptedAnswer(
        target=CallTarget(
            operation=told["operation"],
            application=told["application"],
            listener=None if listener is None else Listener(listener),
            parts=RequestParts(**told["parts"]),
        ),
        ready=ReadyAnswer(
            status=told["status"],
            content=told["content"].encode(),
            media_type=told["media_type"],
            headers=told["headers"],
        ),
        times=told["times"],
        when=told["when"],
        then=told["then"],
        required=told["required"],
        template=None if template is None else _read_template(template),
        digest=told["digest"],
    )


def _write_template(template: AnswerTemplate) -> dict[str, Any]:
    return {
        "body": None if template.body is None else _write_parts(template.body),
        "headers": {name: _write_parts(parts) for name, parts in template.headers.items()},
    }


def _read_template(told: dict[str, Any]) -> AnswerTemplate:
    return AnswerTemplate(
        body=None if told["body"] is None else _read_parts(told["body"]),
        headers={name: _read_parts(parts) for name, parts in told["headers"].items()},
    )


def _write_parts(parts: Iterable[Part]) -> list[Any]:
    """A text as it is; a slot as a list: how it is written, then its placeholder."""
    return [each if isinstance(each, str) else _write_slot(each) for each in parts]


def _write_slot(slot: Slot) -> list[Any]:
    placeholder = slot.placeholder
    steps = list(placeholder.steps)
    return [slot.written, placeholder.text, placeholder.kind, placeholder.name, steps]


def _read_parts(told: Iterable[Any]) -> list[Part]:
    return [each if isinstance(each, str) else _read_slot(*each) for each in told]


def _read_slot(written: Any, text: str, kind: Any, name: str, steps: list[str]) -> Slot:
    return Slot(Placeholder(text, kind, name, tuple(steps)), written)


ANSWER: Codec[ScriptedAnswer] = Codec(write=_write, read=_read)
