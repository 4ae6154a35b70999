#!/bin/bash
# Runs the kernel's contract tests (Tests/KernelContract) against the lab's kernel, real ESP included. $1 is the test
# bundle, the one that `swift build --build-tests` makes.
set -uo pipefail
unset TESTUDO_LAB TESTUDO_NODES
TESTUDO_REAL_KERNEL=esp "$1" --testing-library swift-testing --no-parallel --filter KernelContractTests | tee /dev/stderr |
    grep -q 'Test run with [1-9][0-9]* tests.* passed'
