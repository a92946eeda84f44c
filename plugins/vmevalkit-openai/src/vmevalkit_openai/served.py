"""The options classes of the user's named servers, each made from the file when it is asked for by its name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field, ValidationError, create_model

from vmevalkit_core import ConfigError
from vmevalkit_openai.options import VideoOptions
from vmevalkit_openai.servers import SERVERS, Served, served


def options_class(model: Served) -> type[VideoOptions]:
    """The options of one model, with the defaults, sizes and prices of the file; ConfigError for a wrong default."""
    fields: dict[str, Any] = {
        name: (VideoOptions.model_fields[name].rebuild_annotation(), _field(name, value))
        for name, value in _checked(model).items()
    }
    made: type[VideoOptions] = create_model(
        model.class_name, __base__=VideoOptions, __module__=__name__, __doc__=f"Options of {model.name}.", **fields
    )
    made.sizes = model.sizes or VideoOptions.sizes
    made.usd_per_second = None if model.usd_per_second is None else Decimal(model.usd_per_second)
    made.usd_per_clip = None if model.usd_per_clip is None else Decimal(model.usd_per_clip)
    return made


def _field(name: str, value: Any) -> Any:
    return Field(value, description=VideoOptions.model_fields[name].description)


def _checked(model: Served) -> dict[str, Any]:
    """The defaults of the file, as the options take them."""
    try:
        found = VideoOptions(**model.defaults)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"][:1]))
        message = f"the default of {name} for {model.name} in the file of {SERVERS}: {first['msg']}"
        raise ConfigError(message, hint="vmeval models show openai-videos: it has the same options") from error
    return {name: getattr(found, name) for name in model.defaults}


def __getattr__(name: str) -> type[VideoOptions]:
    model = next((one for one in served() if one.class_name == name), None) if name.startswith("Served_") else None
    if model is None:
        raise AttributeError(name)
    return options_class(model)
