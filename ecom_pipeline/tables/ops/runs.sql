select
    run_id,
    shop,
    shop_fingerprint,
    code_fingerprint,
    started_at,
    ended_at,
    epoch(ended_at) - epoch(started_at) as seconds,
    status
from journal.runs
