"""Personal data in a message: found by its form, and masked before the text goes anywhere but ``clean``.

E-mail addresses, telephone numbers, numbers of papers, cards and bank accounts (by their check digits, where they have
some), postal addresses, and names where something announces them (``我叫``, ``收件人``, "my name is", "Regards,"), in Chinese and
English forms. A name that nothing announces has no form and stays, so a masked text is still the text of a person. What
does not belong here: order numbers and prices (``slots``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import NamedTuple

from ecom_pipeline.ml.support.text import HAN, clean_text, simplified

KINDS = ("email", "card", "id", "phone", "address", "name")
"""What is masked, in the order it is looked for."""

_ORDER_BEFORE = re.compile(
    r"(?:order|tracking|invoice|parcel|ticket)(?:\s*(?:no\.?|number|id))?\s*(?:is|:|#)?\s*#?$|(?:单号|订单|运单|编号|发票号)(?:号)?(?:码)?\s*(?:是|为|:)?\s*$",
    re.IGNORECASE,
)
_STREET_EN = (
    r"(?i:street|st\.?|road|rd\.?|avenue|ave\.?|lane|ln\.?|drive|dr\.|boulevard|blvd\.?|way|court|square|place|terrace|close"
    r"|highway|parkway|crescent|row|grove|gardens|mews|hill|circle|quay)"
)
_POSTCODE_UK = r"(?:,? [A-Z][a-z]+)?,? [A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?!\w)"
_SURNAMES = (
    "(?:欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐"
    "|[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭肖萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦"
    "白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武戚莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝"
    "路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戎])"
)
_GIVEN = r"[^\W\da-zA-Z_我你您他她是的了在和要想请住买电订手地说也有不到来没]"
_NAME_ZH = rf"{_SURNAMES}{_GIVEN}{{1,2}}"
_NAME_EN = r"[A-ZÀ-Þ](?:[A-Za-zÀ-ÿ'’-]*[a-zß-ÿ]|[A-ZÀ-Þ'’-]*[A-ZÀ-Þ])(?:\s(?:[A-ZÀ-Þ]\.|[A-ZÀ-Þ][A-Za-zÀ-ÿ'’-]+)){0,2}"
_PLACE = rf"(?:(?!改[成为到]|[寄送发]到|地址|(?<=地)址|[是为了写]|(?<=改)[成为到]|(?<=[寄送发])到)[{HAN}])"
"""A character of a place's name: no word that announces one."""
_PATTERNS = {
    "email": r"[\w\u00c0-\u024f.+-]+@[\w\u00c0-\u024f-]+(?:\.[\w\u00c0-\u024f-]+)+",
    "card": (
        r"(?<![\w.+])\d(?:[ -]?\d){13,18}(?!\w)"
        r"|(?<!\w)(?i:[A-Z]{2}(?!0[01]|99)\d{2} ?[A-Z0-9]{4}(?: ?(?=[A-Z]{0,3}\d)[A-Z0-9]{4}){1,6}(?: ?(?=[A-Z]{0,2}\d)[A-Z0-9]{1,3})?)(?!\w)"
    ),
    "id": (
        r"(?<!\w)\d{17}[\dXx](?!\w)|(?<!\w)\d{3}-\d{2}-\d{4}(?!\w)|(?<!\w)[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
        r"|(?:(?<=护照号)|(?<=护照号码)|(?<=护照)|(?<=passport )|(?<=passport number ))[:：]? ?[A-Za-z]\d{7,8}(?!\w)"
    ),
    "phone": (
        r"(?<![\w-])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\d-])"
        r"|(?<![\w-])0\d{2,3}[ -]\d{7,8}(?![\d-])|(?<![\w-])[48]00[ -]?\d{3}[ -]?\d{4}(?![\d-])"
        r"|\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?!\w)|(?<!\w)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)"
        r"|(?<!\w)0\d{2} \d{4} \d{4}(?!\w)|(?<!\w)0\d{3,4} \d{3} ?\d{3,4}(?!\w)|(?<!\w)0[1-9](?:[ .]\d{2}){4}(?!\w)"
        r"|(?:(?i:\b(?:tel(?:ephone|efon)?|phone|mobile?|cell(?:phone)?|handy|whatsapp|(?:call|text|ring)(?: me)?)(?: (?:no|number|nr))?|\bmy (?:new )?number(?= is|:))"
        r"|(?:手机|电话|座机)(?:号码?)?)[.:是]?(?: is| at| on)?:? ?(?!\d{1,5}[-/.]\d{1,5}(?!\d))"
        r"(?P<announced>\+?\(?\d(?:[ ()./-]{0,2}\d){6,14})(?!\w)"
    ),
    "address": (
        rf"(?:{_PLACE}{{2,7}}(?:省|自治区|市|区|县|镇|乡)){{1,4}}[{HAN}\d]{{1,12}}?(?:大道|大街|胡同|小区|路|街|巷|弄|村)"
        rf"(?:[{HAN}]{{0,4}}\d+(?:号院|号楼|号|弄|栋|幢|座|单元|楼|层|室|房|-)?)*"
        rf"|[{HAN}]{{1,6}}(?:大道|大街|胡同|路|街|巷|弄)\d+(?:号院|号楼|号|弄)(?:[{HAN}]{{0,4}}\d+(?:号楼|号|栋|幢|座|单元|楼|层|室|房)?)*"
        rf"|(?<!\w)\d{{1,5}}[A-Za-z]?,? (?:[A-Z0-9][\w'.]*\s){{1,4}}?{_STREET_EN}(?!\w)"
        rf"(?:,? (?:apt|apartment|flat|unit|suite)\.? ?#?\w+)?(?:{_POSTCODE_UK})?"
        r"|(?<!\w)[A-ZÄÖÜ][\wäöüß]*?(?:strasse|straße|str\.|weg|platz|gasse) \d{1,4}[a-z]?(?!\w)"
        r"|(?<!\w)[A-Z][\w']*(?: [A-Z][\w']*){0,2} (?:Street|Road|Avenue|Lane|Drive|Square) \d{1,4}[a-z]?(?!\w)"
    ),
    "name": (
        rf"(?:我叫|我的?名字(?:是|叫))(?P<introduced>{_NAME_ZH})|(?:我是|本人是?)(?P<alone>{_NAME_ZH})(?=[,，.。!！;；\s]|$)"
        rf"|(?:姓名|收件人|收货人|联系人|寄件人|户名|署名)(?:姓名)?(?:改?[为是成]|[:：\s])*(?P<stated>{_SURNAMES}{_GIVEN}{{1,3}})"
        rf"|(?P<titled>{_SURNAMES}{_GIVEN}{{0,2}}(?:先生|女士|小姐(?!姐)))"
        rf"|(?i:\bmy (?:full )?name(?: is|'s|:)|\bthe name is|\bname:|\b(?:recipient|consignee|attn|account holder)(?: is|:)?)\s(?P<named>{_NAME_EN})"
        rf"|(?i:\bmy (?:full )?name(?: is|'s|:))\s(?P<small>(?!not\b|on\b|in\b|wrong\b|misspel|spel)[a-zß-ÿ]{{2,}})"
        rf"|\b(?:Mr|Mrs|Ms|Miss|Mx)\.?\s(?P<addressed>{_NAME_EN})"
        rf"|(?i:\bthis is)\s(?P<calling>{_NAME_EN})(?=\s(?:here|speaking|calling)\b)"
        rf"|(?i:\b(?:(?:regards|sincerely|faithfully|yours truly),?|(?:cheers|yours|best(?: wishes)?|thanks|thank you),))(?:\s|<br ?/?>)+(?P<signed>{_NAME_EN})(?=[.!]?\s?(?:$|[\[<]))"
    ),
}


