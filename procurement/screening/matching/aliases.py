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
    TradeName(("大华", "大華"), ("Dahua", "Dahua Technology"), "84 FR 54002"),
    TradeName(("商汤", "商湯"), ("SenseTime", "Sensetime Group"), "84 FR 54002"),
    TradeName(("旷视", "曠視"), ("Megvii", "Megvii Technology"), "84 FR 54002"),
    TradeName(("科大讯飞", "科大訊飛"), ("iFlytek",), "84 FR 54002"),
    TradeName(("云从", "雲從"), ("CloudWalk", "Cloudwalk Technology"), "CSL, CMIC list"),
    TradeName(("依图", "依圖"), ("Yitu", "Yitu Technology"), "84 FR 54002"),
    TradeName(("云天励飞", "雲天勵飛"), ("Intellifusion",), "85 FR 34505"),
    TradeName(("东方网力", "東方網力"), ("NetPosa", "NetPosa Technologies"), "CSL, CMIC entry 33895"),
    TradeName(("美亚柏科", "美亞柏科"), ("Meiya Pico", "Xiamen Meiya Pico Information"), "CSL, CMIC entry 33896"),
    TradeName(("奇虎",), ("Qihoo", "Qihoo 360 Technology"), "85 FR 34497"),
    TradeName(("第四范式", "第四範式"), ("4Paradigm", "4Paradigm Technology"), "88 FR 13675"),
    TradeName(("烽火通信", "烽火科技"), ("FiberHome", "FiberHome Technologies Group"), "85 FR 34505"),
    TradeName(("华大基因", "華大基因"), ("BGI", "BGI Research"), "85 FR 44159"),
    TradeName(("天地伟业", "天地偉業"), ("Tiandy", "Tiandy Technologies"), "87 FR 77505"),
    TradeName(("同方威视", "同方威視"), ("NucTech",), "85 FR 83420"),
    TradeName(("闻泰", "聞泰"), ("Wingtech", "Wingtech Technology"), "89 FR 96837"),
    TradeName(("算能",), ("Sophgo", "Sophgo Technology"), "90 FR 4621"),
    TradeName(("国盾量子", "國盾量子"), ("QuantumCTek",), "86 FR 67319"),
    TradeName(("北方华创", "北方華創"), ("Naura", "Naura Microelectronics Equipment"), "89 FR 96837"),
    TradeName(("拓荆", "拓荊"), ("Piotech",), "89 FR 96837"),
    TradeName(("上海微电子", "上海微電子"), ("Shanghai Micro Electronics Equipment", "SMEE"), "87 FR 77505"),
    TradeName(("鹏芯微", "鵬芯微"), ("PengXinWei", "Pengxinwei IC Manufacturing"), "87 FR 77505; 89 FR 96837"),
    TradeName(("昇维旭", "昇維旭"), ("SwaySure", "SwaySure Technology"), "89 FR 96837"),
    TradeName(("长江存储", "長江存儲"), ("YMTC", "Yangtze Memory Technologies"), "87 FR 77505"),
    TradeName(("壁仞",), ("Biren", "Biren Technology"), "88 FR 71992"),
    TradeName(("摩尔线程", "摩爾線程"), ("Moore Threads", "Moore Thread Intelligent Technology"), "88 FR 71992"),
    TradeName(("飞腾", "飛騰"), ("Phytium", "Phytium Information Technology"), "86 FR 18437"),
    TradeName(("龙芯", "龍芯"), ("Loongson", "Loongson Technology"), "88 FR 13675"),
    TradeName(("中兴通讯", "中興通訊"), ("ZTE", "Zhongxing Telecommunications Equipment"), "81 FR 12004"),
    TradeName(("大疆",), ("DJI", "Da-Jiang Innovations"), "85 FR 83420"),
    TradeName(("智谱", "智譜"), ("Zhipu", "Zhipu AI"), "90 FR 4617"),
    TradeName(("国防科技大学", "國防科技大學"), ("National University of Defense Technology",), "84 FR 29373"),
    TradeName(("哈尔滨工业大学", "哈爾濱工業大學", "哈工大"), ("Harbin Institute of Technology",), "85 FR 34497"),
    TradeName(("西北工业大学", "西北工業大學", "西工大"), ("Northwestern Polytechnical University",), "66 FR 24266"),
    TradeName(("北京理工大学", "北京理工大學"), ("Beijing Institute of Technology",), "85 FR 83420"),
    TradeName(
        ("南京航空航天大学", "南京航空航天大學"),
        ("Nanjing University of Aeronautics and Astronautics",),
        "85 FR 83420",
    ),
    TradeName(("四川大学", "四川大學"), ("Sichuan University",), "77 FR 58006"),
    TradeName(
        ("电子科技大学", "電子科技大學"),
        ("University of Electronic Science and Technology of China",),
        "77 FR 58006",
    ),
    TradeName(
        ("兵器工业", "兵器工業", "北方工业"), ("China North Industries Group", "Norinco"), "CSL, CMIC entry 30957"
    ),
    TradeName(
        ("航空工业集团", "中航工业"), ("Aviation Industry Corporation of China", "AVIC"), "CSL, CMIC entry 30925"
    ),
    TradeName(
        ("航天科技集团", "航天科技集團"),
        ("China Aerospace Science and Technology Corporation",),
        "CSL, CMIC entry 30929",
    ),
    TradeName(
        ("航天科工", "航天科工集团"),
        ("China Aerospace Science and Industry Corporation",),
        "CSL, CMIC entry 30928",
    ),
    TradeName(("中国移动", "中國移動"), ("China Mobile",), "CSL, CMIC entry 30923"),
    TradeName(("中国电信", "中國電信"), ("China Telecom",), "CSL, CMIC entry 30882"),
    TradeName(("中国联通", "中國聯通"), ("China Unicom",), "CSL, CMIC entry 30924"),
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
