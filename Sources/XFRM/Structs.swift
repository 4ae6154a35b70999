internal import Fleet

// The kernel's structs, each quoted above its mirror (linux/xfrm.h), with the offsets of its fields. What is not stored is 0.

extension MutableRawSpan {
    /// struct nlmsghdr, which ``NetlinkHeader`` quotes.
    mutating func store(header kind: MessageKind, byteCount: Int, _ request: Request, _ flags: UInt16, at start: Int) {
        let acknowledge = request.isAcknowledged ? MessageFlags.acknowledge : 0
        store(native: UInt32(byteCount), at: start)
        store(native: kind.rawValue, at: start + 4)
        store(flags: MessageFlags.request | acknowledge | flags, at: start)
        store(native: request.sequence, at: start + 8)
        store(native: request.port, at: start + 12)
    }

    mutating func store(flags: UInt16, at start: Int) { store(native: flags, at: start + 6) }

    /// struct xfrm_selector {
    ///     xfrm_address_t daddr; xfrm_address_t saddr;
    ///     __be16 dport; __be16 dport_mask; __be16 sport; __be16 sport_mask;
    ///     __u16 family; __u8 prefixlen_d; __u8 prefixlen_s; __u8 proto;
    ///     int ifindex; __kernel_uid32_t user;
    /// };
    mutating func store(_ selector: Selector, at start: Int) {
        store(selector.destination.address, at: start)
        store(selector.source.address, at: start + 16)
        store(network: selector.destinationPort.value, at: start + 32)
        store(network: selector.destinationPort.mask, at: start + 34)
        store(network: selector.sourcePort.value, at: start + 36)
        store(network: selector.sourcePort.mask, at: start + 38)
        store(native: selector.source.address.family.kernelNumber, at: start + 40)
        store(native: selector.destination.length, at: start + 42)
        store(native: selector.source.length, at: start + 43)
        store(native: selector.protocolNumber, at: start + 44)
    }

    /// struct xfrm_lifetime_cfg: four __u64 limits of bytes and packets, here XFRM_INF, and four of seconds, here 0. To the
    /// kernel's timers only 0 means no limit: XFRM_INF seconds overflow, and the object expires at the first tick.
    mutating func store(lifetimesAt start: Int) {
        for index in 0..<4 { store(native: FieldValue.unlimited, at: start + 8 * index) }
    }

    /// struct xfrm_usersa_info {
    ///     struct xfrm_selector sel;
    ///     struct xfrm_id id;              /* xfrm_address_t daddr; __be32 spi; __u8 proto; */
    ///     xfrm_address_t saddr;
    ///     struct xfrm_lifetime_cfg lft; struct xfrm_lifetime_cur curlft;
    ///     struct xfrm_stats stats;        /* three __u32 */
    ///     __u32 seq; __u32 reqid; __u16 family; __u8 mode; __u8 replay_window; __u8 flags;
    /// };
    mutating func store(_ association: Association, at start: Int) {
        store(association.selector, at: start)
        store(association.id.destination, at: start + 56)
        store(network: association.id.spi.rawValue, at: start + 72)
        store(native: ProtocolNumber.esp, at: start + 76)
        store(association.id.source, at: start + 80)
        store(lifetimesAt: start + 96)
        store(native: association.reqid, at: start + 208)
        store(native: association.id.source.family.kernelNumber, at: start + 212)
        store(native: FieldValue.modeTransport, at: start + 214)
        // With ESN the window stands in its own attribute, and the field at 215 must be 0.
        store(native: association.replayWindow > 0 ? FieldValue.flagESN : 0, at: start + 216)
    }

    /// struct xfrm_algo_aead {
    ///     char alg_name[64]; unsigned int alg_key_len; unsigned int alg_icv_len; char alg_key[];
    /// };
    mutating func store(algorithmWith key: Span<UInt8>, at start: Int) {
        store(attribute: AttributeKind.aead, payloadByteCount: Size.aead + key.count, at: start)
        let content = start + Size.attributeHeader
        store(bytes: Algorithm.name.utf8.span, at: content)
        store(native: UInt32(key.count * 8), at: content + 64)
        store(native: Algorithm.integrityCheckBits, at: content + 68)
        store(bytes: key, at: content + Size.aead)
    }

    /// struct xfrm_replay_state_esn {
    ///     unsigned int bmp_len; __u32 oseq; __u32 seq; __u32 oseq_hi; __u32 seq_hi; __u32 replay_window; __u32 bmp[];
    /// };
    mutating func store(replayStateOf association: Association, at start: Int) {
        store(attribute: AttributeKind.replayESN, payloadByteCount: association.replayStateByteCount, at: start)
        let content = start + Size.attributeHeader
        store(native: UInt32(association.bitmapWords), at: content)
        store(native: association.replayWindow, at: content + 20)
    }

    /// struct xfrm_usersa_id { xfrm_address_t daddr; __be32 spi; __u16 family; __u8 proto; };
    mutating func store(_ id: AssociationID, at start: Int) {
        store(id.destination, at: start)
        store(network: id.spi.rawValue, at: start + 16)
        store(native: id.destination.family.kernelNumber, at: start + 20)
        store(native: ProtocolNumber.esp, at: start + 22)
        let attribute = start + Size.associationID
        store(attribute: AttributeKind.sourceAddress, payloadByteCount: Size.address, at: attribute)
        store(id.source, at: attribute + Size.attributeHeader)
    }

    /// struct xfrm_userpolicy_info {
    ///     struct xfrm_selector sel; struct xfrm_lifetime_cfg lft; struct xfrm_lifetime_cur curlft;
    ///     __u32 priority; __u32 index; __u8 dir; __u8 action; __u8 flags; __u8 share;
    /// };
    mutating func store(_ policy: Policy, at start: Int) {
        store(policy.id.selector, at: start)
        store(lifetimesAt: start + 56)
        store(native: policy.priority, at: start + 152)
        store(native: policy.id.direction.rawValue, at: start + 160)
        store(native: policy.action == .block ? FieldValue.actionBlock : FieldValue.actionAllow, at: start + 161)
    }

    /// struct xfrm_user_tmpl {
    ///     struct xfrm_id id; __u16 family; xfrm_address_t saddr; __u32 reqid;
    ///     __u8 mode; __u8 share; __u8 optional; __u32 aalgos; __u32 ealgos; __u32 calgos;
    /// };
    mutating func store(_ template: Template, of family: Address.Family, at start: Int) {
        store(attribute: AttributeKind.templates, payloadByteCount: Size.template, at: start)
        let content = start + Size.attributeHeader
        store(network: template.spi?.rawValue ?? 0, at: content + 16)
        store(native: ProtocolNumber.esp, at: content + 20)
        store(native: family.kernelNumber, at: content + 24)
        store(native: template.reqid, at: content + 44)
        store(native: FieldValue.modeTransport, at: content + 48)
        store(native: template.isOptional ? 1 as UInt8 : 0, at: content + 50)
        for index in 0..<3 { store(native: UInt32.max, at: content + 52 + 4 * index) }
    }

    /// struct xfrm_userpolicy_id { struct xfrm_selector sel; __u32 index; __u8 dir; };
    mutating func store(_ id: PolicyID, at start: Int) {
        store(id.selector, at: start)
        store(native: id.direction.rawValue, at: start + 60)
    }
}
