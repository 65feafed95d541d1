"""Constants and the natural units of the kernels: AU, TV (rigidity), microgauss, c = 1.

Lengths are in AU, so a "time" is the light path in AU (499 s); rigidity p/q in TV; fields in microgauss, electric
fields in microgauss times c, potentials in microgauss AU. All are floats; a name ends in its unit where it has one.

>>> from astropy import constants, units as u
>>> charge_factor = (constants.c.value * (1 * u.uG).to_value("T") * (1 * u.AU).to_value("m")) * 1e-12
>>> bool(abs(LORENTZ / charge_factor - 1) < 1e-12)
True
"""

import math

LORENTZ = 4.484831336871918e-3  # c (1 microgauss)(1 AU) in TV: dp/ds = LORENTZ q (v x B + E)
KM_S = 1.0 / 299792.458  # 1 km/s in units of c
AU_PER_PC = 648000.0 / math.pi
CM_PER_PC = AU_PER_PC * 1.495978707e13
PC_PER_YEAR = 0.30660139378555  # c in parsec per Julian year
DAYS_PER_AU = 499.00478384 / 86400.0
PROTON_MASS_TV = 0.93827208816e-3  # rest energy over charge
OBLIQUITY_J2000 = 23.4392911111  # degrees


def gyroradius(rigidity_TV: float, field_uG: float) -> float:
    """Gyroradius r_g = p/(q B) in AU at pitch angle 90 degrees.

    >>> round(gyroradius(4.0, 3.0), 1)
    297.3
    """
    return rigidity_TV / (LORENTZ * field_uG)
