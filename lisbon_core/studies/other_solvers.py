r"""Eq. (5) solved otherwise: stationary by finite volumes and for weak focusing; in time by relaxation in mu, as a
pulse in (z, mu), and by random walks.

Finite volumes are cells of equal width in mu, and the balance of what flows through their faces. In time, lengths are
in mean free paths lambda = 3 kappa/v, times in lambda/v, so that Eq. (5) with its left side written out is

    d_t F + mu d_z F + (xi/2)(1-mu^2) d_mu F = d_mu(D d_mu F),   xi = lambda/L,   D = (3/8) I (1-mu^2) h,

with I = int (1-mu^2)/h dmu; isotropic scattering has D = (1-mu^2)/2. What is conserved is the number of particles in
the tube, N = F e^{xi z} (the tube's cross-section grows as 1/B):

    d_t N + d_z(mu N) + d_mu[(xi/2)(1-mu^2) N] = d_mu(D d_mu N),

and one particle obeys dz = mu dt, dmu = [(xi/2)(1-mu^2) + D'] dt + sqrt(2 D) dW. A diverging field turns particles
along B, so that even an isotropised pulse drifts: for isotropic scattering with mean mu = coth xi - 1/xi.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import expm
from scipy.sparse.linalg import spsolve

from lisbon_core.transport import ScatteringLaw, StationaryPAD, TransportError, closure_lambda, inverse_h_integral
from lisbon_core.transport.panels import panels
from lisbon_core.transport.stationary import sampled


def cells_in_mu(cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, centres and inner faces of equal cells of [-1, 1]."""
    edges = np.linspace(-1.0, 1.0, cells + 1)
    return edges, 0.5 * (edges[1:] + edges[:-1]), edges[1:-1]


def flux_matrix(speed: np.ndarray, diffusion: np.ndarray) -> sparse.csr_array:
    """Matrix of -d_mu(speed g - diffusion g'), from both at the inner faces; nothing leaves [-1, 1]."""
    width = 2.0 / (len(speed) + 1)
    from_left, from_right = 0.5 * speed + diffusion / width, 0.5 * speed - diffusion / width
    main = np.append(0.0, from_right) - np.append(from_left, 0.0)
    return sparse.diags_array([from_left / width, main / width, -from_right / width], offsets=[-1, 0, 1], format="csr")


def balance(law: ScatteringLaw, q: float, closure: str | float, mu: np.ndarray, face: np.ndarray) -> sparse.csr_array:
    """Matrix of what F1 does to itself in Eq. (5) under a closure, on cells of these centres and inner faces."""
    area = 1.0 - face**2
    return flux_matrix(q * area, area * law.h(face)) + sparse.diags_array(2.0 * mu * (closure_lambda(closure, q) - q))


def finite_volume_pad(law: ScatteringLaw, q: float, closure: str | float = "flux-tube", *, cells: int = 4000):
    """The stationary distribution of Eq. (5) in flux form, second order in the width of a cell.

    d_mu[(1-mu^2)(h F1' - q F1)] = tau - 2 mu - 2 mu (lam - q) F1; the flux vanishes at mu = -1 and 1, and tau is an
    unknown that int F1 = 0 pays for.

    Returns
    -------
    edges : ndarray, shape (cells + 1,)
    F1 : ndarray, shape (cells,)
    tau : float
    """
    edges, mu, face = cells_in_mu(cells)
    ones = np.ones((cells, 1))
    system = sparse.block_array([[balance(law, q, closure, mu, face), -ones], [ones.T, None]], format="csc")
    answer = spsolve(system, np.append(-2.0 * mu, 0.0))
    return edges, answer[:-1], float(answer[-1])


def first_order_pad(law: ScatteringLaw, q: float, closure: str | float = "flux-tube") -> StationaryPAD:
    """Weak focusing: F1 to first order in q and lam, F1' = [1 + q f + (q - lam) J f]/h; its error is O((f q)^2)."""
    lam = closure_lambda(closure, q)
    n, f = sampled(law)
    grid = panels(n)
    f0 = f - 0.5 * grid.weights @ f
    values = f + q * f * (f0 - 0.5 * f)  # the integral of q f0/h in closed form
    values += grid.integrate @ ((q - lam) * (grid.focus @ f0) / law.h(grid.mu))
    return StationaryPAD(law, float(q), float(lam), grid.mu, grid.weights, values - 0.5 * grid.weights @ values)


def scattering_rate(law: ScatteringLaw, mu: np.ndarray) -> np.ndarray:
    """D(mu) in units of v/lambda.

    >>> from lisbon_core.transport import IsotropicScattering
    >>> round(float(scattering_rate(IsotropicScattering(530.0), 0.0)), 12)
    0.5
    """
    mu = np.asarray(mu, float)
    return 0.375 * inverse_h_integral(law) * (1.0 - mu**2) * law.h(mu)


