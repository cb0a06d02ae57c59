"""The table of all assumptions, and the object that holds the values of one platform.

A row has a dotted name, such as ``token.lifetime``. What a user changed is a dictionary of such
names with values as JSON has them: so it travels in settings, resets and the control API.
:class:`Assumptions` is made from it when a platform begins, and at each reset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from mock_sei.assumptions.groups import (
    ROW,
    CodeRules,
    GatewayRules,
    LinkRules,
    PagingRules,
    Paths,
    RefreshTokenRules,
    RequestRules,
    RowTexts,
    SessionRules,
    TokenRules,
)
from mock_sei.assumptions.kinds import ValueKind
from mock_sei.assumptions.refusals import CHANGES, MEMBERS, SOURCES, Refusals, changeable

Changed = Mapping[str, Any]
"""The rows that differ from their defaults: values as JSON has them, by name."""


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One assumption: what of the real platform is assumed, and what shows it."""

    name: str
    """Such as ``token.lifetime``."""
    kind: ValueKind
    """Its type, with the allowed values."""
    default: Any
    """As JSON has it."""
    reason: str
    """Why the default is what it is."""
    changes: str
    """What it changes."""
    seen_by: str | None
    """The probe that shows its value on a real platform; None if none does."""
    unseen: str | None
    """Why no probe shows it; None if one does."""

    @property
    def group(self) -> str:
        """The part of the name before its last dot."""
        return self.name.rpartition(".")[0]

    @property
    def shown_by(self) -> str:
        """What shows it, in words."""
        return f"probe {self.seen_by}" if self.seen_by else f"not seen from outside: {self.unseen}"


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What one platform assumes of the real one."""

    refusal: Refusals = field(default_factory=Refusals)
    token: TokenRules = field(default_factory=TokenRules)
    code: CodeRules = field(default_factory=CodeRules)
    refresh_token: RefreshTokenRules = field(default_factory=RefreshTokenRules)
    session: SessionRules = field(default_factory=SessionRules)
    path: Paths = field(default_factory=Paths)
    paging: PagingRules = field(default_factory=PagingRules)
    request: RequestRules = field(default_factory=RequestRules)
    gateway: GatewayRules = field(default_factory=GatewayRules)
    certificate: LinkRules = field(default_factory=LinkRules)

    @classmethod
    def of(cls, changed: Changed) -> Assumptions:
        """The defaults with these rows changed. ``changed`` was checked before."""
        return cls(**_groups(changed)) if changed else DEFAULTS


DEFAULTS = Assumptions()
_REFUSAL = "refusal"

GROUPS: Mapping[str, Any] = MappingProxyType(
    {
        each.name: getattr(DEFAULTS, each.name)
        for each in fields(Assumptions)
        if each.name != _REFUSAL
    }
)
"""The groups without the refusals, each with its defaults."""


def _rows() -> Iterator[Assumption]:
    for name, kind in changeable():
        source = SOURCES[name]
        for member, value_kind in MEMBERS.items():
            yield Assumption(
                name=f"{_REFUSAL}.{name}.{member}",
                kind=value_kind,
                default=getattr(kind, member),
                reason=source.reason_of(member),
                changes=f"{CHANGES[member]}, if {source.when}",
                seen_by=source.seen_by,
                unseen=source.unseen,
            )
    for group, defaults in GROUPS.items():
        for each in fields(defaults):
            texts: RowTexts = each.metadata[ROW]
            default = each.default if each.default is not MISSING else getattr(defaults, each.name)
            yield Assumption(
                name=f"{group}.{each.name}",
                kind=texts.kind,
                default=texts.kind.plain(default),
                reason=texts.reason,
                changes=texts.changes,
                seen_by=texts.seen_by,
                unseen=texts.unseen,
            )


ROWS: Mapping[str, Assumption] = MappingProxyType({each.name: each for each in _rows()})
"""Every assumption, by name, in the order in which it is printed."""


def _groups(changed: Changed) -> dict[str, Any]:
    """The groups that differ from their defaults."""
    values: dict[str, dict[str, Any]] = {}
    for name, value in changed.items():
        group, _, member = name.rpartition(".")
        values.setdefault(group, {})[member] = ROWS[name].kind.read(value)
    found: dict[str, Any] = {}
    refusals: dict[str, dict[str, Any]] = {}
    for group, members in values.items():
        if group in GROUPS:
            found[group] = type(GROUPS[group])(**members)
        else:
            refusals[group.removeprefix(f"{_REFUSAL}.")] = members
    if refusals:
        found[_REFUSAL] = Refusals.of(refusals)
    return found
