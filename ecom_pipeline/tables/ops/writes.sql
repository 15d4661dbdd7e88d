select
    run_id,
    table_name,
    outcome,
    rows,
    reason,
    written_at
from journal.writes
