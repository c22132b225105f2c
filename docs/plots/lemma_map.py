"""Maps of lemmas and theorems by family, for the page that shows how they feed each other."""

from lemma_map import draw


def balls():
    """One ball around the weights."""
    draw("LZB22-6", "TMSSR25", "A", "A'", "B", "C", "S")


def runs():
    """A run that is followed, and losses with a gauge."""
    draw("D", "T", "L")


def continued():
    """A run that is followed, and what is concluded where it ends."""
    draw("T+B", "T+L", "T+M")


def kinks():
    """Functions with kinks."""
    draw("N")


def momentum():
    """Steps with a memory."""
    draw("M", "Mb", "M2", "M3")


def batches():
    """Steps that see a part of the samples."""
    draw("F1", "F2", "F3", "F4")


def others():
    """One hidden layer, weight decay, collapse."""
    draw("B+", "W1", "W2", "NC")
