"""YAML as kubectl reads it, line by line, and never at more cost than it is long."""

import pytest

from reachaudit.watch.files.documents import Document, Fault
from reachaudit.watch.files.texts import documents
from reachaudit.watch.files.yamlvalues import DEEPEST, MOST_ALIASED


def values(text: str) -> list[object]:
    """The values of all documents; nothing may be at fault."""
    found = list(documents(text.encode()))
    assert all(isinstance(each, Document) and not each.faults for each in found)
    return [each.value for each in found if isinstance(each, Document)]


def faults(text: str | bytes) -> list[str]:
    """What is at fault, as `line: sentence`."""
    found = documents(text if isinstance(text, bytes) else text.encode())
    told: list[Fault] = []
    for each in found:
        told += [each] if isinstance(each, Fault) else each.faults
    return [f"{fault.line}: {fault.text}" for fault in told]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("web", "web"),
        ("yes", True),
        ("y", True),
        ("On", True),
        ("off", False),
        ("N", False),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("", None),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("+12", 12),
        ("-12", -12),
        ("012", 10),
        ("0o12", 10),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("08", 8.0),
        ("1e3", 1000.0),
        ("12e34567", "12e34567"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616.0),
        ("9" * 5000, "9" * 5000),
        ("12:30", "12:30"),
        ("2001-12-14", "2001-12-14"),
        ("1.2.3", "1.2.3"),
        ("'yes'", "yes"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!local 12", "12"),
        ("|\n  12", "12\n"),
        ("<<", "<<"),
    ],
)
def test_a_scalar_means_what_it_means_to_kubectl(written: str, value: object) -> None:
    """Held against go.yaml.in/yaml/v2 as kubectl uses it."""
    [document] = values(f"a: {written}\n")
    assert document == {"a": value}
    assert isinstance(document, dict)
    assert type(document["a"]) is type(value)


def test_keys_become_text() -> None:
    assert values("{1: a, yes: b, 1.5: c, '2': d}") == [
        {"1": "a", "true": "b", "1.5": "c", "2": "d"}
    ]
    assert faults("{a: b}: c") == ["1: a key is neither text nor a number"]
    assert faults("~: c") == ["1: a key is neither text nor a number"]


def test_documents_stand_between_dashes() -> None:
    text = "# first\n---\na: 1\n--- # second\n\n---\n# nothing\n---\nb: 2\n...\n---\n- c\n"
    assert values(text) == [{"a": 1}, None, None, {"b": 2}, ["c"]]
    assert values("") == values("# only\n") == []
    assert values("# only\n---\n# comments\n---\n") == [None, None]


def test_directives_go_with_their_document() -> None:
    assert values("%YAML 1.1\n# a\n---\na: 1\n") == [{"a": 1}]


def test_anchors_aliases_and_merges() -> None:
    text = """
base: &base {image: web, port: 80}
one: {<<: *base, port: 81}
two: {<<: [{port: 1}, *base]}
three: [*base, *base]
four: &four text
five: *four
"""
    base = {"image": "web", "port": 80}
    assert values(text) == [
        {
            "base": base,
            "one": {"image": "web", "port": 81},
            "two": {"image": "web", "port": 1},
            "three": [base, base],
            "four": "text",
            "five": "text",
        }
    ]
    assert faults("<<: 1") == ["1: the merge key << takes a mapping, or a list of mappings"]
    assert faults("a: *b") == ["1: the alias *b has no anchor before it"]
    assert faults("a: &b [*b]") == ["1: the alias *b has no anchor before it"]


