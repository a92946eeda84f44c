"""The options of a model as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES = {"string": "text", "boolean": "true or false", "null": "none", "object": "JSON object"}


def option_rows(schema: Schema) -> list[tuple[str, str, str, str, str]]:
    """Name, type, default, legal values and meaning of each option, from the JSON schema of an options class."""
    required, known = schema.get("required", ()), schema.get("$defs", {})
    fields = {name: _resolved(field, known) for name, field in schema.get("properties", {}).items()}
    return [
        (
            name,
            _type(field),
            "required" if name in required else value_in_words(field.get("default")),
            _values(field),
            " ".join(field.get("description", "").split()),
        )
        for name, field in fields.items()
    ]


def value_in_words(value: Any) -> str:
    """A default or a bound: `none` for null, 2 for 2.0, lists with commas."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list):
        return ", ".join(map(value_in_words, value)) or "empty"
    return '""' if value == "" else str(value)


def _resolved(field: Schema, known: Schema) -> dict[str, Any]:
    """The field with what it refers to, in its parts as well."""
    whole = dict(field)
    if "$ref" in whole:
        whole = {**known.get(whole.pop("$ref").rpartition("/")[2], {}), **whole}
    for key in ("anyOf", "prefixItems"):
        if key in whole:
            whole[key] = [_resolved(one, known) for one in whole[key]]
    if isinstance(whole.get("items"), dict):
        whole["items"] = _resolved(whole["items"], known)
    return whole


def _type(field: Schema) -> str:
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(map(_type, field["anyOf"])))
    if "enum" in field or "const" in field:
        return "choice"
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}s" if field.get("items") else "list"
    name = str(field.get("type", "any"))
    return _TYPES.get(name, name)


def _values(field: Schema) -> str:
    """The legal values, with their unit; `-` where any will do."""
    parts = [part for one in field.get("anyOf", [field]) for part in _limits(one, _unit(field))]
    if (unit := _unit(field)) and not any(unit in part for part in parts):
        parts.append(f"in{unit}")
    return ", ".join(parts) or "-"


def _unit(field: Schema) -> str:
    """The unit with a space before it; of the number, where none is an option as well."""
    found = next((one["unit"] for one in (field, *field.get("anyOf", ())) if "unit" in one), "")
    return found and f" {found}"


def _limits(field: Schema, unit: str) -> Iterator[str]:
    if "enum" in field or "const" in field:
        yield " | ".join(map(value_in_words, field.get("enum", [field.get("const")]))) + unit
    yield from _range(field, unit)
    if "multipleOf" in field:
        yield f"multiple of {value_in_words(field['multipleOf'])}{unit}"
    yield from _length("character", field.get("minLength", 0), field.get("maxLength"))
    yield from _length("value", field.get("minItems", 0), field.get("maxItems"))
    if "pattern" in field:
        yield f"like {field['pattern']}"
    if "items" in field:
        yield from (f"each {part}" for part in _limits(field["items"], unit))


def _range(field: Schema, unit: str) -> Iterator[str]:
    least, most, above, below = (
        f"{value_in_words(field[key])}{unit}" if key in field else ""
        for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    )
    if least and most:
        yield f"{value_in_words(field['minimum'])} to {most}"
    elif least or most:
        yield f"{least} or more" if least else f"{most} or less"
    if above:
        yield f"above {above}"
    if below:
        yield f"below {below}"


def _length(noun: str, low: int, high: int | None) -> Iterator[str]:
    nouns = noun if (high or low) == 1 else f"{noun}s"
    if high is not None and low:
        yield f"{low} {nouns}" if low == high else f"{low} to {high} {nouns}"
    elif high is not None:
        yield f"{high} {nouns} at most"
    elif low:
        yield f"{low} {nouns} or more"
