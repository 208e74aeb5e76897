"""Entry point of the command `numconv`, and the list of its commands."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from ..core.errors import ArgumentError, NumconvError
from ..core.patience import QUIET
from .help import Context
from .printing import forgive, say

OK, CHECK_FAILED, UNUSABLE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143

# name: (module below numconv.cli, summary). A command's module is imported when it is run, so
# that the list alone costs neither numba nor Pillow nor rich.
COMMANDS = {
    "run": ("run", "Run an operator on pictures, sounds, arrays or random tensors."),
    "explain": ("explain", "Say which backend and algorithm would run, and why."),
    "shape": ("shape", "Work out sizes, receptive fields, costs and overlap, and draw them."),
    "ops": ("ops", "List the operators."),
    "backends": ("backends", "List the backends, and what each of them lacks."),
    "verify": ("verify", "Hold a backend to the laws that every algorithm keeps."),
    "bench": ("bench", "Measure backends side by side on the layers of networks."),
    "tune": ("tune", "Measure the algorithms ahead, and remember the fastest."),
    "warmup": ("warmup", "Compile kernels ahead, so that no call waits for them."),
    "new": ("new", "Write the skeleton of a plugin, a backend or an operator of your own."),
    "filters": ("filters", "List the named kernels and windows."),
    "info": ("info", "Show versions, processor, threads and caches."),
}


class Commands(click.Group):
    """A group that imports a command when it is asked for, and plugins' commands last."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(self._brought())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = import_module(f"numconv.cli.{COMMANDS[cmd_name][0]}")
            command: click.Command = module.command
            command.context_class = Context
            if command.help is None:  # under -OO there are no docstrings
                command.help = COMMANDS[cmd_name][1]
            return command
        found = self._brought().get(cmd_name)
        if found is not None and found.context_class is click.Context:
            found.context_class = Context
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, summary) for name, (_, summary) in COMMANDS.items()]
        for name, command in sorted(self._brought().items()):
            rows.append((name, command.get_short_help_str(limit=80)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _brought(self) -> dict[str, click.Command]:
        """Return the commands of plugins, and say what was set aside."""
        from .brought import brought

        found, faults = brought(COMMANDS)
        for fault in faults:
            say(f"numconv: set aside: plugin {fault.plugin}: {fault.error}", err=True)
        return found


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "-p",
    "left_out",
    metavar="no:NAME",
    multiple=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, param, value: _leave_out(value),
    help="Do not load the plugin with the entry point NAME; may be repeated.",
)
@click.version_option(package_name="numconv-kernels", prog_name="numconv")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Convolutions on NumPy arrays, with kernels compiled by Numba.

    Try `numconv run`: it convolves the photograph that ships with the package, writes a picture
    and says what ran. `numconv COMMAND --help` explains each command.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    if ctx.invoked_subcommand != "run":
        # The others compile as their work, and show how far they are.
        os.environ.setdefault(QUIET, "1")


def _leave_out(named: tuple[str, ...]) -> None:
    """Block plugins as ``-p no:NAME`` says, in this process and in those that it starts."""
    from ..core.plugins import BLOCK

    for text in named:
        word, _, name = text.partition(":")
        if word != "no" or not name:
            raise ArgumentError("-p", text, "no:NAME, NAME being that of a plugin's entry point")
        os.environ[BLOCK] = ",".join(filter(None, (os.environ.get(BLOCK), name)))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit status.

    0 is fine, 1 a check that failed, 2 a call that cannot be made here (said in one line on
    stderr), 130 an interruption, 143 the signal TERM.
    """
    forgive()
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_status(arguments))


def _terminate(number: int, frame: Any) -> None:
    # What is half-written is removed on the way out.
    raise SystemExit(TERMINATED)


def _status(arguments: list[str] | None) -> int:
    try:
        status: Any = cli.main(arguments, prog_name="numconv", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status if isinstance(status, int) else OK
    except BrokenPipeError:
        # Who read the output has seen enough; what is left of it must not be complained of later.
        _drop_output()
        return OK
    except (click.Abort, KeyboardInterrupt):
        say("numconv: interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        hint = f" (see '{where.command_path} --help')" if where is not None else ""
        return _fail(error.format_message() + hint)
    except (NumconvError, MemoryError) as error:
        return _fail(str(error) or "not enough memory")
    except OSError as error:
        try:
            sys.stdout.flush()
        except (OSError, AttributeError):
            _drop_output()
        return _fail(f"cannot read or write: {error}")


def _drop_output() -> None:
    """Let nothing that is still to be written to stdout fail as the interpreter ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _fail(reason: str) -> int:
    say("numconv: " + " ".join(reason.split()), err=True)
    return UNUSABLE
