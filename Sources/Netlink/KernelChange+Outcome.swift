internal import Glibc
internal import Ports
internal import XFRM

extension KernelChange {
    /// Whether an error says that what was wanted is so already: a deletion of what is not there.
    func isDone(by error: KernelError) -> Bool {
        switch self {
        case .deleteAssociation: error.code == ESRCH
        case .deletePolicy: error.code == ENOENT
        case .addAssociation, .addPolicy, .updatePolicy: false
        }
    }

    /// The policy to be added where the error says that its place is taken.
    func policyThatFound(_ error: KernelError) -> Policy? {
        if case .addPolicy(let policy) = self, error.code == EEXIST { policy } else { nil }
    }
}
