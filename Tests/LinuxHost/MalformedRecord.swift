/// Texts that are no records, and the line that is wrong.
enum MalformedRecord {
    /// What stands before the part that is malformed.
    private static let header = "testudo node record 2\n"
    private static let head = header + "epoch none\ngeneration 0\nmachine\n"
    private static let slots = head + "[slots]\ntestudo slots 1\nnext 1\n[peer slots]\ntestudo peer slots 1\n[shield]\n"

    private static let version1: [(String, Int)] = [
        ("epoch 1\ngeneration 1\n", 4), ("epoch 1\ngeneration 1\nmachine\n", 4), ("epoch 1\ngeneration 1\n\n", 4),
        ("epoch 1\ngeneration 1\ntestudo slots 1\nnext 1\nslot 1 set 1\n", 6), ("epoch\n", 2), ("epoch 1\n", 3),
    ]
    private static let heads: [(String, Int)] = [
        ("", 2), ("epoch +1\n", 2), ("epoch none\ngeneration none\n", 3), ("epoch none\ngeneration 01\n", 3),
        ("epoch none\ngeneration 0\nmachine a b\n", 4), ("epoch none\ngeneration 0\nmachine \n", 4), ("epoch 1", 2),
    ]
    private static let slotSections: [(String, Int)] = [
        ("[shield]\n", 5), ("[slots]\n", 6), ("[slots]\ntestudo slots 1\nnext 0\n[peer slots]\n", 7),
        ("[slots]\ntestudo slots 1\nnext 1\nslot 0\n[peer slots]\n", 8),
        ("[slots]\ntestudo slots 1\nnext 1\n[peer slots]\ntestudo peer slots 2\n[shield]\n[end]\n", 9),
        ("[slots]\ntestudo slots 1\nnext 1\n[peer slots]\ntestudo peer slots 1\npeer\n[shield]\n[end]\n", 10),
        ("[slots]\ntestudo slots 1\nnext 1\n[peer slots]\n[shield]\n[end]\n", 9),
    ]
    private static let shields: [(String, Int)] = [
        ("", 11), ("[end]", 11), ("[end]\n\n", 12), ("[end]\n[end]\n", 12), ("\n[end]\n", 11), ("own\n[end]\n", 11),
        ("own 10.0.0.01\n[end]\n", 11), ("own fd77:0::1\n[end]\n", 11), ("own 10.0.0.1\nOwn 10.0.0.1\n[end]\n", 12),
        ("bypass\n[end]\n", 11), ("bypass ssh ssh\n[end]\n", 11), ("bypass bus 10.0.0.1\n[end]\n", 11),
        ("bypass bus 10.0.0.1 65536\n[end]\n", 11), ("pair 10.0.0.1\n[end]\n", 11),
        ("pair 10.0.0.1 fd77::1\n[end]\n", 11), ("pair 10.0.0.1 10.0.0.2\npair 10.0.0.1 10.0.0.2\n[end]\n", 12),
        ("own 10.0.0.1\nown 10.0.0.2\nown 10.0.0.3\nown 10.0.0.4\nown 10.0.0.5\n[end]\n", 15),
    ]

    static let all: [(String, Int)] =
        [("", 1), ("\n", 1), ("testudo node record 3\n", 1), ("testudo node record 2", 1)]
        + version1.map { ("testudo node record 1\n" + $0.0, $0.1) }
        + heads.map { (header + $0.0, $0.1) } + slotSections.map { (head + $0.0, $0.1) }
        + shields.map { (slots + $0.0, $0.1) }
}
