"""Finding orders by what people remember of them."""

from sqlalchemy import ColumnElement, Connection, func, or_, select

from data.tables import order_heads, orders
from engine.orders import State


def ids_like(view: Connection, beginning: str) -> list[str]:
    """Return the ids that begin so, at most 20."""
    asked = select(orders.c.order_id).where(
        orders.c.order_id.startswith(beginning, autoescape=True)
    )
    return list(view.execute(asked.order_by(orders.c.order_id).limit(20)).scalars())


def counted(view: Connection, words: str = "") -> dict[State, int]:
    """Return how many orders are in each state; ``words``: of those that ``listed`` finds."""
    heads = order_heads.c
    asked = select(heads.state, func.count()).group_by(heads.state)
    if words:
        asked = asked.where(says(words))
    return {state: int(count) for state, count in view.execute(asked)}


def says(words: str) -> ColumnElement[bool]:
    heads = order_heads.c
    return or_(
        heads.title.icontains(words, autoescape=True),
        heads.cost_centre.icontains(words, autoescape=True),
        heads.order_id.startswith(words, autoescape=True),
    )
