"""Arithmetic that counts its own rounding: balls, certified functions, verified norms and eigenvalues.

What is trusted: IEEE 754 binary64 to nearest with gradual underflow, which `environment.require` tests at
run time (call it first and last in a certified run); that a matrix product is made of inner products in
some order, fused operations allowed; python-flint, when a table for `enclosure` is built. What is not:
LAPACK, libm, blocking, thread counts. In place of a number it cannot vouch for, everything here raises
`NoVerdictError`.
"""

from . import environment as environment
from .arithmetic import INTERVALS as INTERVALS
from .eigen import lambda_max_upper as lambda_max_upper
from .eigen import lambda_min_lower as lambda_min_lower
from .eigen import sigma_min_lower as sigma_min_lower
from .eigen import spectral_norm_upper as spectral_norm_upper
from .elementary import enclosure as enclosure
from .errors import NoVerdictError as NoVerdictError
from .errors import RoundingEnvironmentError as RoundingEnvironmentError
from .midrad import Ball as Ball
from .midrad import as_ball as as_ball
from .midrad import matmul as matmul
from .midrad import scale_power_of_two as scale_power_of_two
from .midrad import total as total
from .norms import frobenius_upper as frobenius_upper
from .norms import inf_norm_upper as inf_norm_upper
from .norms import max_abs_upper as max_abs_upper
from .norms import row_norms_upper as row_norms_upper
from .scalar import Interval as Interval
from .scalar import between as between
from .scalar import certainly_less as certainly_less
from .scalar import integral_below as integral_below
from .scalar import interval as interval
