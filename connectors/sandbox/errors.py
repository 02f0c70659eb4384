"""How the Console refuses: one envelope with codes by status (hono-error-handler, d84c9e93)."""

from collections.abc import Sequence

NAMES = {
    400: ("BadRequestError", "bad_request", "client_error"),
    401: ("UnauthorizedError", "unauthorized", "client_error"),
    402: ("PaymentRequiredError", "payment_required", "client_error"),
    403: ("ForbiddenError", "forbidden", "authorization_error"),
    404: ("NotFoundError", "not_found", "client_error"),
    409: ("ConflictError", "conflict", "client_error"),
    413: ("PayloadTooLargeError", "payload_too_large", "client_error"),
    429: ("TooManyRequestsError", "rate_limited", "client_error"),
    500: ("InternalServerError", "internal_server_error", "server_error"),
    502: ("BadGatewayError", "service_unavailable", "service_unavailable"),
    503: ("ServiceUnavailableError", "service_unavailable", "service_unavailable"),
}
NO_BALANCE = (
    "Not enough balance to cover the deployment deposit. "
    "Add credits or turn on auto recharge to continue."
)
BID_NOT_OPEN = (
    "Cannot create lease: The selected bid is no longer open. "
    "Please refresh and select an available bid."
)
ORDER_NOT_OPEN = (
    "Cannot create lease: The order has already been matched or closed. "
    "Re-create the deployment to generate a new order and try again."
)
UNIT_PRICE = "Unit price exceeds the maximum allowed by the network"


class Refused(Exception):
    """The Console answers with this status and message, and nothing was done."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code

    def body(self) -> dict[str, object]:
        return envelope(self.status, self.message, code=self.code)


class Invalid(Refused):
    """A request whose form is wrong: each fault with its path."""

    def __init__(self, faults: Sequence[dict[str, object]]) -> None:
        super().__init__(400, "Validation error", code="validation_error")
        self.faults = list(faults)

    def body(self) -> dict[str, object]:
        return envelope(400, self.message) | {
            "code": "validation_error",
            "type": "validation_error",
            "data": self.faults,
        }


def envelope(status: int, message: str, *, code: str | None = None) -> dict[str, object]:
    """Return the body of an error."""
    name, usual, kind = NAMES.get(status, ("InternalServerError", "unknown", "server_error"))
    return {"error": name, "message": message, "code": code or usual, "type": kind}
