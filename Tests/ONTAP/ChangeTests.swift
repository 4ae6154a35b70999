import Testing

@testable import ONTAP

@Suite("Changes")
struct ChangeTests {
    private func action(_ method: String, _ target: String, _ body: String = "") throws -> Call.Action {
        try Call(Request(method: method, target: target, body: Array(body.utf8))).action
    }

    @Test("A change of IPsec takes either property or both, and the window as a number or its digits")
    func ipsec() throws {
        func change(_ body: String) throws -> [String?] {
            guard case .changeIPsec(let change) = try action("PATCH", "/api/security/ipsec", body) else { return [] }
            #expect(change.isEmpty == (change.enabled == nil && change.replayWindow == nil))
            return [change.enabled.map { "\($0)" }, change.replayWindow.map { "\($0)" }]
        }

        #expect(try change("{}") == [nil, nil])
        #expect(try change(#"{"_links": {}}"#) == [nil, nil])
        #expect(try change(#"{"enabled": true}"#) == ["true", nil])
        #expect(try change(#"{"replay_window": "0", "enabled": false}"#) == ["false", "0"])
        for window in [0, 64, 128, 256, 512, 1_024] {
            #expect(try change(#"{"replay_window": \#(window)}"#) == [nil, "\(window)"])
            #expect(try change(#"{"replay_window": "\#(window)"}"#) == [nil, "\(window)"])
        }
    }

    @Test(
        "Any other window is refused, and the answer names those there are",
        arguments: [
            "1", "63", "65", "-64", "2048", "4294967296", "64.0", "6.4e1", "\"064\"", "\" 64\"", "\"\"", "\"1K\"",
            "null", "true", "[64]", "{}",
        ])
    func windows(value: String) {
        let error = #expect(throws: APIError.self) {
            try action("PATCH", "/api/security/ipsec", #"{"enabled": true, "replay_window": \#(value)}"#)
        }

        #expect(error?.code == .badValue)
        #expect(error?.target == "replay_window")
        #expect(
            error?.message.hasSuffix(#"invalid value for field "replay_window" (0, 64, 128, 256, 512, 1024)"#) == true)
    }

    @Test("A rollout is started by its kind, and goes on without absent nodes only where the call says so")
    func rollouts() throws {
        func start(_ body: String) throws -> Call.Action { try action("POST", "/api/fleet/rollouts", body) }

        for kind in RolloutStart.Kind.allCases {
            #expect(try start(#"{"kind": "\#(kind)"}"#) == .startRollout(RolloutStart(kind: kind, absent: nil)))
        }
        #expect(
            try start(#"{"absent": "proceed", "kind": "enable"}"#)
                == .startRollout(RolloutStart(kind: .enable, absent: .proceed)))
        #expect(
            try start(#"{"kind": "disable", "absent": "refuse"}"#)
                == .startRollout(RolloutStart(kind: .disable, absent: .refuse)))
    }

    @Test("DELETE of a node removes it, and with release=true frees its addresses")
    func nodes() throws {
        #expect(try action("DELETE", "/api/fleet/nodes/node1") == .removeNode("node1"))
        #expect(try action("DELETE", "/api/v1/fleet/nodes/a.b/?release=False") == .removeNode("a.b"))
        #expect(try action("DELETE", "/api/fleet/nodes/a%20b?release=true&pretty=false") == .releaseNode("a b"))
    }

    @Test("A path knows the methods of its own: a list of rollouts can be added to, a node can be deleted")
    func methods() throws {
        #expect(try Route(path: "/api/fleet/rollouts").methods == [.get, .head, .options, .post])
        #expect(try Route(path: "/api/fleet/rollouts/1").methods == [.get, .head, .options])
        #expect(try Route(path: "/api/fleet/nodes").methods == [.get, .head, .options])
        #expect(try Route(path: "/api/fleet/nodes/a").methods == [.get, .head, .options, .delete])
        #expect(try Route(path: "/api/security/ipsec").methods == [.get, .head, .options, .patch])
    }

    @Test("Every method of every path is understood or refused for another reason than the method")
    func everyMethod() throws {
        for resource in Resource.all {
            for path in ["/api" + resource.path, "/api\(resource.path)/x"] {
                guard let route = try? Route(path: path) else { continue }
                for method in route.methods {
                    let body = method == .patch ? "{}" : method == .post ? #"{"kind": "rotate"}"# : ""
                    #expect(throws: Never.self, "\(method) \(path)") { try action(method.rawValue, path, body) }
                }
            }
        }
    }
}
