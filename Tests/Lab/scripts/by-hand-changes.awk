# Writes what each node has to do at each step, as batches for `ip -batch`: FOLDER/by-hand-STEP-NODE.key.
# Input: lines "SENDER RECEIVER FAMILY KEY". Variables: folder, generation (no SPI is ever used twice), reqid.

function address(family, number) { return (family == 4 ? "10.77.0." : "fd77::") number }
function change(step, node, text) { print text >(folder "/by-hand-" step "-" node ".key") }

{
    sender = $1; receiver = $2; family = $3; key = $4
    source = address(family, sender); destination = address(family, receiver)
    width = family == 4 ? "/32" : "/128"
    # Receiver, sender, family: decimal digits, so that a reader of `ip xfrm state` sees who sends to whom.
    spi = sprintf("%d%02d%02d%d", generation, receiver, sender, family)

    pair = "src " source width " dst " destination width
    identity = "src " source " dst " destination " proto esp spi " spi
    state = "xfrm state add " identity " reqid " reqid " mode transport replay-window 64 flag esn" \
        " aead rfc4106(gcm(aes)) " key " 128 sel " pair
    template = " tmpl src " source " dst " destination " proto esp"
    required = " reqid " reqid " mode transport"

    change("accept", receiver, state)
    change("accept", sender, state)
    change("send", sender, "xfrm policy add dir out " pair template " spi " spi required)
    change("enforce", receiver, "xfrm policy add dir in " pair template required)
    change("enforce", receiver, "xfrm policy add dir fwd " pair template required)
    change("relax", receiver, "xfrm policy delete dir in " pair)
    change("relax", receiver, "xfrm policy delete dir fwd " pair)
    change("hush", sender, "xfrm policy delete dir out " pair)
    change("forget", receiver, "xfrm state delete " identity)
    change("forget", sender, "xfrm state delete " identity)
}
