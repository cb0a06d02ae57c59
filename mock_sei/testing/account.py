"""``Account``: what a server-based application needs beside its certificate."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Account:
    """A service account, and the key pair of the application whose account it is."""

    username: str
    """The user name, which is the CN of the account's certificates."""
    password: str = field(repr=False)
    """The password of the account."""
    application: str
    """The name of the application."""
    app_key: str
    """The AppKey of the application."""
    app_secret: str = field(repr=False)
    """The AppSecret of the application."""
