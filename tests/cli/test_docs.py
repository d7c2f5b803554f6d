"""What docs/cli.md shows is what a user sees."""

import re
from pathlib import Path

import pytest

from cli.consoles import Example, examples, fits, rewrite, run
from cli.program import ROOT
from reachaudit.cli.entry import COMMANDS

PAGE = ROOT / "docs" / "cli.md"


def test_every_command_has_its_chapter_with_an_example() -> None:
    chapters = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    named = {chapter.partition("\n")[0]: chapter for chapter in chapters}
    assert {f"`{name}`" for name in COMMANDS} <= set(named)
    for name in COMMANDS:
        assert re.search(rf"^(\$ )?reachaudit {name}\b", named[f"`{name}`"], re.MULTILINE), name


def test_every_example_gives_what_it_shows(request: pytest.FixtureRequest) -> None:
    found = examples(PAGE.read_text())
    seen = run(found)
    if request.config.getoption("--update-docs", default=False):
        rewrite(PAGE, found, seen)
    wrong = [
        f"$ {example.command}\nshows\n{example.shown}\nbut gives\n{real}"
        for example, real in zip(found, seen, strict=True)
        if not fits(example.shown, real)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_schema_is_linked() -> None:
    links = re.findall(r"\(schemas/([a-z.0-9-]+)\)", PAGE.read_text())
    assert set(links) == {path.name for path in (ROOT / "docs" / "schemas").iterdir()}


PLAIN = """
```console
$ printf 'a\\nb\\nc\\n'
a
…
c
$ false
$ echo $?
1
```
```sh
exit 9
```
"""


def test_examples_are_run_and_held_against_what_is_shown(tmp_path: Path) -> None:
    found = examples(PLAIN)
    assert [example.command for example in found] == [r"printf 'a\nb\nc\n'", "false", "echo $?"]
    seen = run(found)
    assert seen == ["a\nb\nc\n", "", "1\n"]
    assert all(fits(example.shown, real) for example, real in zip(found, seen, strict=True))
    assert not fits("a\n…\nd\n", seen[0])
    assert not fits("a\nc\n", seen[0])
    page = tmp_path / "page.md"
    page.write_text(PLAIN.replace("\n1\n", "\n2\n"))
    rewrite(page, examples(page.read_text()), seen)
    assert page.read_text() == PLAIN


def test_a_command_may_go_on_on_the_next_line() -> None:
    [example] = examples("```console\n$ printf x \\\n  y\nx\n```\n")
    assert example == Example("printf x \\\n  y", "x\n", 28, 30)
