"""Malaysia: Strategic Trade Act 2010, section 12, and the directive of July 2025 on AI chips of US origin."""

from procurement.regimes.my_sta.determine import LAW, REGIME, concerns, determine

__all__ = ["LAW", "REGIME", "concerns", "determine"]
