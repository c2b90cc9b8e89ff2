"""Small and read-only disks, by real mounts: root may write into any folder, but not onto these."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def mount(*arguments: str) -> None:
    """Runs `mount`; where this process may not, the test is skipped, or fails if `RAIDEN_NO_SKIPS` is set."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        assert not os.environ.get("RAIDEN_NO_SKIPS"), done.stderr
        pytest.skip(f"the drill needs the right to mount a disk: {done.stderr.strip()}")


class Disk:
    """A disk of its own, as large as it is told to be."""

    def __init__(self, folder: Path, kib: int) -> None:
        folder.mkdir()
        self.folder = folder
        mount("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder))

    def resize(self, kib: int) -> None:
        mount("-o", f"remount,size={kib}k", str(self.folder))

    def fill(self, leave_kib: int) -> Path:
        """Fills it up to so much with a file."""
        left = os.statvfs(self.folder)
        ballast = self.folder / "ballast"
        ballast.write_bytes(bytes(left.f_bavail * left.f_bsize - leave_kib * 1024))
        return ballast

    def set_read_only(self, only: bool) -> None:
        mount("-o", f"remount,{'ro' if only else 'rw'}", str(self.folder))

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """96 MiB, to be filled or made smaller; a run asks for 68 before it begins."""
    disk = Disk(tmp_path / "disk", 96 * 1024)
    yield disk
    disk.close()
