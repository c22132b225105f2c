"""The graph of class G that a module computes, read as strictly as layers are: nothing replaced, hooked or shared.

The module's own Python is run once and traced; outputs and gradients are then compared at several weights and inputs.
What it would do at another call cannot be seen: a certificate is about the graph, which its file holds.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..nets.reading import Reading, read
from .exact import require_alike, require_apart, require_plain, require_torch_itself, require_untouched
from .surroundings import undisturbed


@undisturbed
def read_graph(network: nn.Module, x: Tensor) -> Reading:
    """The graph of a module on data x of shape (n, ...).

    Raises:
        NotAvailableError: the module is not of class G; the message names the part, the line and the reason.
    """
    require_torch_itself()
    for name, part in network.named_modules():
        require_untouched(part, name or "the network")
    named = {name: require_plain(p, name) for name, p in network.named_parameters()}
    if named:
        require_alike(named.items())
        require_apart(named)
    return read(network, x.detach())
