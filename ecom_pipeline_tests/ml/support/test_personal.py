"""What is masked, what is not, and that masking twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.support.personal import KINDS, mask


def test_a_signature_with_a_telephone_number_is_masked() -> None:
    assert mask("Kind regards,\nJohn Smith\n+44 7911 123456").text == "Kind regards, [name] [phone]"


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("write to a.b+c@mail.example.co.uk please", "email", "write to [email] please"),
        ("邮箱wang_1@example.cn，谢谢", "email", "邮箱[email],谢谢"),
        ("我的手机号13800138000", "phone", "我的手机号[phone]"),
        ("电话139-0000-7857急", "phone", "电话[phone]急"),
        ("请打+86 139 0000 2755", "phone", "请打[phone]"),
        ("座机021-62345678", "phone", "座机[phone]"),
        ("call (212) 555-0187 or reply", "phone", "call [phone] or reply"),
        ("ring 020 7946 0958", "phone", "ring [phone]"),
        ("my number is +1 555 0114", "phone", "my number is [phone]"),
        ("我的电话+86 139 0000 4310", "phone", "我的电话[phone]"),
        ("全角１３８００１３８０００", "phone", "全角[phone]"),
        ("身份证11010519491231002X", "id", "身份证[id]"),
        ("320581198802290107，", "id", "[id],"),
        ("SSN 078-05-1120", "id", "SSN [id]"),
        ("护照号E12345678", "id", "护照号[id]"),
        ("card 4111 1111 1111 1111 was charged", "card", "card [card] was charged"),
        ("卡号5500005555555559", "card", "卡号[card]"),
        ("寄到成都市锦江区春熙路71号4栋1668室，谢谢", "address", "[address],谢谢"),
        ("地址是上海市徐汇区漕溪北路18号", "address", "[address]"),
        ("send it to 291 W 23rd Street, New York", "address", "send it to [address], New York"),
        ("I live at 12 Camden High Street", "address", "I live at [address]"),
        ("nach Torstrasse 12 bitte", "address", "nach [address] bitte"),
        ("我叫王小明，订单没到", "name", "我叫[name],订单没到"),
        ("我叫王明我的订单没到", "name", "我叫[name]我的订单没到"),
        ("收件人：欧阳娜娜", "name", "收件人:[name]"),
        ("收货人改为李四，谢谢", "name", "收货人改为[name],谢谢"),
        ("我是陈建国。", "name", "我是[name]。"),
        ("张女士在吗", "name", "[name]在吗"),
        ("My name is Anna Smith and my order is late", "name", "My name is [name] and my order is late"),
        ("my name's bob, where is it", "name", "my name's [name], where is it"),
        ("Where is it?\nRegards,\nAnna-Lena Müller", "name", "Where is it? Regards, [name]"),
        ("Thanks, Maria!", "name", "Thanks, [name]!"),
        ("<p>It broke.</p><p>Best,<br>Eve</p>", "name", "Best,<br>[name]</p>"),
        ("地址改成上海市浦东新区世纪大道100号", "address", "地址改成[address]"),
        ("Recipient: José García López", "name", "Recipient: [name]"),
        ("Dear Mr. Brown, hi", "name", "Dear Mr. [name], hi"),
        ("josé@müller.example wrote", "email", "[email] wrote"),
        ("to IBAN DE89 3704 0044 0532 0130 00 please", "card", "to IBAN [card] please"),
        ("IBAN:GB29NWBK60161331926819，谢谢", "card", "IBAN:[card],谢谢"),
        ("call me at 2125550187 today", "phone", "call me at [phone] today"),
        ("my mobile: 0171/1234567.", "phone", "my mobile: [phone]."),
        ("my number is 07700900456 call me", "phone", "my number is [phone] call me"),
        ("my new number: 07700900456", "phone", "my new number: [phone]"),
        ("to 14 Elm Grove, Leeds LS6 2AB before it ships", "address", "to [address] before it ships"),
        ("to 9 Lime Tree Road M4 1HQ", "address", "to [address]"),
        ("电话是62345678", "phone", "电话是[phone]"),
        ("or 06 12 34 56 78 instead", "phone", "or [phone] instead"),
        ("It broke.\nBest regards\nJohn Smith", "name", "Best regards [name]"),
        ("my name is JOHN SMITH, hi", "name", "my name is [name], hi"),
        ("this is Tom calling about my order", "name", "this is [name] calling about my order"),
    ],
)
def test_personal_data_is_masked_by_its_form(text: str, kind: str, rest: str) -> None:
    masked = mask(text)
    assert masked.counts == {kind: 1}
    assert masked.text.endswith(rest[rest.index("[") :])
    assert f"[{kind}]" in masked.text


@pytest.mark.parametrize(
    "text",
    [
        "订单SO202301010015到了吗",
        "order number 13800138000 is late",
        "订单号13800138000",
        "身份证110105194912310021",
        "320581198813290014",
        "4111 1111 1111 1112",
        "扣了300元，等了12天",
        "北京市今天天气怎么样",
        "我在路上",
        "version 1.2.3 of 2024-06-01",
        "the street is long",
        "我叫了外卖，我叫他退货",
        "我是会员，我是老顾客，我是安全的吗",
        "麻烦客服小姐姐帮忙",
        "my name is wrong on the invoice",
        "Thanks, when will it ship",
        "I am Happy with it",
        "to IBAN DE89 3704 0044 0532 0130 01",
        "call me on 2024-06-01 or 01.06.2024",
        "the phone 300 dollars, 128 GB, 手机2000-3000元",
        "parcel JD0012345678901",
        "call 12315 or my phone, order 1234567890",
        "with regards to the lamp",
        "my number is 12 in the queue, the S9 8GB",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask(text).counts == {}


def test_pieces_are_counted_by_kind() -> None:
    masked = mask("13800138000 / 13900139000, a@b.cn")
    assert masked.counts == {"email": 1, "phone": 2}
    assert masked.text == "[phone] / [phone], [email]"


@given(st.text(max_size=80))
def test_a_masked_text_has_nothing_left_to_mask(text: str) -> None:
    once = mask(text)
    assert set(once.counts) <= set(KINDS)
    assert mask(once.text).text == once.text
