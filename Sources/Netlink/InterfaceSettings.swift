/// Settings of interfaces that would defeat policies or SAs (Documentation/networking/ip-sysctl).
enum InterfaceSettings {
    private struct Setting {
        var family: String
        var name: String
        var meaning: String
    }

    private static let settings = [
        Setting(family: "ipv4", name: "disable_xfrm", meaning: "sends in clear whatever the policies say"),
        Setting(family: "ipv4", name: "disable_policy", meaning: "takes clear traffic whatever the policies say"),
        Setting(family: "ipv6", name: "disable_policy", meaning: "takes clear traffic whatever the policies say"),
    ]

    /// One sentence for each setting that is on, sorted by setting and interface.
    ///
    /// `all` counts, for the kernel takes it together with the interface's own (IN_DEV_ORCONF); `default` does not, for
    /// it acts on no interface yet; `lo` does not, for it is always set there and no peer is behind it.
    static func obstacles(root: String = "/proc/sys/net") -> [String] {
        settings.flatMap { setting -> [String] in
            let directory = "\(root)/\(setting.family)/conf"
            let interfaces = ProcFile.names(in: directory).filter { $0 != "lo" && $0 != "default" }
            return interfaces.compactMap { interface -> String? in
                let path = "\(directory)/\(interface)/\(setting.name)"
                guard isOn(path) else { return nil }
                let who = interface == "all" ? "every interface" : "interface \(interface)"
                return "net.\(setting.family).conf.\(interface).\(setting.name) is on: \(who) \(setting.meaning)"
            }
        }
    }

    private static func isOn(_ path: String) -> Bool {
        // An interface that goes away meanwhile has no setting any more.
        guard let file = try? ProcFile(path), let text = try? file.text(), let value = text.split(separator: "\n").first
        else { return false }
        return value != "0"
    }
}
