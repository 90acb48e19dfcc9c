"""Import review in the People's Republic of China, as reported."""

from procurement.regimes.prc_import.determine import LAW, REGIME, determine

__all__ = ["LAW", "REGIME", "determine"]
