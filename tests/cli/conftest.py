import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-docs",
        action="store_true",
        help="show in docs/cli.md what its examples give now; read every one of them by eye",
    )
