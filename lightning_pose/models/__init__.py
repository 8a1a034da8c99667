"""Networks as plain torch modules: no Lightning, no configuration."""
