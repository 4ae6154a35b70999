#!/bin/bash
# Runs the kernel's contract tests (Tests/KernelContract) against the lab's kernel, real ESP included. $1 is the test
# bundle, the one that `swift build --build-tests` makes. A run without tests, or with a skipped one, fails.
set -uo pipefail
log=$TESTUDO_LAB/kernel-contract
unset TESTUDO_LAB TESTUDO_NODES
TESTUDO_REAL_KERNEL=esp "$1" --testing-library swift-testing --no-parallel --filter KernelContractTests >"$log" 2>&1
status=$?
cat "$log"
[ $status = 0 ] && grep -q 'Test run with [1-9][0-9]* tests.* passed' "$log" && ! grep -q ' skipped' "$log"
