select
    run_id,
    source,
    notice,
    noticed_at
from journal.notices
