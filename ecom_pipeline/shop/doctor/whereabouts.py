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
    "KR": ("KRW", "Asia/Seoul", "south korea|korea|대한민국|한국|韩国"),
    "ID": ("IDR", "Asia/Jakarta", "indonesia"),
    "VN": ("VND", "Asia/Ho_Chi_Minh", "vietnam|viet nam|việt nam"),
    "TH": ("THB", "Asia/Bangkok", "thailand|ไทย|ประเทศไทย"),
    "MY": ("MYR", "Asia/Kuala_Lumpur", "malaysia"),
    "PH": ("PHP", "Asia/Manila", "philippines"),
    "SG": ("SGD", "Asia/Singapore", "singapore|新加坡"),
    "IN": ("INR", "Asia/Kolkata", "india|भारत|印度"),
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
    "RU": ("RUB", "Europe/Moscow", "russia|russian federation|россия|рф|俄罗斯"),
    "UA": ("UAH", "Europe/Kyiv", "ukraine|україна"),
    "KZ": ("KZT", "Asia/Almaty", "kazakhstan|казахстан"),
    "TR": ("TRY", "Europe/Istanbul", "turkey|türkiye|turkiye"),
    "SA": ("SAR", "Asia/Riyadh", "saudi arabia|ksa|السعودية|المملكة العربية السعودية"),
    "AE": ("AED", "Asia/Dubai", "united arab emirates|uae|الإمارات"),
    "EG": ("EGP", "Africa/Cairo", "egypt|مصر"),
    "IL": ("ILS", "Asia/Jerusalem", "israel"),
    "PK": ("PKR", "Asia/Karachi", "pakistan"),
    "BD": ("BDT", "Asia/Dhaka", "bangladesh"),
    "LK": ("LKR", "Asia/Colombo", "sri lanka"),
    "AR": ("ARS", "America/Argentina/Buenos_Aires", "argentina"),
    "CL": ("CLP", "America/Santiago", "chile"),
    "CO": ("COP", "America/Bogota", "colombia"),
    "PE": ("PEN", "America/Lima", "peru|perú"),
    "PT": ("EUR", "Europe/Lisbon", "portugal"),
    "AT": ("EUR", "Europe/Vienna", "austria|österreich"),
    "BE": ("EUR", "Europe/Brussels", "belgium|belgique|belgië"),
    "IE": ("EUR", "Europe/Dublin", "ireland"),
    "FI": ("EUR", "Europe/Helsinki", "finland|suomi"),
    "GR": ("EUR", "Europe/Athens", "greece|ελλάδα"),
    "DK": ("DKK", "Europe/Copenhagen", "denmark|danmark"),
    "NO": ("NOK", "Europe/Oslo", "norway|norge"),
    "CZ": ("CZK", "Europe/Prague", "czechia|czech republic|česko"),
    "HU": ("HUF", "Europe/Budapest", "hungary|magyarország"),
    "RO": ("RON", "Europe/Bucharest", "romania|românia"),
    "NZ": ("NZD", "Pacific/Auckland", "new zealand"),
    "ZA": ("ZAR", "Africa/Johannesburg", "south africa"),
    "NG": ("NGN", "Africa/Lagos", "nigeria"),
    "KE": ("KES", "Africa/Nairobi", "kenya"),
}
"""Country to currency, timezone and names."""
NAMES = {name: code for code, (_, _, names) in PLACES.items() for name in names.split("|")} | {
    code.lower(): code for code in PLACES
}
CURRENCIES = frozenset(currency for currency, _, _ in PLACES.values())
HOME = {"CNY": "CN", "GBP": "GB", "EUR": "DE", "USD": "US"} | {
    currency: code for code, (currency, _, _) in reversed(PLACES.items()) if currency != "EUR"
}
PLATFORMS = {
    "CN": "taobao|tmall|jingdong|pinduoduo|douyin|淘宝|天猫|京东|拼多多|抖音",
    "JP": "rakuten|楽天",
    "BR": "olist|mercado_?livre",
    "KR": "coupang|smartstore|쿠팡|스마트스토어",
    "RU": "wildberries|ozon|вайлдберриз",
    "TR": "trendyol|hepsiburada",
    "PL": "allegro",
    "IN": "flipkart|myntra",
}
"""Marketplaces that serve one country."""
LANGUAGES = {
    "JP": "[\u3041-\u30ff]",
    "KR": "[\uac00-\ud7a3]",
    "TH": "[\u0e01-\u0e5b]",
    "IN": "[\u0900-\u0dff]",
    "RU": "[\u0430-\u044f]",
    "GR": "[\u03b1-\u03c9]{3}",
    "VN": "đơn hàng|số lượng",
    "ID": "pesanan|pembeli",
    "TR": "sipari[şs]|müşteri|ürün",
    "PL": "zamówie|ilość",
}
"""What is in headers of a language that one country speaks, or most of its shops."""
DIALS = {
    "CN": "86", "JP": "81", "KR": "82", "IN": "91", "TR": "90", "SA": "966", "AE": "971", "EG": "20", "PK": "92",
    "BD": "880", "GB": "44", "DE": "49", "FR": "33", "ES": "34", "IT": "39", "NL": "31", "CH": "41", "PL": "48",
    "SE": "46", "PT": "351", "AT": "43", "BE": "32", "BR": "55", "MX": "52", "AR": "54", "CL": "56", "CO": "57",
    "AU": "61", "NZ": "64", "ID": "62", "VN": "84", "TH": "66", "MY": "60", "PH": "63", "SG": "65", "ZA": "27",
    "NG": "234", "KE": "254", "UA": "380", "IL": "972",
}  # fmt: skip
"""How telephone numbers of a country begin, after a plus; where several share one, none of them."""
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
    country = _named_country(countries) or _named(names) or _language(profiles) or _dialled(profiles)
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


def _named(names: Sequence[str]) -> Guess | None:
    """A marketplace or a country that the folder or a file is called after."""
    said = re.sub(r"[_\W]+", " ", " ".join(names))
    countries = {code: rf"\b({own})\b" for code, (_, _, own) in PLACES.items()}
    for code, pattern in (*PLATFORMS.items(), *countries.items()):
        if found := re.search(pattern, said, re.IGNORECASE):
            return Guess(value=code, confidence=0.5, why=f"'{found.group()}' in a name")
    return None


def _dialled(profiles: Sequence[Profile]) -> Guess | None:
    """Where the telephones are."""
    numbers = [value for profile in profiles for value in profile.examples if re.fullmatch(r"\+\d[\d ()-]{8,}", value)]
    for code, dial in DIALS.items():
        if numbers and all(number.startswith(f"+{dial}") for number in numbers):
            return Guess(value=code, confidence=0.4, why=f"telephone numbers begin with +{dial}")
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
