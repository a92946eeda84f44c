"""What an author fills in, and the fixtures that make a tried model of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest

from vmevalkit_core.generator import ApiGenerator
from vmevalkit_core.registry import Registry, is_file_target
from vmevalkit_core.testing.bench import AT_ONCE, Bench, Subject
from vmevalkit_core.testing.commands import Session, killed_and_resumed
from vmevalkit_core.testing.once import once
from vmevalkit_core.testing.planted import planted_env, secrets_in
from vmevalkit_core.testing.recorded import RecordedBody
from vmevalkit_core.testing.simulator import Dialect, Simulator
from vmevalkit_core.testing.sweep import SWEPT, Sweep, sweep


class Stage:
    """The lines that an author writes; all but the first two may be left out."""

    model: ClassVar[str]
    """The name of the model, or `path/to/file.py:Class` as seen from the test's own file."""
    dialect: ClassVar[str | type[Dialect]]
    """How the vendor talks: a class with his example answers (`ExampleVendor`) or with more of him (`Dialect`)."""
    env: ClassVar[Mapping[str, str]] = {}
    """Variables that cannot be any text; `{url}` stands for the simulator's address. Keys are planted, and the
    variable in `base_url_env` is set, without being named here."""
    options: ClassVar[Mapping[str, Any]] = {}
    """Options of the runs, where the usual ones will not do."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """Settings of the simulator, such as `keys`."""
    bodies: ClassVar[Sequence[RecordedBody]] = ()
    """Bodies of the vendor's own client, and the runs that have to make the same."""

    @pytest.fixture
    def subject(self, request: pytest.FixtureRequest) -> Subject:
        """The model and a vendor: one process, which models of one vendor share."""
        settings = {**AT_ONCE, **self.settings}
        name = f"{self.dialect} {sorted(settings.items())}"
        make = lambda stack: stack.enter_context(Simulator(self.dialect, **settings))  # noqa: E731
        vendor = once(request, name, make, shared=True)
        return once(request, "subject", lambda _: self._subject(vendor))

    @pytest.fixture
    def bench(self, subject: Subject, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
        """A vendor who remembers nothing, and an empty folder; what the author's own shell has set is not there."""
        subject.vendor.reset()
        for name in [*subject.env, *(name for need in subject.spec.needs for name in need.names)]:
            monkeypatch.delenv(name, raising=False)
        yield Bench(subject, tmp_path)
        assert subject.vendor.state()["problems"] == [], "the dialect itself failed"

    @pytest.fixture
    def trials(
        self, request: pytest.FixtureRequest, subject: Subject, tmp_path_factory: pytest.TempPathFactory
    ) -> Sweep:
        """Every fault of the paid request, each met by a run of its own."""
        return once(request, "trials", lambda _: sweep(subject, tmp_path_factory.mktemp("sweep"), self._faults()))

    @pytest.fixture
    def downloads(
        self, request: pytest.FixtureRequest, subject: Subject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Skips the test where the vendor has the video in his answer."""

        def tried(_: ExitStack) -> bool:
            subject.vendor.reset()
            ended = Bench(subject, tmp_path_factory.mktemp("download")).run()
            return ended.end != "success" or "download" in subject.vendor.counts()

        if not once(request, "downloads", tried):
            pytest.skip("this vendor has the video in his answer")

    @pytest.fixture
    def session(
        self, request: pytest.FixtureRequest, subject: Subject, tmp_path_factory: pytest.TempPathFactory
    ) -> Session:
        """A command that was killed after its job was taken, and the next one."""
        return once(request, "session", lambda _: killed_and_resumed(subject, tmp_path_factory.mktemp("session")))

    def _faults(self) -> Sequence[str]:
        """Those of the paid request that are tried."""
        return SWEPT

    def _named(self) -> str:
        """The model, with the path of a file as seen from the file of the test."""
        if not is_file_target(self.model):
            return self.model
        return str(Path(inspect.getfile(type(self))).parent / self.model)

    def _subject(self, vendor: Simulator) -> Subject:
        registry, model = Registry.load(), self._named()
        spec = registry.find(model)
        factory = registry.load_target(spec.factory)
        assert isinstance(factory, type), f"{spec.factory} is no class"
        assert issubclass(factory, ApiGenerator), f"{spec.factory} is no ApiGenerator"
        led = {factory.base_url_env: vendor.url} if factory.base_url_env else {}
        env = planted_env(spec, {**led, **self.env}, vendor.url)
        assert any(vendor.url in value for value in env.values()), (
            f"nothing leads {spec.name} to the simulator: set base_url_env, or env"
        )
        return Subject(
            model=model,
            registry=registry,
            spec=spec,
            factory=factory,
            vendor=vendor,
            env=env,
            secrets=tuple(secrets_in(spec, env)),
            options=self.options,
        )
