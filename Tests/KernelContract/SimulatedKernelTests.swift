import Fleet
import Ports
import Simulated
import Testing
import XFRM

@Suite("The simulated kernel keeps the contract")
struct SimulatedKernelTests {
    @Test("Contract", arguments: KernelContract.policies + KernelContract.associations)
    func contract(one: KernelContract) async throws {
        try await one.check(SimulatedKernel())
    }

    @Test("Contract without ESP", arguments: KernelContract.policies + KernelContract.unsupported)
    func unsupported(one: KernelContract) async throws {
        try await one.check(SimulatedKernel(lacking: "Function not implemented: Requested AEAD algorithm not found"))
    }

    @Test(
        "Disturbances", .timeLimit(.minutes(1)),
        arguments: DisturbanceContract.policies + DisturbanceContract.associations)
    func disturbances(one: DisturbanceContract) async throws {
        try await one.check { SharedKernel(simulated: SimulatedKernel()) }
    }

    @Test("A reboot disturbs, for the SAs and policies are gone", .timeLimit(.minutes(1)))
    func reboot() async throws {
        let kernel = SimulatedKernel()
        await kernel.reboot()
        var disturbances = kernel.disturbances.makeAsyncIterator()
        #expect(await disturbances.next() != nil)
    }

    @Test("A refusal asked for comes once, for the first change that matches")
    func refuse() async throws {
        let kernel = SimulatedKernel()
        let error = KernelError(operation: "XFRM_MSG_NEWPOLICY", code: 12, message: "Cannot allocate memory")
        await kernel.refuse(error) { if case .addPolicy = $0 { true } else { false } }

        let changes: [KernelChange] = [.deletePolicy(Sample.out.id), .addPolicy(Sample.in), .addPolicy(Sample.out)]
        #expect(try await kernel.apply(changes) == [KernelRefusal(index: 1, error: error)])
        #expect(try await kernel.apply(changes) == [])
    }

    @Test("An outage fails every call until it ends")
    func outage() async throws {
        let kernel = SimulatedKernel()
        let error = KernelError(operation: "XFRM_MSG_GETSA", code: 105, message: "No buffer space available")
        await kernel.fail(with: error)
        await #expect(throws: error) { try await kernel.snapshot() }
        await kernel.fail(with: nil)
        #expect(try await kernel.snapshot() == Snapshot())
    }

    @Test("A key that comes again is counted, also after a reboot and for another SA")
    func keyTwice() async throws {
        let kernel = SimulatedKernel()
        let change = KernelChange.add(Sample.inbound)
        try await kernel.expectDone([change])
        #expect(await kernel.keysInstalledAgain == 0)
        await kernel.reboot()
        #expect(try await kernel.snapshot() == Snapshot())
        try await kernel.expectDone([change])
        #expect(await kernel.keysInstalledAgain == 1)
    }
}
