internal import Glibc

/// A part of the simulated world that only the thread which made it may touch.
///
/// Ports are called from actors, so they must be Sendable; in a simulation all actors run on one thread. Whatever
/// escapes to another one ends the run, for it would have ended the determinism silently.
///
/// Safe because every access checks the thread.
public final class Confined<Object: AnyObject>: @unchecked Sendable {
    private let confined: Object
    private let thread = pthread_self()

    public init(_ object: Object) { confined = object }

    public var object: Object {
        precondition(pthread_self() == thread, "everything in a simulation runs on its one thread")
        return confined
    }
}
