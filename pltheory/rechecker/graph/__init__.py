"""Certificates of Theorems A, A', B and C about networks of class G, rechecked (THEORY_GRAPHS sections 1 to 4).

`file` reads the graph, `kinds` has what each kind of node computes and which norms it brings, `centre` evaluates the
network, its backward rows and the kernel at the stored weights, and `recursion` bounds their change over a ball.
"""
