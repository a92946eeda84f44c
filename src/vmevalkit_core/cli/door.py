"""The door of the command line: what is quick goes past Typer, and every error becomes one sentence and a hint."""

from __future__ import annotations

import io
import os
import sys
import traceback

from vmevalkit_core.errors import VmevalError


def guarded(args: list[str], *, debug: bool) -> int:
    """The exit code of a command; a traceback is shown for `debug` only."""
    _mend_streams()
    try:
        code = dispatch(args)
        if code == 130:
            _leave(code)
        return code
    except VmevalError as error:
        return _told(error.message, error.hint, error.exit_code, debug=debug)
    except KeyboardInterrupt:
        return _told("interrupted", "", 130, debug=False)
    except BrokenPipeError:
        # The reader (`| head`) went away; Python must not complain about it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _told(f"{where}{error.strerror or error}", "", 1, debug=debug)
    except Exception as error:
        hint = "this is a mistake in vmevalkit: please report it with the output of the same command and --debug"
        return _told(f"{type(error).__name__}: {error}", hint, 1, debug=debug)


def dispatch(args: list[str]) -> int:
    """Run a command. Listing models imports neither Typer nor pydantic: it is asked for at each completion."""
    if args[:2] == ["models", "list"] and set(args[2:]) <= {"--json"}:
        from vmevalkit_core.cli.listing import list_models

        return list_models(as_json="--json" in args)
    from vmevalkit_core.cli.app import app

    try:
        app(args=args, prog_name="vmeval")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _mend_streams() -> None:
    """A stream that the caller closed, or whose encoding knows few letters, must not break a paid run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (for the life of the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _leave(code: int) -> None:
    """End without waiting for threads that are still at work, a minute-long encode for instance."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(message: str, hint: str, code: int, *, debug: bool) -> int:
    from vmevalkit_core.terminal import out

    if debug:
        out.note(traceback.format_exc())
    out.note(f"Error: {message}")
    if hint:
        out.note(f"Hint: {hint}")
    return code
