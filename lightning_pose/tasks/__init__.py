"""Lightning modules that introduce networks to losses."""
