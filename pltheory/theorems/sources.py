"""Where theorems come from."""

LZB22 = (
    "C. Liu, L. Zhu, M. Belkin, Loss landscapes and optimization in over-parameterized non-linear systems and neural "
    "networks, ACHA 2022, arXiv:2003.00307"
)
TMSSR25 = (
    "M. Tucat, A. Mukherjee, P. Sen, M. Sun, O. Rivasplata, Regularized Gradient Clipping Provably Trains Wide and "
    "Deep Neural Networks, TMLR 2025, arXiv:2404.08624"
)
PROJECT = "this project's sharpening of TMSSR25, proved in its derivations"
OWN = "this project, proved in its derivations"
