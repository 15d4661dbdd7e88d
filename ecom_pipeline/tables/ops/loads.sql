select
    load_id,
    source,
    file,
    size_bytes,
    sha256,
    rows as rows_loaded,
    unreadable_rows,
    encoding,
    dialect,
    modified_at,
    loaded_at,
    run_id,
    superseded_by as superseded_by_load_id,
    retired_at
from journal.loads
