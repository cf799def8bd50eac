"""What kind of disk the store lies on: write-ahead logging needs memory that all processes of one machine share."""

from functools import lru_cache
from pathlib import Path

import psutil

# Network and bucket mounts, as the kernel names them. Their locks and shared memory cannot be relied on.
DISTANT = {
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "lustre", "macfuse", "ncpfs", "nfs", "nfs4", "osxfuse",
    "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "webdav",
}  # fmt: skip


@lru_cache(maxsize=16)
def distant(folder: Path) -> bool:
    """Whether a folder lies on a network or bucket mount. Asked of the system once a process."""
    kinds = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    kind = next((kinds[place] for place in (folder, *folder.parents) if place in kinds), "").lower()
    return kind in DISTANT or kind.startswith("fuse.")
