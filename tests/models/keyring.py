"""A client of the simulated vendor that needs three secrets, in two headers and in the body, and one that breaks."""

from __future__ import annotations

import base64

from tests.models.plain import Plain
from vmevalkit_core import GenerationRequest, ModelSpec, Need, Submission

SECRETS = ("KEYRING_KEY", "KEYRING_SECOND", "KEYRING_BODY")


def _spec(name: str, target: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        factory=f"{__file__}:{target}",
        options=f"{__file__.replace('keyring', 'plain')}:PlainOptions",
        kind="api",
        needs=tuple(Need(one, hint="any text will do") for one in SECRETS),
        settings=("PLAIN_BASE_URL",),
    )


class Keyring(Plain):
    """Sends all three with each request."""

    spec = _spec("keyring", "Keyring")

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.context.env[SECRETS[0]]}", "X-Second": self.context.env[SECRETS[1]]}

    async def submit(self, request: GenerationRequest) -> Submission:
        assert request.first_frame
        image = base64.b64encode(request.first_frame.path.read_bytes()).decode()
        body = {
            "prompt": request.prompt,
            "image": image,
            "token": request.token,
            "secret": self.context.env[SECRETS[2]],
        }
        return Submission(id=(await self.call("POST", "/v1/jobs", json={**body, **request.options})).json()["id"])


class Breaking(Keyring):
    """Breaks with all three in its error, and in the error behind that one."""

    spec = _spec("breaking", "Breaking")

    async def submit(self, request: GenerationRequest) -> Submission:
        values = [self.context.env[name] for name in SECRETS]
        self.context.log.warning("about to break with %s", values)
        try:
            raise KeyError(values[0])
        except KeyError as error:
            raise RuntimeError(f"no request with {values}") from error
