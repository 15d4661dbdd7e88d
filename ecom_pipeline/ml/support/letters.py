"""What of a message its writer says now: without the letters it quotes, the signature, marks of web pages, and greetings.

E-mail programs put what is answered below what is new, web forms send HTML, and social networks add handles and links;
what is said stands between them. What does not belong here: words and their meaning.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|strong|em|ul|ol|li|table|tbody|tr|td|html|head|body|font|img|hr)(?:\s[^<>]*)?/?>",
    re.I,
)
_QUOTED_MARKUP = re.compile(r"<blockquote\b.*?(?:</blockquote>|\Z)|<(style|script)\b.*?(?:</\1>|\Z)", re.I | re.S)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{2,5});")
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$\n?", re.M)
_WRITTEN_AT = r"(?=[^\n]{0,160}(?:\d{4}|\d{1,2}:\d\d|@))"
_ANSWERED = re.compile(
    rf"(?:^|(?<=\s))On\b{_WRITTEN_AT}[^?]{{4,200}}?(?<!\bI)\swrote:"
    rf"|^Am\b{_WRITTEN_AT}[^?]{{4,200}}?\bschrieb\b[^\n]{{0,80}}:|^Le\b{_WRITTEN_AT}[^?]{{4,200}}?\ba écrit\s?:"
    rf"|^El\b{_WRITTEN_AT}[^?]{{4,200}}?\bescribió:|^{_WRITTEN_AT}[^\n]{{4,160}}[写寫]道[:：]"
    r"|^[ \t*]*-{2,}[ \t]*(?:Original (?:Message|E-?mail)|原始邮件|原邮件|原始郵件|回复的邮件)\b.*"
    r"|^[ \t*]*(?:From|Von|De|发件人|寄件者)[*]*\s?[:：].*\n(?:.*\n){0,3}?[ \t*]*"
    r"(?:Sent|Date|To|Subject|Gesendet|Envoyé|发送时间|日期|时间|收件人|主题|寄件日期)[*]*\s?[:：]"
    r"|(?<=\s)From: [^\n]{3,100}? (?:Sent|Date): "
    r"|^##- .{5,80} -##[ \t]*$",
    re.M,
)
_FORWARDED = re.compile(r"-{2,} ?(?:Forwarded message|转发的?邮件|轉寄的?郵件)", re.I)
_SIGNATURE = re.compile(r"^--[ \t]?$", re.M)
_DEVICE = re.compile(
    r"^[ \t]*(?:Sent (?:from|via) (?:my )?\w|Get Outlook for |发自我的|發自我的|从我的.{1,12}发送).{0,60}$\n?", re.M
)
_LINK = re.compile(r"(?:https?://|www\.)[^\s\u3400-\u9fff\uff00-\uffef]+", re.I)
_HANDLE = re.compile(r"(?<![\w@.])@\w{2,30}(?![\w.]*@)")
_HASH = re.compile(r"(?<!\S)#(?=[^\W\d])")
_GREETING = re.compile(
    r"\A\W*(?:(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day))(?: (?:there|all|team|everyone|guys|support|sir|madam))*"
    r"|(?:hi|hello|hey) [^\W\d]+(?=\s*[,\n])|dear [^\W\d]+(?:(?:[./] ?| )[^\W\d]+){0,3}|您好|你好|亲(?:爱的)?(?:客服|店家|老板|掌柜)?|嗨|哈[喽啰]|(?:客服|请问)?(?:在吗|在么|在不在|有人吗)|请问)"
    r"\s*[,.!?;:~\n，。！？；：][,.!?;:~\s，。！？；：]*)+",
    re.I,
)
_CLOSING = re.compile(
    r"\n[^\w\n]*(?:(?:(?:with )?(?:best|kind|warm|many)[ \t]+(?:regards|wishes)|regards|best(?=,)|(?:yours[ \t]+)?(?:sincerely|faithfully|truly)"
    r"|此致|顺祝商祺|祝好)[^\n]{0,40}(?:\n[^\n]{0,60}){0,6}"
    r"|(?:cheers|(?:many )?thanks|thank you|thx|谢谢|多谢|感谢)[^\n?？]{0,40}(?:\n[^\w\n]*[^\W\d]+(?:[ .]+[^\W\d]+)?\.?)?(?:\n[ \t]*[+(\d][\d ()+.-]{5,30})?)\s*\Z",
    re.I,
)


def newest_part(text: str) -> str:
    r"""Return a message without what it quotes, signature and markup; all of it where nothing else is said.

    >>> newest_part("It has not come yet.\n\nOn 3 June 2024 at 10:12 Help <help@shop.example> wrote:\n> It is on its way.")
    'It has not come yet.'
    >>> newest_part("<p>Still&nbsp;broken</p><blockquote>Please restart it.</blockquote>").split()
    ['Still', 'broken']
    """
    said = text
    if "<" in said:
        said = _TAG.sub("\n", _QUOTED_MARKUP.sub("\n", said))
    if "&" in said:
        said = _ENTITY.sub(lambda found: html.unescape(found.group()), said)
    said = "\n".join(line for each in said.splitlines() if (line := each.strip()))
    said = _own(_DEVICE.sub("", _above(said))).strip()
    return said if _has_words(said) else text


def wish(text: str) -> str:
    r"""Return the newest part without links, handles, greeting and closing; with them where nothing else is said.

    >>> wish("@ShopHelp where is my parcel https://t.co/x1 #late").split()
    ['where', 'is', 'my', 'parcel', 'late']
    >>> wish("Hi there,\nplease cancel it.\nKind regards\nAnna Smith")
    'please cancel it.'
    """
    said = newest_part(text)
    # Twice: thanks often stand above the regards.
    for form, instead in ((_LINK, " "), (_HANDLE, " "), (_HASH, ""), (_CLOSING, ""), (_CLOSING, ""), (_GREETING, "")):
        shorter = form.sub(instead, said)
        said = shorter if _has_words(shorter) else said
    return said


def only_greets(text: str) -> bool:
    """Tell whether a message holds a greeting and nothing else.

    >>> only_greets("Hello there!"), only_greets("在吗"), only_greets("hello, a refund")
    (True, True, False)
    """
    return _GREETING.fullmatch(f"{text},") is not None


def _above(text: str) -> str:
    """Return what stands above a letter that is answered, and below it where its lines are marked; all of a forwarded one."""
    found = _ANSWERED.search(text)
    if found is None:
        return _QUOTED_LINE.sub("", text)
    if _FORWARDED.search(text, 0, found.start()):
        return text
    below = text[found.end() :]
    return text[: found.start()] + (_QUOTED_LINE.sub("", below) if below.lstrip().startswith(">") else "")


def _own(text: str) -> str:
    found = _SIGNATURE.search(text)
    return text[: found.start()] if found else text


def _has_words(text: str) -> bool:
    return any(each.isalnum() for each in text)
