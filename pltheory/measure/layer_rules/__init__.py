"""How each parameter enters the outputs, read off autograd's graph, and the tangent kernel that follows from it.

`graph` finds the operations that use a parameter, `layout` the axis along which such an operation keeps the samples,
one module per kind of operation turns its saved input and output gradient into `factors`, and `plan` decides, parameter
by parameter, whether that may be used: every rule is held against autograd on a few samples first.
"""
