"""The command line: arguments in, exit codes out. One file a command; `entry.py` lists them."""

from reachaudit.cli.entry import main as main
