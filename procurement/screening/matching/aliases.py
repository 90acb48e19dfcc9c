"""Chinese names and the trade names their bearers use in English.

A trade name is not a sound: 华为 becomes "hua wei" by transliteration at best, and 寒武纪 never "Cambricon".
The English side is the name on the US lists, with the Federal Register notice that the entry carries in the
Consolidated Screening List of 2026-07-31; the Chinese side is the company's own name for itself.
Simplification: a short table. A Chinese name that it lacks finds only listed names in Chinese script, so it
errs towards a miss; an officer should ask for the English name of every Chinese party.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class TradeName:
    """One Chinese name (simplified and traditional) with the English names it trades under."""

    chinese: tuple[str, ...]
    english: tuple[str, ...]
    source: str


TRADE_NAMES = (
    TradeName(("华为", "華為"), ("Huawei", "Huawei Technologies"), "CSL, CMIC entry 30947"),
    TradeName(("海思",), ("HiSilicon", "HiSilicon Technologies"), "84 FR 43495"),
    TradeName(
        ("中芯国际", "中芯國際"),
        ("SMIC", "Semiconductor Manufacturing International Corporation"),
        "85 FR 83420",
    ),
    TradeName(("浪潮",), ("Inspur", "Inspur Group"), "CSL, CMIC list; 88 FR 13675"),
    TradeName(("曙光", "中科曙光"), ("Sugon", "Dawning Information Industry"), "CSL, CMIC list; 84 FR 29373"),
    TradeName(("海光",), ("Hygon", "Higon"), "84 FR 29373"),
    TradeName(("寒武纪", "寒武紀"), ("Cambricon", "Cambricon Technologies"), "87 FR 77508"),
    TradeName(("海康威视", "海康威視"), ("Hikvision", "Hangzhou Hikvision Digital Technology"), "84 FR 54002"),
    TradeName(("商汤", "商湯"), ("SenseTime", "Sensetime Group"), "84 FR 54002"),
    TradeName(("旷视", "曠視"), ("Megvii", "Megvii Technology"), "84 FR 54002"),
    TradeName(("科大讯飞", "科大訊飛"), ("iFlytek",), "84 FR 54002"),
    TradeName(("云从", "雲從"), ("CloudWalk", "Cloudwalk Technology"), "CSL, CMIC list"),
    TradeName(("依图", "依圖"), ("Yitu", "Yitu Technology"), "84 FR 54002"),
    TradeName(("长江存储", "長江存儲"), ("YMTC", "Yangtze Memory Technologies"), "87 FR 77505"),
    TradeName(("壁仞",), ("Biren", "Biren Technology"), "88 FR 71992"),
    TradeName(("摩尔线程", "摩爾線程"), ("Moore Threads", "Moore Thread Intelligent Technology"), "88 FR 71992"),
    TradeName(("飞腾", "飛騰"), ("Phytium", "Phytium Information Technology"), "86 FR 18437"),
    TradeName(("龙芯", "龍芯"), ("Loongson", "Loongson Technology"), "88 FR 13675"),
    TradeName(("中兴通讯", "中興通訊"), ("ZTE", "Zhongxing Telecommunications Equipment"), "81 FR 12004"),
    TradeName(("大疆",), ("DJI", "Da-Jiang Innovations"), "85 FR 83420"),
    TradeName(("智谱", "智譜"), ("Zhipu", "Zhipu AI"), "90 FR 4617"),
    TradeName(("国防科技大学", "國防科技大學"), ("National University of Defense Technology",), "84 FR 29373"),
    TradeName(
        ("中国电科", "中國電科", "中国电子科技集团"),
        ("China Electronics Technology Group",),
        "CSL, CMIC list",
    ),
)


def trade_names_in(text: str) -> tuple[TradeName, ...]:
    """The trade names whose Chinese form stands in ``text``."""
    return tuple(name for name in TRADE_NAMES if any(chinese in text for chinese in name.chinese))


def english_names(text: str) -> tuple[str, ...]:
    """The English names to search beside a name that holds a known Chinese one."""
    return tuple(chain.from_iterable(name.english for name in trade_names_in(text)))
