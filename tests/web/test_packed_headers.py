"""Many headers are kept as one text and read back as they came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.web.packed_headers import FEW, PackedHeaders, kept_headers

NAMES = st.binary(min_size=1, max_size=9).filter(lambda name: not {10, 13, 58} & set(name))
VALUES = st.binary(max_size=9).filter(lambda value: not {10, 13} & set(value))


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_they_are_read_back_as_they_came(headers: list[tuple[bytes, bytes]]) -> None:
    packed = PackedHeaders(headers)

    assert list(packed) == headers
    assert len(packed) == len(headers)
    assert packed[:2] == headers[:2]


@pytest.mark.parametrize(("count", "packed"), [(FEW, False), (FEW + 1, True)])
def test_few_are_kept_as_they_are(count: int, packed: bool) -> None:
    headers = [(b"a", b"b")] * count

    assert isinstance(kept_headers(headers), PackedHeaders) is packed
    assert list(kept_headers(headers)) == headers
