with faq as (
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
)

select
    *,
    case
        when faq_id is null then 1
        else row_number() over (
            partition by faq_id
            order by _reasons is not null, _load_id desc, _row, _source
        )
    end as _duplicate
from faq
