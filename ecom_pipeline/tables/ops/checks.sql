select
    run_id,
    table_name,
    check_name,
    description,
    action,
    passed as is_passed,
    rows_failed,
    rows_checked,
    case when rows_checked > 0 then cast(rows_failed as double) / cast(rows_checked as double) end as share_failed,
    observed,
    checked_at
from journal.checks
