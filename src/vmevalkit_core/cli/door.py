"""The door of the command line: what is quick goes past Typer, and every error becomes one sentence and a hint."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from itertools import takewhile
from typing import Any, NoReturn

from vmevalkit_core.durable import is_of_disk, remedy
from vmevalkit_core.errors import UsageError, VmevalError

_EMPTY = re.compile(r"--[a-z-]+=")
"""An option that a shell joined with an empty variable."""


def guarded(args: list[str], *, debug: bool) -> int:
    """The exit code of a command; a traceback is shown for `debug` only."""
    _mend_streams()
    as_json = "--json" in args
    try:
        code = dispatch(args)
        if code == 130:
            _leave(code)
        return code
    except VmevalError as error:
        return _told(error.message, error.hint, error.exit_code, debug=debug, as_json=as_json)
    except KeyboardInterrupt:
        _leave(_told("interrupted", "", 130, debug=False, as_json=as_json))
    except BrokenPipeError:
        # The reader (`| head`) went away; Python must not complain about it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if not _has_folder():
            return _told("the current folder is gone", "go into one that exists: cd", 2, debug=debug, as_json=as_json)
        where = f"{error.filename}: " if error.filename else ""
        hint = f"{remedy(error)}, then run the same command again" if is_of_disk(error) else ""
        return _told(f"{where}{error.strerror or error}", hint, 1, debug=debug, as_json=as_json)
    except Exception as error:
        hint = "this is a mistake in vmevalkit: please report it with the output of the same command and --debug"
        return _told(f"{type(error).__name__}: {error}", hint, 1, debug=debug, as_json=as_json)


def _has_folder() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def dispatch(args: list[str]) -> int:
    """Run a command. Listing models imports neither Typer nor pydantic: it is asked for at each completion."""
    if args[:2] == ["models", "list"] and set(args[2:]) <= {"--json"}:
        from vmevalkit_core.cli.listing import list_models

        return list_models(as_json="--json" in args)
    if "_VMEVAL_COMPLETE" in os.environ:
        # Typer would draw each help text through rich if it were there: 0.3 s at each Tab.
        sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
    return _typer(args)


def _refuse_empty(args: list[str]) -> None:
    """An empty text where a folder is meant would be the current one, which nobody asked for."""
    for before, arg in zip(["", *args], args, strict=False):
        if not arg or _EMPTY.fullmatch(arg):
            what = arg.rstrip("=") or (before if before.startswith("-") else "an argument")
            raise UsageError(f"{what} is empty", hint="is a variable in the command not set?")


def _typer(args: list[str]) -> int:
    _refuse_empty(args)
    from typer import Abort, BadParameter

    from vmevalkit_core.cli.app import app

    # The base of all mistakes in a command line; Typer exports only this one child of it.
    mistake: type[Exception] = BadParameter.__mro__[1]
    try:
        code = app(args=args, prog_name="vmeval", standalone_mode=False)
    except SystemExit as end:
        code = end.code
    except Abort as error:
        raise KeyboardInterrupt from error
    except mistake as error:
        return _mistaken(error, args)
    return code if isinstance(code, int) else int(code is not None)


def _mistaken(error: Any, args: list[str]) -> int:
    """Say what is wrong with a command line; where a command was left out, Typer gives the help as the message."""
    from vmevalkit_core.terminal import out

    message, param = error.format_message(), getattr(error, "param", None)
    if message.startswith("Usage: "):
        out.note(message)
        return 2
    if param is not None and param.envvar:
        typed = error.ctx.get_parameter_source(param.name).name == "COMMANDLINE"
        value = _value(args, param.opts) if typed else os.environ.get(param.envvar, "")
        message = f"{max(param.opts, key=len) if typed else param.envvar} {value}: {error.message}"
    hint = f"see: {error.ctx.command_path if error.ctx else _command(args)} --help"
    return _told(message, hint, 2, debug=False, as_json="--json" in args)


def _value(args: list[str], names: list[str]) -> str:
    """What was typed for an option, as far as it can be told from its place."""
    for arg, value in zip(args, [*args[1:], ""], strict=True):
        name, equals, joined = arg.partition("=")
        if name in names:
            return joined if equals else value
    return ""


def _command(args: list[str]) -> str:
    """The command that was meant, by the words before its first option."""
    words = list(takewhile(lambda arg: not arg.startswith("-"), args))
    nested = words[:1] and words[0] in ("models", "plugins", "questions")
    return " ".join(["vmeval", *words[: 2 if nested else 1]])


def _mend_streams() -> None:
    """A stream that the caller closed, or whose encoding knows few letters, must not break a paid run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (for the life of the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _leave(code: int) -> NoReturn:
    """End without waiting for threads that are still at work, a minute-long encode for instance."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(message: str, hint: str, code: int, *, debug: bool, as_json: bool = False) -> int:
    from vmevalkit_core.terminal import out

    if as_json:
        out.dump({"error": message, "hint": hint, "exit_code": code})
    if debug:
        out.note(traceback.format_exc())
    out.note(f"Error: {message}")
    if hint:
        out.note(f"Hint: {hint}")
    return code
