internal import Fleet

// The kernel's structs, each quoted above its mirror (linux/xfrm.h). Padding is written as zeros.

extension OutputSpan where Element == UInt8 {
    mutating func append(header kind: MessageKind, length: Int, flags: UInt16, sequence: UInt32, port: UInt32) {
        append(native: UInt32(length))
        append(native: kind.rawValue)
        append(native: MessageFlags.request | MessageFlags.acknowledge | flags)
        append(native: sequence)
        append(native: port)
    }

    mutating func append(dumpHeader kind: MessageKind, sequence: UInt32) {
        append(native: UInt32(Size.header))
        append(native: kind.rawValue)
        append(native: MessageFlags.request | MessageFlags.dump)
        append(native: sequence)
        append(native: UInt32(0))
    }

    /// struct xfrm_selector {
    ///     xfrm_address_t daddr; xfrm_address_t saddr;
    ///     __be16 dport; __be16 dport_mask; __be16 sport; __be16 sport_mask;
    ///     __u16 family; __u8 prefixlen_d; __u8 prefixlen_s; __u8 proto;
    ///     int ifindex; __kernel_uid32_t user;
    /// };
    mutating func append(_ selector: Selector) {
        append(address: selector.destination.address)
        append(address: selector.source.address)
        append(network: selector.destinationPort.value)
        append(network: selector.destinationPort.mask)
        append(network: selector.sourcePort.value)
        append(network: selector.sourcePort.mask)
        append(native: selector.source.address.family.kernelNumber)
        append(selector.destination.length)
        append(selector.source.length)
        append(selector.protocolNumber)
        append(zeros: 3)
        append(zeros: 8)
    }

    /// struct xfrm_lifetime_cfg: four __u64 limits of bytes and packets, here XFRM_INF, and four of seconds, here 0. To the
    /// kernel's timers only 0 means no limit: XFRM_INF seconds overflow, and the object expires at the first tick.
    /// struct xfrm_lifetime_cur: four __u64 counts, here 0.
    mutating func appendLifetimes() {
        for _ in 0..<4 { append(native: FieldValue.unlimited) }
        for _ in 0..<4 { append(native: UInt64(0)) }
        append(zeros: 4 * 8)
    }

    /// struct xfrm_usersa_info {
    ///     struct xfrm_selector sel;
    ///     struct xfrm_id id;              /* xfrm_address_t daddr; __be32 spi; __u8 proto; */
    ///     xfrm_address_t saddr;
    ///     struct xfrm_lifetime_cfg lft; struct xfrm_lifetime_cur curlft;
    ///     struct xfrm_stats stats;        /* three __u32 */
    ///     __u32 seq; __u32 reqid; __u16 family; __u8 mode; __u8 replay_window; __u8 flags;
    /// };
    mutating func append(_ association: Association) {
        append(association.selector)
        append(address: association.id.destination)
        append(network: association.id.spi.rawValue)
        append(ProtocolNumber.esp)
        append(zeros: 3)
        append(address: association.id.source)
        appendLifetimes()
        append(zeros: 12)
        append(native: UInt32(0))
        append(native: association.reqid)
        append(native: association.id.source.family.kernelNumber)
        append(FieldValue.modeTransport)
        append(0) // With ESN the window stands in its own attribute, and this field must be 0.
        append(association.replayWindow > 0 ? FieldValue.flagESN : 0)
        append(zeros: 7)
    }

    /// struct xfrm_algo_aead {
    ///     char alg_name[64]; unsigned int alg_key_len; unsigned int alg_icv_len; char alg_key[];
    /// };
    mutating func append(algorithmWith key: Span<UInt8>) {
        append(attribute: AttributeKind.aead, payloadByteCount: Size.aead + key.count)
        for byte in Algorithm.name.utf8 { append(byte) }
        append(zeros: 64 - Algorithm.name.utf8.count)
        append(native: UInt32(key.count * 8))
        append(native: Algorithm.integrityCheckBits)
        append(bytes: key)
    }

    /// struct xfrm_replay_state_esn {
    ///     unsigned int bmp_len; __u32 oseq; __u32 seq; __u32 oseq_hi; __u32 seq_hi; __u32 replay_window; __u32 bmp[];
    /// };
    mutating func append(replayStateOf association: Association) {
        append(attribute: AttributeKind.replayESN, payloadByteCount: association.replayStateByteCount)
        append(native: UInt32(association.bitmapWords))
        append(zeros: 4 * 4)
        append(native: association.replayWindow)
        append(zeros: 4 * association.bitmapWords)
    }

    /// struct xfrm_usersa_id { xfrm_address_t daddr; __be32 spi; __u16 family; __u8 proto; };
    mutating func append(_ id: AssociationID) {
        append(address: id.destination)
        append(network: id.spi.rawValue)
        append(native: id.destination.family.kernelNumber)
        append(ProtocolNumber.esp)
        append(zeros: 1)
        append(attribute: AttributeKind.sourceAddress, payloadByteCount: Size.address)
        append(address: id.source)
    }

    /// struct xfrm_userpolicy_info {
    ///     struct xfrm_selector sel; struct xfrm_lifetime_cfg lft; struct xfrm_lifetime_cur curlft;
    ///     __u32 priority; __u32 index; __u8 dir; __u8 action; __u8 flags; __u8 share;
    /// };
    mutating func append(_ policy: Policy) {
        append(policy.id.selector)
        appendLifetimes()
        append(native: policy.priority)
        append(native: UInt32(0))
        append(policy.id.direction.rawValue)
        append(policy.action == .block ? FieldValue.actionBlock : FieldValue.actionAllow)
        append(zeros: 2)
        append(zeros: 4)
    }

    /// struct xfrm_user_tmpl {
    ///     struct xfrm_id id; __u16 family; xfrm_address_t saddr; __u32 reqid;
    ///     __u8 mode; __u8 share; __u8 optional; __u32 aalgos; __u32 ealgos; __u32 calgos;
    /// };
    mutating func append(_ template: Template, _ selector: Selector) {
        append(attribute: AttributeKind.templates, payloadByteCount: Size.template)
        append(zeros: Size.address)
        append(network: template.spi?.rawValue ?? 0)
        append(ProtocolNumber.esp)
        append(zeros: 3)
        append(native: selector.source.address.family.kernelNumber)
        append(zeros: 2)
        append(zeros: Size.address)
        append(native: template.reqid)
        append(FieldValue.modeTransport)
        append(0)
        append(template.isOptional ? 1 : 0)
        append(0)
        for _ in 0..<3 { append(native: UInt32.max) }
    }

    /// struct xfrm_userpolicy_id { struct xfrm_selector sel; __u32 index; __u8 dir; };
    mutating func append(_ id: PolicyID) {
        append(id.selector)
        append(native: UInt32(0))
        append(id.direction.rawValue)
        append(zeros: 3)
    }
}
