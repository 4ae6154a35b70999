internal import Yams
internal import ArgumentParser
internal import Logging
print("x")
