"""Does the convergence theorem apply to my network, and is it true what it says?

Names are imported on first use: `import pltheory` and `import pltheory.theory` do not import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import optim as optim
    from .certificates.prove import certify as certify
    from .certification.profile import profile as profile
    from .measure.ball_search import attack_lambda_min as attack_lambda_min
    from .measure.ball_search import attack_pl_ratio as attack_pl_ratio
    from .measure.collapse import collapse as collapse
    from .measure.hessian import hessian_norm as hessian_norm
    from .measure.hessian import largest_hessian_norm as largest_hessian_norm
    from .measure.hessian import loss_hessian_norm as loss_hessian_norm
    from .measure.infinite_width import LimitKernel as LimitKernel
    from .measure.infinite_width import infinite_width as infinite_width
    from .measure.kernel_products import KernelOperator as KernelOperator
    from .measure.linearization import linearize as linearize
    from .measure.ntk import empirical_ntk as empirical_ntk
    from .measure.ntk import ntk_routes as ntk_routes
    from .measure.ntk import traced_ntk as traced_ntk
    from .measure.pl_ratio import pl_ratio as pl_ratio
    from .measure.sharpness import sharpness as sharpness
    from .measure.spectrum import lambda_max as lambda_max
    from .measure.spectrum import lambda_min as lambda_min
    from .measure.spectrum import lambda_min_estimate as lambda_min_estimate
    from .optim import DeltaGClipSettings as DeltaGClipSettings
    from .optim import GClipSettings as GClipSettings
    from .optim import GradientDescentSettings as GradientDescentSettings
    from .problem import data as datasets
    from .problem.architectures import convolutional as convolutional
    from .problem.architectures import residual as residual
    from .problem.networks import fully_connected as fully_connected
    from .problem.problem import Problem as Problem
    from .rechecker import recheck as recheck
    from .report.figures import run_figure as run_figure
    from .report.study import Study as Study
    from .runs.audit import Audit as Audit
    from .runs.audit import audit as audit
    from .runs.collapse import collapse_along as collapse_along
    from .runs.monitor import Monitor as Monitor
    from .runs.probe import Probe as Probe
    from .study.stored_ntk import StoredKernel as StoredKernel
    from .study.stored_ntk import stored_ntk as stored_ntk
    from .theory.bound import Bound as Bound
    from .theory.verdict import Verdict as Verdict
    from .verification.report import VerifyReport as VerifyReport
    from .verification.report import verify as verify
    from .verification.theorem_probe import TheoremProbe as TheoremProbe

_HOME = {
    "Audit": "runs.audit",
    "Bound": "theory.bound",
    "DeltaGClipSettings": "optim",
    "GClipSettings": "optim",
    "GradientDescentSettings": "optim",
    "KernelOperator": "measure.kernel_products",
    "LimitKernel": "measure.infinite_width",
    "Monitor": "runs.monitor",
    "Probe": "runs.probe",
    "Problem": "problem.problem",
    "Study": "report.study",
    "StoredKernel": "study.stored_ntk",
    "TheoremProbe": "verification.theorem_probe",
    "Verdict": "theory.verdict",
    "VerifyReport": "verification.report",
    "attack_lambda_min": "measure.ball_search",
    "attack_pl_ratio": "measure.ball_search",
    "audit": "runs.audit",
    "certify": "certificates.prove",
    "collapse": "measure.collapse",
    "collapse_along": "runs.collapse",
    "convolutional": "problem.architectures",
    "empirical_ntk": "measure.ntk",
    "fully_connected": "problem.networks",
    "hessian_norm": "measure.hessian",
    "infinite_width": "measure.infinite_width",
    "lambda_max": "measure.spectrum",
    "lambda_min": "measure.spectrum",
    "lambda_min_estimate": "measure.spectrum",
    "largest_hessian_norm": "measure.hessian",
    "linearize": "measure.linearization",
    "loss_hessian_norm": "measure.hessian",
    "ntk_routes": "measure.ntk",
    "pl_ratio": "measure.pl_ratio",
    "profile": "certification.profile",
    "recheck": "rechecker",
    "residual": "problem.architectures",
    "run_figure": "report.figures",
    "sharpness": "measure.sharpness",
    "stored_ntk": "study.stored_ntk",
    "traced_ntk": "measure.ntk",
    "verify": "verification.report",
}
_MODULES = {"datasets": "problem.data", "optim": "optim"}

__all__ = ["datasets", "optim", *_HOME]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{_MODULES[name]}")
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
