"""From numbers at a point to bounds over a region: profiles, certificates, their recheck, Theorems B+ and D."""
