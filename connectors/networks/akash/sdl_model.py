"""Akash's Stack Definition Language, 2.0 and 2.1, as types of our own: what a deployment asks for.

The form follows the published schema (akash-network/chain-sdk 55f1c683, sdl-input.schema.yaml); the
tests hold it against that schema and its fixtures. Amounts stay as they are written; what they mean
is in ``sdl_units``, what must fit together across parts in ``sdl_checks``.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.sdl_compute import Attributes, Compute, Line, Name, Part, named
from connectors.networks.akash.sdl_units import window_text
from engine.requirement import refuse_conflicts

SERVICE_NAME = r"^[a-z]([a-z0-9\-]{0,61}[a-z0-9])?$"
"""What providers take (manifest validation): a later refusal would come after the lease."""
ENDPOINT_NAME = r"^[a-z]+[-_0-9a-z]+$"
COUNT_MAX = 50
"""Units of one service in one placement, by the chain."""

_SERVICE_RULE = "small letters, digits and hyphens, beginning with a letter: web, train-1"
_ENDPOINT_RULE = "small letters first, then letters, digits, - and _: at least two characters"


def _longer_than(least: int) -> AfterValidator:
    """Tell that a text is too short without showing it."""

    def check(text: str) -> str:
        if len(text) < least:
            said = f"has fewer than {least} characters: write it out"
            raise PydanticCustomError("sdl_short", "{said}", {"said": said})
        return text

    return AfterValidator(check)


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        said = "a volume stands at an absolute path: begin with /"
        raise PydanticCustomError("sdl_path", "{said}", {"said": said})
    return path


Text = Annotated[str, Field(max_length=65_536)]
Texts = Annotated[tuple[Text, ...], Field(max_length=500)]
ServiceName = Annotated[str, *named(SERVICE_NAME, _SERVICE_RULE)]
EndpointName = Annotated[str, *named(ENDPOINT_NAME, _ENDPOINT_RULE)]
PortNumber = Annotated[int, Field(ge=1, le=65_535)]
Milliseconds = Annotated[int, Field(ge=0, le=60_000)]
ErrorCode = Literal[
    "error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"
]  # fmt: skip


class HttpOptions(Part):
    """How the provider's proxy speaks to the port: bytes, milliseconds, tries."""

    max_body_size: Annotated[int, Field(ge=0, le=104_857_600)] | None = None
    read_timeout: Milliseconds | None = None
    send_timeout: Milliseconds | None = None
    next_tries: Annotated[int, Field(ge=0)] | None = None
    next_timeout: Annotated[int, Field(ge=0)] | None = None
    next_cases: Annotated[tuple[ErrorCode, ...], Field(max_length=20)] = ()
    proxy_buffer_size: Annotated[int, Field(ge=0, le=1_048_576)] | None = None

    @model_validator(mode="after")
    def _off_stands_alone(self) -> Self:
        alone = "off" not in self.next_cases or len(self.next_cases) == 1
        refuse_conflicts((not alone, ("next_cases",), "off is for no case: keep it or the others"))
        return self


class To(Part):
    """Who reaches a port: the internet (``global``, at a leased ``ip``), or another service."""

    is_global: Annotated[bool, Field(alias="global")] = False
    service: Name | None = None
    ip: Name | None = None

    @model_validator(mode="after")
    def _an_address_is_global(self) -> Self:
        said = "an ip is reached from the internet: add global: true"
        refuse_conflicts((self.ip is not None and not self.is_global, ("ip", "global"), said))
        return self


class Expose(Part):
    """A port of the container, and what it is outside (``as``; the same where not told)."""

    port: PortNumber
    as_port: Annotated[PortNumber | None, Field(alias="as")] = None
    proto: Literal["TCP", "UDP", "tcp", "udp"] = "TCP"
    accept: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    to: Annotated[tuple[To, ...], Field(max_length=100)] = ()
    http_options: HttpOptions | None = None

    @property
    def outside(self) -> int:
        """The port that others ask for."""
        return self.as_port or self.port

    @property
    def is_http(self) -> bool:
        """Whether the provider serves it by name at 80 and 443; others get a port of its choice."""
        return self.proto.upper() == "TCP" and self.outside == 80  # noqa: PLR2004 - HTTP's port


class Dependency(Part):
    """A service that starts before this one."""

    service: Name


class Credentials(Part):
    """Who may pull the image; the password only as ``${secret:NAME}``."""

    host: Line
    username: Line
    password: Annotated[Text, _longer_than(6)]
    email: Annotated[Line, _longer_than(5)] | None = None


class Mount(Part):
    """Where a volume stands in the container."""

    mount: Annotated[Line, AfterValidator(_absolute)] | None = None
    read_only: Annotated[bool, Field(alias="readOnly")] = False


class Permissions(Part):
    """What the container may read of its own deployment."""

    read: Annotated[tuple[Literal["deployment", "logs", "events"], ...], Field(max_length=3)] = ()


class Params(Part):
    """Volumes, permissions, and the trusted execution environment it runs in."""

    storage: dict[Name, Mount] = Field(default_factory=dict)
    permissions: Permissions | None = None
    tee: Literal["cpu", "cpu-gpu"] | None = None


class Service(Part):
    """A container image and how it runs."""

    image: Line
    command: Texts = ()
    args: Texts = ()
    env: Texts = ()
    expose: Annotated[tuple[Expose, ...], Field(max_length=100)] = ()
    dependencies: Annotated[tuple[Dependency, ...], Field(max_length=100)] = ()
    credentials: Credentials | None = None
    params: Params | None = None


class SignedBy(Part):
    """Auditors, by address, who must have signed the placement's attributes."""

    all_of: Annotated[tuple[Name, ...], Field(alias="allOf", max_length=50)] = ()
    any_of: Annotated[tuple[Name, ...], Field(alias="anyOf", max_length=50)] = ()


class Price(Part):
    """The most that one unit of a profile may cost per block."""

    denom: Literal["uakt", "uact"]
    amount: Annotated[
        Decimal, Field(ge=0, le=FACTS.unit_price_max, max_digits=28, decimal_places=18)
    ]


class Placement(Part):
    """Where it may run: the provider's attributes, who signed them, and the price of a profile."""

    pricing: dict[Name, Price]
    attributes: Attributes = Field(default_factory=dict)
    signed_by: Annotated[SignedBy | None, Field(alias="signedBy")] = None


class Profiles(Part):
    """The profiles that the deployment puts together."""

    compute: dict[Name, Compute]
    placement: dict[Name, Placement]


class Deployed(Part):
    """How many units of a profile a service gets in a placement."""

    profile: Name
    count: Annotated[int, Field(ge=1, le=COUNT_MAX)]


class Endpoint(Part):
    """An address that is leased with the deployment."""

    kind: Literal["ip"]


class Reclamation(Part):
    """The notice that a provider must give before it takes the machine back."""

    min_window: Annotated[str, AfterValidator(window_text)]


class Sdl(Part):
    """A whole deployment. ``deployment``: by service, then by placement."""

    version: Literal["2.0", "2.1"]
    services: dict[ServiceName, Service]
    profiles: Profiles
    deployment: dict[Name, dict[Name, Deployed]]
    endpoints: dict[EndpointName, Endpoint] = Field(default_factory=dict)
    include: Texts = ()
    reclamation: Reclamation | None = None
