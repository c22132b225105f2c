"""Theorem E: the profile in the kernel's own direction, sig_E(s) = sigma_0 (1 - theta(s)), for graphs of class G.

`kernel_centre` computes the numbers at the weights, in floats or with round-off counted; `lost_share` and
`kernel_profile` what follows over balls.
"""

from .centre import LARGEST as LARGEST
from .centre import KernelCentre as KernelCentre
from .centre import kernel_centre as kernel_centre
from .centre import require_available as require_available
from .centre import require_few as require_few
from .profile import kernel_profile as kernel_profile
from .profile import lost_share as lost_share
