select
    run_id,
    input,
    source,
    routed_rows,
    clean_rows,
    duplicate_rows,
    quarantined_rows,
    routed_rows = clean_rows + duplicate_rows + quarantined_rows as is_conserved
from journal.conservation
