"""Data on its way out of Necto: what leaves, told so that its entry in the trail can be checked."""

from dataclasses import dataclass

from engine.canonical import Json, digest


@dataclass(frozen=True, slots=True)
class Export:
    """One file that somebody takes away. ``rows``: how many records it holds, without its header.

    ``format`` is the file's ending: csv, xlsx, parquet.
    """

    file: str
    rows: int
    content: bytes

    @property
    def format(self) -> str:
        return self.file.rsplit(".", 1)[-1].lower() if "." in self.file else "none"

    @property
    def digest(self) -> str:
        return digest(self.content)


def told(export: Export, place: str, asked: str) -> Json:
    """Return what the trail keeps of an export: never the content, always its digest.

    ``place``: the page or command that gave it; ``asked``: its filters as the address has them, or
    the command's words.
    """
    return {
        "place": place,
        "asked": asked,
        "file": export.file,
        "format": export.format,
        "rows": export.rows,
        "digest": export.digest,
        "size": len(export.content),
    }
