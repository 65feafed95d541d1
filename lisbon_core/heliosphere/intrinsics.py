"""Two things that numba does not offer to compiled code: a fused multiply-add, and an array without an owner.

The compiler may not contract a * b + c by itself: what it makes of a formula would depend on the machine and on what
was compiled before, and with chaotic orbits so would results. `fma` is one rounding everywhere.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def fma(_, a, b, c):
    """a * b + c, rounded once."""

    def codegen(context, builder, signature, args):
        return builder.fma(*args)

    return types.float64(types.float64, types.float64, types.float64), codegen


@intrinsic
def borrowed(_, array):
    """The same array without an owner: calls then need not count references, which costs more than it should."""

    def codegen(context, builder, signature, args):
        bare = context.make_array(signature.return_type)(context, builder, args[0])
        bare.meminfo = cgutils.get_null_value(bare.meminfo.type)
        bare.parent = cgutils.get_null_value(bare.parent.type)
        return bare._getvalue()

    return array(array), codegen
