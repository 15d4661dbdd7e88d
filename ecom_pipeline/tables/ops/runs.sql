select
    run_id,
    shop,
    started_at,
    ended_at,
    case when status = 'running' then 'publishing' else status end as status,
    epoch(ended_at) - epoch(started_at) as seconds,
    shop_fingerprint
from journal.runs
