import numpy as np

from lightning_pose.core.symmetric3 import (
    inverse_entries,
    normal_matrix,
    normal_vector,
    solve_symmetric,
    symmetric,
)


def system(backend, seed: int = 0) -> tuple:
    """Two rows and right sides of 5 views for 30 points, and the weights."""
    rng = np.random.default_rng(seed)
    draw = lambda: backend.array(rng.normal(size=(5, 30)))  # noqa: E731
    weights = [backend.array(rng.uniform(0.1, 2, size=(5, 30))) for _ in range(2)]
    return [[draw() for _ in range(3)] for _ in range(2)], weights, [draw(), draw()]


def dense(backend, rows, weights, right) -> tuple[np.ndarray, np.ndarray]:
    A = np.stack([np.stack([backend.numpy(e) for e in row], axis=-1) for row in rows])  # 2 V N 3
    w, b = (np.stack([backend.numpy(e) for e in each]) for each in (weights, right))
    return np.einsum("rvni,rvn,rvnj->nij", A, w, A), np.einsum("rvni,rvn->ni", A, w * b)


def test_solutions_are_those_of_a_dense_solver(backend):
    rows, weights, right = system(backend)
    A, b = dense(backend, rows, weights, right)
    matrix, vector = normal_matrix(rows, weights), normal_vector(rows, weights, right)
    np.testing.assert_allclose(backend.numpy(symmetric(matrix)), A, atol=1e-13)
    solution, regular = solve_symmetric(matrix, vector)
    assert bool(regular.all())
    expected = np.linalg.solve(A, b[..., None])[..., 0]
    np.testing.assert_allclose(np.stack([backend.numpy(x) for x in solution], axis=-1), expected, rtol=1e-10)


def test_inverses_are_those_of_a_dense_solver(backend):
    rows, weights, right = system(backend, seed=1)
    inverse, regular = inverse_entries(normal_matrix(rows, weights))
    assert bool(regular.all())
    expected = np.linalg.inv(dense(backend, rows, weights, right)[0])
    np.testing.assert_allclose(backend.numpy(symmetric(inverse)), expected, rtol=1e-10, atol=1e-14)


def test_singular_matrices_are_told_apart_and_give_finite_numbers(backend):
    """Rank 0, 1, 2 and 3, among them ranks hidden in a rotated frame."""
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    full = np.stack([turn @ np.diag(d) @ turn.T for d in ([0, 0, 0], [2, 0, 0], [2, 1, 0], [2, 1, 1e-6])])
    entries = tuple(backend.array(full[:, i, j]) for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    solution, regular = solve_symmetric(entries, entries[:3])
    np.testing.assert_array_equal(backend.numpy(regular), [False, False, False, True])
    assert all(np.isfinite(backend.numpy(x)).all() for x in solution)
