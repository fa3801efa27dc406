"""Numbers that look thrown but follow from a seed and a place: the same question always has the same answer."""

MASK = (1 << 64) - 1


def throw(seed: int, *places: int) -> int:
    """Return 64 well-mixed bits of a seed and some numbers (SplitMix64, one round for each number)."""
    bits = seed & MASK
    for place in places:
        bits = (bits + (place + 1) * 0x9E3779B97F4A7C15) & MASK
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        bits ^= bits >> 31
    return bits


def share(bits: int) -> float:
    """Return the bits as a number from 0 up to 1."""
    return (bits >> 11) / (1 << 53)


def guid(seed: int, kind: int, index: int) -> str:
    """Return a guid of the shape that Shoptet gives."""
    digits = f"{throw(seed, kind, index, 1):016x}{throw(seed, kind, index, 2):016x}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
