"""A small disk that a test may fill: a true one in memory where root may mount it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A mounted file system of a given size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, kib: int) -> bool:
        return self._mount("-t", "tmpfs", "-o", f"size={kib}k,mode=755", "tmpfs")

    def resize(self, kib: int) -> None:
        assert self._mount("-o", f"remount,size={kib}k")

    def set_read_only(self, *, is_on: bool) -> None:
        assert self._mount("-o", f"remount,{'ro' if is_on else 'rw'}")

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.folder / "filling").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                return

    def _mount(self, *options: str) -> bool:
        command = ["mount", *options, str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(kib: int) -> Iterator[Disk]:
    """A disk for the block. Skips the test, with the reason, where nobody may mount one."""
    disk = Disk(Path(tempfile.mkdtemp(prefix="necto-disk-")))
    if os.getuid() or not disk.mount(kib):
        shutil.rmtree(disk.folder)
        pytest.skip(
            "only root can mount a small disk to fill: the limit on a file's size is tested"
        )
    try:
        yield disk
    finally:
        disk.unmount()
        disk.folder.rmdir()
