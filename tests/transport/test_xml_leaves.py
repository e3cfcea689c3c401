"""XML of a server that need not be who it should be."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from adorm.transport.credentials.sts_answers import UnreadableXml, leaves_of


def test_each_element_has_its_text_by_its_path() -> None:
    document = (
        b"<?xml version='1.0'?><a:R xmlns:a='urn:x' k='v'> "
        b"<a:E><C> one &amp; &#x74;wo </C><C>three</C></a:E>"
        b"<F/><G><![CDATA[<x>]]></G></a:R>"
    )
    assert leaves_of(document) == {
        "R": "",
        "R/E": "",
        "R/E/C": "one & two",
        "R/F": "",
        "R/G": "<x>",
    }


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (f'<!DOCTYPE r [<!ENTITY l0 "lol">{LAUGHS}]><r>&l9;</r>', "document type"),
        ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "document type"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "document type"),
        ('<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><r/>', "document type"),
        ("<!DOCTYPE r><r/>", "document type"),
        ("<r>&x;</r>", "not well formed"),
        ("<r>", "not well formed"),
        ("", "not well formed"),
        ("no XML", "not well formed"),
        ("<r/><s/>", "not well formed"),
        ("<a>" * 17 + "</a>" * 17, "too deeply"),
        ("<a>" * 100_000, "too large"),
    ],
)
def test_what_is_not_plain_small_xml_is_refused(document: str, told: str) -> None:
    with pytest.raises(UnreadableXml, match=told):
        leaves_of(document.encode())


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(UnreadableXml):
        leaves_of("<r>ä</r>".encode("latin-1"))


@given(st.binary(max_size=200) | st.text(alphabet="<>/&;!?[]ab \"'", max_size=60).map(str.encode))
def test_whatever_comes_is_read_or_refused(document: bytes) -> None:
    try:
        leaves = leaves_of(document)
    except UnreadableXml:
        return
    assert all(leaves)
