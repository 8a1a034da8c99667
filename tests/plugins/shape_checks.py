"""The run-time type checker that pytest puts around every function of the packages; see pyproject.toml."""

from beartype import BeartypeConf, beartype

# An int is a float here as it is for pyright (PEP 484's numeric tower).
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
