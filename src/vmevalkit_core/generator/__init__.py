"""The plugin's side of a run: the object behind a model that turns a request into a clip."""

from vmevalkit_core.generator.api import ApiGenerator
from vmevalkit_core.generator.contract import Account, Context, Generator, Job

__all__ = ["Account", "ApiGenerator", "Context", "Generator", "Job"]
