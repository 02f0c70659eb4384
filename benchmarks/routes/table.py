"""The table of a run: what was measured, its target, and the peers' figures beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """CPU milliseconds of one thing. ``at_most``: its target in ms.

    ``peers``: their CPU milliseconds for the same, where they were measured; ``times``: how many
    times a peer's figure ours must be within (20: at most a twentieth; 0.5: at most twice).
    """

    what: str
    ms: float
    at_most: float | None = None
    peers: Mapping[str, float | None] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def targets(self) -> str:
        """Say each target and whether it is met, and the note."""
        said = []
        if self.at_most is not None:
            said.append(f"at most {self.at_most:g} ms: {_met(self.ms <= self.at_most)}")
        for peer, times in self.times.items():
            theirs = self.peers.get(peer)
            if theirs is not None:
                is_met = theirs / self.ms >= times
                asked = f"{times:g} x" if times >= 1 else f"at most {1 / times:g} x its time"
                said.append(f"{peer.split()[0]} {asked}: {_met(is_met)}")
        return "; ".join([*said, *([self.note] if self.note else [])])

    def of_peer(self, peer: str) -> str:
        theirs = self.peers.get(peer)
        if theirs is None:
            return "–"
        return f"{number(theirs)} ({number(theirs / self.ms)} x)"


def number(value: float) -> str:
    """Return three digits of it."""
    if value >= 100:  # noqa: PLR2004 - no fraction is worth telling
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004 - the same


def printed(lines: Sequence[Line], peers: Sequence[str]) -> None:
    """Print the table as Markdown: CPU ms, and in brackets how many times ours it is."""
    print(f"| What (CPU ms) | Necto | {' | '.join(peers)} | Targets |")
    print("|---" * (3 + len(peers)) + "|")
    for line in lines:
        theirs = " | ".join(line.of_peer(peer) for peer in peers)
        print(f"| {line.what} | {number(line.ms)} | {theirs} | {line.targets()} |")


def _met(is_met: bool) -> str:  # noqa: FBT001 - the one value it speaks of
    return "met" if is_met else "MISSED"
