"""US Export Administration Regulations, advanced computing."""

from procurement.regimes.us_ear.determine import REGIME, book, determine

__all__ = ["REGIME", "book", "determine"]
