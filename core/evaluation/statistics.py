"""What counts of right answers can and cannot tell. Pure Python; n is small here, so what can be exact is.

Two models are compared on the same examples, so only the examples on which they differ say anything: `fixed` (wrong
before, right after) and `broke` (right before, wrong after).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

ALPHA = 0.05  # below it a difference is called one
POWER = 0.8  # the chance to find a real difference that `further` plans for
EXACT = 1000
Verdict = Literal["better", "worse", "open"]


def wilson(right: int, n: int) -> tuple[float, float]:
    """Between which shares the true one lies with 95 % confidence; 0 to 1 where nothing was asked.

    Wilson's score interval (E. B. Wilson, 1927), which stays honest for few examples and for shares of 0 and 1.
    """
    if not n:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    share, width = right / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / width
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / width
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(fixed: int, broke: int) -> float:
    """How likely so large a difference is by luck alone: exact two-sided p (Q. McNemar, 1947, by the binomial)."""
    changed = fixed + broke
    tail = ways = 1
    for k in range(min(fixed, broke)):
        ways = ways * (changed - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / 2**changed)


def verdict(fixed: int, broke: int) -> Verdict:
    """Better or worse where the exact p is below 0.05; otherwise it could be luck."""
    return named(mcnemar(fixed, broke), fixed - broke)


def named(p: float, difference: float) -> Verdict:
    """The word for a difference and the p that belongs to it."""
    if p >= ALPHA:
        return "open"
    return "better" if difference > 0 else "worse"


def further(fixed: int, broke: int, n: int) -> int | None:
    """About how many more examples would tell, if the shares of fixed and broke stay as seen in these n.

    Enough for McNemar's test to find it four times in five (R. J. Connor, Biometrics 43, 1987). 0 where it is told
    already, None where as many were fixed as broke, so that there is no difference to tell.
    """
    if fixed == broke:
        return None
    if verdict(fixed, broke) != "open":
        return 0
    changed, gained = (fixed + broke) / n, abs(fixed - broke) / n
    normal = NormalDist()
    luck = normal.inv_cdf(1 - ALPHA / 2) * math.sqrt(changed)
    chance = normal.inv_cdf(POWER) * math.sqrt(changed - gained * gained)
    return max(1, math.ceil(((luck + chance) / gained) ** 2) - n)


def sign_flip(differences: Sequence[int]) -> float:
    """How likely so large a sum is if the sign of each difference were a coin's: exact two-sided p.

    One difference for each example, summed over all models compared, so that what one example does to several models
    counts once (paired and clustered by example: E. Miller, "Adding Error Bars to Evals", 2024). The test is
    the randomisation test of R. A. Fisher (1935); with differences of -1, 0 and 1 it is McNemar's. Where more than
    EXACT examples differ, by the normal distribution.
    """
    sizes = [abs(one) for one in differences if one]
    total, seen = sum(sizes), abs(sum(differences))
    if len(sizes) > EXACT:
        return math.erfc(seen / math.sqrt(2 * sum(size * size for size in sizes)))
    # How many of the 2**n choices of signs have positive parts of each sum, side by side in one long number.
    width = len(sizes) // 8 + 1  # bytes
    ways = 1
    for size in sizes:
        ways += ways << (8 * width * size)
    counts = ways.to_bytes(width * (total + 1), "little")
    # The sum is 2 * positive - total: as large as seen where its positive part is at most this, or mirrored.
    most = (total - seen) // 2
    tail = sum(
        int.from_bytes(counts[part * width : (part + 1) * width], "little") for part in range(most + 1)
    )
    return min(1.0, 2 * tail / 2 ** len(sizes))
