"""Theorem E: the profile in the kernel's own direction, sig_E(s) = sigma_0 (1 - theta(s)), for graphs of class G.

`kernel_centre` computes the numbers at the weights, in floats or with round-off counted; `profile` the profile from them.
"""

from .centre import LARGEST as LARGEST
from .centre import Centre as Centre
from .centre import kernel_centre as kernel_centre
from .numbers import BALLS as BALLS
from .numbers import FLOATS as FLOATS
from .profile import kernel_profile as kernel_profile
from .profile import lost_share as lost_share
