"""Sharing out an amount of money, to the smallest unit."""


def share_in_proportion(amount, weights, rounded):
    """Share out an amount in proportion, so that the shares add up to it.

    Each share is what the running total grows by, so that no share bears the roundings
    of all the others.

    :param float amount: the amount
    :param dict weights: by key, what its share is in proportion to
    :param rounded: rounds an amount to the smallest unit, as `res.currency.round`
    :return: the share of each key, none where the weights come to nothing
    :rtype: dict
    """
    whole = sum(weights.values())
    if not whole:
        return {}
    shares, weight_so_far, given = {}, 0, 0
    for key, weight in weights.items():
        weight_so_far += weight
        reached = rounded(amount * weight_so_far / whole)
        shares[key] = rounded(reached - given)
        given = reached
    return shares
