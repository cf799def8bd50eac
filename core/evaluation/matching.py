"""Who belongs to whom: the best pairs of two lists, each one used once."""

from collections.abc import Sequence


def best_pairs(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column) of the largest sum of weights, as many as the shorter side has, in the order of the rows.

    The Hungarian method with potentials (H. W. Kuhn, 1955; J. Munkres, 1957), in O(rows² columns).
    """
    rows, columns = len(weights), len(weights[0]) if weights else 0
    if rows > columns:
        turned = [[weights[row][column] for row in range(rows)] for column in range(columns)]
        return sorted((row, column) for column, row in best_pairs(turned))
    # Numbered from 1: column 0 stands for the row that is looking for a place.
    row_of = [0] * (columns + 1)
    of_row, of_column = [0.0] * (rows + 1), [0.0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0] = row
        least, before = [float("inf")] * (columns + 1), [0] * (columns + 1)
        done = [False] * (columns + 1)
        column = 0
        while row_of[column]:
            done[column] = True
            here, step, after = row_of[column], float("inf"), 0
            for other in range(1, columns + 1):
                if done[other]:
                    continue
                cost = -weights[here - 1][other - 1] - of_row[here] - of_column[other]
                if cost < least[other]:
                    least[other], before[other] = cost, column
                if least[other] < step:
                    step, after = least[other], other
            for other in range(columns + 1):
                if done[other]:
                    of_row[row_of[other]] += step
                    of_column[other] -= step
                else:
                    least[other] -= step
            column = after
        while column:
            row_of[column] = row_of[before[column]]
            column = before[column]
    return sorted((row - 1, column - 1) for column, row in enumerate(row_of) if column and row)
