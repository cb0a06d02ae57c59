"""All rows, and those that wait for a change of the platform."""

from __future__ import annotations

from tests.facts.browser_flow import BROWSER_FLOW
from tests.facts.catalogue import CATALOGUE
from tests.facts.certificates import CERTIFICATES
from tests.facts.conventions import CONVENTIONS
from tests.facts.desks import DESKS
from tests.facts.errors import ERRORS_AND_PAGING
from tests.facts.funds import FIGURES
from tests.facts.gateway import GATEWAY
from tests.facts.investors import INVESTORS
from tests.facts.orders import ORDERS
from tests.facts.parties import PARTIES
from tests.facts.portal import PORTAL
from tests.facts.portfolios import PORTFOLIOS
from tests.facts.sockets import SOCKETS
from tests.facts.tokens import TOKENS
from tests.facts.trade import TRADE
from tests.facts.user_tokens import USER_TOKENS

EVERY = (
    *GATEWAY,
    *TOKENS,
    *BROWSER_FLOW,
    *USER_TOKENS,
    *ERRORS_AND_PAGING,
    *CONVENTIONS,
    *PORTAL,
    *CERTIFICATES,
    *SOCKETS,
    *INVESTORS,
    *CATALOGUE,
    *PARTIES,
    *TRADE,
    *ORDERS,
    *FIGURES,
    *PORTFOLIOS,
    *DESKS,
)
