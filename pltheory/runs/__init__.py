"""What really happens: the loop, its trace, and the inequalities that it is held against."""
