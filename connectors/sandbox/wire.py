"""Requests as they came and answers as they go out, without the server around them."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.sandbox.errors import Invalid, Refused
from connectors.sandbox.network import Network

Json = dict[str, Any]
Form = TypeVar("Form", bound=BaseModel)
UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
DSEQ = r"^\d+$"
"""The published document says ``^d+$``: a backslash was lost."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request; ``named`` are the parts of its path that the route names."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    named: Mapping[str, str] = field(default_factory=dict)

    def dseq(self) -> str:
        """Return the deployment's number from path or query; raises Invalid."""
        found = self.named.get("dseq") or self.query.get("dseq", "")
        if not re.fullmatch(DSEQ, found, re.ASCII):
            raise fault("dseq", "Invalid dseq")
        return found

    def number(self, name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
        text = self.named.get(name) or self.query.get(name, str(default))
        if not re.fullmatch(r"-?[0-9]{1,10}", text) or not least <= int(text) <= most:
            raise fault(name, f"Expected a number from {least} to {most}")
        return int(text)

    def day(self, name: str, default: date) -> date:
        text = self.query.get(name, "")
        try:
            return date.fromisoformat(text) if text else default
        except ValueError:
            raise fault(name, "Invalid date") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: JSON unless ``media_type`` says otherwise."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if self.media_type != "application/json":
            return str(self.body).encode()
        return json.dumps(self.body, separators=(",", ":")).encode()


Handler = Callable[[Network, Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A path with ``{names}``, and who may use it."""

    method: str
    path: str
    handler: Handler
    needs_key: bool = False
    body_bytes_max: int = 1024 * 1024

    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


def fault(name: str, message: str) -> Invalid:
    return Invalid([{"code": "invalid_string", "path": [name], "message": message}])


def read(call: Call, form: type[Form]) -> Form:
    """Return the body as a form; raises Refused 400 with each fault's path."""
    try:
        return form.model_validate_json(call.body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        if any(one["type"] == "json_invalid" for one in found):
            raise Refused(400, "Malformed JSON in request body") from None
        raise Invalid(
            [{"code": e["type"], "path": list(e["loc"]), "message": e["msg"]} for e in found]
        ) from None


def data(body: object, status: int = 200) -> Answer:
    """Return an answer in the envelope of the account's endpoints."""
    return Answer({"data": body}, status)


class Body(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class SdlBody(Body):
    class Data(Body):
        sdl: str = Field(min_length=1)
        deposit: Decimal | None = Field(default=None, gt=0, le=10_000_000)

    data: Data


class DepositBody(Body):
    class Data(Body):
        dseq: str = Field(pattern=DSEQ)
        deposit: Decimal = Field(gt=0, le=10_000_000)

    data: Data


class LeaseBody(Body):
    class Bid(Body):
        dseq: str = Field(pattern=DSEQ)
        gseq: int
        oseq: int
        provider: str

    manifest: str
    leases: list[Bid] = Field(min_length=1, max_length=100)


class SettingsBody(Body):
    class Data(Body):
        dseq: str = Field(pattern=DSEQ)
        autoTopUpEnabled: bool = False  # noqa: N815 - the wire's name

    data: Data


class SwitchBody(Body):
    class Data(Body):
        autoTopUpEnabled: bool  # noqa: N815 - the wire's name

    data: Data


class TokenBody(Body):
    class Data(Body):
        ttl: int = Field(ge=1, le=30 * 86_400)
        leases: dict[str, object]

    data: Data


class Attribute(Body):
    key: str = Field(pattern=r"^[a-zA-Z][\w/.-]{1,126}[\w*]?$")
    value: str


class Value(Body):
    val: str = Field(pattern=r"^[0-9]{1,30}$")


class Units(Body):
    units: Value
    attributes: list[Attribute] = Field(default_factory=list)


class Quantity(Body):
    quantity: Value
    name: str = "default"
    attributes: list[Attribute] = Field(default_factory=list)


class ScreenedResource(Body):
    id: int
    cpu: Units
    memory: Quantity
    gpu: Units
    storage: list[Quantity]
    endpoints: list[object] = Field(default_factory=list)


class Cap(Body):
    denom: str
    amount: str = Field(pattern=r"^[0-9]{1,30}$")


class ScreenedUnit(Body):
    resource: ScreenedResource
    count: int = Field(ge=1)
    price: Cap


class SignedBy(Body):
    anyOf: list[str] = Field(default_factory=list)  # noqa: N815 - the wire's name
    allOf: list[str] = Field(default_factory=list)  # noqa: N815 - the wire's name


class Requirements(Body):
    signedBy: SignedBy = SignedBy()  # noqa: N815 - the wire's name
    attributes: list[Attribute] = Field(default_factory=list)


class ScreeningBody(Body):
    requirements: Requirements = Requirements()
    resources: list[ScreenedUnit] = Field(min_length=1, max_length=20)
    timezone: str
    reclamationWindow: int = Field(default=0, ge=0)  # noqa: N815 - the wire's name
