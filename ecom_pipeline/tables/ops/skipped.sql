select
    run_id,
    table_name,
    reason
from journal.writes
where outcome = 'skipped'
