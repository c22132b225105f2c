"""Activations, one file each: function, derivatives, constants, verified enclosure. Imported without torch.

`protocol` says what an activation is, `registry` has the table and what other packages add to it, `guard` what is
checked of those.
"""

from ...rigor.tables import FLAT as FLAT
from ...rigor.tables import RAMP as RAMP
from ...rigor.tables import STEP as STEP
from ...rigor.tables import Shape as Shape
from .protocol import Activation as Activation
from .protocol import Split as Split
from .protocol import above as above
from .registry import ACTIVATIONS as ACTIVATIONS
from .registry import GROUP as GROUP
from .registry import activation as activation
from .registry import activation_of as activation_of
from .registry import computed_by_class as computed_by_class
from .registry import is_known as is_known
from .registry import names as names
from .registry import origin as origin