class Masked(NamedTuple):
    """A text without the personal data that has a form, and how many pieces of each kind there were."""

    text: str
    counts: dict[str, int]


def mask(text: object) -> Masked:
    """Return a message with ``[email]``, ``[phone]`` ... in place of personal data.

    >>> mask("我的电话138 0013 8000，邮箱a.b@example.com")
    Masked(text='我的电话[phone],邮箱[email]', counts={'email': 1, 'phone': 1})
    >>> mask("order 13800138000 for 291 W 23rd Street").text
    'order 13800138000 for [address]'
    """
    written, counts = clean_text(text), {}
    for kind in KINDS:
        found = [match for match in _FORMS[kind].finditer(simplified(written)) if _ACCEPTED.get(kind, _always)(match)]
        for match in reversed(found):
            start, end = match.span(match.lastgroup or 0)
            written = f"{written[:start]}[{kind}]{written[end:]}"
        if found:
            counts[kind] = len(found)
    return Masked(written, counts)


def _always(match: re.Match[str]) -> bool:
    return True


def _is_card(match: re.Match[str]) -> bool:
    """Luhn's check digit (ISO/IEC 7812), and no paper's number that has it by chance; those of an IBAN (ISO 13616)."""
    if match.group()[0].isalpha():
        account = match.group().replace(" ", "")
        return int("".join(str(int(each, 36)) for each in account[4:] + account[:4])) % 97 == 1
    if _is_chinese_identity(match.group()):
        return False
    digits = [int(each) for each in re.sub(r"\D", "", match.group())]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_paper(match: re.Match[str]) -> bool:
    """Papers other than a Chinese identity card are known by their form alone."""
    return len(match.group()) != 18 or _is_chinese_identity(match.group())


def _is_chinese_identity(number: str) -> bool:
    """The check character of a Chinese identity number (GB 11643), and its date."""
    if not re.fullmatch(r"\d{17}[\dXx]", number):
        return False
    try:
        dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    weights = (2 ** (17 - at) % 11 for at in range(17))
    rest = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11
    return "10X98765432"[rest] == number[-1].upper()


def _is_phone(match: re.Match[str]) -> bool:
    """A number that is announced as an order's is none of a telephone."""
    return not _ORDER_BEFORE.search(match.string[: match.start()])


_FORMS = {kind: re.compile(pattern, 0 if kind == "name" else re.ASCII) for kind, pattern in _PATTERNS.items()}
_ACCEPTED: dict[str, Callable[[re.Match[str]], bool]] = {"card": _is_card, "id": _is_paper, "phone": _is_phone}
