import unittest

from ..units import converted, number, readable


class Units(unittest.TestCase):
    def test_three_significant_digits(self):
        told = {0: "0", 0.0214: "0.0214", 1.2: "1.20", 3: "3", 9.996: "10.0", 99.96: "100", 1234.5: "1 234", 1e7: "10 000 000"}
        for value, text in told.items():
            self.assertEqual(number(value), text)

    def test_the_unit_fits(self):
        told = {
            (0.4, "us"): "400 ns", (28_239, "us"): "28.2 ms", (4.57, "s"): "4.57 s", (0, "us"): "0", (879_000, "bytes"): "858 KiB",
            (20_480, "KiB"): "20 MiB", (16_178, "per_s"): "16 178/s", (942, "Mbit_s"): "942 Mbit/s", (3, "count"): "3",
            (7, "furlong"): "7 furlong",
        }
        for (value, unit), text in told.items():
            self.assertEqual(readable(value, unit), text)

    def test_only_what_measures_the_same_is_converted(self):
        self.assertEqual(converted(20, "MiB", "KiB"), 20_480)
        self.assertEqual(converted(3, "count", "count"), 3)
        with self.assertRaises(ValueError):
            converted(1, "count", "s")
