"""Where a shop is: timezone, currency and country, from signs, codes, names and the language of the headers.

One place is guessed and the rest follows from it. What nothing speaks for is an assumption and says so; a country is not assumed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ecom_pipeline.shop.doctor.model import Guess
from ecom_pipeline.shop.doctor.profiles import Profile

PLACES = {
    "CN": ("CNY", "Asia/Shanghai", "china|中国|mainland china"),
    "HK": ("HKD", "Asia/Hong_Kong", "hong kong|香港"),
    "TW": ("TWD", "Asia/Taipei", "taiwan|台湾|臺灣"),
    "JP": ("JPY", "Asia/Tokyo", "japan|日本"),
    "KR": ("KRW", "Asia/Seoul", "south korea|korea|韩国"),
    "ID": ("IDR", "Asia/Jakarta", "indonesia"),
    "VN": ("VND", "Asia/Ho_Chi_Minh", "vietnam|viet nam|việt nam"),
    "TH": ("THB", "Asia/Bangkok", "thailand|ไทย|ประเทศไทย"),
    "MY": ("MYR", "Asia/Kuala_Lumpur", "malaysia"),
    "PH": ("PHP", "Asia/Manila", "philippines"),
    "SG": ("SGD", "Asia/Singapore", "singapore|新加坡"),
    "IN": ("INR", "Asia/Kolkata", "india|印度"),
    "GB": ("GBP", "Europe/London", "united kingdom|uk|great britain|england|英国"),
    "DE": ("EUR", "Europe/Berlin", "germany|deutschland|德国"),
    "FR": ("EUR", "Europe/Paris", "france|法国"),
    "ES": ("EUR", "Europe/Madrid", "spain|españa|西班牙"),
    "IT": ("EUR", "Europe/Rome", "italy|italia|意大利"),
    "NL": ("EUR", "Europe/Amsterdam", "netherlands|nederland|荷兰"),
    "CH": ("CHF", "Europe/Zurich", "switzerland|schweiz|瑞士"),
    "PL": ("PLN", "Europe/Warsaw", "poland|polska|波兰"),
    "SE": ("SEK", "Europe/Stockholm", "sweden|sverige|瑞典"),
    "US": ("USD", "America/New_York", "united states|usa|united states of america|美国"),
    "CA": ("CAD", "America/Toronto", "canada|加拿大"),
    "BR": ("BRL", "America/Sao_Paulo", "brazil|brasil|巴西"),
    "MX": ("MXN", "America/Mexico_City", "mexico|méxico|墨西哥"),
    "AU": ("AUD", "Australia/Sydney", "australia|澳大利亚"),
}
"""Country to currency, timezone and names."""
NAMES = {name: code for code, (_, _, names) in PLACES.items() for name in names.split("|")} | {
    code.lower(): code for code in PLACES
}
HOME = {"CNY": "CN", "GBP": "GB", "EUR": "DE", "USD": "US"} | {
    currency: code for code, (currency, _, _) in reversed(PLACES.items()) if currency != "EUR"
}
PLATFORMS = {
    "CN": "taobao|tmall|jingdong|pinduoduo|douyin|淘宝|天猫|京东|拼多多|抖音",
    "JP": "rakuten|楽天",
    "BR": "olist|mercado_?livre",
}
"""Marketplaces that serve one country."""
LANGUAGES = {"JP": "[\u3041-\u30ff]", "TH": "[\u0e01-\u0e5b]", "VN": "đơn hàng|số lượng", "ID": "pesanan|pembeli"}
"""What is in headers of a language that one country speaks."""
CURRENCY_WORDS = {
    "USD": r"\b(us)?dollars?\b|\busd\b|美元",
    "GBP": r"\bgbp\b|\bpounds?\b|\bsterling\b|英镑",
    "EUR": r"\beuros?\b|\beur\b|欧元",
    "CNY": r"\bcny\b|\brmb\b|\byuan\b|人民币|[(（]元[)）]|¥",
}


def currencies(columns: Iterable[Profile]) -> tuple[str, ...]:
    """The currencies that columns name, the commonest first."""
    counted: Counter[str] = Counter()
    for column in columns:
        counted.update({word.upper(): times for word, times in column.words if re.fullmatch("[A-Za-z]{3}", word)})
    return tuple(code for code, _ in counted.most_common())


def whereabouts(
    countries: Iterable[Profile], named: Sequence[str], profiles: Sequence[Profile], names: Sequence[str]
) -> tuple[Guess, Guess, Guess | None]:
    """Timezone, currency and, if anything speaks for one, country.

    Parameters
    ----------
    countries
        The columns taken for countries of orders, events or customers.
    named
        The currencies that columns name, the commonest first.
    profiles
        Every column that was recognised.
    names
        Of the folder and its files.
    """
    country = _named_country(countries) or _platform(names) or _language(profiles)
    currency = _currency(named, country, profiles)
    if country is None and (home := HOME.get(currency.value)) and currency.confidence > 0:
        country = Guess(value=home, confidence=0.4, why=f"where {currency.value} is paid with")
    if country is None:
        return Guess(value="UTC", confidence=0.0, why="assumed: nothing in the files says it"), currency, None
    clock = f"the clock of {country.value}"
    return Guess(value=PLACES[country.value][1], confidence=min(country.confidence, 0.5), why=clock), currency, country


def _named_country(columns: Iterable[Profile]) -> Guess | None:
    counted: Counter[str] = Counter()
    for column in columns:
        for word, times in column.words:
            if code := NAMES.get(word.lower()):
                counted[code] += times
    if not counted:
        return None
    code, times = counted.most_common(1)[0]
    share = times / sum(counted.values())
    return Guess(value=code, confidence=round(0.9 * share, 2), why=f"{share:.0%} of the countries named")


def _platform(names: Sequence[str]) -> Guess | None:
    for code, pattern in PLATFORMS.items():
        if found := re.search(pattern, " ".join(names), re.IGNORECASE):
            return Guess(value=code, confidence=0.5, why=f"'{found.group()}' in a name")
    return None


def _language(profiles: Sequence[Profile]) -> Guess | None:
    headers = " ".join(profile.name for profile in profiles).lower()
    for code, pattern in LANGUAGES.items():
        if found := re.search(pattern, headers):
            return Guess(value=code, confidence=0.5, why=f"'{found.group()}' in the headers")
    return None


def _currency(named: Sequence[str], country: Guess | None, profiles: Sequence[Profile]) -> Guess:
    if named:
        return Guess(value=named[0], confidence=0.9, why="the commonest one of the currency columns")
    symbols = Counter(profile.symbol for profile in profiles if profile.symbol)
    if symbols:
        return Guess(value=symbols.most_common(1)[0][0], confidence=0.8, why="the sign at the amounts")
    headers = " ".join(re.sub(r"[_\-.]", " ", profile.name) for profile in profiles).lower()
    for code, pattern in CURRENCY_WORDS.items():
        if re.search(pattern, headers):
            return Guess(value=code, confidence=0.7, why="a header says it")
    if country is not None:
        return Guess(value=PLACES[country.value][0], confidence=0.6, why=f"what is paid with in {country.value}")
    if re.search(r"[\u4e00-\u9fff]", headers) or any(_is_chinese(profile) for profile in profiles):
        return Guess(value="CNY", confidence=0.6, why="headers or values are Chinese")
    return Guess(value="USD", confidence=0.0, why="assumed: nothing in the files says it")


def _is_chinese(profile: Profile) -> bool:
    return any(re.search(r"[\u4e00-\u9fff]", value) for value in profile.examples)
