"""Configurations, run folders, sweeps over widths and seeds, fitted power laws."""
