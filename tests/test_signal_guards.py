"""Ctrl-C where no event loop can hear it, and where there is no main thread to hear it in."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from vmevalkit_core.cli.interrupt import SIGNALS, run_interruptible

BLOCKED = """
import asyncio, time
from vmevalkit_core.cli.interrupt import run_interruptible

async def work():
    print("begun", flush=True)
    time.sleep(60)

run_interruptible(work(), asyncio.Event())
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_second_interrupt_ends_a_blocked_loop(number: signal.Signals) -> None:
    """A plugin that never gives the loop back cannot keep a user from leaving."""
    with subprocess.Popen([sys.executable, "-c", BLOCKED], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"begun\n"
            process.send_signal(number)
            until = 0
            while process.poll() is None and until < 200:  # the first may still be on its way: two become one
                process.send_signal(number)
                until += 1
                threading.Event().wait(0.05)
            assert process.wait(1) == 130
        finally:
            process.kill()


def test_interrupt_stops_in_order_and_is_handed_back(capsys: pytest.CaptureFixture[str]) -> None:
    """The handlers of whoever called are in place again afterwards."""
    before = [signal.getsignal(number) for number in SIGNALS]
    stop = asyncio.Event()

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(stop.wait(), 30.0)
        return "in order"

    assert run_interruptible(work(), stop) == "in order"
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert "Stopping" in capsys.readouterr().err


def test_command_in_another_thread_needs_no_signals() -> None:
    """There Python lets nobody listen to them."""
    results: list[int] = []

    async def work() -> int:
        return 7

    thread = threading.Thread(target=lambda: results.append(run_interruptible(work(), asyncio.Event())))
    thread.start()
    thread.join()
    assert results == [7]
