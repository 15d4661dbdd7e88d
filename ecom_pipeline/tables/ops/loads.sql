select
    load_id,
    source,
    file,
    size_bytes,
    sha256,
    rows,
    unreadable_rows,
    encoding,
    dialect,
    modified_at,
    loaded_at,
    run_id,
    superseded_by
from journal.loads
