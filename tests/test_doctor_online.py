"""`vmeval doctor --online` asks each account once, for free, and says how it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.helpers import REPOSITORY
from tests.hostile.dists import write_dist
from tests.vendors import BLIND, KEY, PLAIN, UPLOADING, env_of
from vmevalkit_core import Account
from vmevalkit_core.checks import Check, Surroundings
from vmevalkit_core.checks.here import accounts
from vmevalkit_core.errors import RetryableError
from vmevalkit_core.registry import Registry
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.accounts import asked as accounts_asked

ACCOUNTS = f"{REPOSITORY}/tests/models/accounts.py"
PLUGIN = f"""
from vmevalkit_core import ModelSpec, Need, State, hookimpl

@hookimpl
def vmeval_models():
    facts = dict(factory="{PLAIN}", kind="api", family="plain", needs=(Need("PLAIN_KEY"),))
    yield ModelSpec(name="plain-1", settings=("PLAIN_BASE_URL",), **facts)
    yield ModelSpec(name="plain-2", settings=("PLAIN_BASE_URL",), **facts)
    yield ModelSpec(name="plain-0", state=State(life="gone"), settings=("PLAIN_BASE_URL",), **facts)
"""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """A vendor; starting it takes longer than most tests."""
    with Simulator() as vendor:
        yield vendor


@pytest.fixture
def vendor(simulator: Simulator) -> Simulator:
    """The same, who remembers nothing and has money."""
    simulator.reset()
    simulator.set(keys=[KEY], balance="1234.5")
    return simulator


def asked(*targets: str, **env: str) -> list[Check]:
    """What the vendors of models from files say."""
    registry = Registry.load()
    for target in targets:
        registry.find(target)
    return accounts_asked(env, registry)


def test_account_is_told_once_with_its_credit(vendor: Simulator) -> None:
    """However many models it has; by one call that orders nothing."""
    assert asked(PLAIN, BLIND, UPLOADING, **env_of(vendor)) == [
        Check("account", "ok", "blind-plain with PLAIN_KEY: works; 1,234.50 USD left")
    ]
    assert vendor.counts() == {"account": 1}


@pytest.mark.parametrize("balance", ["0", "-0.5"])
def test_account_without_credit_is_a_problem(vendor: Simulator, balance: str) -> None:
    """The key works, and no run would."""
    vendor.set(balance=balance)
    (found,) = asked(PLAIN, **env_of(vendor))
    assert (found.state, found.hint) == ("problem", "top the account up")
    assert f"no credit: the key works, {float(balance):.2f} USD left" in found.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"fault": "no-key"}, "key refused"),
        ({"fault": "no-money"}, "no credit"),
        ({"fault": "status", "status": 503}, "cannot be reached"),
        ({"fault": "status", "status": 404}, "cannot be checked"),
        ({"fault": "closed"}, "cannot be reached"),
        ({"fault": "html"}, "cannot be reached"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.get("status", value["fault"])),
)
def test_trouble_is_sorted_by_what_to_do(vendor: Simulator, fault: dict[str, object], words: str) -> None:
    """Each with a hint."""
    vendor.script({"phase": "account", **fault})
    (found,) = asked(PLAIN, **env_of(vendor))
    assert (found.state, f"plain with PLAIN_KEY: {words}: " in found.text, bool(found.hint)) == ("problem", True, True)


def test_vendor_that_is_not_there_cannot_be_reached() -> None:
    """As for a wrong base address."""
    (found,) = asked(PLAIN, PLAIN_KEY=KEY, PLAIN_BASE_URL="http://127.0.0.1:9")
    assert (found.state, "plain with PLAIN_KEY: cannot be reached: GET" in found.text) == ("problem", True)


def test_vendor_that_hangs_is_not_waited_for(vendor: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than the limit."""
    monkeypatch.setattr("vmevalkit_core.checks.accounts.LIMIT", 0.3)
    vendor.script({"phase": "account", "fault": "silent"})
    (found,) = asked(PLAIN, **env_of(vendor))
    assert found.text == "plain with PLAIN_KEY: cannot be reached: no answer within 0.3 s"


