"""One entry of the load ledger: what a file was when it was read, and whether it still is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from ecom_pipeline.shop.arrivals import utc

CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One load: what a file was when it was read.

    Attributes
    ----------
    file
        Path below the landing folder, or the database and its table, without the password, or ``query``.
    size
        In bytes; 0 for what is no file, a table or a query.
    sha256
        Of the file's bytes, or of a table's rows in any order.
    rows
        All rows that are in the table now, the unreadable ones among them.
    columns
        As the file names them; a ledger that does not know them leaves them empty.
    modified_at, loaded_at
        When the file was last written, and when it was read, UTC.
    read_as
        The format and the options that ``shop.yaml`` stated then, and the version of the readers, as JSON.
    is_retired
        Whether its rows have left the warehouse for their age; its file is not read again when ``read_as`` changes.
    """

    load_id: int
    file: str
    size: int
    sha256: str
    modified_at: datetime | None = None
    loaded_at: datetime | None = None
    rows: int = 0
    unreadable: int = 0
    columns: tuple[str, ...] = ()
    encoding: str = ""
    dialect: str = ""
    read_as: str | None = None
    is_retired: bool = False

    def is_untouched(self, seen: os.stat_result) -> bool:
        """Whether nothing can have been written into the file since it was loaded, so that it need not be read for its hash.

        Its size and time are the same, and the system's own note of its last change, which nobody can set back, is older
        than the load by more than clocks are apart.
        """
        if self.modified_at is None or self.loaded_at is None:
            return False
        same = (self.size, self.modified_at) == (seen.st_size, utc(seen.st_mtime))
        return same and utc(seen.st_ctime) < self.loaded_at - CLOCKS_APART
