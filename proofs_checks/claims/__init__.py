"""One lemma a module, each with a `CLAIM`; `load` gives them in the order in which they build on one another.

`shared_step` and `shared_run` are the arguments that several theorems share, with what a theorem brings left open.
"""

from importlib import import_module

from ..language import Claim

NAMES = (
    "monotone_root",
    "step_interval",
    "descent_rate",
    "concave_minimum",
    "smaller_end",
    "facts",
    "potential_step",
    "no_exit",
    "theorem_a",
    "small_ball",
    "mu_le_beta",
    "tight_contraction",
    "tight_path",
    "tight_monotone",
    "no_exit_tight",
    "theorem_a_tight",
    "integral_root",
    "profile_step",
    "theorem_b",
    "theorem_c",
    "classical_step",
    "theorem_classical",
    "radii",
    "lzb22_theorem6",
    "delta_effective",
    "gclip_vanishing",
    "perturbation_forward",
    "perturbation_backward",
    "khatri_rao",
    "perturbation_jacobian",
    "layer_split",
    "block_norm",
    "expansion_constant",
    "expansion_band",
    "trajectory_error",
    "last_step",
    "step_floor",
    "lipschitz_recursion",
    "bplus_left_sum",
    "bplus_c1",
    "bplus_discretisation",
    "bplus_solved",
    "bplus_nearer_end",
    "bplus_gam",
    "bplus_consistency",
    "third_moment",
    "softmax",
    "normalisation",
    "patch_count",
    "graph_rows",
    "second_tangents",
    "graph_norms",
    "kernel_profile",
    "inner_product",
    "strict_root",
    "jump_value",
    "jump_step",
    "jump_rate",
    "jump_path",
)


def load() -> list[Claim]:
    """All claims."""
    return [import_module(f"{__name__}.{name}").CLAIM for name in NAMES]
