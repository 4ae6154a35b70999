import math
import random
import unittest

from ..figures import figure, figures, percentiles, quantile, ratio
from ..samples import Key, Run, Sample, Series


def series(values: dict[int, float], unit="us", subject="testudo", benchmark="netlink", **variant) -> Series:
    key = Key(benchmark, "apply", 10, subject, tuple(sorted(variant.items())))
    return Series(key, unit, [Sample(number, value, {}, {}) for number, value in values.items()])


class PercentilesTests(unittest.TestCase):
    def test_three_digits_are_right_at_every_magnitude(self):
        noise = random.Random(7)
        for magnitude in (1e-4, 0.02, 1, 37, 5_000, 2e7, 3e11):
            values = sorted(magnitude * noise.uniform(1, 9) for _ in range(1_000))
            with self.subTest(magnitude):
                got = percentiles(values)

                for percent, value in ((50, got.p50), (90, got.p90), (99, got.p99)):
                    exact = values[math.ceil(percent * 10) - 1]
                    self.assertAlmostEqual(value / exact, 1, delta=0.0015)
                self.assertEqual(got.maximum, values[-1])

    def test_nothing_is_above_the_maximum(self):
        got = percentiles([6_191.7] * 3 + [5_000])

        self.assertEqual((got.p50, got.p99, got.maximum), (6_191.7, 6_191.7, 6_191.7))

    def test_zeros_are_kept(self):
        self.assertEqual(percentiles([0, 0, 0]).maximum, 0)
        got = percentiles([0, 0, 0, 0.25])
        self.assertEqual((got.p50, got.p99), (0, 0.25))

    def test_quantiles_lie_between_values(self):
        self.assertEqual(quantile([30, 10, 20], 0.5), 20)
        self.assertAlmostEqual(quantile([1, 2], 0.1), 1.1)
        self.assertEqual(quantile([4], 0.9), 4)


class Ratios(unittest.TestCase):
    def test_pairs_are_of_the_same_round(self):
        got = ratio(series({1: 10, 2: 30, 3: 90, 4: 7}), series({3: 30, 2: 20, 1: 10, 5: 1}))

        # 1, 1.5, 3: the median of ratios, not the ratio of medians.
        self.assertEqual((got.pairs, got.median), (3, 1.5))
        self.assertAlmostEqual(got.p10, 1.1)
        self.assertAlmostEqual(got.p90, 2.7)

    def test_there_is_none_without_a_common_round_or_with_a_reference_of_nothing(self):
        self.assertIsNone(ratio(series({1: 10}), series({2: 10})))
        self.assertIsNone(ratio(series({1: 10}), series({1: 0})))

    def test_units_are_made_one_or_refused(self):
        self.assertEqual(ratio(series({1: 2}, "s"), series({1: 500_000}, "us")).median, 4)
        with self.assertRaises(ValueError):
            ratio(series({1: 2}, "s"), series({1: 2}, "KiB"))

    def test_the_reference_is_of_the_same_variant(self):
        own, other = series({1: 6}, family="ipv6"), series({1: 5}, subject="libmnl", family="ipv4")
        run = Run(series={one.key: one for one in (own, other)})

        self.assertIsNone(figure(own, run).against)
        self.assertIsNone(figure(other, run).against)


class Figures(unittest.TestCase):
    def test_parts_are_medians_and_ours_comes_first(self):
        own, other = series({}), series({1: 5}, subject="libmnl")
        own.samples = [Sample(number, 9, {"drain": number}, {"steps": {"send": 2 * number}}) for number in (1, 2, 9)]
        run = Run(series={one.key: one for one in (other, own)})

        first, second = figures(run)

        self.assertEqual((first.series, first.further, first.parts), (own, {"drain": 2}, {"steps": {"send": 4}}))
        self.assertEqual((first.against.median, second.against), (1.8, None))