def test_a_key_that_stands_twice_counts_the_second_time_and_is_told() -> None:
    [document] = documents(b"a: 1\nb: 2\na: 3\n")
    assert isinstance(document, Document)
    assert document.value == {"a": 3, "b": 2}
    assert document.faults == [Fault("the key 'a' stands twice here", 3)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: b: c", "1: no YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: 1", "2: no YAML: a tab stands where only spaces may"),
        (
            'a:\n  b: "x\n  c: 1\n',
            (
                "3: no YAML: found unexpected end of stream while scanning a quoted scalar "
                "that begins on line 2"
            ),
        ),
        ("a: \x01", "1: no YAML: control characters are not allowed"),
        (
            "a: 1\nb: {{ .Values.b }}\n",
            (
                "2: a key is neither text nor a number; line 2 holds a template, {{: "
                "render it first, as `helm template` does"
            ),
        ),
        (
            "{{- if .Values.on }}\na: 1\n{{- end }}\n",
            (
                "1: a key is neither text nor a number; line 1 holds a template, {{: "
                "render it first, as `helm template` does"
            ),
        ),
    ],
)
def test_what_is_no_yaml_is_told_by_its_line(text: str, told: str) -> None:
    assert faults(text) == [told]


def test_a_document_at_fault_hides_no_other() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: \x07\n---\ne: &x [*y]\n---\nf: 6\n"
    found = list(documents(text.encode()))
    assert [each.value for each in found if isinstance(each, Document)] == [
        {"a": 1},
        {"c": 3},
        {"f": 6},
    ]
    assert [each.line for each in found if isinstance(each, Fault)] == [3, 7, 9]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_lines_and_letters_of_every_system(encoding: str, newline: str) -> None:
    text = "a: ü\n---\nb: [x,\n  ß]\n---\nc: :\n\t- d\n".replace("\n", newline)
    data = text.encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    *found, last = documents(data)
    assert [each.value for each in found if isinstance(each, Document)] == [
        {"a": "ü"},
        {"b": ["x", "ß"]},
    ]
    assert isinstance(last, Fault)
    assert last.line == 6


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: 1\nb: \xff\n", "2: it is no UTF-8 text: invalid start byte"),
        (b"\x7fELF\x00\x01", "1: it is no text: it holds a NUL byte"),
        (b"\xff\xfea\x00:\x00\x00\xd8", "1: it is no UTF-16 text: unexpected end of data"),
    ],
)
def test_what_is_no_text(data: bytes, told: str) -> None:
    assert faults(data) == [told]


def test_how_deep_it_may_be() -> None:
    deepest = "[" * DEEPEST + "]" * DEEPEST
    assert values(deepest) != []
    assert faults(f"a:\n  {deepest}") == [f"2: it is nested more than {DEEPEST} levels deep"]


def test_aliases_cannot_stand_for_more_than_one_could_write() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    told = faults("\n".join(lines))
    assert told == [f"6: aliases stand for more than {MOST_ALIASED:,} values"]
    # Nor all documents of a file together.
    many = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    assert len(faults("---\n".join([many] * 10_000))) > 0


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        "- " * 300_000,
        "{a: " * 100_000,
        "? " * 300_000,
        "a: &a [x]\n" + "b: *a\n" * 30_000,
        "'" * 300_001,
        "[" + "a: 1, " * 50_000 + "]",
        "#" * 1_000_000,
        "\n" * 1_000_000 + "x",
        "%A\n" * 100_000,
        "---\n" * 30_000,
        "--- {\n" * 30_000,
        "%A\n---\n" * 10_000,
        '{"a":' * 100_000,
        '{"a":1}' * 30_000,
    ],
    ids=lambda text: text[:8],
)
def test_no_text_costs_more_than_it_is_long(text: str) -> None:
    """What grows with the square of these would not end."""
    assert all(isinstance(each, Document | Fault) for each in documents(text.encode()))


def test_where_each_part_of_a_document_begins() -> None:
    text = "# x\n---\n# y\na:\n  b:\n    - c: 1\n      d: 2\n    -\n      c: 3\n"
    [document] = documents(text.encode())
    assert isinstance(document, Document)
    places = [(), ("a",), ("a", "b"), ("a", "b", 0, "d"), ("a", "b", 1), ("a", "b", 1, "c")]
    assert [document.line_of(place) for place in places] == [4, 4, 5, 7, 9, 9]
    assert document.line_of(("a", "b", 7, "z")) == 5
    assert document.line_of(("z",)) == 4
