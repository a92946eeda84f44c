"""What a plugin says about its model before anything is sent: cheaply, truly, and all of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from vmevalkit_core.errors import ConfigError, MissingCredential
from vmevalkit_core.options import Options
from vmevalkit_core.registry import is_file_target
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.testing.bench import Bench, bare_environment, without
from vmevalkit_core.testing.promises.stage import Stage
from vmevalkit_core.testing.watching import environment_read, home_of

LIGHT = {"vmevalkit_core", "pluggy", "packaging", "importlib_metadata"}
HEAVY = {"asyncio", "ssl", "http", "multiprocessing", "sqlite3", "unittest"}
"""Of the standard library; every package of others counts as heavy."""
LISTING = """
import sys
from importlib.metadata import entry_points
from vmevalkit_core.registry import Registry
Registry.load([])
before = set(sys.modules)
found = Registry.load([one for one in entry_points(group="vmevalkit") if one.name == sys.argv[1]])
assert found.models(), found.problems
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


class Describing(Stage):
    """What is promised before the first request."""

    def test_listing_imports_nothing_heavy(self, bench: Bench) -> None:
        """Everybody who lists models pays for it: only vmevalkit_core and the plugin's own thin modules."""
        if is_file_target(self.model):
            pytest.skip("a model from a file is never listed")
        owner = bench.subject.registry.owner(bench.subject.spec.name)
        own = bench.subject.spec.factory.partition(".")[0].partition(":")[0]
        line = [sys.executable, "-c", LISTING, owner.name]
        env = bare_environment() | {"PYTHONPATH": ":".join(path for path in sys.path if path)}
        done = subprocess.run(line, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, done.stderr
        assert heavy_ones(done.stdout.split(), own) == []

    def test_spec_is_plain_data(self, bench: Bench) -> None:
        """It travels to workers as JSON."""
        spec = bench.subject.spec
        assert ModelSpec.from_json(spec.to_json()) == spec
        assert spec.kind == "api", "what may be billed is never repeated in doubt, which needs kind='api'"

    def test_every_option_is_told(self, bench: Bench) -> None:
        """Each has a docstring below it, for `vmeval models show`."""
        fields = self._options(bench).model_fields.items()
        assert [name for name, field in fields if not field.description] == []

    def test_price_is_told_before(self, bench: Bench) -> None:
        """At most so many US dollars; None is unknown."""
        price = self._options(bench)(**self.options).price()
        assert price is None or (isinstance(price, Decimal) and price >= 0)

    def test_missing_need_is_named(self, bench: Bench) -> None:
        """With where to get it, before anything is sent."""
        for need in [one for one in bench.subject.spec.needs if not one.optional]:
            with pytest.raises(MissingCredential) as caught:
                bench.run(env=without(bench.subject.env, *need.names))
            assert need.names[0] in caught.value.message
            assert need.hint, f"{need.names[0]} has no hint: where does one get it?"
        assert bench.vendor.counts() == {}

    def test_everything_read_is_declared(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A plugin has `context.env`, which holds what its spec names; what stands in .env is nowhere else."""
        with environment_read(home_of(bench.subject.factory), monkeypatch) as read:
            ended = bench.run()
        assert read == set(), f"{', '.join(sorted(read))} is read from os.environ; context.env holds what is declared"
        assert ended.end == "success", ended

    def test_unknown_option_is_refused_by_name(self, bench: Bench) -> None:
        """A slip of the pen must not be paid for."""
        with pytest.raises(ConfigError, match="has no option 'durattion'"):
            bench.plan(bench.runner(), options={**self.options, "durattion": 7})
        assert bench.vendor.counts() == {}

    def test_option_out_of_bounds_is_refused_by_name(self, bench: Bench) -> None:
        """Every bound and every set of values, tried from outside."""
        for name, value in outside(self._options(bench)):
            with pytest.raises(ConfigError, match=f"option {name}="):
                bench.plan(bench.runner(), options={**self.options, name: value})
        assert bench.vendor.counts() == {}

    def _options(self, bench: Bench) -> type[Options]:
        return bench.subject.registry.options_class(bench.subject.spec)


def heavy_ones(modules: list[str], own: str) -> list[str]:
    """Those that a listing may not import."""
    foreign = {*modules} - {own} - LIGHT - set(sys.stdlib_module_names)
    strange = {name for name in foreign if not name.startswith(("_", "vmevalkit_"))}
    return sorted(strange | HEAVY & {*modules})


def outside(options: type[Options]) -> Iterator[tuple[str, Any]]:
    """A value beyond each bound of each option."""
    for name, schema in options.model_json_schema().get("properties", {}).items():
        for one in (schema, *schema.get("anyOf", ())):
            yield from ((name, value) for value in _beyond(one))


def _beyond(schema: Mapping[str, Any]) -> Iterator[Any]:
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "enum" in schema:
        yield "no such value"
