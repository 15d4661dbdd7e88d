select
    table_name,
    source,
    reasons,
    count(*) as rows
from quarantine.rows
group by table_name, source, reasons
