internal import MeshKeys
internal import Testing
internal import ZeroMQ

@Suite("CURVE keys")
struct CurveKeyTests {
    private func secret(_ text: String) -> Secret { Secret(copying: Array(text.utf8).span) }

    /// The key pair that zmq_curve(7) gives as its example.
    private let publicText = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
    private let secretText = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

    @Test("The public half follows from the secret one, as libzmq's manual has it")
    func knownAnswer() throws {
        let keys = try CurveKeyPair(secretText: secret(secretText))

        #expect("\(keys.publicKey)" == publicText)
        #expect(CurvePublicKey(publicText) == keys.publicKey)
        #expect(keys.secretText.withBytes { bytes in bytes.indices.map { bytes[$0] } } == Array(secretText.utf8))
    }

    @Test("Generated keys differ, and are read back from their text")
    func generated() throws {
        let first = try CurveKeyPair.generate()
        let second = try CurveKeyPair.generate()

        #expect(first.publicKey != second.publicKey)
        #expect(try CurveKeyPair(secretText: first.secretText).publicKey == first.publicKey)
        #expect(CurvePublicKey("\(second.publicKey)") == second.publicKey)
    }

    @Test(
        "A text that is no key is refused",
        arguments: [
            "", "short", String(repeating: "a", count: 39), String(repeating: "a", count: 41),
            String(repeating: " ", count: 40), String(repeating: "#", count: 40), String(repeating: "ä", count: 20),
        ])
    func malformed(text: String) {
        #expect(CurvePublicKey(text) == nil)
        #expect(throws: CurveKeyError.notZ85) { try CurveKeyPair(secretText: secret(text)) }
    }

    @Test("A key pair prints as redacted")
    func redacted() throws {
        let keys = try CurveKeyPair(secretText: secret(secretText))

        var dumped = ""
        dump(keys, to: &dumped)
        #expect("\(keys) \(String(reflecting: keys.secret))" == "<redacted> <redacted>")
        #expect(!dumped.contains("D:)Q") && !dumped.contains("secret"))
    }
}
