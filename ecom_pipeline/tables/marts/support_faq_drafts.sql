select
    draft_id,
    language,
    title,
    examples,
    example_ids,
    messages,
    customers,
    first_sent_date,
    last_sent_date
from models.faq_drafts
