"""What the distribution behind an entry point says about itself, read without parsing all of it."""

from __future__ import annotations

import operator
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_SIMPLE = re.compile(r"\s*(>=|<=|>|<)\s*(\d+(?:\.\d+)*)\s*")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_CORE = re.compile(r"vmevalkit[-_.]+core(?![\w.-])\s*(?:\[[^]]*\])?\s*\(?([^;()@]*)\)?\s*(;.*)?", re.IGNORECASE)
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


class DistFacts(NamedTuple):
    """Name, version and requirements of a distribution."""

    name: str
    version: str = ""
    requires: tuple[str, ...] = ()

    @property
    def core_range(self) -> str:
        """The versions of vmevalkit-core that it asks for; empty when it does not say."""
        matches = ((line, _CORE.fullmatch(line)) for line in self.requires)
        return ",".join(found[1].strip() for line, found in matches if found and (not found[2] or _applies(line)))

    def extra_with(self, package: str) -> str:
        """The extra that installs a package; empty when none does."""
        for line in self.requires:
            found = _EXTRA.search(line)
            if found and _normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) == _normal(package):
                return found[1]
        return ""


def read_facts(entry_point: EntryPoint) -> DistFacts:
    """The facts of the distribution that holds an entry point."""
    dist = entry_point.dist
    text = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "") if dist else ""
    # The email parser, which `dist.metadata` uses, costs more than all thin plugins together.
    head = text.partition("\n\n")[0]
    names, versions = _values(head, "Name"), _values(head, "Version")
    return DistFacts(
        names[0] if names else entry_point.name, versions[0] if versions else "", _values(head, "Requires-Dist")
    )


@cache
def fits(version: str, versions: str) -> bool:
    """Whether a version lies in a range such as `>=0.1,<1`."""
    clauses = [_SIMPLE.fullmatch(clause) for clause in versions.split(",")]
    if re.fullmatch(r"\d+(\.\d+)*", version) and all(clauses):
        return all(_COMPARE[found[1]](_release(version), _release(found[2])) for found in clauses if found)
    # Only what is not a plain release needs this package, which costs several bare starts to import.
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(versions).contains(version, prereleases=True)


def _applies(requirement: str) -> bool:
    if _EXTRA.fullmatch(requirement.partition(";")[2].strip()):
        return False  # of an extra: the package below costs several bare starts to import
    from packaging.requirements import Requirement

    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate({"extra": ""})


def _values(head: str, key: str) -> tuple[str, ...]:
    return tuple(re.findall(rf"(?m)^{key}:[ \t]*(.*?)[ \t]*$", head))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _release(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
