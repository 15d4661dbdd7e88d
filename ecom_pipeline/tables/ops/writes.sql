select
    run_id,
    table_name,
    outcome,
    rows,
    regexp_replace(reason, '(?s): ''.*?'' is not ', ': ... is not ', 'g') as reason,
    written_at
from journal.writes