def test_accounts_are_asked_at_the_same_time(vendor: Simulator) -> None:
    """Each of these two answers only while the other one is asked."""
    found = asked(f"{ACCOUNTS}:Meeting", f"{ACCOUNTS}:OtherMeeting", **env_of(vendor))
    assert [one.state for one in found] == ["ok", "ok"]
    assert "works; what is left is not told" in found[0].text


@pytest.mark.parametrize(
    ("model", "state", "words"),
    [
        ("Silent", "note", "plain with PLAIN_KEY: was not asked, for no call is known there that costs nothing"),
        ("Confused", "problem", "cannot be checked: check_account answered with dict, not with an Account"),
        ("Leaving", "problem", "cannot be checked: SystemExit: 3"),
    ],
)
def test_plugin_without_an_answer_stops_no_other(vendor: Simulator, model: str, state: str, words: str) -> None:
    """It is told about, in a line of its own."""
    (found,) = asked(f"{ACCOUNTS}:{model}", **env_of(vendor))
    assert (found.state, words in found.text) == (state, True), found


def test_nobody_is_asked_without_a_key(vendor: Simulator) -> None:
    """And the command says so."""
    (found,) = asked(PLAIN, PLAIN_BASE_URL=vendor.url)
    assert (found.state, "so no vendor was asked" in found.text, vendor.counts()) == ("note", True, {})


def test_nothing_is_sent_unless_asked_for(vendor: Simulator) -> None:
    """Plain `doctor` stays on this machine."""
    registry = Registry.load()
    registry.find(PLAIN)
    around = Surroundings(lambda: registry, output=Path("out"))
    around.env = env_of(vendor)
    assert (list(accounts(around)), vendor.counts()) == ([], {})


def test_command_asks_when_it_is_told_to(vmeval: Command, vendor: Simulator, tmp_path: Path) -> None:
    """A line among the others, and no line for a model that is gone."""
    write_dist(tmp_path, "plain", PLUGIN)
    done = vmeval("doctor", "--online", "--json", PYTHONPATH=f"{tmp_path}:{REPOSITORY}", **env_of(vendor))
    found = [one for one in json.loads(done.stdout) if one["name"] == "account"]
    text = "plain with PLAIN_KEY: works; 1,234.50 USD left"
    assert found == [{"name": "account", "state": "ok", "text": text, "hint": ""}]
    assert vendor.counts() == {"account": 1}


def test_command_asks_for_a_model_of_a_file(vmeval: Command, vendor: Simulator) -> None:
    """As for an installed one; a file that is not there is told at once."""
    done = vmeval("doctor", "--online", "--json", "-m", PLAIN, PYTHONPATH=str(REPOSITORY), **env_of(vendor))
    texts = [one["text"] for one in json.loads(done.stdout) if one["name"] in ("account", "key")]
    assert "plain with PLAIN_KEY: works; 1,234.50 USD left" in texts
    assert any(text.startswith("PLAIN_KEY is set") for text in texts)
    missing = vmeval("doctor", "-m", "nowhere.py:Model")
    assert (missing.returncode, "nowhere.py" in missing.stderr) == (2, True)


def test_key_that_the_vendor_quotes_is_not_shown(vmeval: Command, vendor: Simulator, tmp_path: Path) -> None:
    """Exit 1, and the line says what is wrong."""
    write_dist(tmp_path, "plain", PLUGIN)
    vendor.script({"phase": "account", "fault": "status", "status": 401, "message": f"no account has {KEY}"})
    done = vmeval("doctor", "--online", PYTHONPATH=f"{tmp_path}:{REPOSITORY}", **env_of(vendor))
    assert (done.returncode, KEY in done.stdout + done.stderr) == (1, False)
    assert "plain with PLAIN_KEY: key refused: " in done.stdout
    assert "no account has [redacted]" in done.stdout


@pytest.mark.parametrize("amount", [None, True, "much", float("nan"), [], {}])
def test_credit_that_is_no_number_is_none(amount: object) -> None:
    """It is asked for again, another time."""
    with pytest.raises(RetryableError, match="the answer about the credit makes no sense"):
        Account.holding(amount)
