"""Ports on one line: rows of spans are functions of ports, in as few spans as can be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachaudit.model.facts import ContainerPort, Protocol
from reachaudit.reach.ports import (
    ALL_PORTS,
    Span,
    by_protocol,
    named,
    overlay,
    ports_text,
    position,
    protocol_and_number,
    spans_between,
    union,
)

SIZE = 24


@st.composite
def spans(draw: st.DrawFn) -> Span:
    first, last = sorted(draw(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))))
    return Span(first, last)


pieces = st.lists(st.tuples(spans(), st.integers(1, 7)), max_size=5)


def at(row: list[tuple[Span, int]], port: int) -> int:
    found = 0
    for span, value in row:
        found |= value if span.first <= port <= span.last else 0
    return found


@given(pieces)
def test_a_row_has_on_each_port_all_that_was_laid_there(laid: list[tuple[Span, int]]) -> None:
    row = overlay(laid, int.__or__)
    assert [at(row, port) for port in range(SIZE)] == [at(laid, port) for port in range(SIZE)]
    for (span, value), (after, other) in pairwise(row):
        assert span.last < after.first
        assert span.last + 1 < after.first or value != other
    assert all(span.first <= span.last and value for span, value in row)


@given(st.dictionaries(spans(), st.integers(1, 7), max_size=5), spans())
def test_a_union_fills_what_it_is_asked_for(laid: dict[Span, int], wanted: Span) -> None:
    row = list(union(laid, wanted))
    assert [port for (first, last), _ in row for port in range(first, last + 1)] == list(
        range(wanted.first, wanted.last + 1)
    )
    for port in range(wanted.first, wanted.last + 1):
        assert at(row, port) == at(list(laid.items()), port)


def test_ports_are_cut_at_edges_and_between_protocols() -> None:
    udp, sctp = position("UDP", 0), position("SCTP", 0)
    whole = [Span(1, udp - 1), Span(udp + 1, sctp - 1), Span(sctp + 1, ALL_PORTS.last)]
    assert spans_between([]) == spans_between([-5, 0, 1, udp, sctp, ALL_PORTS.last + 1]) == whole
    assert spans_between([80, ALL_PORTS.last]) == [
        *(Span(1, 79), Span(80, udp - 1), Span(udp + 1, sctp - 1)),
        *(Span(sctp + 1, ALL_PORTS.last - 1), Span(ALL_PORTS.last, ALL_PORTS.last)),
    ]


@pytest.mark.parametrize(
    ("span", "parts"),
    [
        (ALL_PORTS, [("TCP", 1, 65535), ("UDP", 1, 65535), ("SCTP", 1, 65535)]),
        (Span(0, 0), []),
        (Span(65535, 65537), [("TCP", 65535, 65535), ("UDP", 1, 1)]),
        (Span(131072 + 53, 131072 + 54), [("SCTP", 53, 54)]),
    ],
)
def test_a_span_is_told_protocol_by_protocol(
    span: Span, parts: list[tuple[Protocol, int, int]]
) -> None:
    assert list(by_protocol(span)) == parts
    for protocol, first, _ in parts:
        assert protocol_and_number(position(protocol, first)) == (protocol, first)


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [(1, 65535, "all ports"), (80, 80, "80"), (1, 65534, "1-65534"), (2, 65535, "2-65535")],
)
def test_ports_are_told_shortly(first: int, last: int, text: str) -> None:
    assert ports_text(first, last) == text


def test_the_first_port_of_a_name_and_protocol_is_meant() -> None:
    """NP-40, SVC-4."""
    ports = [
        ContainerPort("web", 53, "UDP"),
        ContainerPort("web", 80, "TCP"),
        ContainerPort("web", 81, "TCP"),
    ]
    assert named(ports, "web", "TCP") == 80
    assert named(ports, "dns", "TCP") is None
