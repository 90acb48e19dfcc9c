"""Taiwan: permit before strategic high-tech commodities (SHTC) leave, and the SHTC entity list."""

from procurement.regimes.tw_shtc.determine import LAW, REGIME, concerns, determine

__all__ = ["LAW", "REGIME", "concerns", "determine"]
