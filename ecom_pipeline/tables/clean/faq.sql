select
    nullif(trim(faq_id), '') as faq_id,
    nullif(trim(intent), '') as intent,
    nullif(trim(questions), '') as questions,
    nullif(trim(answer), '') as answer,
    nullif(split_part(replace(lower(trim(language)), '_', '-'), '-', 1), '') as language,
    _source,
    _load_id,
    _file,
    _row,
    _reasons
from input.faq
