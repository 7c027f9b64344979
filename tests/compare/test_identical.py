"""What only means the same is a difference."""

from __future__ import annotations

from decimal import Decimal

from identical import differences

NAMES = ["id", "value"]


def test_equal_rows_are_identical() -> None:
    assert list(differences(NAMES, {1: (1, "a")}, {1: (1, "a")})) == []


def test_a_decimal_of_another_scale_another_type_and_a_missing_row_are_told() -> None:
    found = list(
        differences(
            NAMES,
            {1: (1, Decimal("1.50")), 2: (2, 1), 3: (3, None)},
            {1: (1, Decimal("1.5")), 2: (2, True), 4: (4, None)},
        )
    )
    assert [line.partition(":")[0] for line in found] == ["id=1", "id=2", "id=3", "id=4"]
