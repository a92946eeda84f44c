"""The built-in models and their options; other plugins describe their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.docs.markdown import code, table
from vmevalkit_core.baselines.plugin import vmeval_models
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec

SIGNS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than"}


def model_table() -> str:
    """Name, kind, what it is shown, price, description."""
    rows = [(code(one.name), one.kind, _shown(one), _price(one), one.description) for one in vmeval_models()]
    return table(("Model", "Kind", "Is shown", "Price", "Description"), rows)


def option_tables() -> str:
    """The options of each built-in model; one table for models with the same ones."""
    owners: dict[str, list[ModelSpec]] = {}
    for spec in vmeval_models():
        owners.setdefault(spec.options, []).append(spec)
    return "\n\n".join(_options(specs) for specs in owners.values())


def _shown(spec: ModelSpec) -> str:
    return ", ".join(spec.inputs).replace("_", " ") + (" (the solution)" if spec.sees_solution else "")


def _price(spec: ModelSpec) -> str:
    price = Registry().options_class(spec)().price()
    return "unknown" if price is None else f"${price}" if price else "free"


def _options(specs: list[ModelSpec]) -> str:
    schema = Registry().options_class(specs[0]).model_json_schema()
    rows = [
        (code(name), _type(field), code(str(field.get("default", "required"))), _bounds(field), field["description"])
        for name, field in schema["properties"].items()
    ]
    names = " and ".join(code(spec.name) for spec in specs)
    return f"Options of {names}:\n\n" + table(("Option", "Type", "Default", "Bounds", "Meaning"), rows)


def _type(field: dict[str, Any]) -> str:
    unit = f", in {field['unit']}" if "unit" in field else ""
    return f"{field.get('type', 'any')}{unit}"


def _bounds(field: dict[str, Any]) -> str:
    return ", ".join(_words(field))


def _words(field: dict[str, Any]) -> Iterator[str]:
    for key, word in SIGNS.items():
        if key in field:
            yield f"{word} {field[key]}"
