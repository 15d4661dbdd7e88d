select
    run_id,
    step,
    started_at,
    seconds,
    peak_memory_bytes,
    status,
    message
from journal.steps
