r"""What three published numbers imply about each other: L, the gradient length l, and a bound on the change in time.

    A_1 = lambda/l,   S = v A_1/3,   T_0 = S (1/Lambda - 1/L),   lambda = 3 kappa/v.

A bound on |T_0| is a bound on how far the scale Lambda of the streaming may lie from L; the uniform gradient, with
1/Lambda = 0, needs |T_0| = S/L. Where kappa is defined with an integral twice as large, as is met too, the same
kappa29 belongs to half the mean free path, hence to half the dipole.

>>> scales = transport_scales(L_pc=17.8, gradient_length_kpc=1.72, T_0_bound=7.08e-7)
>>> round(scales["dipole A₁"], 7), round(scales["bound on T₀ over S/L"], 4)
(0.0018855, 0.0654)
"""

from lisbon_core.ground.units import KM_S, PC_PER_YEAR
from lisbon_core.transport import CLOSURES, IsotropicScattering, ScatteringError, mean_free_path_pc, stationary_pad


def transport_scales(L_pc: float, gradient_length_kpc: float, T_0_bound: float, kappa29: float = 1.0, *,
                     integral_factor: float = 1.0) -> dict[str, float]:
    """Numbers that follow from L, l and |T_0| < T_0_bound, by what they are, with their units.

    Parameters
    ----------
    L_pc, gradient_length_kpc : float
        Focusing length and gradient length at this kappa29.
    T_0_bound : float
        Upper limit on |T_0|, 1/yr.
    kappa29 : float
        Parallel diffusion coefficient, 1e29 cm^2/s.
    integral_factor : float
        1 for kappa = (v^2/8) int (1-mu^2)^2/D dmu over [-1, 1]; 2 where kappa is quoted with v^2/4 instead.

    Returns
    -------
    dict
        The quadrupoles are those of isotropic scattering under either closure, v/2λ its D at mu = 0. The natural rate
        S/L is the T_0 of a uniform gradient, but for its sign, so that the bound over it is the largest |L/Λ - 1|.

    Raises
    ------
    ScatteringError
        If a length or kappa29 is not positive.
    """
    if not (L_pc > 0 and gradient_length_kpc > 0 and integral_factor > 0):
        raise ScatteringError(f"L = {L_pc} pc, l = {gradient_length_kpc} kpc and the factor {integral_factor} have to "
                              "be positive.")
    mean_free_path = mean_free_path_pc(kappa29) / integral_factor
    length = 1e3 * gradient_length_kpc
    dipole = mean_free_path / length
    law, natural = IsotropicScattering(length / mean_free_path), PC_PER_YEAR * dipole / 3.0 / L_pc
    A_2 = {name: float(stationary_pad(law, length / L_pc, name).legendre(2)[1]) for name in CLOSURES}
    return {
        "mean free path λ (pc)": mean_free_path,
        "λ/L": mean_free_path / L_pc,
        "L/ℓ": L_pc / length,
        "dipole A₁": dipole,
        "quadrupole A₂, flux tube": A_2["flux-tube"],
        "quadrupole A₂, uniform gradient": A_2["uniform"],
        "streaming S (km/s)": dipole / 3.0 / KM_S,
        "natural rate S/L (1/yr)": natural,
        "bound on T₀ over S/L": T_0_bound / natural,
        "scattering rate v/2λ (1/yr)": PC_PER_YEAR / (2.0 * mean_free_path),
        "travel time ℓ/v (yr)": length / PC_PER_YEAR,
        "diffusion time L²/κ (yr)": 3.0 * L_pc**2 / (mean_free_path * PC_PER_YEAR),
    }
