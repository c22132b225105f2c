"""Every optimizer tuned with the same number of trials, then run from several seeds."""
