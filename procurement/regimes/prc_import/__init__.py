"""Import review in the People's Republic of China, as reported."""

from procurement.regimes.prc_import.determine import REGIME, book, determine

__all__ = ["REGIME", "book", "determine"]
