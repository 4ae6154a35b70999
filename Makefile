# The commands of this project; CONTRIBUTING.md lists them. Each does its own set-up.
# Builds wait for each other, also under `make -j`: two at once would fight over .build.
.NOTPARALLEL:
.PHONY: setup build test sweep demo bench bench-quick proto lint format clean

# What the lab, the demo and the benchmarks run. SwiftPM takes one product a build.
products := testudo testudo-agent testudo-coordinator testudo-measure testudo-simulate testudo-swarm testudo-traffic
# The lab makes network namespaces.
as_root := $(if $(filter 0,$(shell id -u)),,sudo -E)

setup:
	@scripts/setup

build: setup
	@for product in $(products); do \
	    scripts/quietly release-$$product swift build -c release --static-swift-stdlib --product $$product || exit 1; \
	done

# Tests and the programs that they drive are one optimised build of its own, in which tests see what is internal. The last
# line is the test runner's summary.
checked := -c release --scratch-path .build/checked
test: setup lint
	@scripts/quietly checked swift build $(checked) --build-tests -Xswiftc -enable-testing
	@swift test $(checked) --skip-build --disable-xctest

# A night's worth of seeds; `make test` runs 2000.
sweep: build
	@.build/release/testudo-simulate --seeds 1..20000 --jobs 2

demo: build
	@$(as_root) deploy/lab/run --nodes 4 -- deploy/demo/demo

# ONLY="toggle storm" runs these alone and prints their figures; else the report of benchmarks/ is written.
bench: build
	@ONLY="$(ONLY)" benchmarks/run

bench-quick: build
	@ONLY="$(ONLY)" benchmarks/run --quick

proto:
	@scripts/proto

lint:
	@scripts/lint

format:
	@scripts/format

clean:
	@rm -rf .build
