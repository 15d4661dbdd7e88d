select
    table_name,
    reason,
    run_id,
    written_at
from ops.tables
where outcome = 'skipped'
