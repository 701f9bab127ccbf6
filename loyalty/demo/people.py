"""People who do not exist: names drawn from common characters, phones of a range that nobody was given.

All that is made here is labelled as generated wherever it is stored or shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

# No operator was ever assigned 154 in mainland China, so none of these rings anybody.
FICTIONAL_PREFIX = "154"
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
GIVEN = (
    "安博晨楚丹德东芳菲刚国海涵航浩恒宏华慧嘉建健洁静俊凯兰乐磊立丽莉亮林玲龙璐梦敏明娜宁培鹏平琪强青清晴"
    "庆蓉睿珊书帅思涛婷薇文曦霞翔晓欣鑫雪雅妍阳怡艺英颖勇宇雨玉源媛悦云泽哲振志中卓子"
)
_BIRTHS_FROM, _BIRTH_DAYS = date(1950, 1, 1), 365 * 55


@dataclass(frozen=True, slots=True)
class Person:
    """Someone made up. `gender` is female or male."""

    name: str
    phone: str
    birth_date: date
    gender: str


def person(number: int, *, series: int, random: Random) -> Person:
    """The person number `number` (up to 10 million) of a series (0 to 9): the phone is theirs alone."""
    assert 0 <= series <= 9, "one digit names the series"
    assert 0 < number < 10_000_000, "seven digits name the person"
    return Person(
        name=_pick(SURNAMES, random) + "".join(_pick(GIVEN, random) for _ in range(random.choice((1, 2, 2)))),
        phone=f"{FICTIONAL_PREFIX}{series}{number:07d}",
        birth_date=_BIRTHS_FROM + timedelta(days=random.randrange(_BIRTH_DAYS)),
        gender=random.choice(("female", "male")),
    )


def _pick(characters: Sequence[str], random: Random) -> str:
    return characters[random.randrange(len(characters))]
