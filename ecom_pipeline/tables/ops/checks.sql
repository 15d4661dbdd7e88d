select
    run_id,
    table_name,
    check_name,
    description,
    action,
    passed as is_passed,
    rows_failed,
    rows_checked,
    observed,
    checked_at
from journal.checks
