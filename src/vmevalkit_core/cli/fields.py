"""The fields of `vmeval run` that a configuration may hold, with their types and bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from vmevalkit_core.cli.strict_yaml import brief


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message})


def _number_as_text(value: Any) -> Any:
    # Only integers that read back as they were written come out of the file as numbers, so an id 12 is "12" for sure.
    return str(value) if type(value) is int else value


def _printable(text: str) -> str:
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise _wrong(f"{brief(text)} holds a control character")
    return text


def _as_path(text: str) -> str:
    if text.startswith("~"):
        raise _wrong(f"{brief(text)} begins with ~, which only a shell knows; write the folder out")
    return text


def _money(value: Any) -> Any:
    text = str(value) if type(value) in (int, float) else value
    if isinstance(text, str) and not re.fullmatch(r"\$?\d+(\.\d+)?", text.strip()):
        raise _wrong(f"{brief(text)} is no amount of US dollars such as 12.50")
    return text


def _as_entries(value: Any) -> Any:
    """`models` in one form, whether it was a list of names, a list with options, or a mapping."""
    if isinstance(value, dict):
        return [{"name": name, "options": {} if given is None else given} for name, given in value.items()]
    return [_as_entry(one) for one in value] if isinstance(value, list) else value


def _as_entry(value: Any) -> Any:
    if not isinstance(value, dict):
        return {"name": value}
    if len(value) != 1:
        raise _wrong("takes one name in each item; its options stand further in than the name")
    [(name, given)] = value.items()
    return {"name": name, "options": {} if given is None else given}


def _unlike(entries: list[ModelEntry]) -> list[ModelEntry]:
    names = [entry.name for entry in entries]
    if twice := [name for name in names if names.count(name) > 1]:
        raise _wrong(f"names {brief(twice[0])} twice")
    return entries


def _option_names(value: dict[str, Any]) -> dict[str, Any]:
    """Options by their names in Python, as `-p` takes them: `aspect-ratio` is `aspect_ratio`."""
    named = {name.replace("-", "_"): given for name, given in value.items()}
    if len(named) < len(value):
        raise _wrong("hold one option in two spellings")
    return named


Text = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_printable), Field(min_length=1)]
Folder = Annotated[Text, AfterValidator(_as_path)]
Money = Annotated[str, BeforeValidator(_money)]
OptionValues = Annotated[dict[str, Any], AfterValidator(_option_names)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelEntry(_Strict):
    """A model, by name or as FILE.py:CLASS, with the options that are for it alone."""

    name: Text
    options: OptionValues = Field(default_factory=dict)


Models = Annotated[list[ModelEntry], BeforeValidator(_as_entries), AfterValidator(_unlike), Field(min_length=1)]


class RunConfig(_Strict):
    """The fields of `vmeval run` that may stand in a file; relative paths begin in the current folder."""

    questions: Folder | None = None
    models: Models | None = None
    experiment: Text | None = None
    output: Folder | None = None
    domains: list[Text] | None = None
    tasks: list[Text] | None = None
    limit: int | None = Field(None, ge=1)
    samples: int | None = Field(None, ge=1, le=10_000)
    seed: int | None = None
    options: OptionValues = Field(default_factory=dict)
    concurrency: int | None = Field(None, ge=1)
    max_cost: Money | None = None
    allow_unpriced: bool = False
    retry_failed: bool = False
    rerun_changed: bool = False
    keep_changed: bool = False
    interceptors: list[Text] | None = Field(None, alias="with")
    allow_gone: bool = False
    verify: bool = False
    unfit: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> RunConfig:
        if self.rerun_changed and self.keep_changed:
            raise _wrong("rerun_changed and keep_changed exclude each other")
        return self

    def value(self, field: str) -> Any:
        """The value of a field in the form in which the command line gives it; None when it was not given."""
        if field not in self.model_fields_set:
            return None
        value = getattr(self, field)
        if field == "models":
            return [entry.name for entry in value]
        return Path(value) if field in ("questions", "output") else value


KEYS = tuple(field.alias or name for name, field in RunConfig.model_fields.items())
