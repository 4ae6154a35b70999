internal import Fleet
internal import ONTAP
internal import Ports

extension Call.Action {
    /// What the fleet is asked for; `nil` where it is asked for nothing.
    func request() throws(APIError) -> FleetRequest? {
        switch self {
        case .read, .options: nil
        case .changeIPsec(let change):
            change.isEmpty ? nil : .configure(enabled: change.enabled, replayWindow: change.replayWindow)
        case .startRollout(let start): .rollout(start.kind.rollout, absent: start.absent?.policy)
        case .removeNode(let name): .remove(try Self.node(name))
        case .releaseNode(let name): .release(try Self.node(name))
        }
    }

    /// Text that is no name is no node's name.
    private static func node(_ text: String) throws(APIError) -> NodeName {
        guard let name = NodeName(text) else { throw .noSuchEntry }
        return name
    }
}

extension RolloutStart.Kind {
    fileprivate var rollout: RolloutKind {
        switch self {
        case .enable: .enable
        case .disable: .disable
        case .rotate: .rotate
        case .prepare: .prepare
        }
    }
}

extension RolloutStart.Absent {
    fileprivate var policy: AbsentPolicy {
        switch self {
        case .refuse: .refuse
        case .proceed: .proceed
        }
    }
}