def approach_to_stationary(law: ScatteringLaw, q: float, times: np.ndarray,
                           closure: str | float = "flux-tube") -> tuple[np.ndarray, np.ndarray]:
    """How an isotropic distribution becomes the stationary one once the gradient 1/l is switched on.

    Parameters
    ----------
    law, q, closure
        As in `stationary_pad`.
    times : ndarray, shape (n,)
        Times in lambda/v, from 0.

    Returns
    -------
    mu : ndarray, shape (100,)
    F1 : ndarray, shape (n, 100)
        F - 1 at each time; what the mean of F does, T_0, is taken out.
    """
    cells = 100
    _, mu, face = cells_in_mu(cells)
    change = 0.375 * inverse_h_integral(law)  # v/(2 l) in units of v/lambda
    matrix = change * balance(law, q, closure, mu, face).toarray()
    source = 2.0 * change * mu
    centre = np.eye(cells) - 1.0 / cells
    # F1' = M F1 + s as one exponential of the matrix with s appended
    whole = np.zeros((cells + 1, cells + 1))
    whole[:cells, :cells], whole[:cells, -1] = centre @ matrix, centre @ source
    return mu, np.array([expm(whole * time)[:cells, -1] for time in times])


@dataclass(frozen=True)
class Pulse:
    """Particles released together in a tube of constant L.

    times : (n,), in lambda/v; z : (n_z,), in lambda; mu : (n_mu,).
    number : (n, n_z, n_mu), particles of the tube per unit of z and mu, integral 1.
    """

    times: np.ndarray
    z: np.ndarray
    mu: np.ndarray
    number: np.ndarray

    @property
    def mean_z(self) -> np.ndarray:
        """Mean place of the particles at each time, (n,)."""
        return np.einsum("tzm,z->t", self.number, self.z) * (self.z[1] - self.z[0]) * (self.mu[1] - self.mu[0])


def pulse(law: ScatteringLaw, xi: float, times: np.ndarray, *, start_width: float = 0.2, start_mu=None,
          cells: int = 48, step: float = 0.02) -> Pulse:
    """An initial Gaussian in z of the width given, followed in time: Fourier modes in z, finite volumes in mu.

    Each Fourier mode turns by e^{-i k mu t} exactly, scattering and focusing in mu are one matrix exponential, and the
    two alternate in steps of second order.

    Parameters
    ----------
    law : ScatteringLaw
        h(mu); its scale drops out.
    xi : float
        lambda/L.
    times : ndarray, shape (n,)
        Increasing, in lambda/v.
    start_mu : function, optional
        Distribution over mu at the start, up to a factor; isotropic by default.

    Raises
    ------
    TransportError
        If the times do not increase from 0 or later.
    """
    times = np.atleast_1d(np.asarray(times, float))
    if times[0] < 0 or np.any(np.diff(times) <= 0):
        raise TransportError(f"The times of a pulse have to increase and not be negative, got {times.tolist()}.")
    _, mu, face = cells_in_mu(cells)
    matrix = flux_matrix(0.5 * xi * (1.0 - face**2), scattering_rate(law, face)).toarray()
    half = times[-1] + 6.0 * start_width
    n_z = 2 ** int(np.ceil(np.log2(8.0 * half / start_width)))
    z = (np.arange(n_z) - n_z // 2) * 2.0 * half / n_z
    k = 2.0 * np.pi * np.fft.rfftfreq(n_z, z[1] - z[0])
    shape = np.ones(cells) if start_mu is None else np.asarray(start_mu(mu), float)
    modes = np.exp(-0.5 * (k[:, None] * start_width) ** 2) * (shape / shape.sum() * cells / 2.0)

    now, numbers = 0.0, []
    for time in times:
        count = int(np.ceil((time - now) / step))
        if count:
            dt = (time - now) / count
            turn, scatter = np.exp(-0.5j * k[:, None] * mu * dt), expm(matrix * dt).T
            for _ in range(count):
                modes = turn * ((turn * modes) @ scatter)
        now = time
        numbers.append(np.fft.fftshift(np.fft.irfft(modes, n_z, axis=0), axes=0) / (z[1] - z[0]))
    return Pulse(times, z, mu, np.array(numbers))


def random_walk(law: ScatteringLaw, xi: float, time: float, count: int, rng: np.random.Generator, *,
                start_mu: float | None = None, steps: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """The same tube one particle at a time: z and mu, shapes (count,), of particles released at z = 0.

    Scattering turns the direction of motion by small random angles on the sphere, which is D = (1-mu^2) g without its
    slope; that slope and focusing move mu along d mu/dt = (1-mu^2)(xi/2 + g'), solved exactly over a step. So no
    particle ever leaves [-1, 1].

    Parameters
    ----------
    time : float
        In lambda/v, walked in `steps` steps; the error of a mean is of first order in their length.
    start_mu : float, optional
        Pitch-angle cosine at the start; isotropic by default.
    """
    grid = np.linspace(-1.0, 1.0, 4001)
    rate = 0.375 * inverse_h_integral(law) * law.h(grid)  # D without its factor 1 - mu^2
    drift = 0.5 * xi + np.gradient(rate, grid)
    mu = rng.uniform(-1.0, 1.0, count) if start_mu is None else np.full(count, float(start_mu))
    z, dt = np.zeros(count), time / steps
    for _ in range(steps):
        before = mu
        push = np.tanh(np.interp(mu, grid, drift) * dt)
        mu = (mu + push) / (1.0 + mu * push)
        width = np.sqrt(2.0 * dt * np.interp(mu, grid, rate))
        along, across = width * rng.standard_normal((2, count))
        angle = np.hypot(along, across)
        mu = mu * np.cos(angle) + np.sqrt(1.0 - mu**2) * np.sinc(angle / np.pi) * along
        mu = np.clip(mu, -1.0, 1.0)
        z += 0.5 * (before + mu) * dt
    return z, mu
