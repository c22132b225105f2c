"""Neural collapse of wide networks with two or three linear layers at the end, trained with weight decay."""
