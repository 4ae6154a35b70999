internal import Fleet
package import MeshKeys
public import Ports
public import XFRM

/// What one host's kernel keeps of XFRM, under the kernel's own keys, answering with the kernel's errors.
///
/// A plain value: ``SimulatedKernel`` is it behind the port at once, a simulation has it behind the port in virtual time.
public struct KernelModel: Sendable {
    /// errno values (asm-generic/errno-base.h, errno.h).
    package enum Code {
        package static let noSuchEntry: Int32 = 2
        package static let exists: Int32 = 17
        package static let invalid: Int32 = 22
        package static let notImplemented: Int32 = 38
        package static let noBufferSpace: Int32 = 105
    }

    /// What the kernel tells SAs apart by: not by their source, nor by their reqid.
    private struct AssociationKey: Hashable {
        var destination: Address
        var spi: SPI

        init(_ id: AssociationID) {
            destination = id.destination
            spi = id.spi
        }
    }

    private var associations = Ordered<AssociationKey, ObservedAssociation>()
    private var policies = Ordered<PolicyID, Policy>()
    private var keys: Set<Int> = []
    /// How often a key was installed that had been installed before: must stay 0, for GCM's sake.
    public private(set) var keysInstalledAgain = 0
    /// The kernel's words where it has no ESP; it then refuses every SA.
    public var lacking: String?

    public init(holding snapshot: Snapshot = Snapshot(), lacking: String? = nil) {
        self.lacking = lacking
        for observed in snapshot.associations { keep(observed) }
        for policy in snapshot.policies { keep(policy) }
    }

    /// Everything that it holds, oldest first.
    public var snapshot: Snapshot {
        Snapshot(associations: associations.objects, policies: policies.objects)
    }

    /// These of them; what is not there is left out.
    public func snapshot(of objects: [ObjectID]) -> Snapshot {
        var found = Snapshot()
        for object in objects {
            switch object {
            case .association(let id):
                if let observed = associations[AssociationKey(id)] { found.associations.append(observed) }
            case .policy(let id):
                if let policy = policies[id] { found.policies.append(policy) }
            }
        }
        return found
    }

    /// Every SA that stands has sent so many packets.
    mutating func setPackets(_ packets: UInt64) { associations.changeAll { $0.packets = packets } }

    public subscript(id: AssociationID) -> Association? { associations[AssociationKey(id)]?.association }
    public subscript(id: PolicyID) -> Policy? { policies[id] }

    /// Makes one change, or says why not.
    public mutating func perform(_ change: KernelChange) -> KernelError? {
        switch change {
        case .addAssociation(let association, let key): add(association, key)
        case .deleteAssociation(let id): delete(id)
        case .addPolicy(let policy): add(policy)
        case .updatePolicy(let policy): update(policy)
        case .deletePolicy(let id): delete(id)
        }
    }

    public mutating func put(_ policy: Policy) { keep(policy) }
    public mutating func put(_ association: Association) { keep(ObservedAssociation(association: association)) }
    public mutating func remove(_ id: PolicyID) { policies[id] = nil }
    public mutating func remove(_ id: AssociationID) { associations[AssociationKey(id)] = nil }

    /// The host reboots: its XFRM state is gone, its memory of keys is not.
    public mutating func forget() {
        associations = Ordered()
        policies = Ordered()
    }

    private mutating func add(_ association: Association, _ key: Secret) -> KernelError? {
        let operation = MessageKind.newAssociation.kernelName
        if let lacking { return KernelError(operation: operation, code: Code.notImplemented, message: lacking) }
        guard key.count == Algorithm.keyByteCount, association.shape == .transport else {
            return KernelError(operation: operation, code: Code.invalid, message: "Invalid argument")
        }
        guard associations[AssociationKey(association.id)] == nil else {
            return KernelError(operation: operation, code: Code.exists, message: "File exists")
        }
        if !keys.insert(key.fingerprint).inserted { keysInstalledAgain += 1 }
        put(association)
        return nil
    }

    /// ESRCH counts as done.
    private mutating func delete(_ id: AssociationID) -> KernelError? {
        associations[AssociationKey(id)] = nil
        return nil
    }

    private mutating func add(_ policy: Policy) -> KernelError? {
        let operation = MessageKind.newPolicy.kernelName
        guard policy.action != .other else {
            return KernelError(operation: operation, code: Code.invalid, message: "Invalid argument")
        }
        if let present = policies[policy.id], !Ownership.owns(present) {
            let message = "File exists: \(ForeignObject.policy(present))"
            return KernelError(operation: operation, code: Code.exists, message: message)
        }
        keep(policy)
        return nil
    }

    /// UPDPOLICY puts it there, whatever was there before: it would replace a foreign one as well.
    private mutating func update(_ policy: Policy) -> KernelError? {
        guard policy.action != .other else {
            let operation = MessageKind.updatePolicy.kernelName
            return KernelError(operation: operation, code: Code.invalid, message: "Invalid argument")
        }
        keep(policy)
        return nil
    }

    /// ENOENT counts as done.
    private mutating func delete(_ id: PolicyID) -> KernelError? {
        policies[id] = nil
        return nil
    }

    private mutating func keep(_ policy: Policy) { policies[policy.id] = policy }

    private mutating func keep(_ observed: ObservedAssociation) {
        associations[AssociationKey(observed.association.id)] = observed
    }
}

/// Objects by key, in the order in which they came.
private struct Ordered<Key: Hashable & Sendable, Object: Sendable>: Sendable {
    private var places: [Key: Int] = [:]
    /// With holes where an object went.
    private var kept: [Object?] = []

    var objects: [Object] { kept.compactMap(\.self) }

    subscript(key: Key) -> Object? {
        get { places[key].flatMap { kept[$0] } }
        set {
            if let place = places[key] {
                kept[place] = newValue
                if newValue == nil {
                    places[key] = nil
                    closeHoles()
                }
            } else if let newValue {
                places[key] = kept.count
                kept.append(newValue)
            }
        }
    }

    mutating func changeAll(_ edit: (inout Object) -> Void) {
        for place in places.values {
            if var object = kept[place] {
                edit(&object)
                kept[place] = object
            }
        }
    }

    private mutating func closeHoles() {
        guard places.count * 2 < kept.count else { return }
        let holesBefore = kept.indices.reduce(into: [0]) { $0.append($0[$1] + (kept[$1] == nil ? 1 : 0)) }
        for (key, place) in places { places[key] = place - holesBefore[place] }
        kept.removeAll { $0 == nil }
    }
}

extension Secret {
    /// Tells keys apart within this process; nothing of the key can be had back from it.
    package var fingerprint: Int {
        withBytes { bytes in
            var hasher = Hasher()
            for index in bytes.indices { hasher.combine(bytes[index]) }
            return hasher.finalize()
        }
    }
}
