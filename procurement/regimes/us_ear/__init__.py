"""US Export Administration Regulations, advanced computing."""

from procurement.regimes.us_ear.determine import LAW, REGIME, determine

__all__ = ["LAW", "REGIME", "determine"]
