"""Reads ``JAVA_TOOL_OPTIONS`` and similar variables as the JVM does: split at white space, with
quotes.

Source: the JDK's ``Arguments::parse_options_buffer``. A quote ends at the next quote of the same
kind, and there is no escape character.
"""

from __future__ import annotations

import re

TRUST_STORE = "-Djavax.net.ssl.trustStore="
TRUST_STORE_PASSWORD = "-Djavax.net.ssl.trustStorePassword="
PROTOCOLS = ("-Djdk.tls.client.protocols=", "-Dhttps.protocols=")
_OPTION = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+|["'].*""", re.DOTALL)
_QUOTED = re.compile(r"""(["'])(.*?)\1""", re.DOTALL)


def split_options(text: str) -> list[str]:
    """The options without their quotes. An unclosed quote extends to the end of the text."""
    return [_QUOTED.sub(r"\2", each) for each in _OPTION.findall(text)]


def has_open_quote(text: str) -> bool:
    """Whether a quote is not closed. Then the JVM does not start."""
    return bool(set("'\"") & set(_QUOTED.sub("", text)))


def value_of(text: str, option: str) -> str | None:
    """The value of the last option that begins with ``option``; None without one."""
    values = [each.removeprefix(option) for each in split_options(text) if each.startswith(option)]
    return values[-1] if values else None


def trust_store_of(text: str) -> str | None:
    """The path of the trust store that the options set; None without one."""
    return value_of(text, TRUST_STORE) or None


def quoted(option: str) -> str:
    """The option in quotes, so that the JVM does not split it."""
    if not re.search(r"\s", option) and not set("'\"") & set(option):
        return option
    quote = "'" if '"' in option else '"'
    return f"{quote}{option}{quote}" if quote not in option else quoted_in_pieces(option)


def quoted_in_pieces(option: str) -> str:
    """Quotes a text with both kinds of quotes: each is put inside quotes of the other kind."""
    pieces = re.findall(r"""[^']+|'+""", option)
    return "".join(f'"{each}"' if each[0] == "'" else f"'{each}'" for each in pieces)
